//! A handle of something that several share: a count, or a place that says that one is owed.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::faults::{fault, ordering};
use crate::sync::atomic::{AtomicPtr, Ordering};

/// Shared ownership of a `T`, as an [`Arc`] has it; but it may also be *lent*: then it has not been
/// counted, and points to a [`Place`] that says so, which whoever wants to free the `T` looks at. So
/// who takes a handle and gives it back writes only to a place of its own.
///
/// A clone of it is counted.
pub(crate) struct Handle<T> {
    /// What came out of an `Arc`; or a place, marked by [`LENT`].
    pointer: NonNull<()>,
    shares: PhantomData<Arc<T>>,
}

/// The lowest bit of a handle's pointer.
const LENT: usize = 1;

// SAFETY: it is an `Arc<T>`, or what stands for one.
unsafe impl<T: Send + Sync> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Handle<T> {}

/// Where one handle can be lent: what it is a handle of; null if it is free.
///
/// Only the thread that the place belongs to lends; handles are dropped anywhere.
#[derive(Default)]
pub(crate) struct Place(AtomicPtr<()>);

/// The lowest bit in a place: the handle has been counted since.
const PAID: usize = 1;

impl Place {
    /// Whether it can be lent, for the thread that it belongs to.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        // Relaxed: only this thread lends it; who freed it is done with it.
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Lends it, which must be free, for a handle of what is at `pointer`.
    ///
    /// # Safety
    ///
    /// The pointer must come from [`Handle::into_raw`], and whoever gives up the last count must see
    /// to it that no place still [owes](Self::owed) one, or [pay](Self::pay) that.
    #[inline]
    pub(crate) unsafe fn lend<T>(&'static self, pointer: NonNull<T>) -> Handle<T> {
        // Relaxed: the Release that unpins, or pins again, is its partner's.
        self.0.store(pointer.as_ptr().cast(), Ordering::Relaxed);
        let place = NonNull::from(self).cast::<()>();
        Handle {
            pointer: place.map_addr(|address| address | LENT),
            shares: PhantomData,
        }
    }

    /// What must not be freed for the sake of this place; null if nothing.
    pub(crate) fn owed(&self) -> *const () {
        // Acquire: partner of the Release in `give_back`: its handle is done with it.
        let owed = self.0.load(ordering!(Acquire));
        match owed.addr() & PAID {
            0 if !fault!("what-is-lent-is-not-looked-at") => owed,
            _ => ptr::null(),
        }
    }

    /// Counts its handle, if it is one of what this is.
    pub(crate) fn pay<T>(&self, counted: &Handle<T>) {
        let owed: *mut () = counted.address().cast_mut().cast();
        let count = counted.clone();
        let paid = owed.map_addr(|address| address | PAID);
        // Release: partner of the Acquire in `give_back`, which gives the count up. No model fails
        // without it: the count is std's, which no explorer sees.
        let exchanged = self.0.compare_exchange(owed, paid, ordering!(Release));
        if exchanged.is_ok() {
            std::mem::forget(count);
        }
    }

    /// What the handle that it was lent for is of.
    #[inline]
    fn lent(&self) -> *mut () {
        // Relaxed: the handle came with it; only whether it is paid may change.
        let pointer = self.0.load(Ordering::Relaxed);
        pointer.map_addr(|address| address & !PAID)
    }

    /// Frees it; says whether the handle has been counted.
    #[inline]
    fn give_back(&self) -> bool {
        // AcqRel: the Release is the partner of the Acquire in `owed`, the Acquire that of the Release
        // in `pay`. No model fails without it, the latter: the count is std's, which no explorer sees.
        let order = ordering!(AcqRel);
        self.0.swap(ptr::null_mut(), order).addr() & PAID != 0
    }
}

impl<T> Handle<T> {
    /// The first handle of a value.
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self::counted(Arc::new(value))
    }

    #[inline]
    fn counted(arc: Arc<T>) -> Self {
        let pointer = Arc::into_raw(arc).cast_mut().cast();
        Self {
            // SAFETY: an `Arc` is never null.
            pointer: unsafe { NonNull::new_unchecked(pointer) },
            shares: PhantomData,
        }
    }

    /// Whether it was lent.
    #[inline]
    pub(crate) fn is_lent(&self) -> bool {
        self.pointer.addr().get() & LENT != 0
    }

    /// Where it was lent, if it was.
    #[inline]
    fn place(&self) -> Option<&'static Place> {
        self.is_lent().then(|| {
            let place: *const Place = self
                .pointer
                .as_ptr()
                .map_addr(|address| address & !LENT)
                .cast();
            // SAFETY: it came from `lend`.
            unsafe { &*place }
        })
    }

    /// Where what it is a handle of is.
    #[inline]
    pub(crate) fn address(&self) -> *const T {
        match self.place() {
            None => self.pointer.as_ptr().cast(),
            Some(place) => place.lent().cast(),
        }
    }

    /// The value, if nobody else has a handle of it.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        if self.place().is_some() {
            return None;
        }
        // SAFETY: it came out of an `Arc`, is counted, and stays where it is.
        let mut arc =
            ManuallyDrop::new(unsafe { Arc::from_raw(self.pointer.as_ptr().cast::<T>()) });
        let value: *mut T = Arc::get_mut(&mut arc)?;
        // SAFETY: nobody else has a handle, and this one is borrowed for as long as the value is.
        Some(unsafe { &mut *value })
    }

    /// The handle as a pointer, which keeps counting as one.
    pub(crate) fn into_raw(self) -> NonNull<T> {
        // A lent one is counted by its clone.
        let counted = match self.place() {
            None => self,
            Some(_) => self.clone(),
        };
        let pointer = counted.pointer.cast();
        std::mem::forget(counted);
        pointer
    }

    /// The handle that a pointer was.
    ///
    /// # Safety
    ///
    /// The pointer must come from [`into_raw`](Self::into_raw), and still count as a handle, which
    /// this then is. If it is never dropped, it need only be valid for as long as this is used.
    #[inline]
    pub(crate) unsafe fn from_raw(pointer: NonNull<T>) -> Self {
        Self {
            pointer: pointer.cast(),
            shares: PhantomData,
        }
    }

    /// How many handles were counted.
    pub(crate) fn strong_count(&self) -> usize {
        // SAFETY: it came out of an `Arc`, and is there for as long as there is a handle.
        let arc = ManuallyDrop::new(unsafe { Arc::from_raw(self.address()) });
        Arc::strong_count(&arc)
    }

    /// Whether both are handles of the same.
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        ptr::eq(self.address(), other.address())
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it is not freed while it is counted, or a place says that it was lent.
        unsafe { &*self.address() }
    }
}

impl<T> Clone for Handle<T> {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: it came out of an `Arc`, and is there for as long as there is a handle.
        let arc = ManuallyDrop::new(unsafe { Arc::from_raw(self.address()) });
        Self::counted(Arc::clone(&arc))
    }
}

impl<T> Drop for Handle<T> {
    #[inline]
    fn drop(&mut self) {
        let pointer: *const T = match self.place() {
            None => self.pointer.as_ptr().cast(),
            Some(place) => {
                let lent = place.lent();
                if !place.give_back() {
                    return;
                }
                lent.cast()
            }
        };
        // SAFETY: it came out of an `Arc`, and this is one of those that were counted.
        drop(unsafe { Arc::from_raw(pointer) });
    }
}
