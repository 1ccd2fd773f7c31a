//! All contexts at one point in time.

use std::fmt;

use contexture_strategies as strategies;

use crate::state::State;
use crate::{ContextId, ContextRef, Revision};

/// All contexts as they were at one instant.
///
/// Using or keeping a snapshot never blocks anyone; it keeps the versions in it alive. Clones
/// share everything. The order of iteration is arbitrary.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::new())?;
///
/// let before = contexts.snapshot_sync();
/// contexts.delete_sync(&id, None)?;
/// assert_eq!(before.len(), 1);
/// assert_eq!(before.get(&id).unwrap().as_json(), "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Snapshot {
    entries: strategies::Snapshot<ContextId, State>,
    revision: Option<Revision>,
}

impl Snapshot {
    pub(crate) const fn new(
        entries: strategies::Snapshot<ContextId, State>,
        revision: Option<Revision>,
    ) -> Self {
        Self { entries, revision }
    }

    /// The revision of the last commit that is in it; `None` without a
    /// [feed](crate::Builder::feed). What a subscription
    /// [after](crate::feed::Filter::after) this revision gets is exactly what the snapshot lacks.
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// The context with this id at that instant; `None` if there was none.
    #[must_use]
    pub fn get<'a>(&'a self, id: &'a ContextId) -> Option<ContextRef<'a>> {
        Some(ContextRef::new(id, self.entries.get(id)?))
    }

    /// Every context at that instant.
    pub fn iter(&self) -> impl Iterator<Item = ContextRef<'_>> {
        self.entries
            .iter()
            .map(|(id, committed)| ContextRef::new(id, committed))
    }

    /// The ids of all contexts, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<ContextId> {
        let mut ids: Vec<_> = self.iter().map(|context| context.id().clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// The ids that begin with a prefix, sorted: the first `limit` of those after `after`.
    #[must_use]
    pub fn page(&self, prefix: &str, after: Option<&ContextId>, limit: usize) -> Page {
        let ids = self.iter().map(|context| context.id());
        let mut ids: Vec<_> = ids
            .filter(|id| id.as_str().starts_with(prefix) && after.is_none_or(|after| *id > after))
            .collect();
        let more = ids.len() > limit;
        if more && limit > 0 {
            // Only what is shown need be in order.
            ids.select_nth_unstable(limit - 1);
        }
        ids.truncate(limit);
        ids.sort_unstable();
        let ids: Vec<_> = ids.into_iter().cloned().collect();
        let next = ids.last().filter(|_| more).cloned();
        Page { ids, next }
    }

    /// How many contexts there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Ids and versions.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|context| (context.id(), context.version()));
        f.debug_map().entries(entries).finish()
    }
}

/// Some of the ids of a [`Snapshot`], and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The ids, sorted.
    pub ids: Vec<ContextId>,
    /// What to ask for the ids after, for the next page; `None` if this is the last one (or one
    /// of no ids).
    pub next: Option<ContextId>,
}
