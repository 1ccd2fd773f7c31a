//! The primitives under loom: its own where it has them, contract models of the others.

use std::cell::Cell;
use std::sync::PoisonError;

pub(crate) use loom::future::block_on;
pub(crate) use loom::sync::atomic::AtomicUsize as RawAtomicUsize;
pub(crate) use loom::sync::{Mutex as RawMutex, MutexGuard as RawMutexGuard};
pub(crate) use loom::sync::{RwLockReadGuard, RwLockWriteGuard};

pub(crate) use arc_swap::ArcSwap;

mod arc_swap;
pub(crate) mod tokio;

/// loom explores waiting itself.
pub(crate) const SPINS: u32 = 0;

pub(crate) type Hasher = foldhash::fast::FixedState;

/// The same hasher every time: loom replays executions and must find the same shards.
pub(crate) fn hasher() -> Hasher {
    Hasher::with_seed(0)
}

/// Two shards: enough to meet and to miss each other.
pub(crate) fn parallelism() -> usize {
    1
}

loom::thread_local! {
    /// How many closures of a store the thread is inside of.
    pub(crate) static CLOSURE_DEPTH: Cell<usize> = Cell::new(0);
}

/// parking_lot's RwLock, which knows no poison.
pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self(loom::sync::RwLock::new(T::default()))
    }
}

impl<T> RwLock<T> {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
