//! Whether something is used only while it is there.

use std::sync::{Mutex, PoisonError};

use imp::Watched;

/// The life of something that is retired in the end, as a cell whose reads and writes the explorer
/// orders: a use that may be at the same time as the end is an error, whatever it reads.
#[derive(Default)]
pub(crate) struct Life(Watched);

impl Life {
    /// It is used now.
    pub(crate) fn used(&self) {
        self.0
            .read(|over| assert!(!over, "used after it was freed"));
    }

    /// It is never used again.
    pub(crate) fn end(&self) {
        self.0.read(|over| assert!(!over, "freed twice"));
        self.0.write();
    }
}

/// What is freed is kept until the store is dropped, so that whoever uses it all the same is found
/// out before anything worse happens.
pub(crate) struct Graveyard<T>(Mutex<Vec<T>>);

impl<T> Default for Graveyard<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Graveyard<T> {
    /// Says that it is freed.
    pub(crate) fn bury(&self, freed: Vec<T>, end: fn(&T)) {
        freed.iter().for_each(end);
        let graves = self.0.lock();
        graves.unwrap_or_else(PoisonError::into_inner).extend(freed);
    }
}

#[cfg(contexture_loom)]
mod imp {
    use loom::cell::UnsafeCell;

    /// Not over until it is written.
    pub(crate) struct Watched(UnsafeCell<bool>);

    // SAFETY: loom finds accesses that are not ordered.
    unsafe impl Send for Watched {}
    // SAFETY: as above.
    unsafe impl Sync for Watched {}

    impl Default for Watched {
        fn default() -> Self {
            Self(UnsafeCell::new(false))
        }
    }

    impl Watched {
        pub(crate) fn read(&self, f: impl FnOnce(bool)) {
            // SAFETY: loom has found no write at the same time.
            self.0.with(|over| f(unsafe { *over }));
        }

        pub(crate) fn write(&self) {
            // SAFETY: loom has found no other access at the same time.
            self.0.with_mut(|over| unsafe { *over = true });
        }
    }
}

#[cfg(not(contexture_loom))]
mod imp {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Not over until it is written.
    #[derive(Default)]
    pub(crate) struct Watched(AtomicBool);

    impl Watched {
        pub(crate) fn read(&self, f: impl FnOnce(bool)) {
            // Relaxed: shuttle runs one thread at a time.
            f(self.0.load(Ordering::Relaxed));
        }

        pub(crate) fn write(&self) {
            // Relaxed: as in `read`.
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
