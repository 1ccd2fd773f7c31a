//! The versions a context had before, each kept as what differs from the one after it.

mod queue;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use contexture_strategies::{Version, Versioned};

use self::queue::Queue;
use crate::document::Delta;
use crate::state::State;
use crate::{ContextRef, Document, Revision};

/// The former versions of a context, from the oldest to the one before this.
///
/// It is part of each version and never changes: a version shares all but the last record with the
/// one before, so adding one costs that record, whatever the length.
#[derive(Clone)]
pub(crate) struct Past(Queue<Record>);

/// A former version. Its document is that of the version after it, with `delta` applied.
struct Record {
    version: Version,
    updated: SystemTime,
    revision: Option<Revision>,
    metadata: Option<Arc<Document>>,
    delta: Delta,
}

impl Past {
    pub(crate) const fn new() -> Self {
        Self(Queue::new())
    }

    /// The past of a version with this document that follows `before`, of at most `limit` records.
    pub(crate) fn with(before: &Versioned<State>, document: &Document, limit: usize) -> Self {
        if limit == 0 {
            return Self::new();
        }
        let mut records = before.past.0.clone();
        records.push(Record {
            version: before.version(),
            updated: before.updated,
            revision: before.revision,
            metadata: before.draft.metadata.clone(),
            delta: Delta::between(document, before.document()),
        });
        while records.len() > limit {
            records.pop();
        }
        Self(records)
    }
}

/// A former version of a context.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// let first = contexts.create_sync(id.clone(), Document::parse(r#"{"n": 1}"#)?)?;
/// contexts.try_update_sync(&id, |context| context.with("n", &2))?;
///
/// let context = contexts.get_sync(&id).unwrap();
/// let before = context.history().next().unwrap();
/// assert_eq!((before.version(), before.document().as_json()), (first, r#"{"n":1}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    version: Version,
    updated: SystemTime,
    revision: Option<Revision>,
    metadata: Option<Arc<Document>>,
    document: Document,
}

impl HistoryEntry {
    /// The version it was.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// When it was committed.
    #[must_use]
    pub const fn updated(&self) -> SystemTime {
        self.updated
    }

    /// The revision it was committed at, if there was a feed.
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// The metadata the context had, if any.
    #[must_use]
    pub fn metadata(&self) -> Option<&Document> {
        self.metadata.as_deref()
    }

    /// What the context held.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }
}

impl HistoryEntry {
    pub(crate) fn of(context: ContextRef<'_>) -> Self {
        let state = context.state();
        Self {
            version: context.version(),
            updated: state.updated,
            revision: state.revision,
            metadata: state.draft.metadata.clone(),
            document: state.document().clone(),
        }
    }

    pub(crate) fn into_draft(self) -> crate::Draft {
        let mut draft = crate::Draft::new(self.document);
        // What had no metadata then has none again, in place of what it has now.
        draft.metadata = Some(self.metadata.unwrap_or_default());
        draft
    }
}

/// The former versions of a context, newest first; made by [`Context::history`].
///
/// Each step makes one document of the one after it, at about the price of copying it; to skip
/// versions costs as much as to look at them.
///
/// [`Context::history`]: crate::Context::history
#[derive(Clone)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct History<'a> {
    /// Oldest first.
    records: Vec<&'a Record>,
    /// The document of the version after the next one.
    newer: Document,
}

impl<'a> History<'a> {
    pub(crate) fn of(state: &'a State) -> Self {
        Self {
            records: state.past.0.oldest_first(),
            newer: state.document().clone(),
        }
    }
}

impl Iterator for History<'_> {
    type Item = HistoryEntry;

    fn next(&mut self) -> Option<HistoryEntry> {
        let record = self.records.pop()?;
        self.newer = record.delta.apply(&self.newer);
        Some(HistoryEntry {
            version: record.version,
            updated: record.updated,
            revision: record.revision,
            metadata: record.metadata.clone(),
            document: self.newer.clone(),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.records.len(), Some(self.records.len()))
    }
}

impl ExactSizeIterator for History<'_> {}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.records.iter().rev().map(|record| record.version);
        f.debug_list().entries(versions).finish()
    }
}

/// Which former version is meant.
///
/// ```
/// use std::time::SystemTime;
///
/// use contexture::{Moment, Version};
///
/// let _: Moment = Version::FIRST.into();
/// let _: Moment = SystemTime::now().into();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// The version with this number.
    Version(Version),
    /// The newest version that was committed at this time or before.
    AtOrBefore(SystemTime),
}

impl Moment {
    /// The version of `context` that is meant, the current one included.
    pub(crate) fn find(self, context: ContextRef<'_>) -> Option<HistoryEntry> {
        let meant = |version: Version, updated: SystemTime| match self {
            Self::Version(wanted) => version == wanted,
            Self::AtOrBefore(time) => updated <= time,
        };
        if meant(context.version(), context.updated()) {
            return Some(HistoryEntry::of(context));
        }
        let mut history = context.history();
        // A look at the records costs next to nothing; the documents before it are made only if it
        // is there.
        let records = history.records.iter().rev();
        let meant = |record: &&Record| meant(record.version, record.updated);
        let skipped = records.take_while(|record| !meant(record)).count();
        history.nth(skipped)
    }
}

impl From<Version> for Moment {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

/// At this time or before.
impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self::AtOrBefore(time)
    }
}

#[cfg(all(test, feature = "sharded"))]
mod tests {
    use super::*;
    use crate::kind::Sharded;
    use crate::{ContextId, Contexts};

    /// What a former version takes beside its record: the counts of two allocations, and a node.
    const NODE: usize = 6 * size_of::<usize>();

    #[test]
    fn a_former_version_takes_what_differs() {
        let contexts = Contexts::<Sharded>::new();
        let id = ContextId::new("a").expect("an id");
        let mut document = Document::new();
        for field in 0..64 {
            let text = "x".repeat(112);
            document = document
                .with(&format!("field{field}"), &text)
                .expect("fits");
        }
        let document = document.with("n", &0).expect("fits");
        assert!(document.byte_size() > 8_000);
        contexts.create_sync(id.clone(), document).expect("created");
        for n in 1..=1_000 {
            let update = |context: ContextRef<'_>| context.with("n", &n);
            contexts.try_update_sync(&id, update).expect("updated");
        }
        let context = contexts.get_sync(&id).expect("there");
        let history = context.history();
        assert_eq!(history.len(), 1_000);
        for record in history.records {
            let heap = record.delta.byte_size() - size_of::<Delta>();
            let bytes = size_of::<Record>() + NODE + heap;
            assert!(bytes < 200, "{} takes {bytes} bytes", record.version);
        }
    }
}
