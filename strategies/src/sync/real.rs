//! The primitives of an ordinary build.

use std::cell::Cell;
use std::sync::atomic;
use std::time::{Duration, Instant};

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

/// How long a waiter has been waiting.
#[derive(Clone)]
pub(crate) struct Patience(Instant);

impl Patience {
    /// After another attempt that failed.
    pub(crate) fn again(&self) -> Self {
        self.clone()
    }

    /// Whether it has waited for so long that it should go before anyone else: a hand-over costs
    /// the time to wake a thread, so it must be much rarer than that.
    pub(crate) fn is_over(&self) -> bool {
        self.0.elapsed() >= Duration::from_micros(500)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// Rounds of busy waiting, each twice as long as the one before, before a thread goes to sleep.
pub(crate) const SPINS: u32 = 7;

pub(crate) type Hasher = foldhash::fast::RandomState;

/// A hasher with a seed of its own.
pub(crate) fn hasher() -> Hasher {
    Hasher::default()
}

/// How many shards there are, if nobody says: several for each thread that runs at a time.
#[cfg(feature = "sharded")]
pub(crate) fn default_shards() -> usize {
    std::thread::available_parallelism().map_or(16, |threads| 4 * threads.get())
}

/// Blocks the thread until the future is ready.
#[cfg(any(feature = "parking-lot", feature = "arc-swap", feature = "sharded"))]
pub(crate) fn block_on<F: std::future::Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

thread_local! {
    /// How many closures of a store the thread is inside of.
    pub(crate) static CLOSURE_DEPTH: Cell<usize> = const { Cell::new(0) };
}
