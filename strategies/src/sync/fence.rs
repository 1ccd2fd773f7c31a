//! A fence of two unequal sides: of two threads that each write, fence and then read what the other
//! wrote, at least one sees the other's write, as with two `SeqCst` fences. One side is nearly free,
//! so that the other is expensive.
//!
//! Where the system can make every running thread of the process pass a fence (Linux: `membarrier`),
//! the light side only keeps the compiler from reordering. Elsewhere, and where an explorer looks,
//! both sides are `SeqCst` fences.

#[cfg(not(any(contexture_loom, contexture_shuttle)))]
pub(crate) use real::{heavy, light};

#[cfg(any(contexture_loom, contexture_shuttle))]
pub(crate) use explored::{heavy, light};

#[cfg(not(any(contexture_loom, contexture_shuttle)))]
mod real {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

    /// Whether `heavy` makes others pass a fence. Only ever set before the first `heavy` returns.
    static EXPEDITED: AtomicBool = AtomicBool::new(false);

    /// The side that is run often.
    #[inline]
    pub(crate) fn light() {
        // Relaxed: who does not see it yet does more than it must.
        if EXPEDITED.load(Ordering::Relaxed) {
            // SeqCst: partner of the fence that `heavy` makes this thread pass.
            compiler_fence(Ordering::SeqCst);
        } else {
            // SeqCst: partner of the one in `heavy`.
            fence(Ordering::SeqCst);
        }
    }

    /// The side that is run rarely.
    pub(crate) fn heavy() {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        let registered = *REGISTERED.get_or_init(|| {
            let registered = system::register();
            // Relaxed: see `light`. Whoever reads it here waits for the initialisation.
            EXPEDITED.store(registered, Ordering::Relaxed);
            registered
        });
        // SeqCst: partner of the one in `light`, by threads that do not see the flag yet.
        fence(Ordering::SeqCst);
        if registered {
            system::barrier();
        }
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    mod system {
        use rustix::thread::{MembarrierCommand, membarrier};

        pub(super) fn register() -> bool {
            membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
        }

        /// Once registered it fails only for want of memory, or in a process that was forked since.
        pub(super) fn barrier() {
            while membarrier(MembarrierCommand::PrivateExpedited).is_err() {
                register();
                std::thread::yield_now();
            }
        }
    }

    #[cfg(not(all(target_os = "linux", not(miri))))]
    mod system {
        pub(super) fn register() -> bool {
            false
        }

        pub(super) fn barrier() {}
    }
}

#[cfg(any(contexture_loom, contexture_shuttle))]
mod explored {
    use crate::sync::base::sync::atomic::{Ordering, fence};

    pub(crate) fn light() {
        // SeqCst: partner of the one in `heavy`.
        fence(Ordering::SeqCst);
    }

    pub(crate) fn heavy() {
        // SeqCst: partner of the one in `light`.
        fence(Ordering::SeqCst);
    }
}
