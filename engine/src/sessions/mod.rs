//! Clients that each have some contexts active and one of them current.
//!
//! [`Sessions`] lie over one [`Contexts`]. Each client has a [`Session`], in which it activates the
//! contexts it works on, makes one of them current, and reads and writes that one without naming
//! it. Clients share the contexts, and do not see what others have chosen.
//!
//! ```
//! use contexture::sessions::{Sessions, Status};
//! use contexture::{ContextId, Contexts};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let contexts: Contexts = Contexts::new();
//! let sessions = Sessions::builder(contexts.clone())
//!     .auto_create(true)
//!     .auto_activate(true)
//!     .build();
//! let (draft, order) = (ContextId::new("draft")?, ContextId::new("order/17")?);
//!
//! let ann = sessions.client("ann");
//! ann.switch(&draft).await?;
//! ann.set("text", "Dear Sir").await?;
//! ann.switch(&order).await?;
//! ann.set("paid", &true).await?;
//!
//! assert_eq!(ann.active().await, [draft.clone(), order.clone()]);
//! assert_eq!(ann.get().await?.as_json(), r#"{"paid":true}"#);
//! assert_eq!(contexts.get(&draft).await.unwrap().as_json(), r#"{"text":"Dear Sir"}"#);
//! assert_eq!(sessions.client("bob").status(&order).await, Status::Inactive);
//! # Ok(())
//! # }
//! ```
//!
//! # Nothing is copied, so nothing is to be synchronised
//!
//! A session keeps ids, never documents: each operation goes to the contexts, by id. So what one
//! client writes the others see at once, nothing of one context gets into another by a switch,
//! deactivating a context loses nothing, and there is no step that brings the two in line.
//!
//! # Contexts that go away
//!
//! A context may be deleted, or expire, while clients have it active. Then it is
//! [non-existent](Status::NonExistent) and not active any more; a session forgets it when it next
//! asks the contexts for it, at the latest when it needs the place. Until then the context is
//! active again if somebody creates one with the same id.
//!
//! If it was current, the client has no current context, and what it reads and writes fails with
//! [`SessionError::NotFound`] rather than ending up in the default context, until the client
//! switches to a context, activates this one again, or deactivates it. A client that
//! *deactivates* its current context uses the default one from then on.

mod current;
mod error;
mod session;
mod settings;
mod sync;
mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use contexture_strategies::{StrategyKind, kind};

pub use self::error::SessionError;
pub use self::session::{Session, Status};
pub use self::settings::{SessionSettings, SessionsBuilder};
use self::view::View;
use crate::Contexts;
use crate::contexts::Enabled;
use crate::sync::Mutex;

/// The sessions of all clients of one [`Contexts`]; see [the module](self).
///
/// This is a handle: clones are the same sessions.
pub struct Sessions<S: Enabled<'static> = kind::Sharded> {
    inner: Arc<Inner<S>>,
}

/// What all handles share.
struct Inner<S: StrategyKind> {
    contexts: Contexts<S>,
    settings: Mutex<Arc<SessionSettings>>,
    /// The open ones.
    clients: Mutex<BTreeMap<Arc<str>, Arc<View>>>,
}

impl<S: StrategyKind> Sessions<S> {
    /// Starts with settings, over these contexts.
    pub fn builder(contexts: Contexts<S>) -> SessionsBuilder<S> {
        SessionsBuilder::new(contexts)
    }

    fn with_settings(contexts: Contexts<S>, settings: SessionSettings) -> Self {
        let inner = Inner {
            contexts,
            settings: Mutex::new(Arc::new(settings)),
            clients: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The session of a client, which is opened if there is none: any text names a client.
    ///
    /// What a session writes is written in the client's [name](Contexts::acting_as). A client
    /// stays open, and takes memory, until it is [closed](Sessions::close), also when no handle of
    /// its session is left.
    ///
    /// ```
    /// # use contexture::{Contexts, sessions::Sessions};
    /// # let contexts: Contexts = Contexts::new();
    /// let sessions = Sessions::builder(contexts).build();
    /// assert_eq!(sessions.client("ann").name(), "ann");
    /// ```
    #[must_use]
    pub fn client(&self, name: &str) -> Session<S> {
        let (name, view) = self.inner.open(name);
        Session::new(self.clone(), name, view)
    }

    /// The names of all open clients, sorted.
    ///
    /// ```
    /// # use contexture::{Contexts, sessions::Sessions};
    /// # let contexts: Contexts = Contexts::new();
    /// let sessions = Sessions::builder(contexts).build();
    /// let (_bob, _ann) = (sessions.client("bob"), sessions.client("ann"));
    /// assert_eq!(sessions.clients(), ["ann".into(), "bob".into()]);
    /// ```
    #[must_use]
    pub fn clients(&self) -> Vec<Arc<str>> {
        self.inner.clients.lock().keys().cloned().collect()
    }

    /// Closes a client: nothing is active or current in its session any more, and all handles of
    /// it fail with [`SessionError::Closed`]. Returns whether there was one.
    ///
    /// The contexts stay. A client that is opened with the same name begins anew; operations under
    /// way end as if they had been quicker.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, sessions::{SessionError, Sessions}};
    /// # let contexts: Contexts = Contexts::new();
    /// let sessions = Sessions::builder(contexts).auto_create(true).build();
    /// let ann = sessions.client("ann");
    /// assert!(sessions.close("ann"));
    /// assert_eq!(ann.activate_sync(&ContextId::new("a")?), Err(SessionError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self, name: &str) -> bool {
        let mut clients = self.inner.clients.lock();
        let closed = clients.remove(name);
        // Before anyone can open it again: a client never has two sessions.
        if let Some(view) = &closed {
            view.close();
        }
        closed.is_some()
    }

    /// Changes the settings for all calls from now on; those under way keep the old ones.
    ///
    /// `f` runs under no lock, so it runs again if another change comes between. It must not
    /// change the settings itself.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, sessions::{SessionError, Sessions}};
    /// # let contexts: Contexts = Contexts::new();
    /// let sessions = Sessions::builder(contexts).auto_create(true).build();
    /// sessions.configure(|settings| settings.max_active(0));
    /// let refused = sessions.client("ann").activate_sync(&ContextId::new("a")?);
    /// assert_eq!(refused, Err(SessionError::TooManyActive { limit: 0 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn configure(&self, mut f: impl FnMut(SessionSettings) -> SessionSettings) {
        loop {
            let before = self.settings();
            let after = Arc::new(f(SessionSettings::clone(&before)));
            let mut settings = self.inner.settings.lock();
            if Arc::ptr_eq(&settings, &before) {
                *settings = after;
                // `before` goes last, and with it a factory: not under the lock.
                return;
            }
        }
    }

    /// The contexts below.
    #[must_use]
    pub fn contexts(&self) -> &Contexts<S> {
        &self.inner.contexts
    }

    fn settings(&self) -> Arc<SessionSettings> {
        Arc::clone(&self.inner.settings.lock())
    }
}

impl<S: StrategyKind> Inner<S> {
    fn open(&self, name: &str) -> (Arc<str>, Arc<View>) {
        let mut clients = self.clients.lock();
        if let Some((name, view)) = clients.get_key_value(name) {
            return (Arc::clone(name), Arc::clone(view));
        }
        let (name, view): (Arc<str>, _) = (name.into(), Arc::new(View::default()));
        clients.insert(Arc::clone(&name), Arc::clone(&view));
        (name, view)
    }
}

/// The same sessions, through another handle.
impl<S: StrategyKind> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

/// The settings, and the clients by name.
impl<S: StrategyKind> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("contexts", &self.inner.contexts)
            .field("settings", &self.settings())
            .field("clients", &self.clients())
            .finish()
    }
}

// What is under the locks is whole after every statement, whatever panics.
impl<S: StrategyKind> UnwindSafe for Sessions<S> {}
impl<S: StrategyKind> RefUnwindSafe for Sessions<S> {}
