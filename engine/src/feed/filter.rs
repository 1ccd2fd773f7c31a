//! What a subscription is about.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{ChangeKind, Commit, ContextChange, ContextId, Revision};

/// What a [`Subscription`](super::Subscription) shows, and from where on. By default everything
/// that is committed from now on.
///
/// Conditions on different things must all hold; of two on the same thing the later one counts. A
/// commit is shown with only those of its changes that match, and not at all if none does; its
/// revision [counts as passed](super::Subscription::revision) in any case.
///
/// ```
/// use contexture::feed::Filter;
/// use contexture::{ChangeKind, ContextId, Contexts, Document, Revision};
///
/// let contexts: Contexts = Contexts::builder().feed(1_000).build();
/// contexts.create_sync(ContextId::new("session/1")?, Document::new())?;
/// contexts.create_sync(ContextId::new("cart/1")?, Document::new())?;
/// contexts.delete_sync(&ContextId::new("session/1")?, None)?;
///
/// let ended = Filter::new()
///     .prefix("session/")
///     .kinds(&[ChangeKind::Deleted, ChangeKind::Expired])
///     .after(Revision::ZERO);
/// let mut subscription = contexts.subscribe(ended)?;
/// let commit = subscription.try_next()?.unwrap()?;
/// assert_eq!(commit.revision(), Some(Revision::new(3)));
/// assert_eq!(commit.changes()[0].id().as_str(), "session/1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a filter does nothing until it is subscribed with"]
pub struct Filter {
    ids: Option<HashSet<ContextId>>,
    prefix: String,
    kinds: Option<Vec<ChangeKind>>,
    after: Option<Revision>,
}

impl Filter {
    /// Everything that is committed from now on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only changes of these contexts. An id need not exist yet.
    pub fn ids(mut self, ids: impl IntoIterator<Item = ContextId>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Only changes of contexts whose ids begin with this.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Only these kinds of changes.
    pub fn kinds(mut self, kinds: &[ChangeKind]) -> Self {
        self.kinds = Some(kinds.to_vec());
        self
    }

    /// Commits after this revision, also those of the past as far as they are kept; what is not
    /// is reported as [`Lagged`](super::Lagged). [`Revision::ZERO`] is before all of them.
    ///
    /// With the [revision of a subscription](super::Subscription::revision) another one goes on
    /// where that was; with the [revision of a snapshot](crate::Snapshot::revision) it shows just
    /// what the snapshot lacks, as [`watch`](crate::Contexts::watch) does.
    pub const fn after(mut self, revision: Revision) -> Self {
        self.after = Some(revision);
        self
    }

    /// From where on; `None` is now.
    pub(super) const fn start(&self) -> Option<Revision> {
        self.after
    }

    /// The commit with only what matches; itself if that is everything, `None` if it is nothing.
    pub(super) fn show(&self, commit: Arc<Commit>) -> Option<Arc<Commit>> {
        let matching = || commit.changes.iter().filter(|change| self.matches(change));
        // Counted first: most commits are shown whole or not at all, and then nothing is copied.
        match matching().count() {
            0 => None,
            all if all == commit.changes.len() => Some(commit),
            _ => Some(Arc::new(Commit {
                revision: commit.revision,
                time: commit.time,
                actor: commit.actor.clone(),
                changes: matching().cloned().collect(),
            })),
        }
    }

    fn matches(&self, change: &ContextChange) -> bool {
        let contains = |kinds: &Vec<_>| kinds.contains(&change.kind);
        self.kinds.as_ref().is_none_or(contains)
            && change.id.as_str().starts_with(&self.prefix)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&change.id))
    }
}
