//! The documents that the requirements are about: 1 KB of JSON, as a session or a cart might be.
//!
//! Invariant: a document is a function of the seed, the context's index and the version, and no
//! two are the same. Of the same context all have the same keys.

use std::fmt::Write;

use contexture::{ContextId, Document};
use rand::RngExt;

use crate::workload::{Generator, generator};

/// The size of a new document as JSON text.
pub(crate) const BYTES: usize = 1_024;
/// How many fields a document has.
pub(crate) const FIELDS: usize = 16;
/// The field that updates of one field change, and how long its text is in a new document.
pub(super) const CHANGING: &str = "note";
const CHANGING_CHARS: usize = 24;

/// The ids of so many contexts.
pub(super) fn ids(contexts: usize) -> Vec<ContextId> {
    (0..contexts)
        .map(|context| ContextId::new(format!("session/{context:08}")).expect("a short id"))
        .collect()
}

/// A document of [`BYTES`] bytes. Versions 0 and 1 of a context differ in every value.
pub(crate) fn document(seed: u64, context: usize, version: usize) -> Document {
    let mut random = generator(seed, &[0xd0c, context as u64, version as u64]);
    // Flags take turns, numbers are made of their context and version: no draw repeats them.
    let mut json = format!(
        "{{\"{CHANGING}\":\"{}\",\"id\":\"{context:08}-{version:04}\",\"count\":{},\"ratio\":0.{},\
         \"open\":{},\"tags\":[\"{}\",\"{}\"],\"at\":{{\"lat\":{},\"lon\":{}}}",
        text(&mut random, CHANGING_CHARS),
        random.random_range(1_000_000..10_000_000_u32),
        random.random_range(1_000_000..10_000_000_u32),
        version.is_multiple_of(2),
        text(&mut random, 8),
        text(&mut random, 8),
        random.random_range(1_000..10_000_u32),
        random.random_range(1_000..10_000_u32),
    );
    let texts = FIELDS - 7;
    for field in 0..texts {
        let _ = write!(json, ",\"text_{field}\":\"");
        // What is left, in equal parts; the last one takes the remainder.
        let left = BYTES - json.len() - 2;
        let rest = texts - 1 - field;
        let chars = (left - rest * ",\"text_0\":\"\"".len()) / (rest + 1);
        json += &text(&mut random, chars);
        json += "\"";
    }
    json += "}";
    Document::parse(json).expect("an object of distinct keys")
}

/// A text for the field that changes, of a length that changes, too.
pub(super) fn note(random: &mut Generator) -> String {
    let chars = random.random_range(CHANGING_CHARS / 2..=CHANGING_CHARS * 3 / 2);
    text(random, chars)
}

fn text(random: &mut Generator, chars: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -";
    let letters = (0..chars).map(|_| char::from(LETTERS[random.random_range(0..64_usize)]));
    letters.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn documents_have_their_size_and_differ() {
        let mut seen = HashSet::new();
        for context in [0, 1, 9_999] {
            for version in 0..11 {
                let document = document(1, context, version);
                assert_eq!((document.as_json().len(), document.len()), (BYTES, FIELDS));
                assert!(seen.insert(document.as_json().to_owned()));
            }
        }
        assert!(
            seen.insert(document(2, 0, 0).as_json().to_owned()),
            "the seed"
        );
        assert_eq!(document(1, 1, 1), document(1, 1, 1));
    }

    #[test]
    fn another_version_differs_in_every_value() {
        let (a, b) = (document(1, 5, 0), document(1, 5, 1));
        for (key, value) in a.iter() {
            let other = b.get(&key).unwrap();
            assert_ne!(other.to_string(), value.to_string(), "{key}");
        }
    }

    #[test]
    fn notes_change_their_length() {
        let mut random = generator(1, &[]);
        let lengths: HashSet<_> = (0..200).map(|_| note(&mut random).len()).collect();
        assert!(lengths.len() > 10);
    }
}
