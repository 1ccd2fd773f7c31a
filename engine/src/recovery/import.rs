//! Reading a recovery point that was written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::{BufRead, BufReader, Read};

use contexture_strategies::{Version, Versioned};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format::{FOOTER_START, FORMAT, Footer, Header, Line, Preamble, VERSION};
use super::point::About;
use super::{Damage, RecoveryIoError, RecoveryPoint};
use crate::limits::Limits;
use crate::state::State;
use crate::{ContextId, Document, Draft, Revision, Snapshot};

/// How much longer than its documents a line can be: the longest name, or an id, with every byte
/// escaped, and what stands around it.
const AROUND_DOCUMENTS: usize = 6 * RecoveryPoint::MAX_NAME_LEN + 1024;

/// The point that `reader` has, as far as the numbering of these contexts goes: `number` is asked
/// when all of it was read and found whole.
pub(crate) fn import(
    reader: impl Read,
    limits: &Limits,
    number: impl FnOnce() -> u64,
) -> Result<RecoveryPoint, RecoveryIoError> {
    let documents = limits.document_bytes.unwrap_or(Document::MAX_BYTES);
    let documents = documents.min(Document::MAX_BYTES);
    let mut lines = Lines {
        reader: BufReader::new(reader),
        longest: 2 * documents + AROUND_DOCUMENTS,
        number: 0,
        text: Vec::new(),
        checksum: crc32fast::Hasher::new(),
    };
    let (about, announced) = header(&mut lines, limits)?;
    let entries = contexts(&mut lines, limits, announced)?;
    lines.end()?;
    let about = About {
        number: number(),
        ..about
    };
    let snapshot = Snapshot::new(entries.into_iter().collect(), None);
    Ok(RecoveryPoint::new(about, snapshot))
}

fn header<R: Read>(lines: &mut Lines<R>, limits: &Limits) -> Result<(About, u64), RecoveryIoError> {
    lines.advance()?;
    let preamble = lines.parse().ok();
    let preamble = preamble.filter(|preamble: &Preamble<'_>| preamble.format == FORMAT);
    let preamble = preamble.ok_or_else(|| lines.damaged(Damage::NotAnExport))?;
    if preamble.version != VERSION {
        let (found, known) = (preamble.version, VERSION);
        return Err(lines.damaged(Damage::UnknownFormatVersion { found, known }));
    }
    let header: Header<'_> = lines.parse()?;
    let contexts = header.contexts;
    if let Some(limit) = limits.contexts
        && contexts > limit as u64
    {
        return Err(lines.damaged(Damage::TooManyContexts { contexts, limit }));
    }
    RecoveryPoint::check_name(header.name.as_deref()).map_err(|error| lines.malformed(error))?;
    let about = About {
        // Where it came from; it is given another one.
        number: header.number,
        name: header.name.map(|name| name.into()),
        time: header.time.0,
        revision: header.revision.map(Revision::new),
    };
    Ok((about, contexts))
}

type Contexts = HashMap<ContextId, Versioned<State>>;

fn contexts<R: Read>(
    lines: &mut Lines<R>,
    limits: &Limits,
    announced: u64,
) -> Result<Contexts, RecoveryIoError> {
    // It grows with what is read, not with what is announced.
    let mut contexts = HashMap::new();
    loop {
        let before = lines.checksum.clone().finalize();
        lines.advance()?;
        let last = lines.text.starts_with(FOOTER_START);
        let mut found = contexts.len() as u64;
        if last || found == announced {
            found += u64::from(!last);
            if found != announced {
                return Err(lines.damaged(Damage::WrongCount { announced, found }));
            }
            lines.footer(before)?;
            return Ok(contexts);
        }
        let (id, version, state) = lines.context()?;
        let checked = limits.check(&id, &state.draft);
        checked.map_err(|error| lines.damaged(error.into()))?;
        match contexts.entry(id) {
            Entry::Vacant(place) => place.insert(Versioned::new(version, state)),
            Entry::Occupied(there) => {
                let id = there.key().clone();
                return Err(lines.damaged(Damage::DuplicateId { id }));
            }
        };
    }
}

/// The lines of an export, one at a time.
struct Lines<R> {
    reader: BufReader<R>,
    /// The most bytes of a line.
    longest: usize,
    /// Which line `text` is, from 1.
    number: u64,
    /// The line, without its end.
    text: Vec<u8>,
    /// Of all lines so far.
    checksum: crc32fast::Hasher,
}

impl<R: Read> Lines<R> {
    /// Reads the next line.
    fn advance(&mut self) -> Result<(), RecoveryIoError> {
        self.number += 1;
        self.text.clear();
        let with_end = self.longest as u64 + 1;
        let mut line = self.reader.by_ref().take(with_end);
        line.read_until(b'\n', &mut self.text)?;
        self.checksum.update(&self.text);
        if self.text.pop_if(|last| *last == b'\n').is_some() {
            return Ok(());
        }
        let limit = self.longest;
        Err(self.damaged(match self.text.len() > limit {
            true => Damage::LineTooLong { limit },
            false => Damage::Truncated,
        }))
    }

    /// What the line says.
    fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, RecoveryIoError> {
        serde_json::from_slice(&self.text).map_err(|error| self.malformed(error))
    }

    /// The context of the line.
    fn context(&self) -> Result<(ContextId, Version, State), RecoveryIoError> {
        let line: Line<'_> = self.parse()?;
        let version = Version::from_u64(line.version);
        let version = version.ok_or_else(|| self.malformed("the lowest version is 1"))?;
        let draft = Draft {
            document: self.document(line.document)?,
            metadata: match line.metadata {
                Some(metadata) => Some(self.document(metadata)?.into()),
                None => None,
            },
            lifetime: Some(line.lifetime()),
        };
        let state = State::committed(draft, line.created.0, line.updated.0);
        Ok((line.id, version, state))
    }

    fn document(&self, json: &RawValue) -> Result<Document, RecoveryIoError> {
        let document = Document::parse(json.get()).map_err(|error| self.malformed(error))?;
        match document.as_json() == json.get() {
            true => Ok(document),
            false => Err(self.malformed("a document is not written as documents are")),
        }
    }

    /// Checks the line as the last one of what has this checksum.
    fn footer(&self, computed: u32) -> Result<(), RecoveryIoError> {
        let Footer { checksum: stated } = self.parse()?;
        if stated != computed {
            return Err(self.damaged(Damage::WrongChecksum { stated, computed }));
        }
        Ok(())
    }

    /// Checks that the line is the last one.
    fn end(mut self) -> Result<(), RecoveryIoError> {
        let mut more = Vec::new();
        self.reader.by_ref().take(1).read_to_end(&mut more)?;
        if more.is_empty() {
            return Ok(());
        }
        self.number += 1;
        Err(self.damaged(Damage::TrailingData))
    }

    fn malformed(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) -> RecoveryIoError {
        self.damaged(Damage::Malformed(reason.into()))
    }

    const fn damaged(&self, damage: Damage) -> RecoveryIoError {
        let line = self.number;
        RecoveryIoError::Damaged { line, damage }
    }
}
