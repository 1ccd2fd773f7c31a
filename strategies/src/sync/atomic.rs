//! The atomics of the facade: types of its own, so that a lint can forbid all others.

pub(crate) use std::sync::atomic::Ordering;

use super::imp;

/// An atomic number, real or explored.
#[derive(Default)]
pub(crate) struct AtomicUsize(imp::RawAtomicUsize);

impl AtomicUsize {
    #[cfg(any(contexture_loom, contexture_shuttle))]
    pub(crate) fn new(number: usize) -> Self {
        Self(imp::RawAtomicUsize::new(number))
    }

    #[cfg(not(any(contexture_loom, contexture_shuttle)))]
    pub(crate) const fn new(number: usize) -> Self {
        Self(imp::RawAtomicUsize::new(number))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> usize {
        imp::load(&self.0, order)
    }

    #[inline]
    pub(crate) fn store(&self, number: usize, order: Ordering) {
        imp::store(&self.0, number, order);
    }

    pub(crate) fn fetch_add(&self, number: usize, order: Ordering) -> usize {
        self.0.fetch_add(number, order)
    }

    #[inline]
    pub(crate) fn fetch_or(&self, bits: usize, order: Ordering) -> usize {
        self.0.fetch_or(bits, order)
    }

    #[inline]
    pub(crate) fn fetch_and(&self, bits: usize, order: Ordering) -> usize {
        self.0.fetch_and(bits, order)
    }

    pub(crate) fn fetch_sub(&self, number: usize, order: Ordering) -> usize {
        self.0.fetch_sub(number, order)
    }

    /// Replaces the number, if it is `current`; else says what it is.
    #[inline]
    pub(crate) fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        order: Ordering,
    ) -> Result<usize, usize> {
        self.0
            .compare_exchange(current, new, order, Ordering::Relaxed)
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

/// An atomic pointer, real or explored.
pub(crate) struct AtomicPtr<T>(imp::RawAtomicPtr<T>);

impl<T> AtomicPtr<T> {
    #[cfg(any(contexture_loom, contexture_shuttle))]
    pub(crate) fn new(pointer: *mut T) -> Self {
        Self(imp::RawAtomicPtr::new(pointer))
    }

    #[cfg(not(any(contexture_loom, contexture_shuttle)))]
    pub(crate) const fn new(pointer: *mut T) -> Self {
        Self(imp::RawAtomicPtr::new(pointer))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> *mut T {
        imp::load_pointer(&self.0, order)
    }

    #[inline]
    pub(crate) fn store(&self, pointer: *mut T, order: Ordering) {
        self.0.store(pointer, order);
    }

    /// Replaces the pointer and returns what it was.
    #[inline]
    pub(crate) fn swap(&self, pointer: *mut T, order: Ordering) -> *mut T {
        self.0.swap(pointer, order)
    }

    /// Replaces the pointer, if it is `current`; else says what it is.
    pub(crate) fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        order: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.0
            .compare_exchange(current, new, order, Ordering::Relaxed)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}
