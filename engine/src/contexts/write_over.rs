//! Writing what was made of a context that was read earlier.

use contexture_strategies::StrategyKind;

use super::Contexts;
use super::write::OPTIMISTIC_ATTEMPTS;
use crate::conflict::{Conflict, Decision, Resolution, Written};
use crate::{CompareAndSetError, Context, DocumentError, Draft, Operation, UpdateError, observe};

/// Conflicts, for every strategy; see [`conflict`](crate::conflict).
impl<S: StrategyKind> Contexts<S> {
    /// Writes what was made of a context that was [read](Contexts::get) earlier. If it has changed
    /// since, which one that was deleted and created again also has, `resolution` decides between the two, on what the context then is; as often as it
    /// changes again, but after a few times in turn with other writers, so that it ends.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] if the context is gone, [`UpdateError::Aborted`] if what the
    /// resolution made is no document; otherwise as [`update`](Contexts::update).
    ///
    /// # Panics
    ///
    /// If `resolution` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    pub async fn write_over(
        &self,
        read: &Context,
        ours: impl Into<Draft>,
        resolution: impl Resolution + Send,
    ) -> Result<Written, UpdateError<DocumentError>> {
        let write = self.resolve_and_write(read, ours.into(), resolution);
        self.operation(Operation::Update, Some(read.id()), write)
            .await
    }

    async fn resolve_and_write(
        &self,
        read: &Context,
        ours: Draft,
        mut resolution: impl Resolution + Send,
    ) -> Result<Written, UpdateError<DocumentError>> {
        let (id, base) = (read.id(), read.as_ref());
        for _ in 0..OPTIMISTIC_ATTEMPTS {
            let theirs = self.get_for_write(id).await?;
            let theirs = theirs.ok_or_else(|| UpdateError::NotFound { id: id.clone() })?;
            let unchanged = theirs.version() == base.version();
            let decision = if unchanged {
                Decision::write(ours.clone())
            } else {
                let conflict = Conflict {
                    base,
                    ours: &ours,
                    theirs: theirs.as_ref(),
                };
                resolution.resolve(conflict).map_err(UpdateError::Aborted)?
            };
            let Some(draft) = decision.draft else {
                let current = theirs.version();
                return Ok(Written::Kept { current });
            };
            match self.try_compare_and_set(&theirs, draft).await {
                Ok(version) if unchanged => return Ok(Written::AsRead { version }),
                Ok(version) => {
                    let conflicts = decision.conflicts;
                    return Ok(Written::Resolved { version, conflicts });
                }
                Err(CompareAndSetError::Conflict { .. }) => observe::retry(Operation::Update),
                Err(reason) => return Err(UpdateError::from_compare_and_set(reason)),
            }
        }
        let mut conflicts = Vec::new();
        let mut kept = None;
        let update = self.update_in_turn(id, |theirs| {
            let conflict = Conflict {
                base,
                ours: &ours,
                theirs,
            };
            let decision = resolution.resolve(conflict).map_err(Some)?;
            conflicts = decision.conflicts;
            kept = Some(theirs.version());
            decision.draft.ok_or(None)
        });
        match update.await {
            Ok(version) => Ok(Written::Resolved { version, conflicts }),
            Err(UpdateError::Aborted(Some(reason))) => Err(UpdateError::Aborted(reason)),
            Err(error) => match (error.unless_aborted(), kept) {
                (None, Some(current)) => Ok(Written::Kept { current }),
                (Some(error), _) => Err(error.map_abort(|never| match never {})),
                (None, None) => unreachable!("it was kept"),
            },
        }
    }
}
