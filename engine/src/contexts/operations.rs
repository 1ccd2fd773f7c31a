//! The operations of [`Contexts`].

use std::convert::Infallible;

use contexture_strategies::{Strategy, StrategyKind, Version};

use super::Contexts;
use crate::{
    Batch, BatchError, CompareAndSetError, Context, ContextId, ContextRef, CreateError,
    DeleteError, Document, Snapshot, UpdateError,
};

/// The operations, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// Creates a context. Of several concurrent creators of one id exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`CreateError::Exists`] if there is one with this id, [`CreateError::Full`] and
    /// [`CreateError::DocumentTooLarge`] at the limits.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is created or it is not.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, CreateError, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let id = ContextId::new("a")?;
    /// let version = contexts.create(id.clone(), Document::new()).await?;
    /// let again = contexts.create(id.clone(), Document::new()).await;
    /// assert!(matches!(again, Err(CreateError::Exists { current, .. }) if current == version));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, id: ContextId, document: Document) -> Result<Version, CreateError> {
        self.limits.check(&id, &document)?;
        let created = self.store.create(id.clone(), document).await;
        created.map_err(|reason| CreateError::new(reason, id))
    }

    /// An owned handle of the newest version of a context; `None` if there is none.
    ///
    /// The handle's reference count is a shared write: where many threads read one context,
    /// [`read`](Contexts::read) scales better.
    ///
    /// # Panics
    ///
    /// With strategies that await, when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// let context = contexts.get(&id).await.unwrap();
    /// assert_eq!(context.get("n").unwrap().as_u64(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: &ContextId) -> Option<Context> {
        let committed = self.store.get(id).await?;
        Some(Context::new(id.clone(), committed))
    }

    /// Calls `f` with the newest version of a context; `None` if there is none.
    ///
    /// This is the primary read. `f` runs exactly once if the context is there and may take its
    /// time: no writer waits for it.
    ///
    /// # Panics
    ///
    /// If `f` does. With strategies that await, also when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// let n = contexts.read(&id, |context| context.get("n")?.as_u64()).await.flatten();
    /// assert_eq!(n, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read<R: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> R + Send,
    ) -> Option<R> {
        let f = |committed: &_| f(ContextRef::new(id, committed));
        self.store.read(id, f).await
    }

    /// Replaces the document of a context by what `f` makes of it: an atomic read-modify-write
    /// that commits exactly one version further.
    ///
    /// `f` runs at most once, however many tasks update the context; they take turns.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] if there is no such context, [`UpdateError::DocumentTooLarge`]
    /// at the limit.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the update is made or it is not. A future that is neither polled nor dropped
    /// may keep other writers of the same context waiting.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1, "old": 2}"#)?).await?;
    /// contexts.update(&id, |document| document.without("old")).await?;
    /// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"n":1}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update(
        &self,
        id: &ContextId,
        f: impl FnOnce(&Document) -> Document + Send,
    ) -> Result<Version, UpdateError> {
        self.try_update(id, |document| Ok::<_, Infallible>(f(document)))
            .await
    }

    /// Like [`update`](Contexts::update), with a closure that may refuse.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Aborted`] with the closure's error if it returned one; otherwise as
    /// [`update`](Contexts::update).
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document, UpdateError};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"stock": 0}"#)?).await?;
    /// let take = |document: &Document| {
    ///     match document.get("stock").and_then(|stock| stock.as_u64()) {
    ///         None | Some(0) => Err("sold out"),
    ///         Some(left) => document.with("stock", &(left - 1)).map_err(|_| "too large"),
    ///     }
    /// };
    /// assert_eq!(contexts.try_update(&id, take).await, Err(UpdateError::Aborted("sold out")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_update<E: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(&Document) -> Result<Document, E> + Send,
    ) -> Result<Version, UpdateError<E>> {
        let f = self.limits.checked(id, f);
        let updated = self.store.try_update(id, f).await;
        updated.map_err(|reason| UpdateError::new(reason, id))
    }

    /// Replaces the document of a context if the context has the expected version.
    ///
    /// Versions never repeat, so one from before a delete never matches.
    ///
    /// # Errors
    ///
    /// [`CompareAndSetError::Conflict`] with the version the context has,
    /// [`CompareAndSetError::NotFound`] if there is no such context,
    /// [`CompareAndSetError::DocumentTooLarge`] at the limit.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the document is set or it is not.
    ///
    /// ```
    /// # use contexture::{CompareAndSetError, ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// let first = contexts.create(id.clone(), Document::new()).await?;
    /// let document = Document::parse(r#"{"n": 1}"#)?;
    /// contexts.compare_and_set(&id, first, document.clone()).await?;
    /// let stale = contexts.compare_and_set(&id, first, document).await;
    /// assert!(matches!(stale, Err(CompareAndSetError::Conflict { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn compare_and_set(
        &self,
        id: &ContextId,
        expected: Version,
        document: Document,
    ) -> Result<Version, CompareAndSetError> {
        self.limits.check(id, &document)?;
        let set = self.store.compare_and_set(id, expected, document).await;
        set.map_err(|reason| CompareAndSetError::new(reason, id, expected))
    }

    /// Deletes a context and returns its last version; only at the expected version, if one is
    /// given. Of several concurrent deletions exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`DeleteError::NotFound`] if there is no such context, [`DeleteError::Conflict`] if it has
    /// another version than the expected one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is deleted or it is not. If it is and the future is dropped
    /// before it returns, the handle is lost.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::new()).await?;
    /// let last = contexts.delete(&id, None).await?;
    /// assert!(last.is_empty());
    /// assert!(contexts.get(&id).await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(
        &self,
        id: &ContextId,
        expected: Option<Version>,
    ) -> Result<Context, DeleteError> {
        match self.store.remove(id, expected).await {
            Ok(committed) => Ok(Context::new(id.clone(), committed)),
            Err(reason) => Err(DeleteError::new(reason, id)),
        }
    }

    /// Applies every change of a batch at one instant, or none.
    ///
    /// Returns for each change, in order, the version its context now has; `None` where it was
    /// deleted or required to be absent.
    ///
    /// # Errors
    ///
    /// Why the first refused change was refused; then nothing has changed. Documents that are too
    /// large are refused before anything else.
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
        self.limits.check_batch(&batch)?;
        let (ids, batch) = batch.into_parts();
        let applied = self.store.apply(batch).await;
        applied.map_err(|reason| BatchError::new(reason, &ids))
    }

    /// The ids of all contexts at one point in time, sorted.
    ///
    /// # Panics
    ///
    /// As [`snapshot`](Contexts::snapshot).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
    /// contexts.create(b.clone(), Document::new()).await?;
    /// contexts.create(a.clone(), Document::new()).await?;
    /// assert_eq!(contexts.list().await, [a, b]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self) -> Vec<ContextId> {
        self.snapshot().await.ids()
    }

    /// All contexts at one point in time.
    ///
    /// # Panics
    ///
    /// With strategies that await, when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// contexts.create(ContextId::new("a")?, Document::new()).await?;
    /// for context in contexts.snapshot().await.iter() {
    ///     println!("{} at {}: {}", context.id(), context.version(), context.document());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.store.snapshot().await)
    }

    /// How many contexts there are, at one instant.
    ///
    /// # Panics
    ///
    /// As [`snapshot`](Contexts::snapshot).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::Contexts;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let contexts: Contexts = Contexts::new();
    /// assert_eq!(contexts.len().await, 0);
    /// # }
    /// ```
    pub async fn len(&self) -> usize {
        self.store.len().await
    }

    /// Whether there are no contexts, at one instant.
    ///
    /// # Panics
    ///
    /// As [`snapshot`](Contexts::snapshot).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::Contexts;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let contexts: Contexts = Contexts::new();
    /// assert!(contexts.is_empty().await);
    /// # }
    /// ```
    pub async fn is_empty(&self) -> bool {
        self.store.is_empty().await
    }
}
