//! Every commit once, in order, and never ahead of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contexture::feed::Filter;
use contexture::{
    Batch, BatchError, ContextId, Contexts, CreateError, DeleteError, Draft, StrategyKind,
    UpdateError,
};
use tokio::task::yield_now;

use crate::replica::Replica;
use crate::{count, document, everything, id, incremented, over_every_strategy, shown, with_feed};

const WRITERS: u64 = 8;

over_every_strategy! {
    every_commit_is_shown_once_under_eight_writers => under_eight_writers;
    a_snapshot_and_what_comes_after_it_are_everything => watch_during_writes;
    a_commit_is_in_the_store_when_it_is_shown => never_ahead;
    commits_of_a_context_are_in_the_order_of_its_versions => order_of_versions;
    a_batch_is_one_commit_and_a_failed_write_none => one_a_batch;
}

/// A write of some kind; whether it was made.
async fn write<S: StrategyKind>(contexts: &Contexts<S>, writer: u64, step: u64) -> bool {
    let random = (writer * 1_000_003 + step).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let context = |n: u64| id(&format!("context/{}", n % 6));
    let (a, b) = (context(random / 8), context(random / 8 + 1));
    let fresh = document(&format!(r#"{{"n": 0, "writer": {writer}}}"#));
    match random % 8 {
        0 | 1 => match contexts.create(a, fresh).await {
            Ok(_) => true,
            Err(CreateError::Exists { .. }) => false,
            Err(error) => panic!("{error}"),
        },
        2 => match contexts.delete(&a, None).await {
            Ok(_) => true,
            Err(DeleteError::NotFound { .. }) => false,
            Err(error) => panic!("{error}"),
        },
        3 => {
            let metadata = document(&format!(r#"{{"by": {writer}}}"#));
            let batch = Batch::new().put(a, Draft::new(fresh.clone()).metadata(metadata));
            contexts.apply(batch.put(b, fresh)).await.unwrap();
            true
        }
        4 => match contexts
            .apply(Batch::new().put(a, fresh).delete(b, None))
            .await
        {
            Ok(_) => true,
            Err(BatchError::NotFound { .. }) => false,
            Err(error) => panic!("{error}"),
        },
        _ => match contexts.update(&a, |context| incremented(&context)).await {
            Ok(_) => true,
            Err(UpdateError::NotFound { .. }) => false,
            Err(error) => panic!("{error}"),
        },
    }
}

async fn under_eight_writers<S: StrategyKind>() {
    let contexts = with_feed::<S>(100_000);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let rebuilding = tokio::spawn(async move {
        let mut replica = Replica::empty();
        while let Some(event) = subscription.next().await {
            replica.apply(&event.unwrap());
            assert_eq!(subscription.revision().get(), replica.revision());
        }
        replica
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                let mut made = 0;
                for step in 0..150 {
                    made += u64::from(write(&contexts, writer, step).await);
                    yield_now().await;
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    let last = contexts.snapshot().await;
    drop(contexts);
    assert_eq!(last.revision().unwrap().get(), made);
    assert_eq!(rebuilding.await.unwrap(), Replica::of(&last));
}

async fn watch_during_writes<S: StrategyKind>() {
    let contexts = with_feed::<S>(1_000_000);
    let watched = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (contexts, watched) = (contexts.clone(), Arc::clone(&watched));
            tokio::spawn(async move {
                let mut step = 0;
                while step < 50 || !watched.load(Ordering::Relaxed) {
                    write(&contexts, writer, step).await;
                    step += 1;
                    yield_now().await;
                }
            })
        })
        .collect();
    let mut watching = Vec::new();
    for _ in 0..10 {
        let (snapshot, mut subscription) = contexts.watch(everything()).await.unwrap();
        let mut replica = Replica::of(&snapshot);
        assert_eq!(Some(subscription.revision()), snapshot.revision());
        // The first one is the one after the snapshot: the replica sees to it.
        replica.apply(&shown(subscription.next().await));
        watching.push((replica, subscription));
    }
    watched.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let last = Replica::of(&contexts.snapshot().await);
    drop(contexts);
    for (mut replica, mut subscription) in watching {
        while let Some(event) = subscription.next().await {
            replica.apply(&event.unwrap());
        }
        assert_eq!(replica, last);
    }
}

/// Batches over many contexts, so that there is time between the commit and its being visible; and
/// a thread that looks at every commit at once.
async fn never_ahead<S: StrategyKind>() {
    const ROUNDS: u64 = 150;
    let contexts = with_feed::<S>(10_000);
    let ids: Vec<ContextId> = (0..400).map(|n| id(&format!("context/{n}"))).collect();
    let put = |ids: &[ContextId], n| {
        let batch = Batch::new();
        ids.iter().fold(batch, |batch, id| {
            batch.put(id.clone(), document(&format!(r#"{{"n": {n}}}"#)))
        })
    };
    contexts.apply(put(&ids, 0)).await.unwrap();
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let looking = std::thread::spawn({
        let contexts = contexts.clone();
        move || {
            for _ in 0..ROUNDS {
                let commit = loop {
                    match subscription.try_next() {
                        Ok(event) => break shown(event),
                        Err(_) => std::hint::spin_loop(),
                    }
                };
                // The last one first: the store changes it last.
                for change in commit.changes().iter().rev() {
                    let found = pollster::block_on(contexts.get(change.id()));
                    let (found, shown) = (found.unwrap().version(), change.after().unwrap());
                    assert!(found >= shown.version(), "{found} is shown at {shown:?}");
                }
            }
        }
    });
    let writing = std::thread::spawn(move || {
        for round in 0..ROUNDS {
            let some = ids.chunks(25).nth(round as usize % 16).unwrap();
            pollster::block_on(contexts.apply(put(some, round))).unwrap();
        }
    });
    writing.join().unwrap();
    looking.join().unwrap();
}

async fn order_of_versions<S: StrategyKind>() {
    let contexts = with_feed::<S>(10_000);
    let hot = id("hot");
    count(&contexts, &hot, 0).await;
    let first = contexts.get(&hot).await.unwrap().version().get();
    let mut subscription = contexts
        .subscribe(Filter::new().ids([hot.clone()]))
        .unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (contexts, hot) = (contexts.clone(), hot.clone());
            tokio::spawn(async move {
                count(&contexts, &id(&format!("own/{writer}")), 30).await;
                count(&contexts, &hot, 30).await;
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    drop(contexts);
    for expected in 1..=30 * WRITERS {
        let commit = shown(subscription.next().await);
        let [change] = commit.changes() else {
            panic!("one change a commit");
        };
        let after = change.after().unwrap();
        assert_eq!(after.version().get(), first + expected);
        assert_eq!(crate::n(&after), expected);
    }
    assert!(subscription.next().await.is_none());
}

async fn one_a_batch<S: StrategyKind>() {
    let contexts = with_feed::<S>(10).acting_as("ann");
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let (a, b) = (id("a"), id("b"));
    let batch = Batch::new().create(a.clone(), document("{}"));
    contexts
        .apply(batch.create(b.clone(), document("{}")))
        .await
        .unwrap();
    // None of these commits anything.
    contexts
        .create(a.clone(), document("{}"))
        .await
        .unwrap_err();
    contexts.apply(Batch::new()).await.unwrap();
    contexts
        .apply(Batch::new().require(id("absent"), None))
        .await
        .unwrap();
    let half = Batch::new()
        .delete(a.clone(), None)
        .create(b.clone(), document("{}"));
    contexts.apply(half).await.unwrap_err();
    contexts
        .try_update(&a, |_| Err::<Draft, _>(()))
        .await
        .unwrap_err();
    contexts.delete(&b, None).await.unwrap();

    let both = shown(subscription.next().await);
    assert_eq!((crate::revision(&both), both.actor()), (1, Some("ann")));
    let ids: Vec<_> = both.changes().iter().map(|change| change.id()).collect();
    assert_eq!(ids, [&a, &b]);
    let deleted = shown(subscription.next().await);
    assert_eq!((crate::revision(&deleted), deleted.changes().len()), (2, 1));
    assert!(subscription.try_next().is_err());
}

#[test]
fn watching_without_async_is_the_same() {
    struct Each;
    impl contexture::kind::SyncVisitor for Each {
        fn visit<S: contexture::SyncStrategyKind>(&mut self) {
            let contexts = with_feed::<S>(10);
            contexts.create_sync(id("a"), document("{}")).unwrap();
            let (snapshot, mut subscription) = contexts.watch_sync(Filter::new()).unwrap();
            let mut replica = Replica::of(&snapshot);
            assert_eq!((replica.revision(), snapshot.len()), (1, 1));
            contexts.delete_sync(&id("a"), None).unwrap();
            replica.apply(&shown(subscription.next_blocking()));
            assert_eq!(replica, Replica::of(&contexts.snapshot_sync()));
            assert!(Contexts::<S>::new().watch_sync(Filter::new()).is_err());
        }
    }
    contexture::kind::visit_sync(&mut Each);
}
