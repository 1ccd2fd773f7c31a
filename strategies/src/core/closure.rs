//! Knowing that the current thread is inside a closure of a store, so that a call from there
//! never waits.
//!
//! The mark covers all stores of the process: a closure of one store that waits for another
//! store's closure could close a circle just as well.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use crate::Reentrant;
use crate::faults::fault;
use crate::sync::CLOSURE_DEPTH;

/// Runs `f` as a closure of a store.
pub(crate) fn run<R>(f: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            CLOSURE_DEPTH.with(|depth| depth.set(depth.get() - 1));
        }
    }

    CLOSURE_DEPTH.with(|depth| depth.set(depth.get() + 1));
    let _leave = Leave;
    f()
}

/// The same; whoever gets a panic back lets go of what it holds, and then [`resume`]s it.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> thread::Result<R> {
    catch_unwind(AssertUnwindSafe(|| run(f)))
}

/// Goes on with a panic after dropping what was held: nobody who waits for it should wait for an
/// unwinding, and a panic takes the same way out of a store as a refusal.
pub(crate) fn resume<T>(panic: Box<dyn Any + Send>, held: T) -> ! {
    if fault!("panicking-update-keeps-its-gate") {
        std::mem::forget(held);
    } else {
        drop(held);
    }
    resume_unwind(panic)
}

/// `Err` inside a closure.
pub(crate) fn check_outside() -> Result<(), Reentrant> {
    match CLOSURE_DEPTH.with(std::cell::Cell::get) {
        0 => Ok(()),
        _ if fault!("closures-are-not-marked") => Ok(()),
        _ => Err(Reentrant),
    }
}
