//! What turns one document into another.

use super::Document;
use super::body::Hunk;
use super::layout::{View, pack, unpack};

/// What it takes to make one document of another one that is at hand, as a history does that
/// keeps its newest version whole and the older ones as steps back from it.
///
/// Made at about the price of comparing the two texts, and no larger than the document that it
/// stands for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Delta(Change);

#[derive(Clone, PartialEq, Eq)]
enum Change {
    /// The keys are the same, in the same order; what differs is within values.
    Values(Hunks),
    /// One place in the text, whatever stands there.
    Text(Hunks),
    /// Nothing would be saved.
    Whole(Document),
}

impl Delta {
    /// The delta from one document to the other.
    pub(crate) fn between(from: &Document, to: &Document) -> Self {
        let (old, new) = (from.body.view(), to.body.view());
        let (same_keys, hunks) = match values_between(&old, &new) {
            Some(hunks) => (true, hunks),
            None => (false, text_between(old.text, new.text)),
        };
        Self(if hunks.0.len() >= to.byte_size() {
            Change::Whole(to.clone())
        } else if same_keys {
            Change::Values(hunks)
        } else {
            Change::Text(hunks)
        })
    }

    /// The document that the delta leads to. `from` must be the document it starts at; of another
    /// one comes a document of which nothing can be said.
    pub(crate) fn apply(&self, from: &Document) -> Document {
        let view = from.body.view();
        let field_of = |hunk: &Hunk<'_>| view.field_at(0, hunk.end);
        let made = match &self.0 {
            Change::Values(hunks)
                if hunks.fit(view.text)
                    && hunks.iter().all(|hunk| field_of(&hunk) < view.fields) =>
            {
                let hunks = hunks.iter().map(|hunk| (field_of(&hunk), hunk));
                from.body.splice(hunks).map(|body| Document { body })
            }
            Change::Text(hunks) if hunks.fit(view.text) => Document::parse(hunks.apply(view.text)),
            Change::Whole(document) => return document.clone(),
            Change::Values(_) | Change::Text(_) => return from.clone(),
        };
        // Only of another document than that of the delta can come something invalid.
        made.unwrap_or_else(|_| from.clone())
    }

    /// How much memory the delta takes, itself included.
    #[cfg(test)]
    pub(crate) fn byte_size(&self) -> usize {
        size_of::<Self>()
            + match &self.0 {
                Change::Values(hunks) | Change::Text(hunks) => hunks.0.len(),
                Change::Whole(document) => document.byte_size(),
            }
    }
}

/// Hunks in order, in one string: where each starts, how long what it replaces is, how long its
/// text is (each a [`pack`]ed number), and the text.
#[derive(Clone, PartialEq, Eq)]
struct Hunks(Box<str>);

const HUNK_HEAD: usize = 12;

impl Hunks {
    fn iter(&self) -> impl Iterator<Item = Hunk<'_>> + Clone {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (head, behind) = rest.split_at_checked(HUNK_HEAD)?;
            let (numbers, _) = head.as_bytes().as_chunks();
            let [start, removed, len] = [0, 1, 2].map(|at: usize| unpack(numbers[at]));
            let (text, behind) = behind.split_at_checked(len)?;
            rest = behind;
            let end = start + removed;
            Some(Hunk { start, end, text })
        })
    }

    /// Whether the text has all the places.
    fn fit(&self, text: &str) -> bool {
        self.iter()
            .all(|hunk| text.get(hunk.start..hunk.end).is_some())
    }

    fn apply(&self, text: &str) -> String {
        let mut applied = String::with_capacity(text.len() + self.0.len());
        let mut copied = 0;
        for hunk in self.iter() {
            applied.push_str(&text[copied..hunk.start]);
            applied.push_str(hunk.text);
            copied = hunk.end;
        }
        applied.push_str(&text[copied..]);
        applied
    }
}

/// One hunk for each field whose value differs; `None` if the keys are not the same.
fn values_between(old: &View<'_>, new: &View<'_>) -> Option<Hunks> {
    if old.fields != new.fields {
        return None;
    }
    let mut hunks = String::new();
    // Before these places the texts are told apart; both are where the same field starts.
    let (mut old_at, mut new_at) = (0, 0);
    let mut field = 0;
    loop {
        let (old_rest, new_rest) = (&old.text[old_at..], &new.text[new_at..]);
        let same = common_prefix(old_rest.as_bytes(), new_rest.as_bytes());
        if same == old_rest.len() {
            return Some(Hunks(hunks.into_boxed_str()));
        }
        // What is before this field is the same in both, so it is the same field in both.
        field = old.field_at(field, old_at + same);
        if field == old.fields || old.raw_key(field) != new.raw_key(field) {
            return None;
        }
        let (start, old_end) = old.value_span(field);
        let (new_start, new_end) = new.value_span(field);
        // The places differ by what the hunks before have moved, the known part does not.
        let known = old_at + same - start;
        push_trimmed(
            &mut hunks,
            start,
            known,
            &old.text[start..old_end],
            &new.text[new_start..new_end],
        );
        (old_at, new_at) = (old_end, new_end);
        field += 1;
    }
}

fn text_between(old: &str, new: &str) -> Hunks {
    let mut hunks = String::new();
    let same = common_prefix(old.as_bytes(), new.as_bytes());
    push_trimmed(&mut hunks, 0, same, old, new);
    Hunks(hunks.into_boxed_str())
}

/// Appends the hunk that makes `new` of `old`, which stands at `at` and has `same` bytes in common
/// with `new`, without what the two have in common at either end.
fn push_trimmed(hunks: &mut String, at: usize, same: usize, old: &str, new: &str) {
    // Where the common part ends within a character, it does so in both.
    let mut prefix = same;
    while !old.is_char_boundary(prefix) {
        prefix -= 1;
    }
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let mut suffix = common_suffix(old.as_bytes(), new.as_bytes());
    while !old.is_char_boundary(old.len() - suffix) {
        suffix -= 1;
    }
    let removed = old.len() - suffix;
    let text = &new[..new.len() - suffix];
    if hunks.is_empty() {
        // Most deltas are one hunk, and then this is their only allocation.
        hunks.reserve_exact(HUNK_HEAD + text.len());
    }
    for number in [at + prefix, removed, text.len()] {
        hunks.extend(pack(number).map(char::from));
    }
    hunks.push_str(text);
}

const BLOCK: usize = 64;
const WORD: usize = 8;

/// How many bytes are the same from the front.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let blocks = same_chunks::<BLOCK>(a.as_chunks().0.iter(), b.as_chunks().0.iter());
    let (a, b) = (&a[blocks..], &b[blocks..]);
    let words = same_chunks::<WORD>(a.as_chunks().0.iter(), b.as_chunks().0.iter());
    let (a, b) = (&a[words..], &b[words..]);
    blocks + words + a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// How many bytes are the same from the back.
fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let blocks = same_chunks::<BLOCK>(a.as_rchunks().1.iter().rev(), b.as_rchunks().1.iter().rev());
    let (a, b) = (&a[..a.len() - blocks], &b[..b.len() - blocks]);
    let words = same_chunks::<WORD>(a.as_rchunks().1.iter().rev(), b.as_rchunks().1.iter().rev());
    let (a, b) = (&a[..a.len() - words], &b[..b.len() - words]);
    let bytes = a.iter().rev().zip(b.iter().rev());
    blocks + words + bytes.take_while(|(a, b)| a == b).count()
}

/// How many bytes of chunks are the same; chunks are compared at once.
fn same_chunks<'a, const N: usize>(
    a: impl Iterator<Item = &'a [u8; N]>,
    b: impl Iterator<Item = &'a [u8; N]>,
) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count() * N
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use proptest::prelude::*;

    use super::*;
    use crate::document::generate::versions;

    fn parse(json: &str) -> Document {
        Document::parse(json).expect("a document")
    }

    /// Checks the way there, and returns the delta.
    fn between(from: &Document, to: &Document) -> Delta {
        let delta = Delta::between(from, to);
        let applied = delta.apply(from);
        assert_eq!(applied.as_json(), to.as_json());
        assert!(applied == *to, "{from} to {to}: the index differs");
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(hasher.hash_one(&applied), hasher.hash_one(to));
        assert!(delta.byte_size() <= size_of::<Delta>() + to.byte_size());
        delta
    }

    /// The kind of the delta and the bytes it has on the heap.
    fn measured(from: &str, to: &str) -> (&'static str, usize) {
        let delta = between(&parse(from), &parse(to));
        let kind = match delta.0 {
            Change::Values(_) => "values",
            Change::Text(_) => "text",
            Change::Whole(_) => "whole",
        };
        (kind, delta.byte_size() - size_of::<Delta>())
    }

    #[test]
    fn a_delta_is_as_large_as_what_changed() {
        let text = "x".repeat(300);
        let with = |a: &str, b: u32| format!(r#"{{"a":"{text}{a}{text}","b":{b},"c":[1,{b}]}}"#);
        assert_eq!(measured(&with("", 7), &with("", 7)), ("values", 0));
        assert_eq!(
            measured(&with("old", 7), &with("new", 7)),
            ("values", 12 + 3)
        );
        // From one common character to the other; and one hunk a field.
        assert_eq!(
            measured(&with("", 5), &with("", 1_234)),
            ("values", 2 * (12 + 4))
        );
        assert_eq!(measured(&with("", 5), &with("é", 5)), ("values", 12 + 2));
    }

    #[test]
    fn another_key_changes_one_place_of_the_text() {
        let text = "x".repeat(300);
        let with = |fields: &str| format!(r#"{{"a":"{text}"{fields},"z":"{text}"}}"#);
        assert_eq!(measured(&with(r#","b":1"#), &with("")), ("text", 12));
        assert_eq!(measured(&with(""), &with(r#","b":1"#)), ("text", 12 + 6));
        assert_eq!(
            measured(&with(r#","b":1"#), &with(r#","c":1"#)),
            ("text", 12 + 1)
        );
    }

    #[test]
    fn where_nothing_is_saved_the_document_is_kept() {
        let long = format!(r#"{{"b":"{}"}}"#, "x".repeat(300));
        let size = |json| parse(json).byte_size();
        assert_eq!(measured(&long, "{}"), ("whole", size("{}")));
        assert_eq!(measured(&long, r#"{"a":1}"#), ("text", 12 + 4));
        // The document has an index, too, so its whole text is less than it.
        assert_eq!(measured("{}", &long), ("text", 12 + long.len() - 2));
    }

    #[test]
    fn characters_are_not_cut() {
        // é and è begin alike, é and © end alike, and so do the two crabs' neighbours.
        for (from, to) in [
            ("é", "è"),
            ("é", "©"),
            ("🦀", "🦁"),
            ("aéb", "aèb"),
            ("éé", "éèé"),
        ] {
            let with = |text: &str| parse(&format!(r#"{{"a":"{text}","b":0}}"#));
            between(&with(from), &with(to));
            between(&with(to), &with(from));
        }
    }

    #[test]
    fn what_repeats_is_not_taken_twice() {
        for (from, to) in [
            ("aa", "aaa"),
            ("aaa", "aa"),
            ("abab", "ab"),
            ("", "aa"),
            ("ab", "abab"),
        ] {
            let with = |text: &str| parse(&format!(r#"{{"a":"{text}","b":"{text}"}}"#));
            between(&with(from), &with(to));
        }
        for (from, to) in [
            ("1", "12"),
            ("12", "1"),
            ("1", "21"),
            ("[1]", "[1,1]"),
            ("{}", "[]"),
        ] {
            let with = |value: &str| parse(&format!(r#"{{"a":{value},"b":{value}}}"#));
            between(&with(from), &with(to));
        }
    }

    #[test]
    fn of_another_document_comes_some_document() {
        let (from, to) = (r#"{"a":"éé","b":1}"#, r#"{"a":"éxé","b":12}"#);
        for (from, to) in [
            (from, to),
            (to, from),
            (from, "{}"),
            (from, r#"{"b":"éé","a":1}"#),
        ] {
            let delta = Delta::between(&parse(from), &parse(to));
            for other in ["{}", r#"{"ab":"éé"}"#, r#"{"a":"aééaé","b":[],"c":{}}"#] {
                let _ = delta.apply(&parse(other));
            }
            for len in 0..40 {
                let other = format!(r#"{{"":"{}"}}"#, "x".repeat(len));
                let _ = delta.apply(&parse(&other));
            }
        }
    }

    #[test]
    fn common_ends_are_found_at_every_length() {
        for len in 0..200 {
            let same = vec![b'x'; len];
            for (a, b) in [("", ""), ("a", "b"), ("a", ""), ("abcdefgh", "bbcdefgh")] {
                let pair = |ends: [&str; 2]| ends.map(|end| [&same[..], end.as_bytes()].concat());
                let [a_behind, b_behind] = pair([a, b]);
                assert_eq!(common_prefix(&a_behind, &b_behind), len);
                let pair = |ends: [&str; 2]| ends.map(|end| [end.as_bytes(), &same[..]].concat());
                let reversed = |text: &str| text.chars().rev().collect::<String>();
                let [a_before, b_before] = pair([&reversed(a), &reversed(b)]);
                assert_eq!(common_suffix(&a_before, &b_before), len);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_delta_leads_from_one_version_to_the_other((from, to) in versions()) {
            let (from, to) = (parse(&from), parse(&to));
            between(&from, &to);
            between(&to, &from);
        }
    }
}
