//! The atomics of the facade: a type of its own, so that a lint can forbid all others.

pub(crate) use std::sync::atomic::Ordering;

use super::imp;

/// An atomic number, real or explored.
#[derive(Default)]
pub(crate) struct AtomicUsize(imp::RawAtomicUsize);

impl AtomicUsize {
    pub(crate) fn load(&self, order: Ordering) -> usize {
        imp::load(&self.0, order)
    }

    pub(crate) fn fetch_or(&self, bits: usize, order: Ordering) -> usize {
        self.0.fetch_or(bits, order)
    }

    pub(crate) fn fetch_and(&self, bits: usize, order: Ordering) -> usize {
        self.0.fetch_and(bits, order)
    }

    pub(crate) fn fetch_sub(&self, number: usize, order: Ordering) -> usize {
        self.0.fetch_sub(number, order)
    }

    /// Replaces the number by what `f` makes of it, if anything. `f` may run again.
    pub(crate) fn fetch_update(
        &self,
        order: Ordering,
        f: impl FnMut(usize) -> Option<usize>,
    ) -> Result<usize, usize> {
        self.0.fetch_update(order, Ordering::Relaxed, f)
    }
}
