//! JSON text that is known to be valid: making it compact, and walking through it without
//! parsing what is not asked for.

use std::borrow::Cow;

use super::DocumentError;

/// The deepest nesting of a value. With the document's own braces it makes 127 levels, the most
/// that the parser of `serde_json` accepts.
pub(super) const MAX_VALUE_DEPTH: usize = 126;

/// The value without white space around its tokens, and checked for what parsers skip unseen:
/// too deep nesting and unpaired surrogates.
///
/// `json` must be valid JSON otherwise.
pub(super) fn compact(json: &str) -> Result<Cow<'_, str>, DocumentError> {
    let bytes = json.as_bytes();
    let mut kept = String::new();
    // What is before this position is in `kept`; 0 as long as nothing had to be left out.
    let mut copied = 0;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at);
                check_surrogates(&json[at..end])?;
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_VALUE_DEPTH {
                    return Err(DocumentError::TooDeep);
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                kept.push_str(&json[copied..at]);
                at += 1;
                copied = at;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(json));
    }
    kept.push_str(&json[copied..]);
    Ok(Cow::Owned(kept))
}

fn check_surrogates(string: &str) -> Result<(), DocumentError> {
    let escapes = string.as_bytes().contains(&b'\\');
    if escapes && string.contains("\\u") && unquote(string).is_none() {
        return Err(DocumentError::UnpairedSurrogate);
    }
    Ok(())
}

/// What the string token stands for; `None` if it is none.
pub(super) fn unquote(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The members of an object that is compact JSON: keys as string tokens, and values.
pub(super) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    items(object).filter_map(|member| {
        let colon = string_end(member.as_bytes(), 0);
        Some((member.get(..colon)?, member.get(colon + 1..)?))
    })
}

/// The elements of an array that is compact JSON. Of an object, its members.
pub(super) fn items(nested: &str) -> impl Iterator<Item = &str> {
    let bytes = nested.as_bytes();
    let mut at = 1;
    std::iter::from_fn(move || {
        // At the last item the closing bracket stands where a comma would.
        if at + 1 >= bytes.len() {
            return None;
        }
        let from = at;
        let to = item_end(bytes, from);
        at = to + 1;
        Some(&nested[from..to])
    })
}

/// Where the comma or closing bracket behind the item at `at` stands.
fn item_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' if depth == 0 => return at,
            b'}' | b']' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return at,
            },
            _ => {}
        }
        at += 1;
    }
    at
}

/// The position behind the string token at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        // Most strings are longer than eight bytes and have nothing to stop at in most of them.
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_le_bytes(*word);
            let stops = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
            if stops != 0 {
                at += stops.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);

/// The high bit of the first byte that is zero is set, and none before it. Those behind it may
/// be wrong.
const fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    word.wrapping_sub(LOW) & !word & LOW << 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_from_around_tokens_and_stays_in_strings() {
        let compacted = compact("[ 1 ,\t{ \"a b\" :\r\n\" \\\" x \" } , [ ] ]").ok();
        assert_eq!(compacted.as_deref(), Some(r#"[1,{"a b":" \" x "},[]]"#));
    }

    #[test]
    fn compact_text_is_not_copied() {
        assert!(matches!(compact(r#"{"a b":[1,2]}"#), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn items_end_where_they_end() {
        let array = r#"[1,"a,]\\\"",{"b":[2,3],"c":{}},[],null]"#;
        let found: Vec<_> = items(array).collect();
        assert_eq!(
            found,
            ["1", r#""a,]\\\"""#, r#"{"b":[2,3],"c":{}}"#, "[]", "null"]
        );
        assert_eq!(items("[]").count(), 0);
    }

    #[test]
    fn members_are_split_at_their_own_colon() {
        let found: Vec<_> = members(r#"{"a:\"b":{"c":1},"":":"}"#).collect();
        assert_eq!(found, [(r#""a:\"b""#, r#"{"c":1}"#), (r#""""#, r#"":""#)]);
    }
}
