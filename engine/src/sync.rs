//! The locks of this crate, and waking those who wait. The locks guard plain data for a few instructions; no closure, plugin or
//! waker of a user's runs under one, and what needs more than that is a strategy's business, in
//! `contexture_strategies`, where every interleaving is explored.

#![expect(
    clippy::disallowed_types,
    reason = "the facade that loom can replace is that of the strategies"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
pub(crate) use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

/// A mutex that a panic does not poison: what it guards is whole after every statement.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A flag that publishes nothing but itself: what it tells of is found under a lock, or through
/// whatever else told its reader to look. So every ordering is Relaxed and has no partner.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn is_set(&self) -> bool {
        // Relaxed: see the type.
        self.0.load(Ordering::Relaxed)
    }

    /// Sets or clears it. It is written only if that changes it, so that writers who all set it do
    /// not take its cache line from each other.
    pub(crate) fn set(&self, set: bool) {
        if self.is_set() != set {
            // Relaxed: see the type.
            self.0.store(set, Ordering::Relaxed);
        }
    }
}

/// Wakes all of them.
///
/// Wakers are the code of runtimes. One that panics neither keeps the others asleep nor gets at
/// whoever wakes it, who has nothing to do with it. Not to be called under a lock.
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        // The panic has been reported by its hook.
        let _panic = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker that unparks the current thread.
pub(crate) fn unpark_this() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}
