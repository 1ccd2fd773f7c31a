//! Writing a recovery point.

use std::io;

use serde::Serialize;

use super::format::{FORMAT, Footer, Header, Line, Time, VERSION};
use super::{RecoveryIoError, RecoveryPoint};
use crate::Revision;

/// How many bytes are gathered before they are written.
const BUFFER: usize = 64 * 1024;

impl RecoveryPoint {
    /// Writes the point, to be [read](crate::recovery::Recovery::read_from) here or elsewhere:
    /// lines of JSON, of which the last has a checksum of all others. Histories are not written.
    ///
    /// It blocks on the writer, gives it large pieces and flushes it. To make a file durable, and
    /// never leave half of one, see [recovery](crate::recovery#keeping-points-beyond-the-process).
    ///
    /// # Errors
    ///
    /// [`RecoveryIoError::Io`] if the writer fails. What it was given until then is recognised as
    /// no recovery point when it is read. [`RecoveryIoError::Point`] if the point is damaged; then
    /// nothing is written.
    ///
    /// ```
    /// use contexture::{ContextId, Contexts, Document};
    ///
    /// let contexts: Contexts = Contexts::new();
    /// contexts.create_sync(ContextId::new("a")?, Document::parse(r#"{"n": 1.50}"#)?)?;
    /// let mut written = Vec::new();
    /// contexts.recovery().create_sync(None)?.write_to(&mut written)?;
    /// assert_eq!(String::from_utf8(written)?.lines().count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_to(&self, writer: impl io::Write) -> Result<(), RecoveryIoError> {
        self.verify()?;
        let mut export = Export {
            writer,
            buffer: Vec::new(),
            checksum: crc32fast::Hasher::new(),
        };
        export.line(&Header {
            format: FORMAT.into(),
            version: VERSION,
            contexts: self.len() as u64,
            number: self.number(),
            name: self.name().map(Into::into),
            time: Time(self.time()),
            revision: self.revision().map(Revision::get),
        })?;
        for context in self.sorted() {
            export.line(&Line::of(context).map_err(io::Error::from)?)?;
        }
        export.finish()?;
        Ok(())
    }
}

struct Export<W> {
    writer: W,
    buffer: Vec<u8>,
    checksum: crc32fast::Hasher,
}

impl<W: io::Write> Export<W> {
    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let start = self.buffer.len();
        serde_json::to_writer(&mut self.buffer, line)?;
        self.buffer.push(b'\n');
        self.checksum.update(&self.buffer[start..]);
        if self.buffer.len() >= BUFFER {
            self.writer.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let checksum = self.checksum.clone().finalize();
        self.line(&Footer { checksum })?;
        self.writer.write_all(&self.buffer)?;
        self.writer.flush()
    }
}
