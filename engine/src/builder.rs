//! How contexts are set up.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use contexture_strategies::{StrategyKind, kind};

use crate::Contexts;
use crate::clock::{Clock, SystemClock};
use crate::contexts::Enabled;
use crate::draft::Lifetime;
use crate::limits::Limits;

/// The settings of a [`Contexts`]; made by [`Contexts::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use contexture::{ContextId, Contexts, CreateError, Document};
///
/// let contexts: Contexts = Contexts::builder()
///     .max_contexts(10_000)
///     .max_document_bytes(64 * 1024)
///     .time_to_live(Duration::from_secs(3600))
///     .history(100)
///     .feed(10_000)
///     .build();
///
/// let large = Document::new().with("text", &"x".repeat(64 * 1024))?;
/// let refused = contexts.create_sync(ContextId::new("a")?, large);
/// assert!(matches!(refused, Err(CreateError::LimitExceeded(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<S: Enabled<'static> = kind::Sharded> {
    settings: Settings,
    strategy: PhantomData<fn() -> S>,
}

/// What a [`Contexts`] is told by its builder.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    /// Of contexts that say nothing about it.
    pub(crate) lifetime: Lifetime,
    /// The most former versions of a context that are kept.
    pub(crate) history: usize,
    /// The most commits that the feed keeps, if there is one.
    pub(crate) feed: Option<usize>,
    pub(crate) recovery_points: usize,
}

impl<S: StrategyKind> Builder<S> {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings {
                limits: Limits::default(),
                clock: Arc::new(SystemClock),
                lifetime: Lifetime::Forever,
                history: 1_000,
                feed: None,
                recovery_points: 10,
            },
            strategy: PhantomData,
        }
    }

    /// The most contexts there may be, under any interleaving. 0 refuses every create.
    ///
    /// Without a limit nothing is counted; with one, create and delete write a shared counter,
    /// reads and updates do not.
    pub fn max_contexts(mut self, contexts: usize) -> Self {
        self.settings.limits.contexts = Some(contexts);
        self
    }

    /// The most bytes a document, and likewise its metadata, may take, as
    /// [`Document::byte_size`](crate::Document::byte_size) counts them.
    /// [`Document::MAX_BYTES`](crate::Document::MAX_BYTES) holds in any case.
    pub fn max_document_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.document_bytes = Some(bytes);
        self
    }

    /// The most bytes an id may have. [`ContextId::MAX_LEN`](crate::ContextId::MAX_LEN) holds in
    /// any case.
    pub fn max_id_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.id_bytes = Some(bytes);
        self
    }

    /// Makes contexts expire this long after their last write, unless they
    /// [say otherwise](crate::Draft::time_to_live); see [expiry](crate::expiry). By default they
    /// live until they are deleted.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.settings.lifetime = Lifetime::For(time_to_live);
        self
    }

    /// How many former versions of each context are kept, 1000 by default; 0 keeps none.
    ///
    /// A former version takes what differs from the one after it, and some 200 bytes.
    pub fn history(mut self, versions: usize) -> Self {
        self.settings.history = versions;
        self
    }

    /// Numbers all commits in one order, and keeps the newest of them for those who
    /// [subscribe](Contexts::subscribe), at least `commits`; see [the feed](crate::feed).
    ///
    /// Without this, no write touches anything that all writes share.
    pub fn feed(mut self, commits: usize) -> Self {
        self.settings.feed = Some(commits);
        self
    }

    /// How many recovery points are kept, 10 by default; each one more drops the oldest. See
    /// [recovery](crate::recovery).
    pub fn max_recovery_points(mut self, points: usize) -> Self {
        self.settings.recovery_points = points;
        self
    }

    /// Where the time comes from: a [`ManualClock`](crate::ManualClock) in tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Contexts with these settings; there are none yet.
    #[must_use]
    pub fn build(self) -> Contexts<S> {
        Contexts::with_settings(self.settings)
    }
}

impl<S: StrategyKind> Clone for Builder<S> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            strategy: PhantomData,
        }
    }
}

impl<S: StrategyKind> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("strategy", &S::NAME)
            .field("settings", &self.settings)
            .finish()
    }
}

// Whatever a clock leaves behind when it panics, settings are never half-made.
impl UnwindSafe for Settings {}
impl RefUnwindSafe for Settings {}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("limits", &self.limits)
            .field("lifetime", &self.lifetime)
            .field("history", &self.history)
            .field("feed", &self.feed)
            .field("recovery_points", &self.recovery_points)
            .finish_non_exhaustive()
    }
}
