//! Plugins: registering them, and applying transformations.

use contexture_strategies::{StrategyKind, Version};

use super::Contexts;
use crate::plugins::Plugins;
use crate::{ContextId, Operation, TransformError};

/// Plugins, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// The [plugins](crate::plugins) of these contexts, to register and remove some. All handles
    /// of the contexts share them.
    ///
    /// ```
    /// use contexture::Contexts;
    /// use contexture::plugins::Proposal;
    ///
    /// let contexts: Contexts = Contexts::new();
    /// contexts.plugins().add_validator("few", |proposal: &Proposal<'_>| {
    ///     match proposal.document().len() {
    ///         0..=100 => Ok(()),
    ///         fields => Err(format!("{fields} fields are too many").into()),
    ///     }
    /// })?;
    /// assert_eq!(contexts.plugins().names(), ["few"]);
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    #[must_use]
    pub fn plugins(&self) -> &Plugins {
        &self.inner.plugins
    }

    /// Replaces what a context holds by what a [transformation](crate::plugins::Transformation)
    /// makes of it: an [`update`](Contexts::update) whose closure is a plugin.
    ///
    /// # Errors
    ///
    /// * [`TransformError::NoSuchPlugin`] if there is no transformation with this name.
    /// * [`TransformError::NotFound`] if there is no such context.
    /// * [`TransformError::Refused`] if the transformation or a validator refused, or panicked.
    /// * [`TransformError::LimitExceeded`] if what it made is larger than a limit.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, ContextRef, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.plugins().add_transformation("visit", |context: ContextRef<'_>| {
    ///     let visits = context.get("visits").and_then(|visits| visits.as_u64());
    ///     Ok(context.with("visits", &(visits.unwrap_or(0) + 1))?.into())
    /// })?;
    /// contexts.create(id.clone(), Document::new()).await?;
    /// contexts.transform(&id, "visit").await?;
    /// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"visits":1}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transform(&self, id: &ContextId, name: &str) -> Result<Version, TransformError> {
        let transform = self.try_transform(id, name);
        self.operation(Operation::Update, Some(id), transform).await
    }

    async fn try_transform(&self, id: &ContextId, name: &str) -> Result<Version, TransformError> {
        let Some(plugin) = self.inner.plugins.transformation(name) else {
            return Err(TransformError::NoSuchPlugin {
                name: name.to_owned(),
            });
        };
        let transformed = self.update_in_turn(id, |context| plugin.transform(context));
        transformed.await.map_err(TransformError::new)
    }
}
