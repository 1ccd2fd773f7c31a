//! The facade's own over std's, without poison.

use super::*;
use crate::sync::{Arc, Mutex};

#[test]
fn excludes() {
    explore(|| {
        let mutex = Arc::new(Mutex::<Plain>::default());
        let shared = Arc::clone(&mutex);
        together(
            || mutex.lock().increment(),
            move || shared.lock().increment(),
        );
        assert_eq!(mutex.lock().get(), 2);
    });
}

/// Not under loom, whose own mutex panics if it is poisoned.
#[cfg(not(contexture_loom))]
#[test]
fn survives_a_panic() {
    explore(|| {
        let mutex = Mutex::<Plain>::default();
        mutex.lock().set(1);
        panic_with(mutex.lock());
        assert_eq!(mutex.lock().get(), 1);
    });
}
