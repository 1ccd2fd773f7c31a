//! tokio's, where a task waits by awaiting.

use super::world::block_on;
use super::*;
use crate::sync::Arc;
use crate::sync::tokio::RwLock;

fn lock() -> Arc<RwLock<Plain>> {
    Arc::new(RwLock::new(Plain::default()))
}

#[test]
fn readers_share() {
    explore(|| {
        let lock = lock();
        let _first = ready(lock.read());
        let _second = ready(lock.read());
    });
}

#[test]
fn a_writer_keeps_everyone_out() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        let mut reader = waiting(lock.read());
        let mut writer = waiting(lock.write());
        drop(held);
        writer.waits();
        let held = reader.ready();
        drop(held);
        drop(writer.ready());
    });
}

#[test]
fn a_writer_waits_for_the_last_reader() {
    explore(|| {
        let lock = lock();
        let first = block_on(lock.read());
        let second = block_on(lock.read());
        let mut writer = waiting(lock.write());
        drop(first);
        writer.waits();
        drop(second);
        drop(writer.ready());
    });
}

#[test]
fn writers_exclude_each_other() {
    explore(|| {
        let lock = lock();
        let shared = Arc::clone(&lock);
        together(
            || block_on(lock.write()).increment(),
            move || block_on(shared.write()).increment(),
        );
        assert_eq!(block_on(lock.read()).get(), 2);
    });
}

#[test]
fn a_writer_excludes_a_reader_and_is_excluded_by_it() {
    explore(|| {
        let lock = lock();
        let shared = Arc::clone(&lock);
        together(
            || block_on(lock.read()).increment(),
            move || block_on(shared.write()).increment(),
        );
        assert_eq!(block_on(lock.read()).get(), 2);
    });
}

#[test]
fn a_reader_sees_a_write_as_a_whole() {
    explore_all(&["before", "after"], || {
        let lock = Arc::new(RwLock::new([Plain::default(), Plain::default()]));
        let shared = Arc::clone(&lock);
        let write = move || block_on(shared.write()).iter().for_each(|half| half.set(1));
        let read = || {
            let halves = block_on(lock.read());
            (halves[0].get(), halves[1].get())
        };
        match together(read, write).0 {
            (0, 0) => "before",
            (1, 1) => "after",
            torn => panic!("{torn:?}"),
        }
    });
}

#[test]
fn grants_in_arrival_order_and_readers_together() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        let mut first = waiting(lock.read());
        let mut second = waiting(lock.read());
        let mut writer = waiting(lock.write());
        let mut last = waiting(lock.read());
        drop(held);
        last.waits();
        writer.waits();
        let held = (second.ready(), first.ready());
        writer.waits();
        drop(held);
        last.waits();
        let held = writer.ready();
        last.waits();
        drop(held);
        drop(last.ready());
    });
}

#[test]
fn a_release_wakes_all_readers_in_front() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        let mut first = waiting(lock.read());
        let mut second = waiting(lock.read());
        drop(held);
        // Both were woken, so neither needs the other's poll.
        let _held = (second.ready(), first.ready());
    });
}

#[test]
fn a_waiting_writer_keeps_later_readers_back() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.read());
        let mut writer = waiting(lock.write());
        let mut reader = waiting(lock.read());
        drop(held);
        reader.waits();
        let held = writer.ready();
        drop(held);
        drop(reader.ready());
    });
}

#[test]
fn a_dropped_waiting_writer_lets_the_readers_behind_it_go() {
    explore(|| {
        let lock = lock();
        let _held = block_on(lock.read());
        let writer = waiting(lock.write());
        let mut first = waiting(lock.read());
        let mut second = waiting(lock.read());
        drop(writer);
        let _held = (second.ready(), first.ready());
    });
}

#[test]
fn a_dropped_waiting_writer_has_taken_nothing() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.read());
        let dropped = waiting(lock.write());
        drop(dropped);
        let mut writer = waiting(lock.write());
        drop(held);
        drop(writer.ready());
    });
}

#[test]
fn a_writer_that_was_granted_and_dropped_hands_on() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.read());
        let writer = waiting(lock.write());
        let mut first = waiting(lock.read());
        let mut second = waiting(lock.read());
        drop(held);
        drop(writer);
        let _held = (second.ready(), first.ready());
    });
}

#[test]
fn a_reader_that_was_granted_and_dropped_hands_on() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        let reader = waiting(lock.read());
        let mut writer = waiting(lock.write());
        drop(held);
        drop(reader);
        drop(writer.ready());
    });
}

#[test]
fn a_reader_comes_in_beside_one_that_was_granted() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        let mut granted = waiting(lock.read());
        drop(held);
        let _newcomer = ready(lock.read());
        drop(granted.ready());
    });
}

#[test]
fn a_writer_that_is_dropped_during_a_release_loses_nothing() {
    explore(|| {
        let lock = lock();
        let shared = Arc::clone(&lock);
        let held = block_on(lock.read());
        let wait_a_moment = move || {
            ByHand::new(shared.write()).poll();
        };
        together(move || drop(held), wait_a_moment);
        // A deadlock if permits were lost, or handed to the one that is gone.
        block_on(lock.write()).increment();
    });
}

#[test]
fn survives_a_panic() {
    explore(|| {
        let lock = lock();
        let held = block_on(lock.write());
        held.set(1);
        panic_with(held);
        assert_eq!(block_on(lock.read()).get(), 1);
        panic_with(block_on(lock.read()));
        assert_eq!(block_on(lock.write()).get(), 1);
    });
}
