//! parking_lot's, where a thread waits by blocking.

use super::*;
use crate::sync::{Arc, RwLock};

type Lock<T> = Arc<RwLock<T>>;

#[test]
fn readers_share() {
    explore(|| {
        let lock = Lock::<Plain>::default();
        let shared = Arc::clone(&lock);
        let held = lock.read();
        // A deadlock if it had to wait.
        together(|| held.get(), move || shared.read().get());
    });
}

#[test]
fn writers_exclude_each_other() {
    explore(|| {
        let lock = Lock::<Plain>::default();
        let shared = Arc::clone(&lock);
        together(
            || lock.write().increment(),
            move || shared.write().increment(),
        );
        assert_eq!(lock.read().get(), 2);
    });
}

#[test]
fn a_writer_excludes_a_reader_and_is_excluded_by_it() {
    explore(|| {
        let lock = Lock::<Plain>::default();
        let shared = Arc::clone(&lock);
        together(
            || lock.read().increment(),
            move || shared.write().increment(),
        );
        assert_eq!(lock.read().get(), 2);
    });
}

#[test]
fn a_reader_sees_a_write_as_a_whole() {
    explore_all(&["before", "after"], || {
        let lock = Lock::<[Plain; 2]>::default();
        let shared = Arc::clone(&lock);
        let write = move || shared.write().iter().for_each(|half| half.set(1));
        let read = || {
            let halves = lock.read();
            (halves[0].get(), halves[1].get())
        };
        match together(read, write).0 {
            (0, 0) => "before",
            (1, 1) => "after",
            torn => panic!("{torn:?}"),
        }
    });
}

/// Not under loom, whose own lock panics if it is poisoned.
#[cfg(not(contexture_loom))]
#[test]
fn survives_a_panic() {
    explore(|| {
        let lock = RwLock::<Plain>::default();
        lock.write().set(1);
        panic_with(lock.write());
        assert_eq!(lock.read().get(), 1);
        panic_with(lock.read());
        assert_eq!(lock.write().get(), 1);
    });
}

/// As above.
#[cfg(not(contexture_loom))]
#[test]
fn a_panic_lets_the_others_in() {
    explore(|| {
        let lock = Lock::<Plain>::default();
        let shared = Arc::clone(&lock);
        let panic = || {
            let held = lock.write();
            held.increment();
            panic_with(held);
        };
        together(panic, move || shared.write().increment());
        assert_eq!(lock.read().get(), 2);
    });
}
