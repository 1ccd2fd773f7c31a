//! The form without async, in programs without a runtime.

use std::rc::Rc;
use std::thread;

use contexture_strategies::{Strategy, SyncStrategy, SyncStrategyKind};

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

pub(crate) fn both_forms_are_one_store<S: SyncStrategyKind>() {
    let store = S::Store::<u32, u32>::new_sync();
    let first = pollster::block_on(store.create(1, 1)).unwrap();
    let second = store.compare_and_set_sync(&1, first, 2).unwrap();
    let removed = pollster::block_on(store.remove(&1, Some(second))).unwrap();
    assert_eq!(*removed, 2);
    assert!(store.is_empty_sync());
    assert_eq!(store.limit_sync(), store.limit());
}
