//! How contexts are set up.

use std::fmt;
use std::marker::PhantomData;

use contexture_strategies::{Options, Strategy, StrategyKind, kind};

use crate::Contexts;
use crate::contexts::Enabled;
use crate::limits::Limits;

/// The settings of a [`Contexts`]; made by [`Contexts::builder`].
///
/// ```
/// use contexture::{ContextId, Contexts, CreateError, Document};
///
/// let contexts: Contexts = Contexts::builder()
///     .max_contexts(10_000)
///     .max_document_bytes(64 * 1024)
///     .build();
///
/// let large = Document::new().with("text", &"x".repeat(64 * 1024))?;
/// let refused = contexts.create_sync(ContextId::new("a")?, large);
/// assert!(matches!(refused, Err(CreateError::DocumentTooLarge(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<S: Enabled<'static> = kind::Sharded> {
    limits: Limits,
    strategy: PhantomData<fn() -> S>,
}

impl<S: StrategyKind> Builder<S> {
    pub(crate) fn new() -> Self {
        Self {
            limits: Limits::default(),
            strategy: PhantomData,
        }
    }

    /// The most contexts there may be, under any interleaving. 0 refuses every create.
    ///
    /// Without a limit nothing is counted; with one, create and delete write a shared counter,
    /// reads and updates do not.
    pub fn max_contexts(mut self, contexts: usize) -> Self {
        self.limits.contexts = Some(contexts);
        self
    }

    /// The most bytes a document may take, as [`Document::byte_size`](crate::Document::byte_size)
    /// counts them. [`Document::MAX_BYTES`](crate::Document::MAX_BYTES) holds in any case.
    pub fn max_document_bytes(mut self, bytes: usize) -> Self {
        self.limits.document_bytes = Some(bytes);
        self
    }

    /// Contexts with these settings; there are none yet.
    #[must_use]
    pub fn build(self) -> Contexts<S> {
        let mut options = Options::new();
        if let Some(contexts) = self.limits.contexts {
            options = options.limit(contexts);
        }
        Contexts::with_store(S::Store::with_options(options), self.limits)
    }
}

impl<S: StrategyKind> Clone for Builder<S> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits,
            strategy: PhantomData,
        }
    }
}

impl<S: StrategyKind> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("strategy", &S::NAME)
            .field("limits", &self.limits)
            .finish()
    }
}
