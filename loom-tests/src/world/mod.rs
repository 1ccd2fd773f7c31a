//! What scenarios run in: loom, shuttle, or the real thing; chosen when it is compiled, as the
//! strategies' own primitives are.

#![allow(
    clippy::disallowed_types,
    reason = "std's only where nothing is explored"
)]

#[cfg(contexture_loom)]
use loom::{future, sync::atomic, thread};
#[cfg(contexture_shuttle)]
use shuttle::{future, sync::atomic, thread};
#[cfg(not(any(contexture_loom, contexture_shuttle)))]
use {pollster as future, std::sync::atomic, std::thread};

pub use future::block_on;
pub use thread::{JoinHandle, spawn};

use atomic::AtomicUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[cfg(contexture_loom)]
mod payload_loom;
#[cfg(contexture_loom)]
pub use payload_loom::Payload;

#[cfg(not(contexture_loom))]
mod payload;
#[cfg(not(contexture_loom))]
pub use payload::Payload;

/// Tells the times of events.
///
/// It counts, with a read-modify-write that synchronises with all others: under loom, whoever
/// reads a later time has seen everything that came before an earlier one, which is what "before"
/// means. A clock adds order, and could hide that a strategy lacks it; so there is one that stands
/// still, too, with which only the order of each thread's own events is known.
#[derive(Debug, Clone)]
pub struct Clock(Option<Arc<AtomicUsize>>);

impl Clock {
    /// A clock that counts.
    #[must_use]
    pub fn ticking() -> Self {
        Self(Some(Arc::new(AtomicUsize::new(1))))
    }

    /// A clock that tells no event of one thread from one of another.
    #[must_use]
    pub fn standing() -> Self {
        Self(None)
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> u64 {
        // AcqRel: each is the partner of all others.
        let ticks = self
            .0
            .as_ref()
            .map(|ticks| ticks.fetch_add(1, Ordering::AcqRel));
        ticks.map_or(0, |ticks| ticks as u64)
    }
}

/// A place that threads pass one after the other: the explorers try every order in which they can.
/// It orders nothing else.
#[derive(Debug, Default)]
pub(crate) struct Crossing(AtomicUsize);

impl Crossing {
    pub(crate) fn pass(&self) {
        // Relaxed, without partners: see the type.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts closures that should run one after the other, in a way that loses count if they do not:
/// with a load and a store that are Relaxed, so that only what orders the closures can make it
/// add up.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counted: AtomicUsize,
    /// std's, since loom must not see it.
    ran: std::sync::atomic::AtomicUsize,
}

impl Tally {
    pub(crate) fn count(&self) {
        // Relaxed, without partners: see the type.
        let before = self.counted.load(Ordering::Relaxed);
        self.counted.store(before + 1, Ordering::Relaxed);
        self.ran.fetch_add(1, Ordering::Relaxed);
    }

    /// How many closures ran, and how many were counted. Only after all threads have ended.
    pub(crate) fn ran_and_counted(&self) -> (usize, usize) {
        // Relaxed: the threads were joined.
        let counted = self.counted.load(Ordering::Relaxed);
        (self.ran.load(Ordering::Relaxed), counted)
    }
}
