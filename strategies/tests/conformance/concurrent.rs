//! Many tasks at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contexture_strategies::{
    Batch, BatchError, Change, CompareAndSetError, CreateError, Options, RemoveError, Strategy,
    StrategyKind,
};
use tokio::task::{spawn, yield_now};

use crate::runtime::{SOON, join, on_thread, within};

pub(crate) async fn no_update_is_lost<S: StrategyKind>() {
    const TASKS: u64 = 64;
    const UPDATES: u64 = 200;
    const KEYS: u64 = 3;
    let store = Arc::new(S::Store::<u64, u64>::new());
    for key in 0..KEYS {
        store.create(key, 0).await.unwrap();
    }
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&store);
        spawn(async move {
            for n in 0..UPDATES {
                store
                    .update(&((task + n) % KEYS), |n| **n + 1)
                    .await
                    .unwrap();
                if n % 8 == 0 {
                    yield_now().await;
                }
            }
        })
    });
    join(tasks.collect::<Vec<_>>()).await;
    let mut sum = 0;
    for key in 0..KEYS {
        let last = store.get(&key).await.unwrap();
        assert_eq!(last.version().get(), *last + 1);
        sum += *last;
    }
    assert_eq!(sum, TASKS * UPDATES);
}

pub(crate) async fn updates_of_a_hot_key_run_each_closure_once<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u64>::new());
    store.create(0, 0).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let tasks = (0..16).map(|_| {
        let (store, runs) = (Arc::clone(&store), Arc::clone(&runs));
        spawn(async move {
            for _ in 0..100 {
                let count = |n: &u64| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    n + 1
                };
                store.update(&0, |n| count(n)).await.unwrap();
                yield_now().await;
            }
        })
    });
    join(tasks.collect::<Vec<_>>()).await;
    assert_eq!(runs.load(Ordering::Relaxed), 1600);
    assert_eq!(*store.get(&0).await.unwrap().value(), 1600);
}

/// One thread updates a key without a pause. Another writer of the key gets its turn all the same.
pub(crate) async fn no_writer_starves_behind_a_busy_one<S: StrategyKind>() {
    for remove in [false, true] {
        let store = Arc::new(S::Store::<u32, u64>::new());
        store.create(0, 0).await.unwrap();
        let busy = on_thread({
            let store = Arc::clone(&store);
            async move {
                let slowly = |n: &u64| {
                    std::thread::sleep(Duration::from_millis(2));
                    n + 1
                };
                // Until the other one has removed the key, or has been waiting for far too long.
                for updates in 0..500 {
                    if store.update(&0, |n| slowly(n)).await.is_err() {
                        return updates;
                    }
                    if store.get(&0).await.is_none_or(|n| *n >= 1000) {
                        return updates;
                    }
                }
                500
            }
        });
        let other = on_thread({
            let store = Arc::clone(&store);
            async move {
                if remove {
                    store.remove(&0, None).await.unwrap();
                } else {
                    store.update(&0, |n| **n + 1000).await.unwrap();
                }
            }
        });
        let passed_by = within(SOON, || busy.join()).unwrap();
        within(SOON, || other.join()).unwrap();
        assert!(passed_by < 100, "{passed_by} updates went first");
    }
}

pub(crate) async fn one_of_eight_creators_wins<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for key in 0..50 {
        let tasks = (0..8).map(|creator| {
            let store = Arc::clone(&store);
            spawn(async move { (creator, store.create(key, creator).await) })
        });
        let outcomes = join(tasks.collect::<Vec<_>>()).await;
        let winners = outcomes.iter().filter(|(_, outcome)| outcome.is_ok());
        let winners: Vec<_> = winners.collect();
        let &[&(winner, Ok(current))] = &winners[..] else {
            panic!("winners: {winners:?}");
        };
        let held = store.get(&key).await.unwrap();
        assert_eq!((*held, held.version()), (winner, current));
        let losers = outcomes.iter().filter(|(creator, _)| *creator != winner);
        for (_, loser) in losers {
            assert_eq!(*loser, Err(CreateError::Exists { current }));
        }
    }
}

pub(crate) async fn the_limit_holds_against_64_creators<S: StrategyKind>() {
    const LIMIT: usize = 10;
    for _ in 0..5 {
        let store = S::Store::<u32, u32>::with_options(Options::new().limit(LIMIT));
        let store = Arc::new(store);
        let stop = Arc::new(AtomicBool::new(false));
        let watcher = spawn({
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            async move {
                while !stop.load(Ordering::Relaxed) {
                    assert!(store.snapshot().await.len() <= LIMIT);
                    assert!(store.len().await <= LIMIT);
                    yield_now().await;
                }
            }
        });
        let tasks = (0..64).map(|key| {
            let store = Arc::clone(&store);
            spawn(async move { store.create(key, key).await })
        });
        let outcomes = join(tasks.collect::<Vec<_>>()).await;
        stop.store(true, Ordering::Relaxed);
        join([watcher]).await;
        let full = Err(CreateError::Full { limit: LIMIT });
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), LIMIT);
        assert_eq!(outcomes.iter().filter(|o| **o == full).count(), 64 - LIMIT);
        assert_eq!(store.len().await, LIMIT);
    }
}

pub(crate) async fn the_limit_holds_against_batches_and_removes<S: StrategyKind>() {
    const LIMIT: usize = 6;
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(LIMIT));
    let store = Arc::new(store);
    let tasks = (0..16_u32).map(|task| {
        let store = Arc::clone(&store);
        spawn(async move {
            for n in 0..50 {
                let (a, b) = ((task + n) % 20, (task * 7 + n * 3 + 1) % 20);
                match n % 3 {
                    0 => {
                        let _ = store.apply(Batch::new().create(a, n).put(b, n)).await;
                    }
                    1 => {
                        let _ = store.create(a, n).await;
                    }
                    _ => {
                        let _ = store.remove(&b, None).await;
                    }
                }
                assert!(store.snapshot().await.len() <= LIMIT);
                yield_now().await;
            }
        })
    });
    join(tasks.collect::<Vec<_>>()).await;
    // Not one place was lost on the way: the store still fills up to its limit.
    for key in 100..100 + LIMIT as u32 {
        let _ = store.create(key, 0).await;
    }
    assert_eq!(store.len().await, LIMIT);
}

pub(crate) async fn remove_succeeds_once<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for round in 0..50 {
        store.create(0, round).await.unwrap();
        let tasks = (0..8).map(|_| {
            let store = Arc::clone(&store);
            spawn(async move { store.remove(&0, None).await })
        });
        let outcomes = join(tasks.collect::<Vec<_>>()).await;
        let mut removed = outcomes.iter().filter_map(|o| o.as_ref().ok());
        assert_eq!(removed.next().map(|v| *v.value()), Some(round));
        assert!(removed.next().is_none());
        let mut lost = outcomes.iter().filter_map(|o| o.as_ref().err());
        assert!(lost.all(|error| *error == RemoveError::Absent));
        assert!(store.is_empty().await);
    }
}

pub(crate) async fn compare_and_set_has_one_winner_a_version<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u64>::new());
    let start = store.create(0, 0).await.unwrap();
    let tasks = (0..16).map(|_| {
        let store = Arc::clone(&store);
        spawn(async move {
            let mut won = 0;
            for _ in 0..50 {
                let seen = store.get(&0).await.unwrap();
                yield_now().await;
                match store.compare_and_set(&0, seen.version(), *seen + 1).await {
                    Ok(version) => {
                        assert_eq!(version.get(), seen.version().get() + 1);
                        won += 1;
                    }
                    Err(CompareAndSetError::Conflict { current }) => {
                        assert!(current > seen.version());
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            won
        })
    });
    let won: u64 = join(tasks.collect::<Vec<_>>()).await.iter().sum();
    let last = store.get(&0).await.unwrap();
    assert!(won > 0);
    assert_eq!(*last, won);
    assert_eq!(last.version().get(), start.get() + won);
}

pub(crate) async fn a_stale_compare_and_set_never_hits_a_recreated_key<S: StrategyKind>() {
    // Values are unique, so a hit on the wrong incarnation would show.
    let store = Arc::new(S::Store::<u32, (u32, bool)>::new());
    let recreator = spawn({
        let store = Arc::clone(&store);
        async move {
            for round in 0..300 {
                store.create(0, (round, false)).await.unwrap();
                yield_now().await;
                store.remove(&0, None).await.unwrap();
            }
        }
    });
    let tasks = (0..4).map(|_| {
        let store = Arc::clone(&store);
        spawn(async move {
            for _ in 0..300 {
                let Some(seen) = store.get(&0).await else {
                    yield_now().await;
                    continue;
                };
                yield_now().await;
                let swap = store.compare_and_set(&0, seen.version(), (seen.0, true));
                if let Ok(version) = swap.await
                    && let Some(now) = store.get(&0).await
                    && now.version() == version
                {
                    assert_eq!(*now, (seen.0, true));
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    join(tasks).await;
    join([recreator]).await;
}

pub(crate) async fn a_readers_versions_never_go_back<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u64>::new());
    store.create(0, 0).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let readers = (0..3).map(|reader| {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        spawn(async move {
            let mut last = 0;
            while !stop.load(Ordering::Relaxed) {
                // Across removes the key may be absent, but never younger than before.
                let seen = match reader {
                    0 => store.read(&0, |v| v.version().get()).await,
                    1 => store.get(&0).await.map(|v| v.version().get()),
                    _ => {
                        let snapshot = store.snapshot().await;
                        snapshot.get(&0).map(|v| v.version().get())
                    }
                };
                if let Some(seen) = seen {
                    assert!(last <= seen, "{seen} after {last}");
                    last = seen;
                }
                yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for n in 0..500 {
        store.update(&0, |n| **n + 1).await.unwrap();
        if n % 50 == 0 {
            store.remove(&0, None).await.unwrap();
            store.create(0, 0).await.unwrap();
        }
        yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    join(readers).await;
}

pub(crate) async fn a_snapshot_has_all_that_was_acknowledged_before_it<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u64>::new());
    let acknowledged = Arc::new([const { AtomicUsize::new(0) }; 8]);
    for key in 0..8 {
        store.create(key, 0).await.unwrap();
    }
    let writers = (0..8_u32).map(|key| {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        spawn(async move {
            for n in 1..=100 {
                store.update(&key, |n| **n + 1).await.unwrap();
                acknowledged[key as usize].store(n, Ordering::Release);
                yield_now().await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..100 {
        let before: Vec<_> = acknowledged
            .iter()
            .map(|n| n.load(Ordering::Acquire) as u64)
            .collect();
        let snapshot = store.snapshot().await;
        for (key, least) in before.iter().enumerate() {
            assert!(**snapshot.get(&(key as u32)).unwrap() >= *least);
        }
        yield_now().await;
    }
    join(writers).await;
}

/// A key that takes its time to be cloned, so that a snapshot can be interrupted anywhere.
#[derive(PartialEq, Eq, Hash)]
struct SlowKey(u32);

impl Clone for SlowKey {
    fn clone(&self) -> Self {
        std::thread::sleep(Duration::from_micros(10));
        Self(self.0)
    }
}

pub(crate) async fn a_snapshot_during_batches_never_shows_half<S: StrategyKind>() {
    // Few keys change, so that batches need not wait for a snapshot at each other key.
    const MOVING: u32 = 3;
    const STILL: u32 = 29;
    let store = Arc::new(S::Store::<SlowKey, u32>::new());
    for key in MOVING..MOVING + STILL {
        store.create(SlowKey(key), 0).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let batch = |change: fn(u32) -> Change<u32>, round| {
        let changes = (0..MOVING).map(|key| (SlowKey(key), change(round)));
        changes.collect::<Batch<_, _>>()
    };
    store.apply(batch(Change::Create, 0)).await.unwrap();
    let observers = (0..2).map(|_| {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let snapshot = store.snapshot().await;
                let first = **snapshot.get(&SlowKey(0)).unwrap();
                for key in 0..MOVING {
                    assert_eq!(**snapshot.get(&SlowKey(key)).unwrap(), first);
                }
                // Every odd round adds an entry and every even one removes it.
                assert_eq!(snapshot.len(), (MOVING + STILL + first % 2) as usize);
                yield_now().await;
            }
        })
    });
    let observers: Vec<_> = observers.collect();
    for round in 1..=100 {
        let batch = batch(Change::Put, round);
        let batch = match round % 2 {
            1 => batch.create(SlowKey(1000), round),
            _ => batch.remove(SlowKey(1000), None),
        };
        store.apply(batch).await.unwrap();
        yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    join(observers).await;
}

pub(crate) async fn reads_in_batch_order_never_see_half<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store
        .apply((0..8).map(|key| (key, Change::Create(0))).collect())
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let observers = (0..2_u32).map(|observer| {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // All keys always have the same value, so what is read later is never older.
                let mut last = 0;
                for step in 0..8 {
                    let key = if observer == 0 { step } else { 7 - step };
                    let seen = store.read(&key, |v| **v).await.unwrap();
                    assert!(last <= seen, "{seen} after {last}");
                    last = seen;
                }
                yield_now().await;
            }
        })
    });
    let observers: Vec<_> = observers.collect();
    for round in 1..=500 {
        let puts = (0..8).map(|key| (key, Change::Put(round)));
        store.apply(puts.collect()).await.unwrap();
        yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    join(observers).await;
}

pub(crate) async fn transfers_keep_the_sum<S: StrategyKind>() {
    const ACCOUNTS: u64 = 5;
    let store = Arc::new(S::Store::<u64, i64>::new());
    for account in 0..ACCOUNTS {
        store.create(account, 100).await.unwrap();
    }
    let tasks = (0..8_u64).map(|task| {
        let store = Arc::clone(&store);
        spawn(async move {
            let mut done = 0;
            for n in 0..100 {
                let (from, to) = ((task + n) % ACCOUNTS, (task + n * n + 1) % ACCOUNTS);
                if from == to {
                    // Single updates go on beside the batches.
                    store.update(&from, |n| **n).await.unwrap();
                    continue;
                }
                let (a, b) = (
                    store.get(&from).await.unwrap(),
                    store.get(&to).await.unwrap(),
                );
                yield_now().await;
                let transfer = Batch::new()
                    .compare_and_set(from, a.version(), *a - 1)
                    .compare_and_set(to, b.version(), *b + 1);
                match store.apply(transfer).await {
                    Ok(_) => done += 1,
                    Err(BatchError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                let snapshot = store.snapshot().await;
                let sum: i64 = snapshot.iter().map(|(_, value)| **value).sum();
                assert_eq!(sum, 500);
            }
            done
        })
    });
    let done: u64 = join(tasks.collect::<Vec<_>>()).await.iter().sum();
    assert!(done > 0);
}

pub(crate) async fn len_is_of_one_instant<S: StrategyKind>() {
    // Each batch removes one entry and adds one, elsewhere: there are always five.
    let store = Arc::new(S::Store::<u32, ()>::new());
    for key in 0..5 {
        store.create(key, ()).await.unwrap();
    }
    let mover = spawn({
        let store = Arc::clone(&store);
        async move {
            for key in 0..500 {
                let batch = Batch::new().remove(key, None).create(key + 5, ());
                store.apply(batch).await.unwrap();
                yield_now().await;
            }
        }
    });
    while !mover.is_finished() {
        assert_eq!(store.len().await, 5);
        assert_eq!(store.snapshot().await.iter().count(), 5);
        yield_now().await;
    }
    join([mover]).await;
}
