//! What only `slotted` promises: reads and handles that nobody waits for, and memory that comes back.

#![cfg(feature = "slotted")]
#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use contexture_strategies::{Slotted, SyncStrategy, Versioned};

/// A value that says how many of its kind there are.
struct Counted(u64, Arc<AtomicUsize>);

impl Counted {
    fn new(number: u64, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(number, Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

struct World {
    store: Arc<Slotted<u64, Counted>>,
    alive: Arc<AtomicUsize>,
}

impl World {
    fn new(keys: u64) -> Self {
        let world = Self {
            store: Arc::new(Slotted::new_sync()),
            alive: Arc::default(),
        };
        for key in 0..keys {
            let value = Counted::new(key, &world.alive);
            world.store.create_sync(key, value).unwrap();
        }
        world
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    fn increment(&self, key: u64) {
        let next = |current: &Versioned<Counted>| Counted::new(current.0 + 1, &self.alive);
        self.store.update_sync(&key, next).unwrap();
    }

    /// Writes until so few values are left; what nobody reads is freed by writes.
    #[track_caller]
    fn settle(&self, most: usize) {
        let began = Instant::now();
        while self.alive() > most {
            self.increment(0);
            let took = began.elapsed();
            assert!(took < Duration::from_secs(20), "{} are left", self.alive());
        }
    }
}

/// As many versions of 1 KiB make 4 MiB.
const GARBAGE: usize = 4096;

#[test]
fn a_reader_that_stands_still_in_its_closure_keeps_one_version() {
    let world = World::new(8);
    let inside = Barrier::new(2);
    let stop = AtomicBool::new(false);
    let (most, updates) = thread::scope(|scope| {
        scope.spawn(|| {
            let read = world.store.read_sync(&0, |current| {
                inside.wait();
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                // It is the version that it was.
                current.0
            });
            assert_eq!(read, Some(0));
        });
        inside.wait();
        let began = Instant::now();
        let (mut most, mut updates) = (0, 0);
        while began.elapsed() < Duration::from_millis(300) {
            for key in 0..8 {
                world.increment(key);
            }
            updates += 8;
            most = most.max(world.alive());
        }
        stop.store(true, Ordering::Relaxed);
        (most, updates)
    });
    assert!(updates > 1_000, "writers waited: {updates} updates");
    assert!(most <= GARBAGE, "{most} values at a time");
    world.settle(8 + 1);
}

#[test]
fn handles_stay_valid_wherever_they_go() {
    let world = World::new(4);
    let (send, receive) = mpsc::channel::<Versioned<Counted>>();
    let looked = thread::spawn(move || {
        let mut numbers = Vec::new();
        for handle in receive {
            thread::yield_now();
            numbers.push(handle.0);
        }
        numbers
    });
    let mut own = Vec::new();
    for round in 0..1_000 {
        let handle = world.store.get_sync(&1).unwrap();
        assert_eq!(handle.0, round + 1);
        own.push(world.store.get_sync(&1).unwrap());
        if own.len() > 20 {
            own.clear();
        }
        send.send(handle).unwrap();
        world.increment(1);
    }
    drop(send);
    let expected: Vec<u64> = (1..=1_000).collect();
    assert_eq!(looked.join().unwrap(), expected);
    drop(own);
    world.settle(4);
}

#[test]
fn handles_outlive_the_store_and_the_thread_that_got_them() {
    let World { store, alive } = World::new(100);
    let handles: Vec<_> = thread::scope(|scope| {
        let getter = scope.spawn(|| {
            let keys = 0..100;
            keys.map(|key| store.get_sync(&key).unwrap()).collect()
        });
        getter.join().unwrap()
    });
    // Some are handles of what is garbage when the store is dropped.
    for key in 0..50 {
        store.remove_sync(&key, None).unwrap();
    }
    let clones: Vec<_> = handles.iter().step_by(2).cloned().collect();
    drop(Arc::into_inner(store).unwrap());
    assert_eq!(alive.load(Ordering::Relaxed), 100);
    for (key, handle) in (0..).zip(&handles) {
        assert_eq!(handle.0, key);
    }
    drop(handles);
    assert_eq!(alive.load(Ordering::Relaxed), 50);
    drop(clones);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn reads_inside_reads_see_what_they_saw_whatever_is_written_meanwhile() {
    fn nested(world: &World, depth: u64, left: u64) {
        let read = world.store.read_sync(&depth, |current| {
            let before = current.0;
            world.increment(depth);
            if left > 0 {
                nested(world, depth + 1, left - 1);
            }
            world.increment(depth);
            assert_eq!(current.0, before);
        });
        assert!(read.is_some());
    }
    // Deeper than a thread can protect.
    let world = World::new(12);
    nested(&world, 0, 11);
    world.settle(12);
}

#[test]
fn what_is_removed_is_given_back() {
    let world = World::new(10_000);
    for key in 1..10_000 {
        world.store.remove_sync(&key, None).unwrap();
    }
    world.settle(1);
    assert_eq!(world.store.len_sync(), 1);
}

#[test]
fn a_store_frees_all_that_it_held_when_it_is_dropped() {
    let world = World::new(1_000);
    for key in 0..1_000 {
        world.increment(key);
    }
    let World { store, alive } = world;
    drop(store);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}
