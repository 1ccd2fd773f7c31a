//! The form without async, in programs without a runtime.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use contexture_strategies::{Batch, Commit, Strategy, SyncStrategy, SyncStrategyKind};

pub(crate) fn no_update_is_lost_without_a_runtime<S: SyncStrategyKind>() {
    let store = S::Store::<u32, u64>::new_sync();
    store.create_sync(0, 0).unwrap();
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..1000 {
                    store.update_sync(&0, |n| **n + 1).unwrap();
                }
            });
        }
    });
    let last = store.get_sync(&0).unwrap();
    assert_eq!((*last, last.version().get()), (8000, 8001));
}

pub(crate) fn closures_need_not_be_send<S: SyncStrategyKind>() {
    let store = S::Store::<u32, usize>::new_sync();
    store.create_sync(0, 0).unwrap();
    let rc = Rc::new(7);
    store.update_sync(&0, |n| **n + *rc).unwrap();
    let seen = store.read_sync(&0, |n| Rc::new(**n)).unwrap();
    assert_eq!(seen, rc);
}

pub(crate) fn hooks_need_not_be_send<S: SyncStrategyKind>() {
    let store = S::Store::<u32, usize>::new_sync();
    let count = Rc::new(Cell::new(0));
    let hook = || {
        let count = Rc::clone(&count);
        move |commits: &mut [Commit<'_, u32, usize>]| count.set(count.get() + commits.len())
    };
    let first = store.create_with_sync(0, 0, hook()).unwrap();
    let add = |n: &usize| Ok::<_, ()>(n + 1);
    let update = store.try_update_with_sync(&0, |n| add(n), hook());
    let swap = store.compare_and_set_with_sync(&0, update.unwrap(), 2, hook());
    let batch = Batch::new().put(0, 3).create(1, 3);
    let versions = store.apply_with_sync(batch, hook()).unwrap();
    let (snapshot, mark) = store.snapshot_with_sync(|| count.get());
    assert_eq!((snapshot.len(), mark), (2, 5));
    assert!(first < swap.unwrap());
    store.remove_with_sync(&0, versions[0], hook()).unwrap();
    assert_eq!(count.get(), 6);
}

pub(crate) fn both_forms_are_one_store<S: SyncStrategyKind>() {
    let store = S::Store::<u32, u32>::new_sync();
    let first = pollster::block_on(store.create(1, 1)).unwrap();
    let second = store.compare_and_set_sync(&1, first, 2).unwrap();
    let removed = pollster::block_on(store.remove(&1, Some(second))).unwrap();
    assert_eq!(*removed, 2);
    assert!(store.is_empty_sync());
    assert_eq!(store.limit_sync(), store.limit());
}
