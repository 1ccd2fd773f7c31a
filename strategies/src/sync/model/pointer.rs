//! Atomic pointers, as numbers: so that their loads can be performed as writes, too.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use super::{RawAtomicUsize, load, store};

/// A pointer, exposed.
pub(crate) struct RawAtomicPtr<T> {
    address: RawAtomicUsize,
    pointee: PhantomData<*mut T>,
}

// SAFETY: as std's, it does nothing with what it points to.
unsafe impl<T> Send for RawAtomicPtr<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for RawAtomicPtr<T> {}

impl<T> RawAtomicPtr<T> {
    pub(crate) fn new(pointer: *mut T) -> Self {
        Self {
            address: RawAtomicUsize::new(pointer.expose_provenance()),
            pointee: PhantomData,
        }
    }

    pub(crate) fn store(&self, pointer: *mut T, order: Ordering) {
        store(&self.address, pointer.expose_provenance(), order);
    }

    pub(crate) fn swap(&self, pointer: *mut T, order: Ordering) -> *mut T {
        let address = self.address.swap(pointer.expose_provenance(), order);
        std::ptr::with_exposed_provenance_mut(address)
    }

    pub(crate) fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let new = new.expose_provenance();
        let exchanged = self
            .address
            .compare_exchange(current.addr(), new, success, failure);
        match exchanged {
            Ok(address) => Ok(std::ptr::with_exposed_provenance_mut(address)),
            Err(address) => Err(std::ptr::with_exposed_provenance_mut(address)),
        }
    }
}

/// A load of an atomic pointer.
pub(crate) fn load_pointer<T>(pointer: &RawAtomicPtr<T>, order: Ordering) -> *mut T {
    std::ptr::with_exposed_provenance_mut(load(&pointer.address, order))
}
