//! Where the time of a commit comes from, and whether a context has expired.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sync::Mutex;

/// What [`Contexts`](crate::Contexts) take for the time; the system's clock unless
/// [`Builder::clock`](crate::Builder::clock) says otherwise.
///
/// It is asked inside the critical section of each write, so it must be quick, and neither panic
/// nor call the contexts. It may go backwards, as system clocks do: the times of one context's
/// versions never do.
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> SystemTime;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that stands still until it is told to move: expiry in tests needs no waiting.
///
/// Clones are the same clock.
///
/// ```
/// use std::time::Duration;
///
/// use contexture::{ContextId, Contexts, Document, ManualClock};
///
/// let clock = ManualClock::new();
/// let contexts: Contexts = Contexts::builder()
///     .clock(clock.clone())
///     .time_to_live(Duration::from_secs(60))
///     .build();
/// let id = ContextId::new("session")?;
/// contexts.create_sync(id.clone(), Document::new())?;
///
/// clock.advance(Duration::from_secs(59));
/// assert!(contexts.get_sync(&id).is_some());
/// clock.advance(Duration::from_secs(1));
/// assert!(contexts.get_sync(&id).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// A clock that shows the start of the year 2001, or so: 10⁹ seconds after the Unix epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
    }

    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// Moves the clock on. It stops at the end of time.
    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock();
        *time = time.checked_add(by).unwrap_or(*time);
    }

    /// Sets the clock, be it backwards.
    pub fn set(&self, time: SystemTime) {
        *self.0.lock() = time;
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}
