//! What is explored: a few threads, each with one or two operations on the same store.
//!
//! Each scenario is written once, generic over the strategy, and names every outcome that the
//! contract allows.
//!
//! Keys are numbers, and in a model odd keys and even keys are in different shards.
//!
//! No closure panics here: loom runs all threads on one, so a panic in one of them poisons the
//! mutexes that others hold at that moment, which no real program would see. A closure that
//! refuses takes the same way out of the store; the conformance suite lets closures panic.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use contexture_strategies::{
    Batch, BatchError, CompareAndSetError, CreateError, Options, RemoveError, Strategy,
    StrategyKind, UpdateError, Version,
};
use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};

use crate::explore::Scenario;

/// Every scenario, for one strategy.
#[must_use]
pub fn all<S: StrategyKind>() -> Vec<Scenario> {
    macro_rules! scenarios {
        ($($name:ident => [$($outcome:literal),* $(,)?],)*) => {
            vec![$(Scenario {
                name: stringify!($name),
                run: $name::<S>,
                outcomes: &[$($outcome),*],
            }),*]
        };
    }
    scenarios! {
        two_creates_of_one_key => ["first wins", "second wins"],
        two_updates_of_one_key => ["both"],
        updates_of_two_keys_of_one_shard => ["both"],
        two_removes_of_one_key => ["first wins", "second wins"],
        an_update_against_a_remove => ["updated, then removed", "removed, then absent"],
        an_update_against_remove_and_create => [
            "updated, then recreated", "absent between", "recreated, then updated",
        ],
        a_create_against_a_remove => ["exists, then removed", "removed, then created"],
        an_update_against_a_compare_and_set => ["both", "conflict"],
        a_stale_compare_and_set_against_remove_and_create => [
            "swapped, then recreated", "absent between", "conflict",
        ],
        two_creates_at_the_limit => ["first fits", "second fits"],
        a_create_at_the_limit_against_a_remove => ["full", "fits"],
        a_read_against_an_update => ["old", "new"],
        a_snapshot_against_a_batch => ["before", "after"],
        reads_against_a_batch => ["before", "between", "after"],
        a_batch_against_an_update => ["update, then batch", "batch refused"],
        an_aborted_update_against_a_remove => ["aborted, then removed", "removed, then absent"],
        refusing_closures_of_one_key => ["one by one"],
        creates_of_two_keys_at_the_limit_against_a_batch => ["batch first", "create first"],
        three_updates_of_one_key => ["all"],
        an_update_dropped_while_it_waits => ["before", "after"],
        a_dropped_waiter_passes_its_turn_on => ["before", "after"],
    }
}

type Store<S> = Arc<<S as StrategyKind>::Store<u32, u32>>;

/// A store with these entries, all at their first version.
fn store<S: StrategyKind>(options: Options, entries: &[(u32, u32)]) -> Store<S> {
    let store = S::Store::with_options(options);
    for &(key, value) in entries {
        block_on(store.create(key, value)).unwrap();
    }
    Arc::new(store)
}

fn unlimited<S: StrategyKind>(entries: &[(u32, u32)]) -> Store<S> {
    store::<S>(Options::new(), entries)
}

/// Runs `f` on a thread of its own.
fn on_thread<S: StrategyKind, F, R>(
    store: &Store<S>,
    f: impl FnOnce(Store<S>) -> F + 'static,
) -> JoinHandle<R>
where
    F: Future<Output = R>,
    R: 'static,
{
    let store = Arc::clone(store);
    thread::spawn(move || block_on(f(store)))
}

/// The value and version of a key.
fn held<S: StrategyKind>(store: &Store<S>, key: u32) -> Option<(u32, u64)> {
    block_on(store.read(&key, |v| (**v, v.version().get())))
}

fn two_creates_of_one_key<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[]);
    let other = on_thread::<S, _, _>(&store, |store| async move { store.create(1, 20).await });
    let first = block_on(store.create(1, 10));
    let second = other.join().unwrap();
    let exists = Err(CreateError::Exists {
        current: Version::FIRST,
    });
    let (winner, value) = match (first, second) {
        (Ok(_), lost) if lost == exists => ("first wins", 10),
        (lost, Ok(_)) if lost == exists => ("second wins", 20),
        outcome => return format!("{outcome:?}"),
    };
    assert_eq!(held::<S>(&store, 1), Some((value, 1)));
    winner.into()
}

fn two_updates_of_one_key<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.update(&1, |n| **n + 1).await.unwrap()
    });
    let first = block_on(store.update(&1, |n| **n + 10)).unwrap();
    let second = other.join().unwrap();
    assert_eq!(
        first.get() + second.get(),
        5,
        "versions 2 and 3, in any order"
    );
    assert_eq!(held::<S>(&store, 1), Some((11, 3)));
    "both".into()
}

fn three_updates_of_one_key<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let others = [(); 2].map(|()| {
        on_thread::<S, _, _>(&store, |store| async move {
            store.update(&1, |n| **n + 1).await.unwrap();
        })
    });
    block_on(store.update(&1, |n| **n + 1)).unwrap();
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(held::<S>(&store, 1), Some((3, 4)));
    "all".into()
}

/// Starts an update by `step` and drops it after so many polls; or at once, if another update was
/// there before, so that strategies that never await drop some, too. Whether it was done.
async fn start_and_drop<S: StrategyKind>(store: Store<S>, step: u32, polls: usize) -> bool {
    if store.get(&1).await.unwrap().version() > Version::FIRST {
        return false;
    }
    let mut update = pin!(store.update(&1, |n| **n + step));
    for _ in 0..polls {
        let poll = poll_fn(|context| Poll::Ready(update.as_mut().poll(context).is_ready()));
        if poll.await {
            return true;
        }
    }
    false
}

fn an_update_dropped_while_it_waits<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| start_and_drop::<S>(store, 10, 1));
    block_on(store.update(&1, |n| **n + 1)).unwrap();
    let done = other.join().unwrap();
    let expected = if done { (11, 3) } else { (1, 2) };
    assert_eq!(held::<S>(&store, 1), Some(expected));
    if done { "after" } else { "before" }.into()
}

fn a_dropped_waiter_passes_its_turn_on<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    // Twice: the first time it is woken, the second time it is handed the gate.
    let dropped = on_thread::<S, _, _>(&store, |store| start_and_drop::<S>(store, 10, 2));
    let waiting = on_thread::<S, _, _>(&store, |store| async move {
        store.update(&1, |n| **n + 1).await.unwrap();
    });
    block_on(store.update(&1, |n| **n + 1)).unwrap();
    let done = dropped.join().unwrap();
    waiting.join().unwrap();
    let expected = if done { (12, 4) } else { (2, 3) };
    assert_eq!(held::<S>(&store, 1), Some(expected));
    if done { "after" } else { "before" }.into()
}

/// Closures of one key run one after the other and see what the former one did, though nothing is
/// ever committed: the gate alone orders them.
fn refusing_closures_of_one_key<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let seen = Arc::new(AtomicUsize::new(0));
    let refuse = {
        let seen = Arc::clone(&seen);
        async move |store: Store<S>| {
            let closure = |_: &_| {
                // Relaxed, and not one operation: only the gate can make this add up.
                let before = seen.load(Ordering::Relaxed);
                seen.store(before + 1, Ordering::Relaxed);
                Err::<u32, _>("no")
            };
            store.try_update(&1, closure).await
        }
    };
    let other = on_thread::<S, _, _>(&store, refuse.clone());
    let refused = block_on(refuse(Arc::clone(&store)));
    assert_eq!(refused, Err(UpdateError::Aborted("no")));
    assert_eq!(other.join().unwrap(), Err(UpdateError::Aborted("no")));
    match seen.load(Ordering::Relaxed) {
        2 => "one by one".into(),
        sum => format!("{sum}"),
    }
}

/// A limit that keys of different shards share.
fn creates_of_two_keys_at_the_limit_against_a_batch<S: StrategyKind>() -> String {
    let store = store::<S>(Options::new().limit(2), &[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store
            .apply(Batch::new().remove(1, None).create(3, 0).create(4, 0))
            .await
    });
    let created = block_on(store.create(2, 0));
    let applied = other.join().unwrap();
    assert_eq!(block_on(store.len()), 2);
    match (created, applied) {
        (Err(CreateError::Full { limit: 2 }), Ok(_)) => "batch first".into(),
        (Ok(_), Err(BatchError::Full { limit: 2 })) => "create first".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn updates_of_two_keys_of_one_shard<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0), (3, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.update(&3, |n| **n + 1).await.unwrap();
    });
    block_on(store.update(&1, |n| **n + 1)).unwrap();
    other.join().unwrap();
    assert_eq!(held::<S>(&store, 1), Some((1, 2)));
    assert_eq!(held::<S>(&store, 3), Some((1, 2)));
    "both".into()
}

fn two_removes_of_one_key<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.remove(&1, None).await.map(|removed| *removed)
    });
    let first = block_on(store.remove(&1, None)).map(|removed| *removed);
    let second = other.join().unwrap();
    assert_eq!(held::<S>(&store, 1), None);
    match (first, second) {
        (Ok(0), Err(RemoveError::Absent)) => "first wins".into(),
        (Err(RemoveError::Absent), Ok(0)) => "second wins".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn an_update_against_a_remove<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.remove(&1, None).await.map(|removed| *removed)
    });
    let updated = block_on(store.update(&1, |n| **n + 1));
    let removed = other.join().unwrap();
    assert_eq!(held::<S>(&store, 1), None);
    match (updated, removed) {
        (Ok(_), Ok(1)) => "updated, then removed".into(),
        (Err(UpdateError::Absent), Ok(0)) => "removed, then absent".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn an_update_against_remove_and_create<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        let removed = *store.remove(&1, None).await.unwrap();
        (removed, store.create(1, 50).await.unwrap().get())
    });
    let updated = block_on(store.update(&1, |n| **n + 1)).map(Version::get);
    let recreated = other.join().unwrap();
    match (updated, recreated, held::<S>(&store, 1)) {
        (Ok(2), (1, 3), Some((50, 3))) => "updated, then recreated".into(),
        (Err(UpdateError::Absent), (0, 2), Some((50, 2))) => "absent between".into(),
        (Ok(3), (0, 2), Some((51, 3))) => "recreated, then updated".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn a_create_against_a_remove<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.remove(&1, None).await.unwrap();
    });
    let created = block_on(store.create(1, 10)).map(Version::get);
    other.join().unwrap();
    match (created, held::<S>(&store, 1)) {
        (Err(CreateError::Exists { .. }), None) => "exists, then removed".into(),
        (Ok(2), Some((10, 2))) => "removed, then created".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn an_update_against_a_compare_and_set<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.compare_and_set(&1, Version::FIRST, 10).await
    });
    let updated = block_on(store.update(&1, |n| **n + 1)).unwrap().get();
    let swapped = other.join().unwrap();
    match (swapped, updated, held::<S>(&store, 1)) {
        (Ok(_), 3, Some((11, 3))) => "both".into(),
        (Err(CompareAndSetError::Conflict { current }), 2, Some((1, 2))) if current.get() == 2 => {
            "conflict".into()
        }
        outcome => format!("{outcome:?}"),
    }
}

fn a_stale_compare_and_set_against_remove_and_create<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        let removed = *store.remove(&1, None).await.unwrap();
        store.create(1, 50).await.unwrap();
        removed
    });
    let swapped = block_on(store.compare_and_set(&1, Version::FIRST, 10));
    let removed = other.join().unwrap();
    let held = held::<S>(&store, 1).map(|(value, _)| value);
    match (swapped, removed, held) {
        (Ok(_), 10, Some(50)) => "swapped, then recreated".into(),
        (Err(CompareAndSetError::Absent), 0, Some(50)) => "absent between".into(),
        (Err(CompareAndSetError::Conflict { .. }), 0, Some(50)) => "conflict".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn two_creates_at_the_limit<S: StrategyKind>() -> String {
    let store = store::<S>(Options::new().limit(1), &[]);
    let other = on_thread::<S, _, _>(&store, |store| async move { store.create(2, 0).await });
    let first = block_on(store.create(1, 0));
    let second = other.join().unwrap();
    assert_eq!(block_on(store.len()), 1);
    let full = Err(CreateError::Full { limit: 1 });
    match (first, second) {
        (Ok(_), refused) if refused == full => "first fits".into(),
        (refused, Ok(_)) if refused == full => "second fits".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn a_create_at_the_limit_against_a_remove<S: StrategyKind>() -> String {
    let store = store::<S>(Options::new().limit(1), &[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.remove(&1, None).await.unwrap();
        assert!(store.snapshot().await.len() <= 1);
    });
    let created = block_on(store.create(2, 0));
    other.join().unwrap();
    match (created, block_on(store.len())) {
        (Err(CreateError::Full { limit: 1 }), 0) => "full".into(),
        (Ok(_), 1) => "fits".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn a_read_against_an_update<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.update(&1, |n| **n + 1).await.unwrap();
    });
    let first = held::<S>(&store, 1).unwrap();
    let second = held::<S>(&store, 1).unwrap();
    assert!(first <= second, "a reader went back in time");
    other.join().unwrap();
    assert_eq!(held::<S>(&store, 1), Some((1, 2)));
    match first {
        (0, 1) => "old".into(),
        (1, 2) => "new".into(),
        outcome => format!("{outcome:?}"),
    }
}

fn a_snapshot_against_a_batch<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0), (2, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        let batch = Batch::new().put(1, 1).put(2, 1).create(3, 1);
        store.apply(batch).await.unwrap();
    });
    let snapshot = block_on(store.snapshot());
    let seen: Vec<_> = (1..=3).map(|key| snapshot.get(&key).map(|v| **v)).collect();
    other.join().unwrap();
    match seen[..] {
        [Some(0), Some(0), None] => "before".into(),
        [Some(1), Some(1), Some(1)] => "after".into(),
        _ => format!("{seen:?}"),
    }
}

fn reads_against_a_batch<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0), (2, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        store.apply(Batch::new().put(1, 1).put(2, 1)).await.unwrap();
    });
    let seen = (held::<S>(&store, 1), held::<S>(&store, 2));
    other.join().unwrap();
    match seen {
        (Some((0, 1)), Some((0, 1))) => "before".into(),
        (Some((0, 1)), Some((1, 2))) => "between".into(),
        (Some((1, 2)), Some((1, 2))) => "after".into(),
        _ => format!("{seen:?}"),
    }
}

fn a_batch_against_an_update<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0), (2, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        let batch = Batch::new().compare_and_set(1, Version::FIRST, 5).put(2, 5);
        store.apply(batch).await
    });
    let updated = block_on(store.update(&1, |n| **n + 1)).unwrap().get();
    let applied = other.join().unwrap();
    let held = (held::<S>(&store, 1), held::<S>(&store, 2));
    match (applied, updated, held) {
        (Ok(_), 3, (Some((6, 3)), Some((5, 2)))) => "update, then batch".into(),
        (Err(BatchError::Conflict { index: 0, .. }), 2, (Some((1, 2)), Some((0, 1)))) => {
            "batch refused".into()
        }
        outcome => format!("{outcome:?}"),
    }
}

fn an_aborted_update_against_a_remove<S: StrategyKind>() -> String {
    let store = unlimited::<S>(&[(1, 0)]);
    let other = on_thread::<S, _, _>(&store, |store| async move {
        *store.remove(&1, None).await.unwrap()
    });
    let aborted = block_on(store.try_update(&1, |_| Err("no")));
    let removed = other.join().unwrap();
    assert_eq!((removed, held::<S>(&store, 1)), (0, None));
    match aborted {
        Err(UpdateError::Aborted("no")) => "aborted, then removed".into(),
        Err(UpdateError::Absent) => "removed, then absent".into(),
        outcome => format!("{outcome:?}"),
    }
}
