//! Contract model of `arc_swap::ArcSwap`: a pointer whose load synchronises with the swap that
//! put it there, and nothing more.

use std::sync::{Arc, Mutex, PoisonError};

use crate::faults::ordering;

use super::base::sync::atomic::{AtomicUsize, Ordering};

/// Every value it ever held stays in `arena`, which is behind a std mutex on purpose: one of
/// the explorer's would order accesses that the real type leaves unordered, and hide bugs.
pub(crate) struct ArcSwap<T> {
    newest: AtomicUsize,
    arena: Mutex<Vec<Arc<T>>>,
}

impl<T> ArcSwap<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self {
            newest: AtomicUsize::new(0),
            arena: Mutex::new(vec![value]),
        }
    }

    pub(crate) fn load(&self) -> Arc<T> {
        // Acquire: partner of the AcqRel in `swap`.
        let index = super::load(&self.newest, Ordering::Acquire);
        Arc::clone(&self.arena.lock().unwrap_or_else(PoisonError::into_inner)[index])
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        self.load()
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        let index = {
            let mut arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
            arena.push(value);
            arena.len() - 1
        };
        // AcqRel: partner of the Acquire in `load`, and of the swap before this one.
        let order = ordering!(AcqRel unless "arc-swap-model-publishes-relaxed");
        let old = self.newest.swap(index, order);
        Arc::clone(&self.arena.lock().unwrap_or_else(PoisonError::into_inner)[old])
    }
}
