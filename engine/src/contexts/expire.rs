//! Contexts whose time is over.

use std::time::Duration;

use contexture_strategies::{RemoveError, Strategy, StrategyKind, Version, Versioned};

use super::{Contexts, Inner};
use crate::state::State;
use crate::{ContextId, ContextRef, Draft, Snapshot, UpdateError};

impl<S: StrategyKind> Inner<S> {
    /// Whether a context may expire at all: as long as none ever could, nobody looks.
    pub(super) fn may_expire(&self) -> bool {
        self.expiring.is_set()
    }

    pub(super) fn mark_expiring(&self) {
        self.expiring.set(true);
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
}

/// What there was to remove, and what was removed: some are renewed meanwhile, or removed by others.
#[derive(Default)]
pub(super) struct Purged {
    pub(super) found: usize,
    removed: usize,
}

/// Expiry, for every strategy; see [`expiry`](crate::expiry).
impl<S: StrategyKind> Contexts<S> {
    /// Starts the time to live of a context anew: commits a version that differs in nothing else.
    ///
    /// # Errors
    ///
    /// As [`update`](Contexts::update); [`UpdateError::NotFound`] if it has expired.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    pub async fn renew(&self, id: &ContextId) -> Result<Version, UpdateError> {
        self.update(id, |context| Draft::from(context)).await
    }

    /// Gives a context another time to live from now on; `None` lets it live until it is deleted.
    ///
    /// # Errors
    ///
    /// As [`update`](Contexts::update).
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    pub async fn set_time_to_live(
        &self,
        id: &ContextId,
        time_to_live: Option<Duration>,
    ) -> Result<Version, UpdateError> {
        let draft = |context: ContextRef<'_>| match time_to_live {
            Some(time_to_live) => Draft::from(context).time_to_live(time_to_live),
            None => Draft::from(context).forever(),
        };
        self.update(id, draft).await
    }

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
        let snapshot = self.snapshot_of_all().await;
        self.purge(&snapshot).await.removed
    }

    /// Removes what has expired of a snapshot.
    pub(super) async fn purge(&self, snapshot: &Snapshot) -> Purged {
        let now = self.inner.settings.clock.now();
        let mut purged = Purged::default();
        for context in snapshot.iter() {
            if context.state().is_expired(now) {
                let mut write = self.inner.begin_expiry();
                let (id, expected) = (context.id(), Some(context.version()));
                let hook = write.hook();
                let outcome = self.inner.store.remove_with(id, expected, hook).await;
                purged.found += 1;
                purged.removed += usize::from(outcome.is_ok());
            }
        }
        purged
    }

    /// [Removes expired contexts](Contexts::purge_expired) after each tick, until the last handle
    /// of the contexts is gone; meant to be a task of its own.
    ///
    /// `tick` is what the runtime has for waiting.
    ///
    /// # Cancel safety
    ///
    /// As [`purge_expired`](Contexts::purge_expired).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use contexture::Contexts;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let contexts: Contexts = Contexts::builder().time_to_live(Duration::from_secs(60)).build();
    /// tokio::spawn(contexts.sweep(|| tokio::time::sleep(Duration::from_secs(1))));
    /// # }
    /// ```
    pub fn sweep<T, F>(&self, mut tick: T) -> impl Future<Output = ()> + Send + use<S, T, F>
    where
        T: FnMut() -> F + Send,
        F: Future + Send,
    {
        let contexts = self.downgrade();
        async move {
            loop {
                tick().await;
                match contexts.upgrade() {
                    Some(contexts) => contexts.purge_expired().await,
                    None => return,
                };
            }
        }
    }
}
