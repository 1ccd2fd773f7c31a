//! Whoever implements a strategy outside this crate finds all it takes in the public interface:
//! [`store`] is one, and the conformance suite runs on it, too.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code; loom does not run it"
)]

mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};

use contexture_strategies::{
    Batch, BatchError, Change, CompareAndSetError, CreateError, Options, RemoveError, Snapshot,
    Strategy, StrategyKind, SyncStrategy, UpdateError, Version, Versioned,
};
use store::{Plain, PlainStore};

fn version(number: u64) -> Version {
    Version::from_u64(number).unwrap()
}

#[test]
fn every_operation_of_an_outside_store_works() {
    let store = PlainStore::<&str, u32>::with_options_sync(Options::new().limit(2));
    assert_eq!(store.create_sync("a", 1), Ok(version(1)));
    assert_eq!(
        store.create_sync("a", 1),
        Err(CreateError::Exists {
            current: version(1)
        })
    );
    assert_eq!(store.update_sync(&"a", |n| **n + 1), Ok(version(2)));
    assert_eq!(
        store.try_update_sync(&"a", |_| Err("no")),
        Err(UpdateError::Aborted("no"))
    );
    assert_eq!(
        store.compare_and_set_sync(&"a", version(1), 3),
        Err(CompareAndSetError::Conflict {
            current: version(2)
        })
    );
    let before = store.snapshot_sync();
    let batch = Batch::new()
        .compare_and_set("a", version(2), 3)
        .create("b", 7)
        .require("c", None);
    assert_eq!(
        store.apply_sync(batch),
        Ok(vec![Some(version(3)), Some(version(1)), None])
    );
    let full = Batch::new().remove("b", None).put("c", 1).put("d", 1);
    assert_eq!(store.apply_sync(full), Err(BatchError::Full { limit: 2 }));
    assert_eq!(
        store.remove_sync(&"c", None).err(),
        Some(RemoveError::Absent)
    );
    assert_eq!(*store.remove_sync(&"a", None).unwrap(), 3);
    assert_eq!(store.create_sync("a", 1), Ok(version(4)));
    assert_eq!(store.read_sync(&"b", |n| **n), Some(7));
    assert_eq!(
        (before.len(), store.len_sync(), store.limit_sync()),
        (1, 2, Some(2))
    );
}

#[test]
fn closures_of_an_outside_store_are_known_to_all_stores() {
    let store = PlainStore::<&str, u32>::new_sync();
    store.create_sync("a", 1).unwrap();
    store.create_sync("b", 1).unwrap();
    let own = store.try_update_sync(&"a", |n| {
        store.update_sync(&"a", |n| **n + 1).map(|_| **n + 1)
    });
    assert!(matches!(
        own,
        Err(UpdateError::Aborted(UpdateError::Reentrant(_)))
    ));
    let panicked = AssertUnwindSafe(|| store.update_sync(&"a", |_| panic!("on purpose")));
    assert!(catch_unwind(panicked).is_err());
    let other = store.try_update_sync(&"a", |n| {
        store.update_sync(&"b", |n| **n + 1).map(|_| **n + 1)
    });
    assert_eq!(other, Ok(version(2)));
}

/// The async form and everything that is generic over strategies come for free.
#[test]
fn an_outside_store_is_a_strategy_like_any_other() {
    async fn count<S: StrategyKind>() -> u64 {
        let store = S::Store::<u8, u64>::new();
        store.create(0, 0).await.unwrap();
        store.update(&0, |n| **n + 1).await.unwrap();
        store.get(&0).await.unwrap().version().get()
    }
    assert_eq!(pollster::block_on(count::<Plain>()), 2);
    assert_eq!(<Plain as StrategyKind>::NAME, "plain");
    const { assert!(!Plain::AWAITS) };
}

#[test]
fn versions_count_up_and_stay_at_the_highest() {
    assert_eq!(Version::FIRST.next(), version(2));
    assert_eq!(version(u64::MAX).next(), version(u64::MAX));
}

#[test]
fn a_batch_comes_apart_as_it_was_put_together() {
    let batch = Batch::new().put("a", 1).create("b", 2);
    assert!(batch.iter().eq(&batch));
    let changes: Vec<_> = batch.clone().into_iter().collect();
    assert_eq!(changes, [("a", Change::Put(1)), ("b", Change::Create(2))]);
    assert!(
        batch
            .iter()
            .eq(&changes.into_iter().collect::<Batch<_, _>>())
    );
}

#[test]
fn of_a_key_named_twice_a_snapshot_has_the_last_version() {
    let entry = |key, number, value| (key, Versioned::new(version(number), value));
    // The last one, though its version is lower.
    let entries = [entry("a", 5, 1), entry("b", 1, 2), entry("a", 3, 4)];
    let snapshot: Snapshot<_, _> = entries.into_iter().collect();
    let mut seen: Vec<_> = (&snapshot)
        .into_iter()
        .map(|(key, value)| (*key, value.version(), **value))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("a", version(3), 4), ("b", version(1), 2)]);
    assert_eq!(**snapshot.get(&"a").unwrap(), 4);
    assert!(snapshot.get(&"c").is_none());
}

#[test]
fn a_large_snapshot_has_every_entry() {
    let snapshot: Snapshot<u32, u32> = (0..10_000)
        .map(|key| (key % 5_000, Versioned::new(Version::FIRST, key)))
        .collect();
    assert_eq!(snapshot.len(), 5_000);
    assert!((0..5_000).all(|key| **snapshot.get(&key).unwrap() == key + 5_000));
    assert_eq!(snapshot.iter().count(), 5_000);
}
