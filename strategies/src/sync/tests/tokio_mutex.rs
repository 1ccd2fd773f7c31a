//! tokio's, where a task waits by awaiting.

use super::world::block_on;
use super::*;
use crate::sync::Arc;
use crate::sync::tokio::Mutex;

fn mutex() -> Arc<Mutex<Plain>> {
    Arc::new(Mutex::new(Plain::default()))
}

#[test]
fn excludes() {
    explore(|| {
        let mutex = mutex();
        let shared = Arc::clone(&mutex);
        together(
            || block_on(mutex.lock()).increment(),
            move || block_on(shared.lock()).increment(),
        );
        assert_eq!(block_on(mutex.lock()).get(), 2);
    });
}

#[test]
fn grants_in_arrival_order() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let mut first = waiting(mutex.lock());
        let mut second = waiting(mutex.lock());
        let mut third = waiting(mutex.lock());
        drop(held);
        third.waits();
        second.waits();
        let held = first.ready();
        second.waits();
        drop(held);
        third.waits();
        drop(second.ready());
        drop(third.ready());
    });
}

#[test]
fn nobody_overtakes_one_that_was_granted() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let mut granted = waiting(mutex.lock());
        drop(held);
        let mut newcomer = waiting(mutex.lock());
        let held = granted.ready();
        newcomer.waits();
        drop(held);
        drop(newcomer.ready());
    });
}

#[test]
fn a_dropped_waiter_is_skipped() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let first = waiting(mutex.lock());
        let second = waiting(mutex.lock());
        let mut third = waiting(mutex.lock());
        drop(second);
        drop(first);
        drop(held);
        drop(third.ready());
    });
}

#[test]
fn a_waiter_that_was_granted_and_dropped_hands_on() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let first = waiting(mutex.lock());
        let mut second = waiting(mutex.lock());
        drop(held);
        drop(first);
        drop(second.ready());
    });
}

#[test]
fn the_last_waiter_that_was_granted_and_dropped_frees_it() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let only = waiting(mutex.lock());
        drop(held);
        drop(only);
        drop(ready(mutex.lock()));
    });
}

#[test]
fn a_pending_future_has_taken_nothing() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let pending = waiting(mutex.lock());
        // So it has nothing to give back.
        drop(pending);
        let mut newcomer = waiting(mutex.lock());
        drop(held);
        drop(newcomer.ready());
    });
}

#[test]
fn a_future_that_was_never_polled_has_no_place() {
    explore(|| {
        let mutex = mutex();
        let mut idle = ByHand::new(mutex.lock());
        let held = ready(mutex.lock());
        let mut second = waiting(mutex.lock());
        drop(held);
        idle.waits();
        drop(second.ready());
        drop(idle.ready());
    });
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        let mut moved = waiting(mutex.lock());
        // As if another task went on with it.
        moved.woken = std::sync::Arc::default();
        moved.waits();
        drop(held);
        drop(moved.ready());
    });
}

#[test]
fn a_waiter_that_is_dropped_during_a_release_loses_nothing() {
    explore(|| {
        let mutex = mutex();
        let shared = Arc::clone(&mutex);
        let held = block_on(mutex.lock());
        let wait_a_moment = move || {
            ByHand::new(shared.lock()).poll();
        };
        together(move || drop(held), wait_a_moment);
        // A deadlock if it was lost, or handed to the one that is gone.
        block_on(mutex.lock()).increment();
    });
}

#[test]
fn survives_a_panic() {
    explore(|| {
        let mutex = mutex();
        let held = block_on(mutex.lock());
        held.set(1);
        panic_with(held);
        assert_eq!(block_on(mutex.lock()).get(), 1);
    });
}
