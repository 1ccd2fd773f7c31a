//! What is done with the current context.

use std::convert::Infallible;
use std::sync::Arc;

use contexture_strategies::{StrategyKind, Version};
use serde::Serialize;

use super::view::{Activation, Current};
use super::{Session, SessionError, SessionSettings};
use crate::{Context, ContextId, ContextRef, DocumentError, Draft};

/// What an operation on the current context is about.
struct Target {
    id: ContextId,
    /// Of the current one.
    activation: Option<Activation>,
    /// Of the default one, which may have to be created first.
    settings: Option<Arc<SessionSettings>>,
}

/// Reading and writing the current context, for every strategy; the
/// [default](SessionSettings::default_context) one if none is current.
impl<S: StrategyKind> Session<S> {
    /// An owned handle of the newest version of the current context.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoCurrent`] if there is neither a current nor a default context,
    /// [`SessionError::NotFound`] if it is gone, [`SessionError::Create`] if it is the default one
    /// and could not be created, [`SessionError::Closed`] if the client has been closed,
    /// [`SessionError::Reentrant`] from inside a closure.
    ///
    /// # Panics
    ///
    /// If the factory does, where the default context is created.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed, but that the default context may have been created.
    pub fn get(&self) -> impl Future<Output = Result<Context, SessionError>> + Send {
        let target = self.target();
        async move {
            let target = self.reach(target?).await?;
            let context = self.contexts.get(&target.id).await;
            context.ok_or_else(|| self.lost(target))
        }
    }

    /// Calls `f` with the newest version of the current context, as
    /// [`Contexts::read`](crate::Contexts::read) does.
    ///
    /// # Errors
    ///
    /// As [`get`](Session::get).
    ///
    /// # Panics
    ///
    /// If `f` does, and as [`get`](Session::get).
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Session::get).
    pub fn read<R: Send>(
        &self,
        f: impl FnOnce(ContextRef<'_>) -> R + Send,
    ) -> impl Future<Output = Result<R, SessionError>> + Send {
        let target = self.target();
        async move {
            let target = self.reach(target?).await?;
            let result = self.contexts.read(&target.id, f).await;
            result.ok_or_else(|| self.lost(target))
        }
    }

    /// Replaces the document of the current context by what `f` makes of it, as
    /// [`Contexts::update`](crate::Contexts::update) does: no update of any client is lost.
    ///
    /// # Errors
    ///
    /// As [`get`](Session::get); [`SessionError::Update`] if the update is refused.
    ///
    /// # Panics
    ///
    /// If `f` does, and as [`get`](Session::get); then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the update is made or it is not; the default context may have been created in
    /// any case.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, sessions::Sessions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let sessions = Sessions::builder(contexts).auto_create(true).auto_activate(true).build();
    /// # let ann = sessions.client("ann");
    /// # let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
    /// ann.switch(&a).await?;
    /// let update = ann.try_update(|context| context.with("of", context.id()));
    /// ann.switch(&b).await?;
    /// // It is an update of `a`, which was current when it was called.
    /// update.await?;
    /// assert_eq!(ann.get().await?.as_json(), "{}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<D: Into<Draft>>(
        &self,
        f: impl FnOnce(ContextRef<'_>) -> D + Send,
    ) -> impl Future<Output = Result<Version, SessionError>> + Send {
        self.try_update(|context| Ok::<_, Infallible>(f(context)))
    }

    /// Like [`update`](Session::update), with a closure that may refuse.
    ///
    /// # Errors
    ///
    /// [`SessionError::Update`] with what the closure refused with, otherwise as
    /// [`update`](Session::update).
    ///
    /// # Panics
    ///
    /// As [`update`](Session::update).
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Session::update).
    pub fn try_update<D: Into<Draft>, E: Send>(
        &self,
        f: impl FnOnce(ContextRef<'_>) -> Result<D, E> + Send,
    ) -> impl Future<Output = Result<Version, SessionError<E>>> + Send {
        let target = self.target();
        async move {
            let target = match target {
                Ok(target) => self.reach(target).await,
                Err(error) => Err(error),
            };
            let target = target.map_err(SessionError::for_any)?;
            let updated = self.contexts.try_update(&target.id, f).await;
            updated.map_err(|error| match error.into() {
                SessionError::NotFound { .. } => self.lost(target).for_any(),
                error => error,
            })
        }
    }

    /// Sets a field of the current context.
    ///
    /// # Errors
    ///
    /// [`SessionError::Update`] if the value cannot be written as JSON or the document would be
    /// too large, otherwise as [`update`](Session::update).
    ///
    /// # Panics
    ///
    /// As [`get`](Session::get).
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Session::update).
    pub fn set<T: Serialize + Sync + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> impl Future<Output = Result<Version, SessionError<DocumentError>>> + Send {
        self.try_update(|context| context.with(key, value))
    }
}

impl<S: StrategyKind> Session<S> {
    /// What an operation that is called now is about.
    fn target(&self) -> Result<Target, SessionError> {
        match self.view.current()? {
            Current::Active(id, activation) => Ok(Target {
                id,
                activation: Some(activation),
                settings: None,
            }),
            Current::Gone(id) => Err(SessionError::NotFound { id }),
            Current::Unset => {
                let settings = self.sessions.settings();
                let id = settings.default_context.clone();
                Ok(Target {
                    id: id.ok_or(SessionError::NoCurrent)?,
                    activation: None,
                    settings: Some(settings),
                })
            }
        }
    }

    /// Creates the default context if it is to be.
    async fn reach(&self, target: Target) -> Result<Target, SessionError> {
        Self::check_outside_closures()?;
        if let Some(settings) = &target.settings {
            self.require(&target.id, settings).await?;
        }
        Ok(target)
    }

    /// The target was found gone.
    fn lost(&self, target: Target) -> SessionError {
        self.view.forget(&target.id, target.activation);
        SessionError::NotFound { id: target.id }
    }
}
