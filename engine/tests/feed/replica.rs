//! A copy of a store, made of commits.

use std::collections::BTreeMap;
use std::time::SystemTime;

use contexture::{
    ChangeKind, Commit, ContextId, ContextRef, Document, Revision, Snapshot, Version,
};

/// What a subscriber knows of the contexts. It checks that commits follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    revision: Revision,
    contexts: BTreeMap<ContextId, Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    version: Version,
    revision: Option<Revision>,
    document: Document,
    metadata: Option<Document>,
    times: (SystemTime, SystemTime, Option<SystemTime>),
}

impl Held {
    fn of(context: ContextRef<'_>) -> Self {
        Self {
            version: context.version(),
            revision: context.revision(),
            document: context.document().clone(),
            metadata: context.metadata().cloned(),
            times: (context.created(), context.updated(), context.expires()),
        }
    }
}

impl Replica {
    pub fn empty() -> Self {
        Self {
            revision: Revision::ZERO,
            contexts: BTreeMap::new(),
        }
    }

    pub fn of(snapshot: &Snapshot) -> Self {
        let contexts = snapshot.iter();
        Self {
            revision: snapshot.revision().unwrap(),
            contexts: contexts
                .map(|context| (context.id().clone(), Held::of(context)))
                .collect(),
        }
    }

    /// The revision up to which this is a copy.
    pub fn revision(&self) -> u64 {
        self.revision.get()
    }

    pub fn apply(&mut self, commit: &Commit) {
        let revision = commit.revision().unwrap();
        assert_eq!(revision.get(), self.revision.get() + 1);
        self.revision = revision;
        assert!(!commit.changes().is_empty());
        for change in commit.changes() {
            // What each context was before is what this has, so the order is that of the store.
            let before = change.before().map(Held::of);
            assert_eq!(self.contexts.remove(change.id()), before, "{revision}");
            let after = change.after().map(Held::of);
            let kind = match (&before, &after) {
                (None, Some(_)) => ChangeKind::Created,
                (Some(_), Some(_)) => ChangeKind::Updated,
                (_, None) => ChangeKind::Deleted,
            };
            assert_eq!(change.kind(), kind);
            if let (Some(before), Some(after)) = (&before, &after) {
                assert_eq!(after.version.get(), before.version.get() + 1);
            }
            if let Some(after) = after {
                assert_eq!(after.revision, Some(revision));
                self.contexts.insert(change.id().clone(), after);
            }
        }
    }
}
