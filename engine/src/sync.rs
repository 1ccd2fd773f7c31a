//! The locks of this crate. They guard plain data for a few instructions; no closure, plugin or
//! waker of a user's runs under one, and what needs more than that is a strategy's business, in
//! `contexture_strategies`, where every interleaving is explored.

#![expect(
    clippy::disallowed_types,
    reason = "the facade that loom can replace is that of the strategies"
)]

use std::sync::PoisonError;

pub(crate) use std::sync::MutexGuard;
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

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
