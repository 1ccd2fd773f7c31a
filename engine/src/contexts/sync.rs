//! The operations of [`Contexts`] without async, for strategies that never await.

use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use contexture_strategies::{StrategyKind, SyncStrategy, SyncStrategyKind, Version};
use send_wrapper::SendWrapper;

use super::Contexts;
use crate::conflict::{Conflict, Decision, Resolution, Written};
use crate::error::RollbackError;
use crate::feed::{Filter, SubscribeError, Subscription};
use crate::observe;
use crate::{
    Batch, BatchError, CompareAndSetError, Context, ContextId, ContextRef, CreateError,
    DeleteError, Document, DocumentError, Draft, Moment, Operation, Page, Snapshot, TransformError,
    UpdateError,
};

/// The outcome of an operation of a strategy that never awaits: each of its futures does all of
/// its work when it is first polled.
pub(crate) fn ready<T>(operation: impl Future<Output = T>) -> T {
    let mut context = TaskContext::from_waker(Waker::noop());
    match pin!(operation).poll(&mut context) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a strategy that never awaits is ready at once"),
    }
}

/// A resolution that stays on its thread.
struct Unsent<R>(SendWrapper<R>);

impl<R: Resolution> Resolution for Unsent<R> {
    fn resolve(&mut self, conflict: Conflict<'_>) -> Result<Decision, DocumentError> {
        self.0.resolve(conflict)
    }
}

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
/// contexts.try_update_sync(&id, |context| context.with("n", &2))?;
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
    pub fn create_sync(
        &self,
        id: ContextId,
        draft: impl Into<Draft>,
    ) -> Result<Version, CreateError> {
        ready(self.create(id, draft))
    }

    /// See [`get`](Contexts::get).
    #[must_use]
    pub fn get_sync(&self, id: &ContextId) -> Option<Context> {
        ready(self.get(id))
    }

    /// See [`read`](Contexts::read).
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn read_sync<R>(&self, id: &ContextId, f: impl FnOnce(ContextRef<'_>) -> R) -> Option<R> {
        // The store's own form without async, since reads are to be as fast as they can be.
        let inner = &*self.inner;
        let mut f = Some(f);
        let read = async {
            loop {
                let read = |committed: &_| inner.show(id, committed, &mut f, false);
                match inner.store.read_sync(id, read)? {
                    Ok(result) => return result,
                    Err(expired) => {
                        if !inner.expire(id, expired).await {
                            let read = |committed: &_| inner.show(id, committed, &mut f, true);
                            return inner.store.read_sync(id, read)?.ok().flatten();
                        }
                    }
                }
            }
        };
        let name = <S as StrategyKind>::NAME;
        ready(observe::operation(Operation::Read, name, Some(id), read))
    }

    /// See [`update`](Contexts::update).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn update_sync<D: Into<Draft>>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> D,
    ) -> Result<Version, UpdateError> {
        let f = SendWrapper::new(f);
        ready(self.update(id, move |context| f.take()(context)))
    }

    /// See [`try_update`](Contexts::try_update).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn try_update_sync<D: Into<Draft>, E>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> Result<D, E>,
    ) -> Result<Version, UpdateError<E>> {
        let f = SendWrapper::new(f);
        let update = move |context: ContextRef<'_>| f.take()(context).map_err(SendWrapper::new);
        ready(self.try_update(id, update)).map_err(|error| error.map_abort(SendWrapper::take))
    }

    /// See [`update_if`](Contexts::update_if).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `decide` does.
    pub fn update_if_sync<D: Into<Draft>>(
        &self,
        id: &ContextId,
        decide: impl FnMut(ContextRef<'_>) -> Option<D>,
    ) -> Result<Option<Version>, UpdateError> {
        let mut decide = SendWrapper::new(decide);
        let decide = move |context: ContextRef<'_>| decide(context);
        ready(self.update_if(id, decide))
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
        draft: impl Into<Draft>,
    ) -> Result<Version, CompareAndSetError> {
        ready(self.compare_and_set(id, expected, draft))
    }

    /// See [`write_over`](Contexts::write_over).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `resolution` does.
    pub fn write_over_sync(
        &self,
        read: &Context,
        ours: impl Into<Draft>,
        resolution: impl Resolution,
    ) -> Result<Written, UpdateError<DocumentError>> {
        ready(self.write_over(read, ours, Unsent(SendWrapper::new(resolution))))
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
        ready(self.delete(id, expected))
    }

    /// See [`apply`](Contexts::apply).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn apply_sync(&self, batch: Batch) -> Result<Vec<Option<Version>>, BatchError> {
        ready(self.apply(batch))
    }

    /// See [`rollback`](Contexts::rollback).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn rollback_sync(
        &self,
        id: &ContextId,
        to: impl Into<Moment>,
    ) -> Result<Version, RollbackError> {
        ready(self.rollback(id, to))
    }

    /// See [`renew`](Contexts::renew).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn renew_sync(&self, id: &ContextId) -> Result<Version, UpdateError> {
        ready(self.renew(id))
    }

    /// See [`set_time_to_live`](Contexts::set_time_to_live).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_time_to_live_sync(
        &self,
        id: &ContextId,
        time_to_live: Option<Duration>,
    ) -> Result<Version, UpdateError> {
        ready(self.set_time_to_live(id, time_to_live))
    }

    /// See [`set_metadata`](Contexts::set_metadata).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_metadata_sync(
        &self,
        id: &ContextId,
        metadata: Document,
    ) -> Result<Version, UpdateError> {
        ready(self.set_metadata(id, metadata))
    }

    /// See [`transform`](Contexts::transform).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn transform_sync(&self, id: &ContextId, name: &str) -> Result<Version, TransformError> {
        ready(self.transform(id, name))
    }

    /// See [`purge_expired`](Contexts::purge_expired).
    pub fn purge_expired_sync(&self) -> usize {
        ready(self.purge_expired())
    }

    /// See [`list`](Contexts::list).
    #[must_use]
    pub fn list_sync(&self) -> Vec<ContextId> {
        ready(self.list())
    }

    /// See [`list_page`](Contexts::list_page).
    #[must_use]
    pub fn list_page_sync(&self, prefix: &str, after: Option<&ContextId>, limit: usize) -> Page {
        ready(self.list_page(prefix, after, limit))
    }

    /// See [`snapshot`](Contexts::snapshot).
    pub fn snapshot_sync(&self) -> Snapshot {
        ready(self.snapshot())
    }

    /// See [`watch`](Contexts::watch).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn watch_sync(&self, filter: Filter) -> Result<(Snapshot, Subscription), SubscribeError> {
        ready(self.watch(filter))
    }

    /// See [`len`](Contexts::len).
    #[must_use]
    pub fn len_sync(&self) -> usize {
        ready(self.len())
    }

    /// See [`is_empty`](Contexts::is_empty).
    #[must_use]
    pub fn is_empty_sync(&self) -> bool {
        ready(self.is_empty())
    }
}
