//! The operations of [`Session`] without async, for strategies that never await.

use contexture_strategies::{SyncStrategyKind, Version};
use send_wrapper::SendWrapper;
use serde::Serialize;

use super::{Session, SessionError, Status};
use crate::contexts::ready;
use crate::{Context, ContextId, ContextRef, DocumentError, Draft};

/// Without async, for strategies that never await. Each method does what its namesake does and
/// fails as that does; closures need not be `Send`.
impl<S: SyncStrategyKind> Session<S> {
    /// See [`activate`](Session::activate).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn activate_sync(&self, id: &ContextId) -> Result<(), SessionError> {
        ready(self.activate(id))
    }

    /// See [`switch`](Session::switch).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn switch_sync(&self, id: &ContextId) -> Result<(), SessionError> {
        ready(self.switch(id))
    }

    /// See [`current`](Session::current).
    #[must_use]
    pub fn current_sync(&self) -> Option<ContextId> {
        ready(self.current())
    }

    /// See [`active`](Session::active).
    #[must_use]
    pub fn active_sync(&self) -> Vec<ContextId> {
        ready(self.active())
    }

    /// See [`status`](Session::status).
    #[must_use]
    pub fn status_sync(&self, id: &ContextId) -> Status {
        ready(self.status(id))
    }

    /// See [`get`](Session::get).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_sync(&self) -> Result<Context, SessionError> {
        ready(self.get())
    }

    /// See [`read`](Session::read).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn read_sync<R>(&self, f: impl FnOnce(ContextRef<'_>) -> R) -> Result<R, SessionError> {
        // Neither the closure nor what it returns leaves this thread.
        let f = SendWrapper::new(f);
        let read = self.read(move |context| SendWrapper::new(f.take()(context)));
        ready(read).map(SendWrapper::take)
    }

    /// See [`update`](Session::update).
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
        f: impl FnOnce(ContextRef<'_>) -> D,
    ) -> Result<Version, SessionError> {
        let f = SendWrapper::new(f);
        ready(self.update(move |context| f.take()(context)))
    }

    /// See [`try_update`](Session::try_update).
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
        f: impl FnOnce(ContextRef<'_>) -> Result<D, E>,
    ) -> Result<Version, SessionError<E>> {
        let f = SendWrapper::new(f);
        let update = move |context: ContextRef<'_>| f.take()(context).map_err(SendWrapper::new);
        ready(self.try_update(update)).map_err(|error| error.map_abort(SendWrapper::take))
    }

    /// See [`set`](Session::set).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_sync<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> Result<Version, SessionError<DocumentError>> {
        self.try_update_sync(|context| context.with(key, value))
    }
}
