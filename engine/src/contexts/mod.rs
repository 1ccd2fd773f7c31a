//! All contexts of a program, and what can be done with them.

mod batch;
mod committing;
mod expire;
mod read;
mod recovery;
mod rollback;
mod subscribe;
mod sync;
mod transform;
mod write;
mod write_over;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};

pub(crate) use self::sync::ready;
use contexture_strategies::{Options, Strategy, StrategyKind, kind};

use crate::builder::Settings;
use crate::feed::Log;
use crate::plugins::Plugins;
use crate::recovery::Points;
use crate::state::State;
use crate::sync::Flag;
use crate::{Builder, ContextId};

pub use self::recovery::{Recovery, Restored};

/// Shared, versioned contexts: a concurrent map from [`ContextId`] to [`Context`](crate::Context).
///
/// This is a handle: clones are the same contexts, so give one to each task and thread. The type
/// parameter chooses the concurrency strategy, see [`kind`](crate::kind). What the methods promise
/// does not depend on it:
///
/// * Every operation is linearizable: it takes effect at one instant between call and return.
/// * A context changes only by committing a new version. Its versions only grow, also when it is
///   deleted and created again.
/// * An error means that nothing has changed. So does a closure that panics.
/// * No method hands out a lock guard, so none can be held across an `.await`.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("session/7f3a")?;
/// contexts.create(id.clone(), Document::parse(r#"{"hits": 0}"#)?).await?;
///
/// let tasks: Vec<_> = (0..8)
///     .map(|_| {
///         let (contexts, id) = (contexts.clone(), id.clone());
///         tokio::spawn(async move {
///             contexts.try_update(&id, |context| {
///                 let hits = context.get("hits").and_then(|hits| hits.as_u64());
///                 context.with("hits", &(hits.unwrap_or(0) + 1))
///             }).await
///         })
///     })
///     .collect();
/// for task in tasks {
///     task.await??;
/// }
/// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"hits":8}"#);
/// # Ok(())
/// # }
/// ```
///
/// # Without async
///
/// Strategies that never await offer every operation as a plain method as well, with the suffix
/// `_sync`, and need no runtime.
///
/// # Cancel safety and timeouts
///
/// Every async method is cancel safe: dropping its future at any await point leaves the contexts
/// as they were before the call or as they are after it. See
/// [`Strategy`](contexture_strategies::Strategy#cancel-safety). So with strategies that await, any
/// of them can be given a timeout with what the runtime has for it, say `tokio::time::timeout`: who
/// is cut short has changed nothing.
///
/// With strategies that never await a timeout cuts nothing short: the first poll does all of the
/// work, and blocks the thread where it waits. What it waits for is bounded by construction, but for
/// the closure of another update of the same context. So keep closures short, or use
/// [`update_if`](Contexts::update_if), for whose closure nobody waits unless it loses several races.
///
/// # Calling back from a closure
///
/// Closures run while no lock is held that another context's operation needs. With strategies
/// that never await a closure may use the contexts, but for an update from inside an update that
/// would have to wait: that one returns
/// [`Reentrant`](crate::UpdateError::Reentrant). With strategies that await, every such write
/// returns it, and reads panic. See
/// [the rules](contexture_strategies#calling-back-from-a-closure).
pub struct Contexts<S: Enabled<'static> = kind::Sharded> {
    inner: Arc<Inner<S>>,
    actor: Option<Arc<str>>,
}

/// What all handles share.
struct Inner<S: StrategyKind> {
    store: S::Store<ContextId, State>,
    settings: Settings,
    log: Option<Arc<Log>>,
    plugins: Plugins,
    /// Whether any context ever had a time to live. It is set before the write that it is about, and
    /// whoever can see that write sees the flag through the store's locks.
    expiring: Flag,
    recovery: Points,
}

/// A handle of contexts that others keep alive.
pub(crate) struct WeakContexts<S: StrategyKind>(Weak<Inner<S>>);

impl<S: StrategyKind> WeakContexts<S> {
    pub(crate) fn upgrade(&self) -> Option<Contexts<S>> {
        let inner = self.0.upgrade()?;
        Some(Contexts { inner, actor: None })
    }
}

/// Every [`StrategyKind`], and so nothing a caller has to know about.
///
/// A bound of a struct is checked for the default of its parameter where the struct is defined,
/// which would make this crate fail to compile without the feature `sharded`, though nothing
/// uses the default. Bounds with a lifetime are only checked where the type is used.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the strategy `{Self}` is not enabled",
    note = "turn on its cargo feature: `tokio-mutex`, `tokio-rwlock`, `parking-lot`, `arc-swap`, `sharded` or `slotted`"
)]
pub trait Enabled<'a>: StrategyKind {}
impl<S: StrategyKind> Enabled<'_> for S {}

impl<S: StrategyKind> Contexts<S> {
    /// No contexts, without limits.
    ///
    /// The strategy is inferred from where the contexts go, or named:
    ///
    /// ```
    /// use contexture::{Contexts, kind};
    ///
    /// let default: Contexts = Contexts::new();
    /// let named = Contexts::<kind::Sharded>::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts with settings: limits, expiry, history, feed.
    pub fn builder() -> Builder<S> {
        Builder::new()
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        let mut options = Options::new();
        if let Some(contexts) = settings.limits.contexts {
            options = options.limit(contexts);
        }
        let log = settings.feed.map(|commits| Arc::new(Log::new(commits)));
        let recovery = Points::new(settings.recovery_points);
        let inner = Inner {
            store: S::Store::with_options(options),
            settings,
            log,
            plugins: Plugins::new(S::AWAITS),
            expiring: Flag::default(),
            recovery,
        };
        Self {
            inner: Arc::new(inner),
            actor: None,
        }
    }

    /// A handle that does not keep the contexts alive.
    pub(crate) fn downgrade(&self) -> WeakContexts<S> {
        WeakContexts(Arc::downgrade(&self.inner))
    }

    /// A handle of the same contexts whose writes are made in this name: what
    /// [`Commit::actor`](crate::Commit::actor) and the audit trail show.
    ///
    /// ```
    /// use contexture::Contexts;
    ///
    /// let contexts: Contexts = Contexts::new();
    /// let for_ann = contexts.acting_as("ann");
    /// assert_eq!(for_ann.actor(), Some("ann"));
    /// ```
    #[must_use]
    pub fn acting_as(&self, actor: impl Into<Arc<str>>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            actor: Some(actor.into()),
        }
    }

    /// In whose name this handle writes, if [anyone's](Contexts::acting_as).
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }
}

/// The same contexts, through another handle.
impl<S: StrategyKind> Clone for Contexts<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            actor: self.actor.clone(),
        }
    }
}

impl<S: StrategyKind> Default for Contexts<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// The strategy and the settings; not the contexts, which would have to be waited for.
impl<S: StrategyKind> fmt::Debug for Contexts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexts")
            .field("strategy", &S::NAME)
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

// A closure, a plugin or a clock that panics leaves every lock and every commit whole.
impl<S: StrategyKind> UnwindSafe for Contexts<S> {}
impl<S: StrategyKind> RefUnwindSafe for Contexts<S> {}

/// Subscriptions end when the last handle is gone.
impl<S: StrategyKind> Drop for Inner<S> {
    fn drop(&mut self) {
        if let Some(log) = &self.log {
            log.close();
        }
    }
}
