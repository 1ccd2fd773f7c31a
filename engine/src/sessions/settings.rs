//! How the sessions of all clients behave.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use contexture_strategies::{StrategyKind, kind};

use super::Sessions;
use crate::contexts::Enabled;
use crate::{ContextId, Contexts, Document, Draft};

/// How the sessions of all clients behave; given to the [builder](Sessions::builder), and changed
/// by [`Sessions::configure`].
///
/// Unless told otherwise, there is no default context, nothing is created or activated by itself,
/// and a client may have any number of active contexts.
#[derive(Clone)]
#[must_use = "settings do nothing until they are given to sessions"]
pub struct SessionSettings {
    pub(super) default_context: Option<ContextId>,
    pub(super) auto_create: bool,
    pub(super) auto_activate: bool,
    pub(super) max_active: Option<usize>,
    factory: Factory,
}

/// What a context begins with.
type Factory = Arc<dyn Fn(&ContextId) -> Draft + Send + Sync>;

impl SessionSettings {
    /// The settings of sessions that are told nothing.
    pub fn new() -> Self {
        Self {
            default_context: None,
            auto_create: false,
            auto_activate: false,
            max_active: None,
            factory: Arc::new(|_| Draft::new(Document::new())),
        }
    }

    /// The context that clients without a current one read and write; `None` for none.
    ///
    /// All clients share it. Its use does not make it active or current.
    pub fn default_context(mut self, id: impl Into<Option<ContextId>>) -> Self {
        self.default_context = id.into();
        self
    }

    /// Whether a context that is to be activated, or is the default, is created if it is not
    /// there: with what the [factory](SessionSettings::factory) says.
    ///
    /// A current context that is deleted or expires is *not* created again by reading or writing
    /// it.
    pub const fn auto_create(mut self, auto_create: bool) -> Self {
        self.auto_create = auto_create;
        self
    }

    /// Whether a [switch](super::Session::switch) to a context that is not active activates it.
    pub const fn auto_activate(mut self, auto_activate: bool) -> Self {
        self.auto_activate = auto_activate;
        self
    }

    /// The most contexts a client may have active at once; `None` for any number.
    ///
    /// A client that has more when this is lowered keeps them, and can activate no further ones
    /// until it has fewer.
    pub fn max_active(mut self, contexts: impl Into<Option<usize>>) -> Self {
        self.max_active = contexts.into();
        self
    }

    /// What contexts begin with that are [created by themselves](SessionSettings::auto_create);
    /// an empty document by default.
    pub fn default_draft(self, draft: impl Into<Draft>) -> Self {
        let draft = draft.into();
        self.factory(move |_| draft.clone())
    }

    /// Makes what contexts begin with that are
    /// [created by themselves](SessionSettings::auto_create).
    ///
    /// It is called before a context is created, under no lock, and in vain if somebody else
    /// creates the context first. If it panics, so does the operation, and nothing has changed.
    pub fn factory(
        mut self,
        factory: impl Fn(&ContextId) -> Draft + Send + Sync + 'static,
    ) -> Self {
        self.factory = Arc::new(factory);
        self
    }

    /// What a context with this id begins with.
    pub(super) fn draft_of(&self, id: &ContextId) -> Draft {
        (self.factory)(id)
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SessionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSettings")
            .field("default_context", &self.default_context)
            .field("auto_create", &self.auto_create)
            .field("auto_activate", &self.auto_activate)
            .field("max_active", &self.max_active)
            .finish_non_exhaustive()
    }
}

// A factory that panics leaves everything whole.
impl UnwindSafe for SessionSettings {}
impl RefUnwindSafe for SessionSettings {}

/// Sets up [`Sessions`]; made by [`Sessions::builder`]. Each method is the one of
/// [`SessionSettings`] with the same name.
///
/// ```
/// use contexture::sessions::Sessions;
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let sessions = Sessions::builder(contexts)
///     .default_context(ContextId::new("lobby")?)
///     .auto_create(true)
///     .default_draft(Document::parse(r#"{"visits": 0}"#)?)
///     .max_active(8)
///     .build();
/// assert_eq!(sessions.client("ann").get_sync()?.as_json(), r#"{"visits":0}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct SessionsBuilder<S: Enabled<'static> = kind::Sharded> {
    contexts: Contexts<S>,
    settings: SessionSettings,
}

impl<S: StrategyKind> SessionsBuilder<S> {
    pub(super) fn new(contexts: Contexts<S>) -> Self {
        Self {
            contexts,
            settings: SessionSettings::new(),
        }
    }

    /// Sets everything at once.
    pub fn settings(mut self, settings: SessionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// See [`SessionSettings::default_context`].
    pub fn default_context(mut self, id: impl Into<Option<ContextId>>) -> Self {
        self.settings = self.settings.default_context(id);
        self
    }

    /// See [`SessionSettings::auto_create`].
    pub fn auto_create(mut self, auto_create: bool) -> Self {
        self.settings = self.settings.auto_create(auto_create);
        self
    }

    /// See [`SessionSettings::auto_activate`].
    pub fn auto_activate(mut self, auto_activate: bool) -> Self {
        self.settings = self.settings.auto_activate(auto_activate);
        self
    }

    /// See [`SessionSettings::max_active`].
    pub fn max_active(mut self, contexts: impl Into<Option<usize>>) -> Self {
        self.settings = self.settings.max_active(contexts);
        self
    }

    /// See [`SessionSettings::default_draft`].
    pub fn default_draft(mut self, draft: impl Into<Draft>) -> Self {
        self.settings = self.settings.default_draft(draft);
        self
    }

    /// See [`SessionSettings::factory`].
    pub fn factory(
        mut self,
        factory: impl Fn(&ContextId) -> Draft + Send + Sync + 'static,
    ) -> Self {
        self.settings = self.settings.factory(factory);
        self
    }

    /// Sessions with these settings, of no clients yet.
    #[must_use]
    pub fn build(self) -> Sessions<S> {
        Sessions::with_settings(self.contexts, self.settings)
    }
}

impl<S: StrategyKind> Clone for SessionsBuilder<S> {
    fn clone(&self) -> Self {
        Self {
            contexts: self.contexts.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<S: StrategyKind> fmt::Debug for SessionsBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder")
            .field("contexts", &self.contexts)
            .field("settings", &self.settings)
            .finish()
    }
}
