//! Bodies: making one of fields, and copying one with a change. [`layout`](super::layout) tells
//! what they are made of.

use super::DocumentError;
use super::layout::{
    ENDS_PER_FIELD, HEAD, Part, View, ends_start, index_len, is_escaped, pack, unpack,
};

/// The body must be addressable with the four bytes of a [`pack`]ed number.
pub(super) const MAX_BYTES: usize = (1 << 28) - 1;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Body(Box<str>);

/// Other text for a place in a document's text.
#[derive(Clone, Copy)]
pub(super) struct Hunk<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'a str,
}

impl Body {
    #[inline]
    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.0)
    }

    /// All of the memory, index included.
    pub(super) fn byte_size(&self) -> usize {
        self.0.len()
    }

    /// A body of these fields, whose keys differ.
    pub(super) fn assemble<'a>(
        parts: impl ExactSizeIterator<Item = Part<'a>> + Clone,
    ) -> Result<Self, DocumentError> {
        let fields = parts.len();
        let mut text_len = 1 + usize::from(fields == 0);
        let mut escapes = false;
        for part in parts.clone() {
            text_len += 4 + part.key.len() + part.value.len();
            escapes |= is_escaped(part.key);
        }

        let mut index = Vec::with_capacity(checked_size(index_len(fields) + text_len)?);
        index.extend(pack(fields << 1 | usize::from(escapes)));
        index.extend(parts.clone().map(|part| part.tag));
        index.resize(ends_start(fields), 0);
        let mut end = 0;
        for part in parts.clone() {
            end += 2 + part.key.len();
            index.extend(pack(end));
            end += 2 + part.value.len();
            index.extend(pack(end));
        }

        let mut body = into_text(index);
        write_object(parts, &mut body);
        Ok(Self(body.into_boxed_str()))
    }

    /// A copy with another value of one field.
    pub(super) fn replace(&self, field: usize, value: &str) -> Result<Self, DocumentError> {
        let (start, end) = self.view().value_span(field);
        let text = value;
        self.splice(std::iter::once((field, Hunk { start, end, text })))
    }

    /// A copy with other text in some places: the text between them, and an index in which the
    /// ends behind them are moved.
    ///
    /// The places must be in order, each within the value of the field that comes with it, and
    /// what comes of the values must be values.
    pub(super) fn splice<'a>(
        &self,
        hunks: impl Iterator<Item = (usize, Hunk<'a>)> + Clone,
    ) -> Result<Self, DocumentError> {
        let view = self.view();
        let text = view.text;
        let index_len = self.0.len() - text.len();
        let size = hunks.clone().fold(self.0.len(), |size, (_, hunk)| {
            size - (hunk.end - hunk.start) + hunk.text.len()
        });

        let mut body = String::with_capacity(checked_size(size)?);
        // How much of the index is done, and how far the ends behind the last hunk move, modulo
        // 2⁶⁴.
        let (mut done, mut shift) = (0, 0_usize);
        for (field, hunk) in hunks.clone() {
            let before = ends_start(view.fields) + field * ENDS_PER_FIELD + 4;
            push_ends(&self.0[done..before], shift, &mut body);
            done = before;
            shift = shift.wrapping_add(hunk.text.len().wrapping_sub(hunk.end - hunk.start));
        }
        push_ends(&self.0[done..index_len], shift, &mut body);

        let mut copied = 0;
        for (_, hunk) in hunks {
            body.push_str(&text[copied..hunk.start]);
            body.push_str(hunk.text);
            copied = hunk.end;
        }
        body.push_str(&text[copied..]);
        Ok(Self(body.into_boxed_str()))
    }

    /// A copy with one more field behind the others.
    pub(super) fn append(&self, added: Part<'_>) -> Result<Self, DocumentError> {
        let view = self.view();
        let (fields, text) = (view.fields, view.text);
        // Everything but the closing brace; of `{}`, nothing.
        let kept = if fields == 0 {
            ""
        } else {
            &text[..text.len() - 1]
        };
        let text_len = kept.len() + 4 + added.key.len() + added.value.len() + 1;
        let size = checked_size(index_len(fields + 1) + text_len)?;

        let old = self.0.as_bytes();
        let escapes = view.escapes || is_escaped(added.key);
        let mut index = Vec::with_capacity(size);
        index.extend(pack((fields + 1) << 1 | usize::from(escapes)));
        index.extend_from_slice(&old[HEAD..HEAD + fields]);
        index.push(added.tag);
        index.resize(ends_start(fields + 1), 0);
        index.extend_from_slice(&old[ends_start(fields)..index_len(fields)]);
        let key_end = kept.len() + 2 + added.key.len();
        index.extend(pack(key_end));
        index.extend(pack(key_end + 2 + added.value.len()));

        let mut body = into_text(index);
        body.push_str(kept);
        body.push_str(if fields == 0 { "{\"" } else { ",\"" });
        body.push_str(added.key);
        body.push_str("\":");
        body.push_str(added.value);
        body.push('}');
        Ok(Self(body.into_boxed_str()))
    }

    /// A copy without one field.
    pub(super) fn remove(&self, field: usize) -> Self {
        let view = self.view();
        let (fields, text) = (view.fields, view.text);
        // A field goes with the comma before it; the first one with the comma after it, or alone.
        let (from, to) = match (view.field_start(field), view.value_span(field).1) {
            (0, to) if fields > 1 => (1, to + 1),
            (0, to) => (1, to),
            (from, to) => (from, to),
        };
        let removed = to - from;
        let escapes = view.escapes
            && (0..fields).any(|other| other != field && is_escaped(view.raw_key(other)));

        let old = self.0.as_bytes();
        let ends = ends_start(fields) + field * ENDS_PER_FIELD;
        let mut index = Vec::with_capacity(index_len(fields - 1) + text.len() - removed);
        index.extend(pack((fields - 1) << 1 | usize::from(escapes)));
        index.extend_from_slice(&old[HEAD..HEAD + field]);
        index.extend_from_slice(&old[HEAD + field + 1..HEAD + fields]);
        index.resize(ends_start(fields - 1), 0);
        index.extend_from_slice(&old[ends_start(fields)..ends]);
        let (moved, _) = old[ends + ENDS_PER_FIELD..index_len(fields)].as_chunks::<4>();
        for end in moved {
            index.extend(pack(unpack(*end) - removed));
        }

        let mut body = into_text(index);
        body.push_str(&text[..from]);
        body.push_str(&text[to..]);
        Self(body.into_boxed_str())
    }
}

/// Appends the object with these fields.
pub(super) fn write_object<'a>(parts: impl Iterator<Item = Part<'a>>, json: &mut String) {
    let mut before = "{\"";
    for part in parts {
        for piece in [before, part.key, "\":", part.value] {
            json.push_str(piece);
        }
        before = ",\"";
    }
    json.push_str(if before == "{\"" { "{}" } else { "}" });
}

/// Appends ends of an index, moved. If not moved, they may be anything.
fn push_ends(ends: &str, by: usize, body: &mut String) {
    if by == 0 {
        body.push_str(ends);
        return;
    }
    // Through a buffer, in blocks: a string is appended to by strings only.
    const BLOCK: usize = 32;
    for block in ends.as_bytes().as_chunks::<4>().0.chunks(BLOCK) {
        let mut moved = [[0; 4]; BLOCK];
        for (moved, end) in moved.iter_mut().zip(block) {
            *moved = pack(unpack(*end).wrapping_add(by));
        }
        match str::from_utf8(moved[..block.len()].as_flattened()) {
            Ok(moved) => body.push_str(moved),
            Err(_) => unreachable!("an index is made of bytes below 0x80"),
        }
    }
}

fn checked_size(bytes: usize) -> Result<usize, DocumentError> {
    if bytes > MAX_BYTES {
        return Err(DocumentError::TooLarge { bytes });
    }
    Ok(bytes)
}

/// The index as text, with the room behind it for the document's.
fn into_text(index: Vec<u8>) -> String {
    match String::from_utf8(index) {
        Ok(index) => index,
        Err(_) => unreachable!("an index is made of bytes below 0x80"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_size_is_accepted_and_the_next_one_refused() {
        assert_eq!(checked_size(MAX_BYTES).ok(), Some(MAX_BYTES));
        assert!(matches!(
            checked_size(MAX_BYTES + 1),
            Err(DocumentError::TooLarge { bytes }) if bytes == MAX_BYTES + 1
        ));
    }
}
