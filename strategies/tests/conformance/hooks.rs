//! Commit hooks, one write after the other: when they run, what they see, and what they can do.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use contexture_strategies::{
    Batch, BatchError, Commit, CompareAndSetError, CreateError, Options, RemoveError, Strategy,
    StrategyKind, UpdateError, Version,
};

use crate::runtime::{expect_panic, on_thread};

/// A key with the version and the value it had and has.
type Seen = (u32, Option<(u64, u32)>, Option<(u64, u32)>);

/// A hook that takes down what it sees, one entry a run.
fn to(seen: &mut Vec<Vec<Seen>>) -> impl FnOnce(&mut [Commit<'_, u32, u32>]) + Send {
    |commits| {
        let commits = commits.iter().map(|commit| {
            let after = commit.after();
            assert_eq!(commit.version(), after.map(|after| after.version()));
            let before = commit.before().map(|v| (v.version().get(), **v));
            (
                *commit.key(),
                before,
                after.map(|v| (v.version().get(), **v)),
            )
        });
        seen.push(commits.collect());
    }
}

/// A hook of a write that fails.
fn never(_: &mut [Commit<'_, u32, u32>]) {
    unreachable!("the hook of a write that fails");
}

pub(crate) async fn a_hook_sees_key_before_and_after_once<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let mut seen = Vec::new();
    let first = store.create_with(7, 10, to(&mut seen)).await.unwrap().get();
    let update = store.try_update_with(&7, |n| Ok::<_, ()>(**n + 1), to(&mut seen));
    let second = update.await.unwrap();
    let swap = store.compare_and_set_with(&7, second, 12, to(&mut seen));
    let third = swap.await.unwrap();
    let put = Batch::new().put(7, 13).put(8, 20);
    let put = store.apply_with(put, to(&mut seen)).await.unwrap();
    let remove = store.remove_with(&7, put[0], to(&mut seen));
    assert_eq!(*remove.await.unwrap(), 13);
    let again = store.create_with(7, 14, to(&mut seen)).await.unwrap().get();

    let [second, third] = [second, third].map(Version::get);
    let [fourth, other] = [put[0].unwrap(), put[1].unwrap()].map(Version::get);
    let expected = [
        vec![(7, None, Some((first, 10)))],
        vec![(7, Some((first, 10)), Some((second, 11)))],
        vec![(7, Some((second, 11)), Some((third, 12)))],
        vec![
            (7, Some((third, 12)), Some((fourth, 13))),
            (8, None, Some((other, 20))),
        ],
        vec![(7, Some((fourth, 13)), None)],
        vec![(7, None, Some((again, 14)))],
    ];
    assert_eq!(seen, expected);
    assert!(again > fourth);
}

/// Readers on another thread see the old value while the hook runs, if they do not wait for it.
pub(crate) async fn a_hook_runs_before_anyone_sees_the_write<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(1, 0).await.unwrap();
    for write in 0..4 {
        let (answer, answered) = mpsc::channel();
        let hook = {
            let store = Arc::clone(&store);
            move |_: &mut [Commit<'_, u32, u32>]| {
                on_thread(async move {
                    let _ = answer.send(store.read(&1, |n| **n).await);
                });
                let seen = answered.recv_timeout(Duration::from_millis(20));
                assert!(matches!(seen, Ok(Some(0)) | Err(_)), "{seen:?}");
            }
        };
        let current = store.get(&1).await.unwrap().version();
        match write {
            0 => drop(store.try_update_with(&1, |_| Ok::<_, ()>(5), hook).await),
            1 => drop(store.compare_and_set_with(&1, current, 5, hook).await),
            2 => drop(store.apply_with(Batch::new().put(1, 5), hook).await),
            _ => drop(store.remove_with(&1, None, hook).await),
        }
        let expected = (write < 3).then_some(5);
        assert_eq!(store.read(&1, |n| **n).await, expected);
        store.apply(Batch::new().put(1, 0)).await.unwrap();
    }
}

pub(crate) async fn what_a_hook_sees_is_what_is_committed<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let mut handles = Vec::new();
    let mut keep = |commits: &mut [Commit<'_, u32, u32>]| {
        handles.extend(commits.iter().filter_map(Commit::after).cloned());
    };
    store.create_with(1, 10, &mut keep).await.unwrap();
    let update = store.try_update_with(&1, |n| Ok::<_, ()>(**n + 1), &mut keep);
    update.await.unwrap();
    let put = Batch::new().put(1, 12).create(2, 20);
    store.apply_with(put, &mut keep).await.unwrap();
    for (key, handle) in [(1, &handles[2]), (2, &handles[3])] {
        assert!(store.get(&key).await.unwrap().same(handle));
    }
}

pub(crate) async fn no_hook_runs_for_a_write_that_fails<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::with_options(Options::new().limit(1));
    let first = store.create(1, 1).await.unwrap();
    let current = store.update(&1, |_| 2).await.unwrap();
    assert_eq!(
        store.create_with(1, 0, never).await,
        Err(CreateError::Exists { current })
    );
    assert_eq!(
        store.create_with(2, 0, never).await,
        Err(CreateError::Full { limit: 1 })
    );
    let update = store.try_update_with(&2, |_| Ok::<_, ()>(0), never);
    assert_eq!(update.await, Err(UpdateError::Absent));
    let refuse = store.try_update_with(&1, |_| Err("no"), never);
    assert_eq!(refuse.await, Err(UpdateError::Aborted("no")));
    assert_eq!(
        store.compare_and_set_with(&2, first, 0, never).await,
        Err(CompareAndSetError::Absent)
    );
    assert_eq!(
        store.compare_and_set_with(&1, first, 0, never).await,
        Err(CompareAndSetError::Conflict { current })
    );
    assert_eq!(
        store.remove_with(&2, None, never).await.err(),
        Some(RemoveError::Absent)
    );
    assert_eq!(
        store.remove_with(&1, Some(first), never).await.err(),
        Some(RemoveError::Conflict { current })
    );
    let put = || Batch::new().put(1, 0);
    let index = 1;
    for (batch, reason) in [
        (put().put(1, 0), BatchError::DuplicateKey { index }),
        (put().require(2, Some(first)), BatchError::Absent { index }),
        (put().remove(2, None), BatchError::Absent { index }),
        (put().create(2, 0), BatchError::Full { limit: 1 }),
        (
            Batch::new().require(2, None).create(1, 0),
            BatchError::Exists { index, current },
        ),
        (
            Batch::new().require(2, None).compare_and_set(1, first, 0),
            BatchError::Conflict { index, current },
        ),
    ] {
        assert_eq!(store.apply_with(batch, never).await, Err(reason));
    }
    assert_eq!(
        store.read(&1, |v| (v.version(), **v)).await,
        Some((current, 2))
    );
}

pub(crate) async fn no_hook_runs_for_a_closure_that_panics<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    let first = store.create(1, 1).await.unwrap();
    let panic = expect_panic({
        let store = Arc::clone(&store);
        async move {
            let planned = || std::panic::resume_unwind(Box::new("planned"));
            store
                .try_update_with(&1, |_| -> Result<_, ()> { planned() }, never)
                .await
        }
    });
    assert_eq!(panic.await.downcast_ref(), Some(&"planned"));
    assert_eq!(
        store.read(&1, |v| (v.version(), **v)).await,
        Some((first, 1))
    );
}

pub(crate) async fn a_hook_can_fill_in_the_value<S: StrategyKind>() {
    let store = S::Store::<u32, String>::new();
    let fill = |commits: &mut [Commit<'_, u32, String>]| {
        for commit in commits {
            let version = commit.version().unwrap();
            commit
                .value_mut()
                .unwrap()
                .push_str(&format!(" at {version}"));
        }
    };
    let text = || "filled in".to_owned();
    let expected = |version: Version| format!("filled in at {version}");
    let version = store.create_with(1, text(), fill).await.unwrap();
    assert_eq!(*store.get(&1).await.unwrap(), expected(version));
    let update = store.try_update_with(&1, |_| Ok::<_, ()>(text()), fill);
    let version = update.await.unwrap();
    assert_eq!(*store.get(&1).await.unwrap(), expected(version));
    let swap = store.compare_and_set_with(&1, version, text(), fill);
    let version = swap.await.unwrap();
    assert_eq!(*store.get(&1).await.unwrap(), expected(version));
    let batch = Batch::new()
        .put(1, text())
        .require(3, None)
        .create(2, text());
    let versions = store.apply_with(batch, fill).await.unwrap();
    for (key, place) in [(1, 0), (2, 2)] {
        let version = versions[place].unwrap();
        assert_eq!(*store.get(&key).await.unwrap(), expected(version));
    }
}

pub(crate) async fn a_value_that_is_shared_or_removed_cannot_be_filled_in<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let mut kept = None;
    let share = |commits: &mut [Commit<'_, u32, u32>]| {
        kept = commits[0].after().cloned();
        assert!(commits[0].value_mut().is_none());
    };
    store.create_with(1, 10, share).await.unwrap();
    assert!(kept.unwrap().same(&store.get(&1).await.unwrap()));
    let removes = |commits: &mut [Commit<'_, u32, u32>]| {
        assert!(commits[0].value_mut().is_none());
        assert!(commits[0].version().is_none());
    };
    store.remove_with(&1, None, removes).await.unwrap();
    assert!(store.is_empty().await);
}

pub(crate) async fn the_hook_of_a_batch_gets_all_changes_in_order<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    for key in 1..=4 {
        store.create(key, key).await.unwrap();
    }
    let mut seen = Vec::new();
    let batch = Batch::new()
        .require(4, Some(Version::FIRST))
        .put(3, 30)
        .create(9, 90)
        .require(5, None)
        .remove(1, None)
        .compare_and_set(2, Version::FIRST, 20);
    store.apply_with(batch, to(&mut seen)).await.unwrap();
    let created = store.get(&9).await.unwrap().version().get();
    let expected = [
        (3, Some((1, 3)), Some((2, 30))),
        (9, None, Some((created, 90))),
        (1, Some((1, 1)), None),
        (2, Some((1, 2)), Some((2, 20))),
    ];
    assert_eq!(seen, [expected]);
}

pub(crate) async fn a_batch_without_a_change_runs_no_hook<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let first = store.create(1, 1).await.unwrap();
    let conditions = Batch::new().require(1, Some(first)).require(2, None);
    let applied = store.apply_with(conditions, never).await;
    assert_eq!(applied, Ok(vec![Some(first), None]));
    assert_eq!(store.apply_with(Batch::new(), never).await, Ok(vec![]));
}

/// It must not; but if it does, the write has not happened, and whoever comes next finds the store
/// in order.
pub(crate) async fn a_panicking_hook_changes_nothing<S: StrategyKind>() {
    fn planned<K, V>(_: &mut [Commit<'_, K, V>]) {
        std::panic::resume_unwind(Box::new("planned"));
    }

    let store = S::Store::<u32, u32>::with_options(Options::new().limit(2));
    let store = Arc::new(store);
    let first = store.create(1, 1).await.unwrap();
    for write in 0..6 {
        let panic = expect_panic({
            let store = Arc::clone(&store);
            async move {
                let add = |n: &u32| Ok::<_, ()>(n + 1);
                let batch = Batch::new().put(1, 0).create(2, 0);
                match write {
                    0 => drop(store.create_with(2, 0, planned).await),
                    1 => drop(store.try_update_with(&1, |n| add(n), planned).await),
                    2 => drop(store.compare_and_set_with(&1, first, 0, planned).await),
                    3 => drop(store.remove_with(&1, None, planned).await),
                    4 => drop(store.apply_with(batch, planned).await),
                    _ => drop(store.snapshot_with(|| planned::<u32, u32>(&mut [])).await),
                }
            }
        });
        assert_eq!(panic.await.downcast_ref(), Some(&"planned"));
        let entries = store.snapshot().await;
        let entries = entries.iter().map(|(key, v)| (*key, v.version(), **v));
        assert_eq!(entries.collect::<Vec<_>>(), [(1, first, 1)]);
    }
    // No place was lost, and no turn.
    store.create(2, 2).await.unwrap();
    store.update(&1, |n| **n + 1).await.unwrap();
}
