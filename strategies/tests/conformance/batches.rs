//! Batches, one after the other.

use contexture_strategies::{Batch, BatchError, Options, Strategy, StrategyKind, Version};

/// All there is, sorted.
async fn contents<S: Strategy<Key = u32, Value = u32>>(store: &S) -> Vec<(u32, u64, u32)> {
    let snapshot = store.snapshot().await;
    let entries = snapshot
        .iter()
        .map(|(key, value)| (*key, value.version().get(), **value));
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    entries
}

fn version(number: u64) -> Version {
    Version::from_u64(number).unwrap()
}

pub(crate) async fn a_batch_reports_the_version_of_each_key<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    for key in 1..=4 {
        store.create(key, key).await.unwrap();
    }
    let batch = Batch::new()
        .create(5, 50)
        .put(1, 10)
        .compare_and_set(2, Version::FIRST, 20)
        .remove(3, Some(Version::FIRST))
        .require(4, Some(Version::FIRST))
        .require(6, None)
        .put(7, 70);
    assert_eq!(batch.len(), 7);
    let versions = store.apply(batch).await.unwrap();
    let expected = [Some(1), Some(2), Some(2), None, Some(1), None, Some(1)];
    assert_eq!(versions[1..6], expected.map(|v| v.map(version))[1..6]);
    // New keys may start above the first version.
    for (index, key) in [(0, 5), (6, 7)] {
        let handle = store.get(&key).await.unwrap();
        assert_eq!(versions[index], Some(handle.version()));
        assert_eq!(*handle, key * 10);
    }
    let keys: Vec<u32> = contents(&store).await.iter().map(|entry| entry.0).collect();
    assert_eq!(keys, [1, 2, 4, 5, 7]);
}

pub(crate) async fn a_batch_that_fails_changes_nothing<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    for key in 0..10 {
        store.create(key, key).await.unwrap();
    }
    let before = contents(&store).await;
    let batch = Batch::new()
        .create(10, 1)
        .put(11, 1)
        .put(1, 1)
        .compare_and_set(2, Version::FIRST, 1)
        .remove(3, None)
        .compare_and_set(4, version(9), 1);
    let refused = store.apply(batch).await;
    let current = Version::FIRST;
    assert_eq!(refused, Err(BatchError::Conflict { index: 5, current }));
    assert_eq!(contents(&store).await, before);
    assert_eq!(store.len().await, 10);
}

pub(crate) async fn every_reason_to_refuse_a_batch_is_named<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    store.create(1, 1).await.unwrap();
    let current = store.update(&1, |_| 2).await.unwrap();
    let stale = Some(Version::FIRST);
    let index = 1;
    let exists = || BatchError::Exists { index, current };
    let absent = || BatchError::Absent { index };
    let conflict = || BatchError::Conflict { index, current };
    let fine = || Batch::new().require(9, None);
    for (batch, reason) in [
        (fine().create(1, 0), exists()),
        (fine().require(1, None), exists()),
        (fine().compare_and_set(2, current, 0), absent()),
        (fine().remove(2, None), absent()),
        (fine().remove(2, stale), absent()),
        (fine().require(2, stale), absent()),
        (fine().compare_and_set(1, Version::FIRST, 0), conflict()),
        (fine().remove(1, stale), conflict()),
        (fine().require(1, stale), conflict()),
    ] {
        assert_eq!(store.apply(batch).await, Err(reason));
    }
    assert_eq!(contents(&store).await, [(1, 2, 2)]);
}

pub(crate) async fn a_batch_may_name_a_key_only_once<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let batch = Batch::new().put(1, 1).put(2, 2).require(1, None);
    assert_eq!(
        store.apply(batch).await,
        Err(BatchError::DuplicateKey { index: 2 })
    );
    assert!(store.is_empty().await);
}

pub(crate) async fn an_empty_batch_succeeds<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(0));
    assert_eq!(store.apply(Batch::new()).await, Ok(vec![]));
}

pub(crate) async fn a_full_store_takes_a_batch_that_adds_no_entry<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(2));
    store.create(1, 1).await.unwrap();
    store.create(2, 2).await.unwrap();
    let swap = Batch::new().create(3, 3).remove(1, None).put(2, 20);
    store.apply(swap).await.unwrap();
    let keys: Vec<u32> = contents(&store).await.iter().map(|entry| entry.0).collect();
    assert_eq!(keys, [2, 3]);
    // A batch that removes more than it adds makes room.
    store
        .apply(Batch::new().remove(2, None).remove(3, None).put(4, 4))
        .await
        .unwrap();
    store.create(5, 5).await.unwrap();
    assert!(store.create(6, 6).await.is_err());
}

pub(crate) async fn a_batch_over_the_limit_changes_nothing<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(3));
    store.create(1, 1).await.unwrap();
    store.create(2, 2).await.unwrap();
    let before = contents(&store).await;
    let batch = Batch::new().put(1, 9).create(3, 3).put(4, 4);
    assert_eq!(store.apply(batch).await, Err(BatchError::Full { limit: 3 }));
    assert_eq!(contents(&store).await, before);
    // It took no place, either.
    store.create(3, 3).await.unwrap();
}

pub(crate) async fn a_batch_creates_above_removed_versions<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    store.create(1, 1).await.unwrap();
    let last = store.update(&1, |_| 2).await.unwrap();
    store.apply(Batch::new().remove(1, None)).await.unwrap();
    let again = store.apply(Batch::new().put(1, 3)).await.unwrap();
    assert!(again[0].unwrap() > last);
}

pub(crate) async fn require_guards_without_changing<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let guard = store.create(1, 1).await.unwrap();
    let write = |key| Batch::new().require(1, Some(guard)).create(key, 0);
    store.apply(write(2)).await.unwrap();
    assert_eq!(store.get(&1).await.unwrap().version(), guard);
    store.update(&1, |_| 2).await.unwrap();
    assert!(matches!(
        store.apply(write(3)).await,
        Err(BatchError::Conflict { index: 0, .. })
    ));
    assert!(store.get(&3).await.is_none());
}
