//! The operations of [`Contexts`] without async, for strategies that never await.

use std::convert::Infallible;

use contexture_strategies::{SyncStrategy, SyncStrategyKind, Version};

use super::Contexts;
use crate::{
    Batch, BatchError, CompareAndSetError, Context, ContextId, ContextRef, CreateError,
    DeleteError, Document, Snapshot, UpdateError,
};

/// Without async, for strategies that never await. Each method does what its namesake does and
/// fails as that does; closures need not be `Send`.
///
/// A writer blocks its thread while another thread runs an update's closure on the same context,
/// and for the strategy's own short critical sections.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::parse(r#"{"n": 1}"#)?)?;
/// contexts.try_update_sync(&id, |document| document.with("n", &2))?;
/// assert_eq!(contexts.read_sync(&id, |context| context.to_string()).unwrap(), r#"{"n":2}"#);
/// assert_eq!(contexts.delete_sync(&id, None)?.as_json(), r#"{"n":2}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<S: SyncStrategyKind> Contexts<S> {
    /// See [`create`](Contexts::create).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn create_sync(&self, id: ContextId, document: Document) -> Result<Version, CreateError> {
        self.limits.check(&id, &document)?;
        let created = self.store.create_sync(id.clone(), document);
        created.map_err(|reason| CreateError::new(reason, id))
    }

    /// See [`get`](Contexts::get).
    #[must_use]
    pub fn get_sync(&self, id: &ContextId) -> Option<Context> {
        let committed = self.store.get_sync(id)?;
        Some(Context::new(id.clone(), committed))
    }

    /// See [`read`](Contexts::read).
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn read_sync<R>(&self, id: &ContextId, f: impl FnOnce(ContextRef<'_>) -> R) -> Option<R> {
        let f = |committed: &_| f(ContextRef::new(id, committed));
        self.store.read_sync(id, f)
    }

    /// See [`update`](Contexts::update).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    pub fn update_sync(
        &self,
        id: &ContextId,
        f: impl FnOnce(&Document) -> Document,
    ) -> Result<Version, UpdateError> {
        self.try_update_sync(id, |document| Ok::<_, Infallible>(f(document)))
    }

    /// See [`try_update`](Contexts::try_update).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    pub fn try_update_sync<E>(
        &self,
        id: &ContextId,
        f: impl FnOnce(&Document) -> Result<Document, E>,
    ) -> Result<Version, UpdateError<E>> {
        let f = self.limits.checked(id, f);
        let updated = self.store.try_update_sync(id, f);
        updated.map_err(|reason| UpdateError::new(reason, id))
    }

    /// See [`compare_and_set`](Contexts::compare_and_set).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn compare_and_set_sync(
        &self,
        id: &ContextId,
        expected: Version,
        document: Document,
    ) -> Result<Version, CompareAndSetError> {
        self.limits.check(id, &document)?;
        let set = self.store.compare_and_set_sync(id, expected, document);
        set.map_err(|reason| CompareAndSetError::new(reason, id, expected))
    }

    /// See [`delete`](Contexts::delete).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn delete_sync(
        &self,
        id: &ContextId,
        expected: Option<Version>,
    ) -> Result<Context, DeleteError> {
        match self.store.remove_sync(id, expected) {
            Ok(committed) => Ok(Context::new(id.clone(), committed)),
            Err(reason) => Err(DeleteError::new(reason, id)),
        }
    }

    /// See [`apply`](Contexts::apply).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn apply_sync(&self, batch: Batch) -> Result<Vec<Option<Version>>, BatchError> {
        self.limits.check_batch(&batch)?;
        let (ids, batch) = batch.into_parts();
        let applied = self.store.apply_sync(batch);
        applied.map_err(|reason| BatchError::new(reason, &ids))
    }

    /// See [`list`](Contexts::list).
    #[must_use]
    pub fn list_sync(&self) -> Vec<ContextId> {
        self.snapshot_sync().ids()
    }

    /// See [`snapshot`](Contexts::snapshot).
    pub fn snapshot_sync(&self) -> Snapshot {
        Snapshot::new(self.store.snapshot_sync())
    }

    /// See [`len`](Contexts::len).
    #[must_use]
    pub fn len_sync(&self) -> usize {
        self.store.len_sync()
    }

    /// See [`is_empty`](Contexts::is_empty).
    #[must_use]
    pub fn is_empty_sync(&self) -> bool {
        self.store.is_empty_sync()
    }
}
