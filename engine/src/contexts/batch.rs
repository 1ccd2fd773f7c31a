//! Writing several contexts at once.

use contexture_strategies::{
    self as strategies, Change, Reentrant, Strategy, StrategyKind, Version,
};

use super::Contexts;
use crate::limits::written;
use crate::observe;
use crate::state::State;
use crate::{Batch, BatchError, Context, Operation};

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
    /// refused before anything else, and then what a plugin refuses.
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
        let apply = self.try_apply(&batch);
        self.operation(Operation::Apply, None, apply).await
    }

    async fn try_apply(&self, batch: &Batch) -> Result<Vec<Option<Version>>, BatchError> {
        let inner = &*self.inner;
        inner.settings.limits.check_batch(batch)?;
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
            let exact = inner.plugins.validating();
            let batch_now = match exact {
                true => self.validated(batch).await?,
                false => batch.clone(),
            };
            let changes = batch_now.changes.into_iter();
            let changes = changes.map(|(id, change)| (id, change.map(State::new)));
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
    async fn validated(&self, batch: &Batch) -> Result<Batch, BatchError> {
        let mut validated = Batch::new();
        for (id, change) in &batch.changes {
            let mut change = change.clone();
            if let Some(draft) = written(&change) {
                let before = self.get_unless_expired(id).await;
                let proposal = self.proposal(id, before.as_ref().map(Context::as_ref), draft);
                self.inner.plugins.validate(proposal)?;
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
