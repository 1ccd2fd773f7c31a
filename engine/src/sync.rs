//! The locks of this crate. They guard plain data for a few instructions; no closure, plugin or
//! waker of a user's runs under one, and what needs more than that is a strategy's business, in
//! `contexture_strategies`, where every interleaving is explored.

#![expect(
    clippy::disallowed_types,
    reason = "the facade that loom can replace is that of the strategies"
)]

pub(crate) use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

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
