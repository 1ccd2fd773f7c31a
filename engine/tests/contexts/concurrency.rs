//! Many tasks, one context: nothing is lost.

use std::collections::HashSet;
use std::sync::Arc;

use contexture::{CompareAndSetError, Contexts, CreateError, StrategyKind, SyncStrategyKind};

use super::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};

const TASKS: u64 = 16;
const UPDATES: u64 = 200;

over_every_strategy! {
    no_update_is_lost => updates;
    no_compare_and_set_is_lost => compare_and_sets;
    one_creator_and_one_deleter_win => winners;
}

over_every_sync_strategy! {
    no_update_is_lost_without_async => updates_sync;
}

async fn updates<S: StrategyKind>() {
    let contexts = Arc::new(Contexts::<S>::new());
    let a = id("a");
    let first = contexts
        .create(a.clone(), document(r#"{"x": [1], "n": 0, "y": "z"}"#))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (contexts, a) = (Arc::clone(&contexts), a.clone());
            tokio::spawn(async move {
                let mut versions = Vec::new();
                for _ in 0..UPDATES {
                    versions.push(contexts.update(&a, incremented).await.unwrap());
                }
                assert!(versions.is_sorted());
                versions
            })
        })
        .collect();
    let mut versions = HashSet::new();
    for task in tasks {
        versions.extend(task.await.unwrap());
    }
    let last = contexts.get(&a).await.unwrap();
    assert_eq!(
        last.as_json(),
        format!(r#"{{"x":[1],"n":{},"y":"z"}}"#, TASKS * UPDATES)
    );
    assert_eq!(last.version().get(), first.get() + TASKS * UPDATES);
    assert_eq!(
        versions.len() as u64,
        TASKS * UPDATES,
        "each update has a version of its own"
    );
}

async fn compare_and_sets<S: StrategyKind>() {
    let contexts = Arc::new(Contexts::<S>::new());
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n": 0}"#))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (contexts, a) = (Arc::clone(&contexts), a.clone());
            tokio::spawn(async move {
                let mut set = 0;
                while set < 50 {
                    let seen = contexts.get(&a).await.unwrap();
                    let next = incremented(seen.as_ref());
                    match contexts.compare_and_set(&a, seen.version(), next).await {
                        Ok(_) => set += 1,
                        Err(CompareAndSetError::Conflict {
                            expected, current, ..
                        }) => {
                            assert!(current > expected);
                            tokio::task::yield_now().await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 200);
}

async fn winners<S: StrategyKind>() {
    let contexts = Arc::new(Contexts::<S>::new());
    let a = id("a");
    for round in 0..50 {
        let creators: Vec<_> = (0..4)
            .map(|_| {
                let (contexts, a) = (Arc::clone(&contexts), a.clone());
                tokio::spawn(async move { contexts.create(a, document("{}")).await })
            })
            .collect();
        let mut created = 0;
        for creator in creators {
            match creator.await.unwrap() {
                Ok(_) => created += 1,
                Err(CreateError::Exists { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let deleters: Vec<_> = (0..4)
            .map(|_| {
                let (contexts, a) = (Arc::clone(&contexts), a.clone());
                tokio::spawn(async move { contexts.delete(&a, None).await.is_ok() })
            })
            .collect();
        let mut deleted = 0;
        for deleter in deleters {
            deleted += usize::from(deleter.await.unwrap());
        }
        assert_eq!((created, deleted), (1, 1), "round {round}");
    }
}

fn updates_sync<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    contexts
        .create_sync(a.clone(), document(r#"{"n": 0}"#))
        .unwrap();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..UPDATES {
                    contexts.update_sync(&a, incremented).unwrap();
                }
            });
        }
    });
    assert_eq!(n(&contexts.get_sync(&a).unwrap()), 4 * UPDATES);
}
