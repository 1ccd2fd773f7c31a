//! One client: what is active, and what is current.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use contexture_strategies::{Reentrant, StrategyKind, kind};

use super::view::{Current, Reservation, View};
use super::{SessionError, SessionSettings, Sessions};
use crate::contexts::Enabled;
use crate::{ContextId, Contexts, CreateError};

/// The session of one client: its active contexts, and the current one, which it reads and writes.
/// Made by [`Sessions::client`].
///
/// This is a handle: clones are the same session, and several tasks may use it at once. What is
/// active and what is current changes at one instant, whoever changes it:
///
/// * There are never more active contexts than [allowed](SessionSettings::max_active).
/// * The current context is active.
/// * An operation on the current context is about the one that was current when the method was
///   *called*, though the client switch before the future is polled, or while it waits.
/// * An error leaves everything as it was, but that a context which is gone is not active.
///
/// What happens to contexts that are deleted or expire is told in
/// [the module](super#contexts-that-go-away).
///
/// ```
/// use contexture::sessions::{SessionError, Sessions};
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
/// contexts.create_sync(a.clone(), Document::new())?;
///
/// let ann = Sessions::builder(contexts).build().client("ann");
/// ann.activate_sync(&a)?;
/// ann.switch_sync(&a)?;
/// ann.set_sync("n", &1)?;
/// assert_eq!(ann.get_sync()?.as_json(), r#"{"n":1}"#);
/// assert_eq!(ann.switch_sync(&b), Err(SessionError::NotActive { id: b }));
/// assert_eq!(ann.current_sync(), Some(a));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session<S: Enabled<'static> = kind::Sharded> {
    pub(super) sessions: Sessions<S>,
    /// Through a handle that writes in the client's name.
    pub(super) contexts: Contexts<S>,
    name: Arc<str>,
    pub(super) view: Arc<View>,
}

/// What a context is to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is there, and the client has it active.
    Active,
    /// It is there, and the client does not have it active.
    Inactive,
    /// There is no such context.
    NonExistent,
}

/// Choosing contexts, for every strategy.
impl<S: StrategyKind> Session<S> {
    pub(super) fn new(sessions: Sessions<S>, name: Arc<str>, view: Arc<View>) -> Self {
        Self {
            contexts: sessions.contexts().acting_as(Arc::clone(&name)),
            sessions,
            name,
            view,
        }
    }

    /// The client's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a context active, which must exist or be
    /// [created by itself](SessionSettings::auto_create). What is active already stays so.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFound`] if there is no such context, [`SessionError::Create`] if it
    /// could not be created. [`SessionError::TooManyActive`] at the limit, to which activations
    /// under way count, and contexts that are gone do not. [`SessionError::Closed`] if the client
    /// has been closed, [`SessionError::Reentrant`] from inside a closure.
    ///
    /// # Panics
    ///
    /// If the factory does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is active or it is not. If it is not, it may have been created.
    pub async fn activate(&self, id: &ContextId) -> Result<(), SessionError> {
        let settings = self.sessions.settings();
        self.admit(id, &settings).await?.activate(false);
        Ok(())
    }

    /// Makes a context inactive. It stays what it is, and what it holds stays in it; if it was
    /// current, none is. Returns whether it was active.
    ///
    /// Neither this nor the form without async waits for anything.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, sessions::Sessions};
    /// # let contexts: Contexts = Contexts::new();
    /// # let ann = Sessions::builder(contexts.clone()).auto_create(true).build().client("ann");
    /// # let id = ContextId::new("a")?;
    /// ann.activate_sync(&id)?;
    /// assert!(ann.deactivate(&id));
    /// assert!(!ann.deactivate(&id));
    /// assert!(contexts.get_sync(&id).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deactivate(&self, id: &ContextId) -> bool {
        self.view.deactivate(id)
    }

    /// Makes a context current. It must be active, or is activated if sessions
    /// [do so](SessionSettings::auto_activate).
    ///
    /// # Errors
    ///
    /// [`SessionError::NotActive`] if it is not active, [`SessionError::NotFound`] if it is gone;
    /// where it is activated, as [`activate`](Session::activate). Then what was current still is.
    ///
    /// # Panics
    ///
    /// As [`activate`](Session::activate).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is active and current, or what was current still is. If it is not,
    /// it may have been created.
    pub async fn switch(&self, id: &ContextId) -> Result<(), SessionError> {
        let settings = self.sessions.settings();
        if settings.auto_activate {
            self.admit(id, &settings).await?.activate(true);
            return Ok(());
        }
        Self::check_outside_closures()?;
        if self.view.activation(id).is_some() && !self.exists(id).await {
            return Err(SessionError::NotFound { id: id.clone() });
        }
        self.view.make_current(id)
    }

    /// The current context, if there is one. The default context is not current.
    ///
    /// # Panics
    ///
    /// With strategies that await, when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn current(&self) -> Option<ContextId> {
        match self.view.current() {
            Ok(Current::Active(id, _)) if self.exists(&id).await => Some(id),
            _ => None,
        }
    }

    /// The active contexts, sorted. Each of them was active at an instant of the call.
    ///
    /// It asks the contexts for each of them.
    ///
    /// # Panics
    ///
    /// As [`current`](Session::current).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn active(&self) -> Vec<ContextId> {
        let mut active = Vec::new();
        for id in self.view.active() {
            if self.exists(&id).await {
                active.push(id);
            }
        }
        active
    }

    /// What a context is to the client. In a client that was closed, none is active.
    ///
    /// # Panics
    ///
    /// As [`current`](Session::current).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn status(&self, id: &ContextId) -> Status {
        loop {
            let activation = self.view.activation(id);
            if !self.exists(id).await {
                return Status::NonExistent;
            }
            // Else it was not active all the while it was looked for.
            if self.view.activation(id) == activation {
                return match activation {
                    Some(_) => Status::Active,
                    None => Status::Inactive,
                };
            }
        }
    }
}

impl<S: StrategyKind> Session<S> {
    /// Strategies that await cannot be waited for inside a closure.
    pub(super) fn check_outside_closures() -> Result<(), Reentrant> {
        if S::AWAITS {
            Reentrant::check()?;
        }
        Ok(())
    }

    /// Whether there is such a context; what is gone is not active.
    async fn exists(&self, id: &ContextId) -> bool {
        // Known before the contexts are asked, so that the activation of a context that is created
        // right after is not taken for this one.
        let activation = self.view.activation(id);
        let exists = self.contexts.read(id, |_| ()).await.is_some();
        if !exists {
            self.view.forget(id, activation);
        }
        exists
    }

    /// Sees to it that there is such a context, or fails.
    pub(super) async fn require(
        &self,
        id: &ContextId,
        settings: &SessionSettings,
    ) -> Result<(), SessionError> {
        if self.exists(id).await {
            return Ok(());
        }
        if !settings.auto_create {
            return Err(SessionError::NotFound { id: id.clone() });
        }
        let draft = settings.draft_of(id);
        match self.contexts.create(id.clone(), draft).await {
            // Somebody else was quicker.
            Ok(_) | Err(CreateError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A place for a context that is there.
    async fn admit<'a>(
        &'a self,
        id: &'a ContextId,
        settings: &SessionSettings,
    ) -> Result<Reservation<'a>, SessionError> {
        Self::check_outside_closures()?;
        let mut place = self.view.reserve(id, settings.max_active);
        if let Err(SessionError::TooManyActive { .. }) = place {
            // What is gone takes no place; this forgets it.
            self.active().await;
            place = self.view.reserve(id, settings.max_active);
        }
        let place = place?;
        self.require(id, settings).await?;
        Ok(place)
    }
}

/// The same session, through another handle.
impl<S: StrategyKind> Clone for Session<S> {
    fn clone(&self) -> Self {
        Self {
            sessions: self.sessions.clone(),
            contexts: self.contexts.clone(),
            name: Arc::clone(&self.name),
            view: Arc::clone(&self.view),
        }
    }
}

/// The name, and what is chosen.
impl<S: StrategyKind> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

// What is under the locks is whole after every statement, whatever panics.
impl<S: StrategyKind> UnwindSafe for Session<S> {}
impl<S: StrategyKind> RefUnwindSafe for Session<S> {}

#[cfg(all(test, feature = "sharded"))]
mod tests {
    use crate::{Contexts, Sessions, kind};

    #[test]
    fn writes_are_made_in_the_clients_name() {
        let contexts = Contexts::<kind::Sharded>::new().acting_as("the gateway");
        let sessions = Sessions::builder(contexts).build();
        assert_eq!(sessions.contexts().actor(), Some("the gateway"));
        let client = sessions.client("ann");
        assert_eq!(client.contexts.actor(), Some("ann"));
        assert_eq!(client.clone().contexts.actor(), Some("ann"));
    }
}
