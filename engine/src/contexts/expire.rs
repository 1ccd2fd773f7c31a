//! Contexts whose time is over.

use contexture_strategies::{RemoveError, Strategy, StrategyKind, Version, Versioned};

use super::{Contexts, Inner};
use crate::ContextId;
use crate::state::State;
use crate::sync::Ordering;

impl<S: StrategyKind> Inner<S> {
    /// Whether a context may expire at all: as long as none ever could, nobody looks.
    pub(super) fn may_expire(&self) -> bool {
        // Relaxed: see the field.
        self.expiring.load(Ordering::Relaxed)
    }

    pub(super) fn mark_expiring(&self) {
        // Written once, so that writers do not take the line from each other.
        if !self.may_expire() {
            // Relaxed: see the field.
            self.expiring.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_expired(&self, state: &Versioned<State>) -> bool {
        state.expires.is_some() && state.is_expired(self.settings.clock.now())
    }

    /// Removes a version that has expired, unless it has been replaced. `false` if it must stay:
    /// the call comes from inside a closure and would have to wait for an update of this very
    /// context, which will renew it.
    pub(super) async fn expire(&self, id: &ContextId, version: Version) -> bool {
        let mut write = self.begin_expiry();
        let removed = self
            .store
            .remove_with(id, Some(version), write.hook())
            .await;
        !matches!(removed, Err(RemoveError::Reentrant(_)))
    }

    /// Removes what has expired of these contexts.
    pub(super) async fn expire_all(&self, ids: impl Iterator<Item = &ContextId>) {
        for id in ids {
            let Some(found) = self.store.get(id).await else {
                continue;
            };
            if self.is_expired(&found) {
                self.expire(id, found.version()).await;
            }
        }
    }
}

/// Expiry, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// Removes all contexts whose time to live is over, and returns how many.
    ///
    /// Nobody can see an expired context in any case: the first who meets one removes it. This
    /// gives its memory back earlier. A context that is renewed meanwhile stays.
    ///
    /// # Panics
    ///
    /// As [`snapshot`](Contexts::snapshot).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: some are removed and others are not.
    pub async fn purge_expired(&self) -> usize {
        if !self.inner.may_expire() {
            return 0;
        }
        let snapshot = self.inner.store.snapshot().await;
        let now = self.inner.settings.clock.now();
        let mut removed = 0;
        for (id, state) in snapshot.iter() {
            if state.is_expired(now) {
                let mut write = self.inner.begin_expiry();
                let expected = Some(state.version());
                let hook = write.hook();
                let outcome = self.inner.store.remove_with(id, expected, hook).await;
                removed += usize::from(outcome.is_ok());
            }
        }
        removed
    }
}
