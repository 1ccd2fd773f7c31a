//! Batches happen at one instant or not at all.

use std::sync::Arc;

use contexture::{Batch, BatchError, Contexts, StrategyKind, SyncStrategyKind};

use super::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};

over_every_strategy! {
    a_batch_tells_the_version_of_each_context => versions;
    a_refused_batch_names_the_context_and_changes_nothing => refusals;
    no_snapshot_sees_half_a_batch => atomicity;
}

over_every_sync_strategy! {
    batches_work_without_async => without_async;
}

async fn versions<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(id);
    let mut first = Vec::new();
    for context in [&a, &b, &c] {
        let created = contexts
            .create(context.clone(), document(r#"{"n": 1}"#))
            .await;
        first.push(created.unwrap());
    }
    let batch = Batch::new()
        .compare_and_set(a.clone(), first[0], document(r#"{"n": 2}"#))
        .delete(b.clone(), Some(first[1]))
        .require(c.clone(), Some(first[2]))
        .create(d.clone(), document(r#"{"n": 4}"#))
        .require(e.clone(), None);
    assert_eq!((batch.len(), batch.is_empty()), (5, false));
    let versions = contexts.apply(batch).await.unwrap();

    let version_of = async |id| contexts.get(id).await.map(|context| context.version());
    let now = [
        version_of(&a).await,
        version_of(&b).await,
        version_of(&c).await,
        version_of(&d).await,
        version_of(&e).await,
    ];
    assert_eq!(versions, now);
    assert_eq!(versions[0].unwrap().get(), first[0].get() + 1);
    assert_eq!(versions[2], Some(first[2]));
    assert_eq!(contexts.list().await, [a, c, d]);
}

async fn refusals<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let [a, b, x] = ["a", "b", "x"].map(id);
    let first = contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let current = contexts.update(&a, incremented).await.unwrap();
    // Each batch begins with a change that would succeed.
    let start = || Batch::new().create(x.clone(), document("{}"));
    let cases = [
        (
            start().create(a.clone(), document("{}")),
            BatchError::Exists {
                index: 1,
                id: a.clone(),
                current,
            },
        ),
        (
            start().delete(b.clone(), None),
            BatchError::NotFound {
                index: 1,
                id: b.clone(),
            },
        ),
        (
            start()
                .put(b.clone(), document("{}"))
                .delete(a.clone(), Some(first)),
            BatchError::Conflict {
                index: 2,
                id: a.clone(),
                current,
            },
        ),
        (
            start().compare_and_set(a.clone(), first, document("{}")),
            BatchError::Conflict {
                index: 1,
                id: a.clone(),
                current,
            },
        ),
        (
            start().require(a.clone(), Some(first)),
            BatchError::Conflict {
                index: 1,
                id: a.clone(),
                current,
            },
        ),
        (
            start().put(x.clone(), document("{}")),
            BatchError::DuplicateId {
                index: 1,
                id: x.clone(),
            },
        ),
    ];
    for (batch, expected) in cases {
        assert_eq!(contexts.apply(batch).await, Err(expected));
        assert_eq!(contexts.list().await, [id("a")]);
        assert_eq!(contexts.get(&a).await.unwrap().version(), current);
    }
    let message = contexts
        .apply(start().delete(b, None))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(message, "change 1 of the batch: there is no context `b`");
}

/// Transfers between two contexts, while snapshots are taken: the sum is always the same.
async fn atomicity<S: StrategyKind>() {
    let contexts = Arc::new(Contexts::<S>::new());
    let [a, b] = ["a", "b"].map(id);
    contexts
        .create(a.clone(), document(r#"{"n": 500}"#))
        .await
        .unwrap();
    contexts
        .create(b.clone(), document(r#"{"n": 500}"#))
        .await
        .unwrap();

    let movers: Vec<_> = (0..4)
        .map(|_| {
            let (contexts, a, b) = (Arc::clone(&contexts), a.clone(), b.clone());
            tokio::spawn(async move {
                let mut moved = 0;
                while moved < 50 {
                    let from = contexts.get(&a).await.unwrap();
                    let to = contexts.get(&b).await.unwrap();
                    let transfer = Batch::new()
                        .compare_and_set(
                            a.clone(),
                            from.version(),
                            from.with("n", &(n(&from) - 1)).unwrap(),
                        )
                        .compare_and_set(b.clone(), to.version(), incremented(to.as_ref()));
                    match contexts.apply(transfer).await {
                        Ok(_) => moved += 1,
                        Err(BatchError::Conflict { .. }) => tokio::task::yield_now().await,
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    while !movers.iter().all(|mover| mover.is_finished()) {
        let snapshot = contexts.snapshot().await;
        assert_eq!(
            snapshot.iter().map(|context| n(&context)).sum::<u64>(),
            1000
        );
        tokio::task::yield_now().await;
    }
    for mover in movers {
        mover.await.unwrap();
    }
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 300);
    assert_eq!(n(&contexts.get(&b).await.unwrap()), 700);
}

fn without_async<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::builder().max_document_bytes(200).build();
    let [a, b] = ["a", "b"].map(id);
    let batch = Batch::new()
        .create(a.clone(), document("{}"))
        .delete(b.clone(), None);
    let refused = contexts.apply_sync(batch);
    assert_eq!(
        refused,
        Err(BatchError::NotFound {
            index: 1,
            id: b.clone()
        })
    );
    let large = document("{}").with("x", &"x".repeat(200)).unwrap();
    let refused = contexts.apply_sync(Batch::new().put(a.clone(), large));
    assert!(matches!(refused, Err(BatchError::LimitExceeded(_))));
    assert!(contexts.is_empty_sync());

    let batch = Batch::new()
        .create(a.clone(), document("{}"))
        .put(b.clone(), document("{}"));
    assert_eq!(contexts.apply_sync(batch).unwrap().len(), 2);
    assert_eq!(contexts.list_sync(), [a, b]);
}
