//! What a write changed, told after the fact.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use contexture_strategies::Versioned;

use crate::state::State;
use crate::{ContextId, ContextRef, Revision};

/// One commit: what a write, or a whole batch, changed at one instant.
///
/// [Subscriptions](crate::feed) and [observers](crate::plugins::Observer) are given commits.
#[derive(Debug, Clone)]
pub struct Commit {
    pub(crate) revision: Option<Revision>,
    pub(crate) time: SystemTime,
    pub(crate) actor: Option<Arc<str>>,
    pub(crate) changes: Vec<ContextChange>,
}

impl Commit {
    /// Its place in the order of all commits; `None` without a [feed](crate::Builder::feed).
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// When it happened, by the [clock](crate::Clock) of the contexts.
    #[must_use]
    pub const fn time(&self) -> SystemTime {
        self.time
    }

    /// Who made it, if the [handle](crate::Contexts::acting_as) it was made through says so.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// What it changed: each context once, in the order of the batch.
    #[must_use]
    pub fn changes(&self) -> &[ContextChange] {
        &self.changes
    }
}

/// What a commit did to one context.
#[derive(Clone)]
pub struct ContextChange {
    pub(crate) kind: ChangeKind,
    pub(crate) id: ContextId,
    pub(crate) before: Option<Versioned<State>>,
    pub(crate) after: Option<Versioned<State>>,
}

impl ContextChange {
    /// What kind of change it was.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// The context's id.
    #[must_use]
    pub const fn id(&self) -> &ContextId {
        &self.id
    }

    /// The context as it was; `None` if it was created.
    #[must_use]
    pub fn before(&self) -> Option<ContextRef<'_>> {
        let before = self.before.as_ref()?;
        Some(ContextRef::new(&self.id, before))
    }

    /// The context as it is now; `None` if it was deleted or expired.
    #[must_use]
    pub fn after(&self) -> Option<ContextRef<'_>> {
        let after = self.after.as_ref()?;
        Some(ContextRef::new(&self.id, after))
    }
}

impl fmt::Debug for ContextChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextChange")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("before", &self.before())
            .field("after", &self.after())
            .finish()
    }
}

/// What can happen to a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// It has a new version.
    Updated,
    /// It was deleted.
    Deleted,
    /// It was removed since its time to live was over.
    Expired,
}
