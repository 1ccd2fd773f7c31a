//! Where a value is serialised before its size is known.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use super::DocumentError;
use super::text::compact;

/// Enough for any number and most short strings.
const INLINE: usize = 96;

/// A buffer that allocates only for values longer than [`INLINE`] bytes.
pub(super) struct Scratch {
    inline: [u8; INLINE],
    /// How much of `inline` is in use.
    len: usize,
    /// All of the text, once it does not fit inline.
    spilled: Vec<u8>,
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self {
            inline: [0; INLINE],
            len: 0,
            spilled: Vec::new(),
        }
    }

    /// The value as compact JSON. For one call: texts are not kept apart.
    pub(super) fn serialize<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<Cow<'_, str>, DocumentError> {
        serde_json::to_writer(&mut *self, value).map_err(DocumentError::Serialize)?;
        let written = if self.spilled.is_empty() {
            &self.inline[..self.len]
        } else {
            &self.spilled
        };
        let Ok(json) = str::from_utf8(written) else {
            unreachable!("JSON is written as UTF-8");
        };
        match json.as_bytes() {
            // What a serialiser writes is compact, but a `RawValue` in it is as its author wrote
            // it. Numbers and literals have no place for white space.
            [b'{' | b'[' | b'"', ..] => compact(json),
            _ => Ok(Cow::Borrowed(json)),
        }
    }
}

impl io::Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.len + bytes.len();
        if self.spilled.is_empty() {
            if let Some(free) = self.inline.get_mut(self.len..end) {
                free.copy_from_slice(bytes);
                self.len = end;
                return Ok(());
            }
            self.spilled.reserve(2 * end);
            self.spilled.extend_from_slice(&self.inline[..self.len]);
        }
        self.spilled.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
