//! The primitives of an ordinary build.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic;

pub(crate) use std::sync::atomic::AtomicUsize as RawAtomicUsize;
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::sync::{Mutex as RawMutex, MutexGuard as RawMutexGuard};

#[cfg(feature = "arc-swap")]
pub(crate) use arc_swap::ArcSwap;
#[cfg(any(feature = "parking-lot", feature = "sharded"))]
pub(crate) use parking_lot::RwLock;
#[cfg(feature = "sharded")]
pub(crate) use parking_lot::{RwLockReadGuard, RwLockWriteGuard};
#[cfg(any(feature = "tokio-mutex", feature = "tokio-rwlock"))]
pub(crate) use tokio::sync as tokio;

/// A load of an atomic.
pub(super) fn load(number: &RawAtomicUsize, order: atomic::Ordering) -> usize {
    number.load(order)
}

/// Rounds of busy waiting, each twice as long as the one before, before a thread goes to sleep.
pub(crate) const SPINS: u32 = 7;

pub(crate) type Hasher = foldhash::fast::RandomState;

/// A hasher with a seed of its own.
pub(crate) fn hasher() -> Hasher {
    Hasher::default()
}

/// How many threads the machine runs at a time.
#[cfg(feature = "sharded")]
pub(crate) fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(4, usize::from)
}

/// Blocks the thread until the future is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

thread_local! {
    /// How many closures of a store the thread is inside of.
    pub(crate) static CLOSURE_DEPTH: Cell<usize> = const { Cell::new(0) };
}
