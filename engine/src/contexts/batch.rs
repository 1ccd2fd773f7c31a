//! Writing several contexts at once.

use contexture_strategies::{
    self as strategies, Change, Reentrant, Strategy, StrategyKind, Version,
};

use super::Contexts;
use crate::limits::written;
use crate::observe;
use crate::plugins::Set;
use crate::state::State;
use crate::{Batch, BatchError, Context, ContextId, ContextRef, Draft, Operation, Snapshot};

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

    /// Applies a batch. What it probably finds is `found`, if that is known; otherwise it is read.
    pub(super) async fn try_apply(
        &self,
        batch: &Batch,
        found: Option<&Snapshot>,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let inner = &*self.inner;
        inner.settings.limits.check_batch(batch)?;
        if S::AWAITS {
            Reentrant::check()?;
        }
        let validators = inner.plugins.validators();
        let mut steps = Vec::with_capacity(batch.len());
        for index in 0..batch.len() {
            steps.push(self.prepare(batch, index, found, &validators).await?);
        }
        let mut made_room = false;
        loop {
            let changes = steps.iter().map(|step| step.change(inner.settings.history));
            let mut write = self.begin();
            let hook = write.hook();
            let applied = inner.store.apply_with(changes.collect(), hook).await;
            drop(write);
            let reason = match applied {
                Ok(versions) => return Ok(versions),
                Err(reason) => reason,
            };
            if let strategies::BatchError::Full { .. } = reason
                && !made_room
                && inner.may_expire()
            {
                // What has expired takes no room; it may be another who takes it away.
                made_room = true;
                self.purge_expired().await;
            } else if let Some(index) = put_in_the_way(&reason, batch)
                && !validators.is_empty()
            {
                observe::retry(Operation::Apply);
                steps[index] = self.prepare(batch, index, None, &validators).await?;
            } else {
                return Err(BatchError::new(reason, batch));
            }
        }
    }

    /// Does what can be done about a change before the store's locks are taken: removes what has
    /// expired, asks the validators and finds out what it will replace.
    ///
    /// With validators, a put of what is there becomes a compare-and-set, and one of what is not a
    /// create, so that none of them saw something else than what is replaced.
    async fn prepare<'a>(
        &self,
        batch: &'a Batch,
        index: usize,
        found: Option<&Snapshot>,
        validators: &Set,
    ) -> Result<Step<'a>, BatchError> {
        let (id, change) = &batch.changes[index];
        let replaces = matches!(change, Change::Put(_) | Change::CompareAndSet { .. });
        let before = match found {
            Some(found) if validators.is_empty() => found.get(id).map(ContextRef::to_context),
            _ if replaces || !validators.is_empty() || self.inner.may_expire() => {
                self.get_unless_expired(id).await
            }
            _ => None,
        };
        let mut step = Step {
            id,
            change: change.clone(),
            before,
        };
        let draft = match written(change) {
            Some(draft) if !validators.is_empty() => draft,
            _ => return Ok(step),
        };
        let current = step.before.as_ref().map(Context::version);
        let before = match (change, current) {
            // Whatever is there now, a context can only be created where there is none.
            (Change::Create(_), _) => None,
            (Change::CompareAndSet { .. }, None) => {
                return Err(BatchError::NotFound {
                    index,
                    id: id.clone(),
                });
            }
            // Refused now: by the time it is made it might have become what was expected.
            (Change::CompareAndSet { expected, .. }, Some(current)) if current != *expected => {
                return Err(BatchError::Conflict {
                    index,
                    id: id.clone(),
                    current,
                });
            }
            _ => step.before.as_ref().map(Context::as_ref),
        };
        validators.validate(&self.proposal(id, before, draft))?;
        if let Change::Put(value) = change {
            let value = value.clone();
            step.change = match current {
                None => Change::Create(value),
                Some(expected) => Change::CompareAndSet { expected, value },
            };
        }
        Ok(step)
    }
}

/// A change of a batch, and what it will probably replace.
struct Step<'a> {
    id: &'a ContextId,
    change: Change<Draft>,
    before: Option<Context>,
}

impl Step<'_> {
    fn change(&self, history: usize) -> (ContextId, Change<State>) {
        let state = |draft| match &self.before {
            Some(before) => State::following(draft, before.committed(), history),
            None => State::new(draft),
        };
        (self.id.clone(), self.change.clone().map(state))
    }
}

/// Which change made a batch fail, if that is one that the user had meant to succeed in any case.
fn put_in_the_way(reason: &strategies::BatchError, batch: &Batch) -> Option<usize> {
    let index = match reason {
        strategies::BatchError::Exists { index, .. }
        | strategies::BatchError::Absent { index }
        | strategies::BatchError::Conflict { index, .. } => *index,
        _ => return None,
    };
    matches!(batch.changes.get(index), Some((_, Change::Put(_)))).then_some(index)
}
