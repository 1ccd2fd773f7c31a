//! Plugins: code of the program's that takes part in every write, registered and removed by name
//! while the contexts are in use.
//!
//! There are three kinds. A [`Validator`] sees every write before it happens and may refuse it. A
//! [`Transformation`] is a named update, which [`Contexts::transform`](crate::Contexts::transform)
//! applies. An [`Observer`] is told of every commit and of every write that failed; the
//! [`Audit`] trail is one.
//!
//! ```
//! use contexture::plugins::Proposal;
//! use contexture::{ContextId, ContextRef, Contexts, CreateError, Document};
//!
//! let contexts: Contexts = Contexts::new();
//! contexts.plugins().add_validator("owned", |proposal: &Proposal<'_>| {
//!     match proposal.document().get("owner") {
//!         Some(_) => Ok(()),
//!         None => Err("it has no owner".into()),
//!     }
//! })?;
//! contexts.plugins().add_transformation("archive", |context: ContextRef<'_>| {
//!     Ok(context.with("archived", &true)?.into())
//! })?;
//!
//! let refused = contexts.create_sync(ContextId::new("b")?, Document::new());
//! assert!(matches!(refused, Err(CreateError::Refused(refused)) if refused.plugin == "owned"));
//!
//! let id = ContextId::new("a")?;
//! contexts.create_sync(id.clone(), Document::parse(r#"{"owner": "ann"}"#)?)?;
//! contexts.transform_sync(&id, "archive")?;
//! let json = contexts.read_sync(&id, |context| context.to_string()).unwrap();
//! assert_eq!(json, r#"{"owner":"ann","archived":true}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which plugins a write meets
//!
//! A write meets every plugin whose `add_*` returned before the write began, and none whose
//! [`remove`](Plugins::remove) did. What is added or removed while it is under way may be for it or
//! not, but all validators of a write, and all observers of a commit, are of one moment.
//! Plugins of a kind are called in the order they were registered in, and the first validator that
//! refuses is the last that is asked. Without plugins of a kind a write pays one relaxed load for
//! it.
//!
//! # Where plugins run
//!
//! In the thread or task of the writer, at these points, and never under a lock of the registry or
//! one that another context's operation needs:
//!
//! | plugin | runs | so it may call the contexts as |
//! |---|---|---|
//! | validator of `update`, `try_update`, `rollback`, `transform` | inside the update's closure, on what the closure returned | an update's closure |
//! | validator of `create`, `compare_and_set`, `update_if`, `apply` | before the write, outside of everything | the writer; `update_if` as above once it takes turns |
//! | transformation | as the update's closure | an update's closure |
//! | observer | after the commit or failure, before the call returns; inside a closure only if the call was made there | the writer |
//!
//! With strategies that await, a plugin cannot await: every call of the contexts from inside one
//! is refused as from inside a closure, see [`Contexts`](crate::Contexts#calling-back-from-a-closure).
//! It could only block the thread that another task, which has the lock, needs to go on. With all
//! strategies a call from a plugin either works or is refused; it never deadlocks. A write from a
//! plugin meets the plugins, that one included, so beware of one that always causes the next.
//!
//! Plugins may register and remove plugins, themselves included. One that keeps a handle of the
//! contexts it is registered with keeps them alive until it is removed.
//!
//! # Panics
//!
//! A validator or transformation that panics has refused, with the panic's message as the reason;
//! nothing has changed. An observer that panics does not disturb the write, which has happened, nor
//! the other observers. [`Plugins::panics`] counts them all.

mod audit;
mod error;
#[cfg(feature = "json-schema")]
mod json_schema;
mod registry;
mod rfc3339;

use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::SystemTime;

use crate::{Commit, ContextId, ContextRef, Document, Draft, Operation};

pub use self::audit::Audit;
pub use self::error::{DuplicatePlugin, PluginPanic, Reason, Refused};
#[cfg(feature = "json-schema")]
pub use self::json_schema::{JsonSchema, SchemaError};
pub use self::registry::Plugins;
pub(crate) use self::registry::Set;

/// Sees every write before it happens, and may refuse it.
///
/// Closures are validators; see [the module](self) for when they run and what they may do.
pub trait Validator: Send + Sync + 'static {
    /// Accepts what is about to be written, or says why not.
    ///
    /// What it sees as [`before`](Proposal::before) is exactly what the write replaces: if the
    /// context changes in between, the write fails or the validator is asked again.
    ///
    /// # Errors
    ///
    /// The reason to refuse; the write fails with [`Refused`], and nothing has changed.
    fn validate(&self, proposal: &Proposal<'_>) -> Result<(), Reason>;
}

impl<F> Validator for F
where
    F: Fn(&Proposal<'_>) -> Result<(), Reason> + Send + Sync + 'static,
{
    fn validate(&self, proposal: &Proposal<'_>) -> Result<(), Reason> {
        self(proposal)
    }
}

/// An update with a name.
///
/// Closures are transformations.
pub trait Transformation: Send + Sync + 'static {
    /// What the context is to hold next.
    ///
    /// # Errors
    ///
    /// The reason to refuse; nothing has changed.
    fn transform(&self, context: ContextRef<'_>) -> Result<Draft, Reason>;
}

impl<F> Transformation for F
where
    F: Fn(ContextRef<'_>) -> Result<Draft, Reason> + Send + Sync + 'static,
{
    fn transform(&self, context: ContextRef<'_>) -> Result<Draft, Reason> {
        self(context)
    }
}

/// Is told of every commit, and of every write that failed.
///
/// It is called by the writer itself, so that what it records is recorded when the call returns,
/// and everyone who waits for that call waits for it as well.
///
/// # What is promised
///
/// * Each commit is told exactly once: a whole batch as one, the removal of what has expired by
///   whoever met it, reads included. So is the commit of a write whose future was dropped.
/// * It is told before the write returns, and after everyone can see the commit.
/// * So of two writes, one of which returned before the other began, the former is told first.
/// * Writers that run at the same time call at the same time, also those of one context, and in
///   either order. [Versions](crate::Version) and [revisions](Commit::revision) tell which commit
///   was first; who needs to *hear* of commits in order subscribes to the [feed](crate::feed).
/// * Each write that returns an error is told exactly once, with that error. A closure of the
///   caller's that panics, and a write that was given up by dropping its future, return none.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use contexture::plugins::{Failure, Observer};
/// use contexture::{Commit, ContextId, Contexts, Document};
///
/// #[derive(Default)]
/// struct Count { commits: AtomicUsize, failures: AtomicUsize }
///
/// impl Observer for Count {
///     fn committed(&self, _: &Commit) {
///         self.commits.fetch_add(1, Ordering::Relaxed);
///     }
///     fn failed(&self, _: &Failure<'_>) {
///         self.failures.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let contexts: Contexts = Contexts::new();
/// let count = Arc::new(Count::default());
/// contexts.plugins().add_observer("count", Arc::clone(&count))?;
/// contexts.create_sync(ContextId::new("a")?, Document::new())?;
/// assert!(contexts.create_sync(ContextId::new("a")?, Document::new()).is_err());
/// assert_eq!(count.commits.load(Ordering::Relaxed), 1);
/// assert_eq!(count.failures.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A write has been committed.
    fn committed(&self, commit: &Commit);

    /// A write has failed, and changed nothing. By default this is ignored.
    fn failed(&self, failure: &Failure<'_>) {
        let _ = failure;
    }
}

/// For observers that the program keeps a handle of, say to ask what they have counted.
impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn committed(&self, commit: &Commit) {
        (**self).committed(commit);
    }

    fn failed(&self, failure: &Failure<'_>) {
        (**self).failed(failure);
    }
}

/// A write as a validator sees it, before anything is changed.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    pub(crate) id: &'a ContextId,
    pub(crate) before: Option<ContextRef<'a>>,
    pub(crate) document: &'a Document,
    /// `None`: as it is.
    pub(crate) metadata: Option<&'a Document>,
    pub(crate) actor: Option<&'a str>,
}

impl<'a> Proposal<'a> {
    /// The context that is to be written.
    #[must_use]
    pub const fn id(&self) -> &'a ContextId {
        self.id
    }

    /// The context as it is; `None` if it is to be created.
    #[must_use]
    pub const fn before(&self) -> Option<ContextRef<'a>> {
        self.before
    }

    /// What it is to hold.
    #[must_use]
    pub const fn document(&self) -> &'a Document {
        self.document
    }

    /// The metadata it is to have, whether the write sets it or leaves it as it is; `None` if none.
    #[must_use]
    pub fn metadata(&self) -> Option<&'a Document> {
        let metadata = self.metadata.or_else(|| self.before?.metadata());
        // Empty metadata is how a write says that there is to be none.
        metadata.filter(|metadata| !metadata.is_empty())
    }

    /// In whose name it is written, if the [handle](crate::Contexts::acting_as) says so.
    #[must_use]
    pub const fn actor(&self) -> Option<&'a str> {
        self.actor
    }
}

/// An error of an operation, whichever that is.
pub(crate) type AnyError = dyn Error + Send + Sync + UnwindSafe + RefUnwindSafe;

/// A write that failed, as observers are told of it.
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    pub(crate) operation: Operation,
    pub(crate) id: Option<&'a ContextId>,
    pub(crate) actor: Option<&'a str>,
    pub(crate) time: SystemTime,
    pub(crate) error: &'a AnyError,
}

impl<'a> Failure<'a> {
    /// What was tried. [`Operation::Update`] stands for everything that is made of an update.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The context it was tried on; `None` for a batch, whose error names it.
    #[must_use]
    pub const fn id(&self) -> Option<&'a ContextId> {
        self.id
    }

    /// In whose name it was tried, if the [handle](crate::Contexts::acting_as) says so.
    #[must_use]
    pub const fn actor(&self) -> Option<&'a str> {
        self.actor
    }

    /// When it failed, by the [clock](crate::Clock) of the contexts.
    #[must_use]
    pub const fn time(&self) -> SystemTime {
        self.time
    }

    /// The error that the caller got. Where a closure refused, whose reason may be of any type,
    /// [`ClosureRefused`](crate::error::ClosureRefused) stands for that reason.
    #[must_use]
    pub fn error(&self) -> &'a (dyn Error + Send + Sync + 'static) {
        self.error
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("operation", &self.operation)
            .field("id", &self.id)
            .field("actor", &self.actor)
            .field("time", &self.time)
            .field("error", &self.error)
            .finish()
    }
}
