//! Going back to what a context was before.

use contexture_strategies::{StrategyKind, Version};

use super::Contexts;
use crate::error::RollbackError;
use crate::{ContextId, Moment, Operation};

/// History, for every strategy. What there is of it is part of each version: see
/// [`Context::history`](crate::Context::history).
impl<S: StrategyKind> Contexts<S> {
    /// Commits, as a new version, what a context held before: document and metadata of a former
    /// version, or of the newest at a time.
    ///
    /// # Errors
    ///
    /// [`RollbackError::NoSuchVersion`] if that version is not, or no longer, in the context's
    /// [history](crate::Builder::history), otherwise as [`update`](Contexts::update).
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// let first = contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// contexts.try_update(&id, |context| context.with("n", &2)).await?;
    ///
    /// let back = contexts.rollback(&id, first).await?;
    /// assert!(back > first);
    /// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"n":1}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rollback(
        &self,
        id: &ContextId,
        to: impl Into<Moment>,
    ) -> Result<Version, RollbackError> {
        let to = to.into();
        let rollback = async {
            let update = self.update_in_turn(id, |context| {
                let entry = to.find(context).ok_or(())?;
                Ok(entry.into_draft())
            });
            let updated = update.await;
            updated.map_err(|error| RollbackError::new(error, id, to))
        };
        self.operation(Operation::Update, Some(id), rollback).await
    }
}
