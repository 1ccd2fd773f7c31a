//! All contexts of a program, and what can be done with them.

mod operations;
mod sync;

use std::fmt;

use contexture_strategies::{StrategyKind, kind};

use crate::limits::Limits;
use crate::{Builder, ContextId, Document};

/// Shared, versioned contexts: a concurrent map from [`ContextId`] to [`Document`].
///
/// Every method takes `&self`; share the contexts among tasks and threads behind an
/// [`Arc`](std::sync::Arc). The type parameter chooses the concurrency strategy, see
/// [`kind`](crate::kind). What the methods promise does not depend on it:
///
/// * Every operation is linearizable: it takes effect at one instant between call and return.
/// * A context changes only by committing a new version of its document. Its versions only grow,
///   also when it is deleted and created again.
/// * An error means that nothing has changed. So does a closure that panics.
/// * No method hands out a lock guard, so none can be held across an `.await`.
///
/// ```
/// use std::sync::Arc;
///
/// use contexture::{ContextId, Contexts, Document};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let contexts: Arc<Contexts> = Arc::new(Contexts::new());
/// let id = ContextId::new("session/7f3a")?;
/// contexts.create(id.clone(), Document::parse(r#"{"hits": 0}"#)?).await?;
///
/// let tasks: Vec<_> = (0..8)
///     .map(|_| {
///         let (contexts, id) = (Arc::clone(&contexts), id.clone());
///         tokio::spawn(async move {
///             let count = |document: &Document| {
///                 let hits = document.get("hits").and_then(|hits| hits.as_u64());
///                 document.with("hits", &(hits.unwrap_or(0) + 1))
///             };
///             contexts.try_update(&id, count).await
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
/// # Cancel safety
///
/// Every async method is cancel safe: dropping its future at any await point leaves the contexts
/// as they were before the call or as they are after it. See
/// [`Strategy`](contexture_strategies::Strategy#cancel-safety).
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
    store: S::Store<ContextId, Document>,
    limits: Limits,
}

/// Every [`StrategyKind`], and so nothing a caller has to know about.
///
/// A bound of a struct is checked for the default of its parameter where the struct is defined,
/// which would make this crate fail to compile without the feature `sharded`, though nothing
/// uses the default. Bounds with a lifetime are only checked where the type is used.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the strategy `{Self}` is not enabled",
    note = "turn on its cargo feature: `tokio-mutex`, `tokio-rwlock`, `parking-lot`, `arc-swap` or `sharded`"
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

    /// Starts with settings: limits.
    pub fn builder() -> Builder<S> {
        Builder::new()
    }

    pub(crate) const fn with_store(store: S::Store<ContextId, Document>, limits: Limits) -> Self {
        Self { store, limits }
    }
}

impl<S: StrategyKind> Default for Contexts<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// The strategy and the limits; not the contexts, which would have to be waited for.
impl<S: StrategyKind> fmt::Debug for Contexts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexts")
            .field("strategy", &S::NAME)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
