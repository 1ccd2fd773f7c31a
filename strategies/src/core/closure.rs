//! Knowing that the current thread is inside a closure of a store, so that a call from there
//! never waits.
//!
//! The mark covers all stores of the process: a closure of one store that waits for another
//! store's closure could close a circle just as well.

use crate::Reentrant;
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

/// `Err` inside a closure.
pub(crate) fn check_outside() -> Result<(), Reentrant> {
    match CLOSURE_DEPTH.with(std::cell::Cell::get) {
        0 => Ok(()),
        _ => Err(Reentrant),
    }
}
