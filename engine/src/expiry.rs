//! Contexts that end by themselves: time to live, and who cleans up.
//!
//! A context with a time to live expires that long after its last write; each write, and
//! [`renew`](Contexts::renew), which changes nothing else, starts the time anew. The store has one for
//! all ([`Builder::time_to_live`](crate::Builder::time_to_live)), a context can have its own
//! ([`Draft::time_to_live`](crate::Draft::time_to_live),
//! [`Draft::forever`](crate::Draft::forever)). The time is that of the [`Clock`](crate::Clock).
//!
//! # What is promised
//!
//! * **Nobody sees a context that had expired when they asked.** Whoever meets one, removes it
//!   before going on, and only that version of it. So expiry is a commit like any other, at the deadline or a little later: it
//!   is in the feed as [`ChangeKind::Expired`](crate::ChangeKind::Expired), and once anyone
//!   has found the context gone, it is.
//! * **A renewed context stays**: a removal is for the version that expired, and fails if there is a
//!   newer one.
//! * **Nothing comes back.** A write that began before the deadline either commits while the
//!   context is still there, which renews it, or does not find it. A context created
//!   again under the same id starts above all versions it had.
//! * **What has expired takes no room**: a [`create`](Contexts::create) or a batch that finds the
//!   store full removes expired contexts first.
//!
//! An update that runs when the context expires decides whether it does: it may renew it. So who
//! meets an expired context, readers and snapshots included, waits for its running update. A read
//! from inside that update's closure cannot: it still gets the context.
//!
//! # Who cleans up
//!
//! Contexts that nobody asks for keep their memory until someone calls
//! [`purge_expired`](Contexts::purge_expired): by hand, in a task ([`sweep`](Contexts::sweep)), or in
//! a thread ([`spawn_sweeper`](Contexts::spawn_sweeper)). It looks at every context, at the cost of a
//! [`snapshot`](Contexts::snapshot); so does [`len`](Contexts::len), and what finds the store full.
//! As long as no context ever had a time to live, nobody looks at
//! all.
//!
//! ```
//! use std::time::Duration;
//!
//! use contexture::{ContextId, Contexts, Document, Draft, ManualClock};
//!
//! let clock = ManualClock::new();
//! let contexts: Contexts = Contexts::builder().clock(clock.clone()).build();
//! let (short, long) = (ContextId::new("short")?, ContextId::new("long")?);
//! let minute = Duration::from_secs(60);
//! contexts.create_sync(short.clone(), Draft::new(Document::new()).time_to_live(minute))?;
//! contexts.create_sync(long.clone(), Document::new())?;
//!
//! clock.advance(minute / 2);
//! contexts.renew_sync(&short)?;
//! clock.advance(minute / 2);
//! assert_eq!(contexts.len_sync(), 2);
//!
//! clock.advance(minute / 2);
//! assert_eq!(contexts.purge_expired_sync(), 1);
//! assert_eq!(contexts.list_sync(), [long]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use contexture_strategies::SyncStrategyKind;

use crate::Contexts;
use crate::sync::Flag;

/// A thread that removes expired contexts; made by [`Contexts::spawn_sweeper`].
///
/// It ends when this is dropped, or at its first interval after the last handle of the contexts was.
#[derive(Debug)]
#[must_use = "the thread ends when this is dropped"]
pub struct Sweeper {
    thread: Thread,
    stopped: Arc<Flag>,
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stopped.set(true);
        // What is written before is seen after the thread has been woken by this.
        self.thread.unpark();
    }
}

/// Cleaning up without a runtime.
impl<S: SyncStrategyKind> Contexts<S> {
    /// Starts a thread that [removes expired contexts](Contexts::purge_expired) at this interval,
    /// until the [`Sweeper`] or the last handle of the contexts is dropped.
    ///
    /// # Errors
    ///
    /// If the system starts no thread.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use contexture::Contexts;
    ///
    /// let contexts: Contexts = Contexts::builder().time_to_live(Duration::from_secs(60)).build();
    /// let _sweeper = contexts.spawn_sweeper(Duration::from_secs(1))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spawn_sweeper(&self, interval: Duration) -> io::Result<Sweeper> {
        let stopped = Arc::new(Flag::default());
        let (stop, contexts) = (Arc::clone(&stopped), self.downgrade());
        let sweep = move || {
            loop {
                thread::park_timeout(interval);
                if stop.is_set() {
                    return;
                }
                match contexts.upgrade() {
                    Some(contexts) => contexts.purge_expired_sync(),
                    None => return,
                };
            }
        };
        let name = "contexture-sweeper".to_owned();
        let thread = thread::Builder::new().name(name).spawn(sweep)?;
        Ok(Sweeper {
            thread: thread.thread().clone(),
            stopped,
        })
    }
}
