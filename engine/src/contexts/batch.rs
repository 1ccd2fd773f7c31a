//! Writing several contexts at once.

use contexture_strategies::{
    self as strategies, Change, Reentrant, Strategy, StrategyKind, Version,
};

use super::Contexts;
use crate::limits::written;
use crate::observe;
use crate::plugins::Set;
use crate::state::State;
use crate::{Batch, BatchError, Context, ContextId, Draft, Operation, Snapshot};

/// Writing several contexts at once, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// Applies every change of a batch at one instant, or none.
    ///
    /// Returns for each change, in order, the version its context now has; `None` where it was
    /// deleted or required to be absent.
    ///
    /// # Errors
    ///
    /// Why the first refused change was refused; then nothing has changed. What is too large is
    /// refused before anything else, and then what a plugin refuses; with validators among the
    /// [plugins](crate::plugins), also a conflict that is found before these are asked.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the whole batch is applied or nothing of it.
    ///
    /// ```
    /// # use contexture::{Batch, BatchError, ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
    /// let batch = Batch::new().create(a.clone(), Document::new()).delete(b, None);
    /// let refused = contexts.apply(batch).await;
    /// assert!(matches!(refused, Err(BatchError::NotFound { index: 1, .. })));
    /// assert!(contexts.get(&a).await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn apply(&self, batch: Batch) -> Result<Vec<Option<Version>>, BatchError> {
        let apply = self.try_apply(&batch, None);
        self.operation(Operation::Apply, None, apply).await
    }

    /// Applies a batch. What it probably finds is `found`, if that is known: what takes time is
    /// then done before the store's locks are taken.
    pub(super) async fn try_apply(
        &self,
        batch: &Batch,
        found: Option<&Snapshot>,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let inner = &*self.inner;
        inner.settings.limits.check_batch(batch)?;
        let validators = inner.plugins.validators();
        let mut made_room = false;
        loop {
            if S::AWAITS {
                Reentrant::check()?;
            }
            if inner.may_expire() {
                inner
                    .expire_all(batch.changes.iter().map(|(id, _)| id))
                    .await;
            }
            let exact = !validators.is_empty();
            let batch_now = match exact {
                true => self.validated(batch, &validators).await?,
                false => batch.clone(),
            };
            let changes = batch_now.changes.into_iter();
            let changes = changes.map(|(id, change)| {
                let before = found.and_then(|found| found.get(&id));
                let state = |draft| match before {
                    Some(before) => {
                        State::following(draft, before.committed(), inner.settings.history)
                    }
                    None => State::new(draft),
                };
                let change = change.map(state);
                (id, change)
            });
            let mut write = self.begin();
            let hook = write.hook();
            let applied = inner.store.apply_with(changes.collect(), hook).await;
            drop(write);
            match applied {
                Ok(versions) => return Ok(versions),
                // What has expired takes no room.
                Err(strategies::BatchError::Full { .. })
                    if !made_room && self.purge_expired().await > 0 =>
                {
                    made_room = true;
                }
                // What was put in place of a put met another version than the validators did.
                Err(reason) if exact && conflicts_with_put(&reason, batch) => {
                    observe::retry(Operation::Apply);
                }
                Err(reason) => return Err(BatchError::new(reason, batch)),
            }
        }
    }

    /// The batch as its validators saw it: a put of what is there becomes a compare-and-set, one of
    /// what is not a create, so that none of them saw something else than what is replaced.
    async fn validated(&self, batch: &Batch, validators: &Set) -> Result<Batch, BatchError> {
        let mut validated = Batch::new();
        for (index, (id, change)) in batch.changes.iter().enumerate() {
            let mut change = change.clone();
            if let Some(draft) = written(&change) {
                let before = self.before(index, id, &change).await?;
                let proposal = self.proposal(id, before.as_ref().map(Context::as_ref), draft);
                validators.validate(&proposal)?;
                if let Change::Put(value) = change {
                    change = match before {
                        None => Change::Create(value),
                        Some(before) => Change::CompareAndSet {
                            expected: before.version(),
                            value,
                        },
                    };
                }
            }
            validated.changes.push((id.clone(), change));
        }
        Ok(validated)
    }

    /// What a change of a batch would replace if it were made now.
    async fn before(
        &self,
        index: usize,
        id: &ContextId,
        change: &Change<Draft>,
    ) -> Result<Option<Context>, BatchError> {
        // Whatever is there now, a context can only be created where there is none.
        if let Change::Create(_) = change {
            return Ok(None);
        }
        let before = self.get_unless_expired(id).await;
        if let Change::CompareAndSet { expected, .. } = change {
            let (id, current) = (id.clone(), before.as_ref().map(Context::version));
            match current {
                None => return Err(BatchError::NotFound { index, id }),
                // Refused now: by the time it is made it might have become what was expected.
                Some(current) if current != *expected => {
                    return Err(BatchError::Conflict { index, id, current });
                }
                Some(_) => {}
            }
        }
        Ok(before)
    }
}

/// Whether a batch was refused over a change that the user had meant to succeed in any case.
fn conflicts_with_put(reason: &strategies::BatchError, batch: &Batch) -> bool {
    let index = match reason {
        strategies::BatchError::Exists { index, .. }
        | strategies::BatchError::Absent { index }
        | strategies::BatchError::Conflict { index, .. } => *index,
        _ => return false,
    };
    let changed = batch.changes.get(index);
    matches!(changed, Some((_, Change::Put(_))))
}
