//! Single operations, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contexture_strategies::{
    CompareAndSetError, CreateError, Options, RemoveError, Strategy, StrategyKind, UpdateError,
    Version,
};

pub(crate) async fn an_absent_key_reads_as_none<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    assert!(store.get(&1).await.is_none());
    assert_eq!(store.read(&1, |_| unreachable!()).await, None::<()>);
}

pub(crate) async fn read_sees_value_and_version<S: StrategyKind>() {
    let store = S::Store::<u32, String>::new();
    let version = store.create(1, "one".into()).await.unwrap();
    let seen = store.read(&1, |v| (v.version(), v.value().clone())).await;
    assert_eq!(seen, Some((version, "one".into())));
    let handle = store.get(&1).await.unwrap();
    assert_eq!((handle.version(), &**handle), (version, "one"));
}

pub(crate) async fn a_handle_outlives_update_remove_and_store<S: StrategyKind>() {
    let store = S::Store::<u32, String>::new();
    store.create(1, "old".into()).await.unwrap();
    let handle = store.get(&1).await.unwrap();
    store.update(&1, |_| "new".into()).await.unwrap();
    store.remove(&1, None).await.unwrap();
    drop(store);
    assert_eq!((handle.version(), &**handle), (Version::FIRST, "old"));
}

pub(crate) async fn create_refuses_an_existing_key<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    store.create(1, 10).await.unwrap();
    let current = store.update(&1, |n| **n + 1).await.unwrap();
    assert_eq!(
        store.create(1, 20).await,
        Err(CreateError::Exists { current })
    );
    assert_eq!(*store.get(&1).await.unwrap().value(), 11);
}

pub(crate) async fn update_commits_exactly_one_version_further<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let mut version = store.create(1, 0).await.unwrap();
    for n in 1..=100 {
        let mut runs = 0;
        let next = store
            .update(&1, |current| {
                runs += 1;
                assert_eq!(current.version(), version);
                current.value() + 1
            })
            .await
            .unwrap();
        assert_eq!(runs, 1);
        assert_eq!(next.get(), version.get() + 1);
        version = next;
        let seen = store.read(&1, |v| (v.version(), **v)).await;
        assert_eq!(seen, Some((version, n)));
    }
}

pub(crate) async fn update_refuses_an_absent_key<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    assert_eq!(
        store.update(&1, |_| unreachable!()).await,
        Err(UpdateError::Absent)
    );
    assert!(store.is_empty().await);
}

pub(crate) async fn compare_and_set_wants_the_current_version<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    assert_eq!(
        store.compare_and_set(&1, Version::FIRST, 5).await,
        Err(CompareAndSetError::Absent)
    );
    let first = store.create(1, 1).await.unwrap();
    let second = store.compare_and_set(&1, first, 2).await.unwrap();
    assert_eq!(second.get(), first.get() + 1);
    for stale in [first, Version::from_u64(second.get() + 1).unwrap()] {
        let refused = store.compare_and_set(&1, stale, 3).await;
        assert_eq!(
            refused,
            Err(CompareAndSetError::Conflict { current: second })
        );
    }
    assert_eq!(
        store.read(&1, |v| (v.version(), **v)).await,
        Some((second, 2))
    );
}

pub(crate) async fn compare_and_set_fails_after_remove_and_create<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let before = store.create(1, 1).await.unwrap();
    store.remove(&1, None).await.unwrap();
    let current = store.create(1, 2).await.unwrap();
    assert!(current > before);
    assert_eq!(
        store.compare_and_set(&1, before, 3).await,
        Err(CompareAndSetError::Conflict { current })
    );
    assert_eq!(*store.get(&1).await.unwrap().value(), 2);
}

pub(crate) async fn versions_never_repeat_across_removes<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let mut highest = [0; 8];
    for round in 0..200_u32 {
        for key in 0..8_u32 {
            let version = store.create(key, round).await.unwrap().get();
            assert!(version > highest[key as usize]);
            highest[key as usize] = version;
            for _ in 0..(round + key) % 4 {
                highest[key as usize] = store.update(&key, |n| **n).await.unwrap().get();
            }
        }
        // Others come and go meanwhile.
        for key in 100..100 + round {
            store.create(key, 0).await.unwrap();
        }
        for key in (0..8).chain(100..100 + round) {
            store.remove(&key, None).await.unwrap();
        }
    }
}

/// The store is rebuilt inside when it has grown or shrunk enough. It must not forget versions.
pub(crate) async fn versions_never_repeat_across_growth_and_shrinkage<S: StrategyKind>() {
    const OTHERS: std::ops::Range<u32> = 1000..9000;
    for grow_first in [true, false] {
        let store = S::Store::<u32, u32>::new();
        if !grow_first {
            for key in OTHERS {
                store.create(key, 0).await.unwrap();
            }
        }
        let mut highest = [0; 16];
        for key in 0..16 {
            store.create(key, 0).await.unwrap();
            for _ in 0..10 {
                highest[key as usize] = store.update(&key, |n| **n).await.unwrap().get();
            }
            store.remove(&key, None).await.unwrap();
        }
        for key in OTHERS {
            if grow_first {
                store.create(key, 0).await.unwrap();
            } else {
                store.remove(&key, None).await.unwrap();
            }
        }
        for key in 0..16 {
            let version = store.create(key, 0).await.unwrap().get();
            assert!(version > highest[key as usize], "{version}");
        }
    }
}

pub(crate) async fn remove_returns_what_it_held<S: StrategyKind>() {
    let store = S::Store::<u32, String>::new();
    assert_eq!(
        store.remove(&1, None).await.unwrap_err(),
        RemoveError::Absent
    );
    store.create(1, "one".into()).await.unwrap();
    let version = store.update(&1, |_| "two".into()).await.unwrap();
    let removed = store.remove(&1, None).await.unwrap();
    assert_eq!((removed.version(), &**removed), (version, "two"));
    assert!(store.get(&1).await.is_none());
    assert_eq!(
        store.remove(&1, None).await.unwrap_err(),
        RemoveError::Absent
    );
}

pub(crate) async fn remove_wants_the_expected_version<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let stale = store.create(1, 1).await.unwrap();
    let current = store.update(&1, |_| 2).await.unwrap();
    assert_eq!(
        store.remove(&1, Some(stale)).await.unwrap_err(),
        RemoveError::Conflict { current }
    );
    assert_eq!(store.len().await, 1);
    assert_eq!(*store.remove(&1, Some(current)).await.unwrap(), 2);
    assert_eq!(store.len().await, 0);
}

pub(crate) async fn the_limit_refuses_and_a_remove_makes_room<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(3));
    assert_eq!(store.limit(), Some(3));
    for key in 0..3 {
        store.create(key, 0).await.unwrap();
    }
    assert_eq!(
        store.create(3, 0).await,
        Err(CreateError::Full { limit: 3 })
    );
    // An existing key is reported as such, and a failed create takes no place.
    assert!(matches!(
        store.create(0, 0).await,
        Err(CreateError::Exists { .. })
    ));
    store.remove(&0, None).await.unwrap();
    store.create(3, 0).await.unwrap();
    assert_eq!(
        store.create(0, 0).await,
        Err(CreateError::Full { limit: 3 })
    );
    assert_eq!(store.len().await, 3);
    assert_eq!(S::Store::<u32, u32>::new().limit(), None);
}

pub(crate) async fn a_limit_of_zero_refuses_everything<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(0));
    assert_eq!(
        store.create(1, 1).await,
        Err(CreateError::Full { limit: 0 })
    );
    assert!(store.is_empty().await);
}

pub(crate) async fn len_counts_entries<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    assert!(store.is_empty().await);
    for key in 0..100 {
        store.create(key, 0).await.unwrap();
        store.update(&key, |n| **n).await.unwrap();
        assert_eq!(store.len().await, key as usize + 1);
    }
    for key in 0..100 {
        store.remove(&key, None).await.unwrap();
        assert_eq!(store.len().await, 99 - key as usize);
    }
}

pub(crate) async fn a_snapshot_never_changes<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    for key in 0..50 {
        store.create(key, key).await.unwrap();
    }
    let snapshot = store.snapshot().await;
    for key in 0..50 {
        match key % 3 {
            0 => {
                let _ = store.update(&key, |_| 1000).await;
            }
            1 => {
                let _ = store.remove(&key, None).await;
            }
            _ => {
                let _ = store.create(key + 100, 1000).await;
            }
        }
    }
    drop(store);
    assert_eq!(snapshot.len(), 50);
    assert!(!snapshot.is_empty());
    assert!((0..50).all(|key| *snapshot.get(&key).unwrap().value() == key));
    assert!((50..200).all(|key| snapshot.get(&key).is_none()));
}

pub(crate) async fn snapshot_get_and_iter_agree<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    assert!(store.snapshot().await.is_empty());
    for key in 0..1000 {
        store.create(key, key * 2).await.unwrap();
    }
    let snapshot = store.snapshot().await;
    let clone = snapshot.clone();
    let mut keys: Vec<u32> = snapshot
        .iter()
        .map(|(key, value)| {
            assert!(clone.get(key).unwrap().same(value));
            *key
        })
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, (0..1000).collect::<Vec<_>>());
}

pub(crate) async fn ten_thousand_keys_come_and_go<S: StrategyKind>() {
    const KEYS: u32 = 10_000;
    let store = S::Store::<u32, u32>::new();
    for key in 0..KEYS {
        store.create(key, key).await.unwrap();
    }
    for key in (0..KEYS).step_by(7) {
        store.update(&key, |n| **n + 1).await.unwrap();
    }
    for key in 0..KEYS {
        let expected = key + u32::from(key % 7 == 0);
        assert_eq!(store.read(&key, |v| **v).await, Some(expected));
    }
    for key in 0..KEYS - 5 {
        store.remove(&key, None).await.unwrap();
    }
    assert_eq!(store.len().await, 5);
    for key in 0..KEYS {
        assert_eq!(store.get(&key).await.is_some(), key >= KEYS - 5);
    }
}

pub(crate) async fn every_value_is_dropped_exactly_once<S: StrategyKind>() {
    struct Counted(Arc<AtomicUsize>);
    impl Counted {
        fn new(alive: &Arc<AtomicUsize>) -> Self {
            alive.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(alive))
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    let alive = Arc::new(AtomicUsize::new(0));
    let store = S::Store::<u32, Counted>::with_options(Options::new().limit(2));
    let first = store.create(1, Counted::new(&alive)).await.unwrap();
    store.create(2, Counted::new(&alive)).await.unwrap();
    // Refused values are dropped at once.
    let _ = store.create(1, Counted::new(&alive)).await;
    let _ = store.create(3, Counted::new(&alive)).await;
    assert_eq!(alive.load(Ordering::Relaxed), 2);
    // Replaced ones, too, unless a handle keeps them; or a little later.
    let late = S::NAME == "slotted";
    let assert_alive = |wanted| {
        let alive = alive.load(Ordering::Relaxed);
        assert!(
            alive == wanted || late && alive > wanted,
            "{alive}, not {wanted}"
        );
    };
    let handle = store.get(&1).await.unwrap();
    store.update(&1, |_| Counted::new(&alive)).await.unwrap();
    store.update(&2, |_| Counted::new(&alive)).await.unwrap();
    let _ = store.compare_and_set(&1, first, Counted::new(&alive)).await;
    assert_alive(3);
    drop(handle);
    assert_alive(2);
    let _ = store.remove(&1, None).await;
    assert_alive(1);
    // Where that is so, it ends: whoever writes drops what was replaced.
    while alive.load(Ordering::Relaxed) > 1 {
        store.create(3, Counted::new(&alive)).await.unwrap();
        let _ = store.remove(&3, None).await;
    }
    let snapshot = store.snapshot().await;
    drop(store);
    assert_eq!(alive.load(Ordering::Relaxed), 1);
    drop(snapshot);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}
