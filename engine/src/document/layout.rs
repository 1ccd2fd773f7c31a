//! The memory of a document: one string that holds an index and the document's JSON text.
//!
//! ```text
//! head    tags             ends                       text
//! [n|e]   [t t t t 0 0 0 0] [key end, value end] × n  {"a":1,"b":[true],"c":"x","":null}
//! 4 B     n, padded to 8 B  8 B a field               compact JSON, fields in order
//! ```
//!
//! * **head**: how many fields there are, and whether any key is written with an escape.
//! * **tags**: seven bits of each key's hash, never zero. A look-up compares eight of them at a
//!   time and looks at a key only where its tag matches. A linear scan beats a sorted index or a
//!   hash table here: documents have tens of fields, whose tags lie in one cache line; it has no
//!   bad case worse than comparing every key; and replacing a value leaves it as it is.
//! * **ends**: where each key and each value ends in the text. What lies between is fixed (`{"`
//!   or `,"` before a key, `":` before a value), so the ends give the starts too.
//! * **text**: what `Display` prints and a client is sent, without a copy.
//!
//! Numbers of the index are written with seven bits a byte. That makes the whole body valid
//! UTF-8, so a `Box<str>` can hold it, and text is sliced out of it without checking it again and
//! without unsafe code. It also leaves the eighth bit of each tag for an exact comparison. The
//! price is a limit of 2²⁸ bytes a document.
//!
//! The body is a function of the text: equal texts have equal bodies.

use std::borrow::Cow;

pub(super) const HEAD: usize = 4;
pub(super) const ENDS_PER_FIELD: usize = 8;
const TAG_BLOCK: usize = 8;

/// One field as it stands in a body.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The key as it stands between its quotes, see [`escape`].
    pub(crate) key: &'a str,
    /// The [`tag`] of that key.
    pub(crate) tag: u8,
    /// The value as compact JSON.
    pub(crate) value: &'a str,
}

impl<'a> Part<'a> {
    pub(crate) fn unescaped_key(&self) -> Cow<'a, str> {
        unescape(self.key)
    }
}

/// A body with its parts told apart.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) fields: usize,
    /// Whether any key is written with an escape.
    pub(super) escapes: bool,
    tags: &'a [u8],
    ends: &'a [[u8; 4]],
    /// The whole document as compact JSON.
    pub(super) text: &'a str,
}

impl<'a> View<'a> {
    #[inline]
    pub(super) fn new(body: &'a str) -> Self {
        let bytes = body.as_bytes();
        let head = bytes.first_chunk().map_or(0, |head| unpack(*head));
        let fields = head >> 1;
        let (ends, _) = bytes[ends_start(fields)..index_len(fields)].as_chunks();
        Self {
            fields,
            escapes: head & 1 == 1,
            tags: &bytes[HEAD..ends_start(fields)],
            ends,
            text: &body[index_len(fields)..],
        }
    }

    /// The position of the field with this key, which is given unescaped.
    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        // Without an escape in any key, each stands in the text as it is. A key that would need
        // one then equals none of them, since a quote or a backslash cannot stand there alone.
        if self.escapes {
            Self::find_with_escapes(*self, key)
        } else {
            self.find_escaped(key)
        }
    }

    #[cold]
    #[inline(never)]
    fn find_with_escapes(self, key: &str) -> Option<usize> {
        self.find_escaped(&escape(key))
    }

    /// The position of the field whose key stands like this between its quotes.
    // As a call, it would cost as much again to put the view into memory and read it back.
    #[inline(always)]
    pub(super) fn find_escaped(&self, key: &str) -> Option<usize> {
        const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
        let wanted = u64::from_ne_bytes([tag(key); TAG_BLOCK]);
        let (blocks, _) = self.tags.as_chunks::<TAG_BLOCK>();
        for (block, tags) in blocks.iter().enumerate() {
            // A byte is 0 where a tag matches and at most 0x7f elsewhere, so subtracting it from
            // 0x80 never borrows and keeps the high bit exactly where it is 0.
            let different = u64::from_le_bytes(*tags) ^ wanted;
            let mut matches = (HIGH - different) & HIGH;
            while matches != 0 {
                let field = block * TAG_BLOCK + matches.trailing_zeros() as usize / 8;
                let (from, to) = self.key_span(field);
                if same_bytes(&self.text.as_bytes()[from..to], key.as_bytes()) {
                    return Some(field);
                }
                matches &= matches - 1;
            }
        }
        None
    }

    /// The key as it stands between its quotes.
    pub(super) fn raw_key(&self, field: usize) -> &'a str {
        let (from, to) = self.key_span(field);
        &self.text[from..to]
    }

    /// The value as compact JSON.
    #[inline]
    pub(super) fn value(&self, field: usize) -> &'a str {
        let (from, to) = self.value_span(field);
        &self.text[from..to]
    }

    pub(super) fn part(&self, field: usize) -> Part<'a> {
        Part {
            key: self.raw_key(field),
            tag: self.tags[field],
            value: self.value(field),
        }
    }

    pub(super) fn value_span(&self, field: usize) -> (usize, usize) {
        let [key_end, value_end] = [2 * field, 2 * field + 1].map(|end| unpack(self.ends[end]));
        (key_end + 2, value_end)
    }

    /// The first field from `field` on whose value ends at `at` or behind it; `fields` if none does.
    #[inline]
    pub(super) fn field_at(&self, field: usize, at: usize) -> usize {
        field + self.ends[2 * field..].partition_point(|end| unpack(*end) < at) / 2
    }

    /// Where the brace or comma before the field's key stands.
    pub(super) fn field_start(&self, field: usize) -> usize {
        match field {
            0 => 0,
            _ => unpack(self.ends[2 * field - 1]),
        }
    }

    fn key_span(&self, field: usize) -> (usize, usize) {
        (self.field_start(field) + 2, unpack(self.ends[2 * field]))
    }
}

pub(super) const fn ends_start(fields: usize) -> usize {
    HEAD + fields.next_multiple_of(TAG_BLOCK)
}

pub(super) const fn index_len(fields: usize) -> usize {
    ends_start(fields) + fields * ENDS_PER_FIELD
}

/// A number below 2²⁸ as four ASCII bytes, the lowest seven bits first.
pub(super) const fn pack(number: usize) -> [u8; 4] {
    let n = number as u32;
    (n & 0x7f | (n & 0x3f80) << 1 | (n & 0x1f_c000) << 2 | (n & 0xfe0_0000) << 3).to_le_bytes()
}

pub(super) const fn unpack(bytes: [u8; 4]) -> usize {
    let n = u32::from_le_bytes(bytes);
    (n & 0x7f | n >> 1 & 0x3f80 | n >> 2 & 0x1f_c000 | n >> 3 & 0xfe0_0000) as usize
}

/// `a == b`, which for the length of most keys is two words and no call.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    const WORD: usize = 8;
    let ends = |bytes: &[u8]| {
        let [first, last] = [bytes.first_chunk::<WORD>()?, bytes.last_chunk::<WORD>()?];
        Some([*first, *last].map(u64::from_le_bytes))
    };
    if a.len() > 2 * WORD {
        return a == b;
    }
    if a.len() != b.len() {
        return false;
    }
    match (ends(a), ends(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.iter().zip(b).all(|(a, b)| a == b),
    }
}

/// Seven bits of the key's hash, never zero, which stands for "no field".
pub(super) fn tag(key: &str) -> u8 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = key.as_bytes();
    let half = |half: &[u8; 4]| u64::from(u32::from_le_bytes(*half));
    // The last words overlap those before them, where they would not be full.
    let (words, last) = match (bytes.last_chunk::<8>(), bytes.last_chunk::<4>(), bytes) {
        (Some(last), _, [rest @ .., _]) => (rest.as_chunks::<8>().0, u64::from_le_bytes(*last)),
        (_, Some(last), [a, b, c, d, ..]) => (&[][..], half(&[*a, *b, *c, *d]) | half(last) << 32),
        (_, _, [first, .., last]) => {
            let middle = bytes[bytes.len() / 2];
            (&[][..], half(&[*first, middle, *last, 0]))
        }
        (_, _, [only]) => (&[][..], u64::from(*only)),
        _ => (&[][..], 0),
    };
    let mut hash = (last ^ key.len() as u64).wrapping_mul(ODD);
    for word in words {
        hash = (hash ^ hash >> 32 ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
    }
    ((hash ^ hash << 25) >> 57).max(1) as u8
}

/// The key as it stands between its quotes in JSON. There is one way to write each key, so keys
/// are equal if they are equal escaped.
pub(super) fn escape(key: &str) -> Cow<'_, str> {
    if !key
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        return Cow::Borrowed(key);
    }
    let quoted = serde_json::Value::from(key).to_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}

/// The inverse of [`escape`].
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !is_escaped(raw) {
        return Cow::Borrowed(raw);
    }
    match serde_json::from_str(&format!("\"{raw}\"")) {
        Ok(key) => Cow::Owned(key),
        Err(_) => unreachable!("keys are escaped by `escape`"),
    }
}

/// Whether a key, as it stands between its quotes, is written with an escape.
pub(super) fn is_escaped(raw: &str) -> bool {
    raw.as_bytes().contains(&b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_are_ascii_and_come_back() {
        for number in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            2_097_151,
            2_097_152,
            (1 << 28) - 1,
        ] {
            assert!(pack(number).is_ascii());
            assert_eq!(unpack(pack(number)), number);
        }
    }

    #[test]
    fn keys_of_every_length_are_compared_whole() {
        for len in 0..40 {
            let key = vec![b'x'; len];
            assert!(same_bytes(&key, &key.clone()));
            assert!(!same_bytes(&key, &vec![b'x'; len + 1]));
            for at in 0..len {
                let mut other = key.clone();
                other[at] = b'y';
                assert!(!same_bytes(&key, &other), "{len} {at}");
            }
        }
    }

    #[test]
    fn tags_use_all_of_their_range() {
        let mut seen = [0_u32; 128];
        for number in 0..12_800 {
            seen[usize::from(tag(&format!("field{number}")))] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(
            seen[1..].iter().all(|&count| (30..400).contains(&count)),
            "{seen:?}"
        );
    }
}
