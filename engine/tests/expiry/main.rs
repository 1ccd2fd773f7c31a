//! Contexts whose time is over are gone, for good, and only they.

#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};
use contexture::{
    Batch, BatchError, ChangeKind, CompareAndSetError, ContextId, Contexts, CreateError,
    DeleteError, Document, Draft, ManualClock, StrategyKind, SyncStrategyKind, UpdateError,
};

const MINUTE: Duration = Duration::from_secs(60);

over_every_strategy! {
    an_expired_context_is_gone_for_every_operation => gone;
    a_write_starts_the_time_anew => renewal;
    a_context_has_its_own_time_to_live => own_time;
    created_again_it_starts_above_its_former_versions => no_return;
    a_batch_does_not_find_what_has_expired => batches;
    what_has_expired_takes_no_room => room;
    what_has_expired_takes_no_room_from_several => room_for_several;
    who_meets_an_expired_context_waits_for_its_running_update => met_in_update;
    expiry_is_a_commit_of_its_own_kind => feed;
    an_update_that_began_in_time_renews => update_in_time;
    a_context_renewed_meanwhile_is_never_removed => renewed_meanwhile;
    many_who_meet_an_expired_context_remove_it_once => removed_once;
    a_sweeping_task_ends_with_the_contexts => sweep;
    a_clock_that_goes_backwards_orders_nothing_backwards => backwards;
    a_time_to_live_beyond_the_end_of_time_is_for_ever => for_ever;
}

over_every_sync_strategy! {
    a_sweeping_thread_removes_and_ends => sweeper;
    a_read_from_an_updates_closure_still_gets_it => read_in_closure;
}

fn expiring<S: StrategyKind>() -> (Contexts<S>, ManualClock) {
    let clock = ManualClock::new();
    let contexts = Contexts::builder()
        .clock(clock.clone())
        .time_to_live(MINUTE)
        .build();
    (contexts, clock)
}

async fn gone<S: StrategyKind>() {
    let a = id("a");
    let not_found = |error: UpdateError| assert_eq!(error, UpdateError::NotFound { id: id("a") });
    // Each operation is the first that meets the expired context.
    for operation in 0..12 {
        let (contexts, clock) = expiring::<S>();
        let version = contexts
            .create(a.clone(), document(r#"{"n": 1}"#))
            .await
            .unwrap();
        clock.advance(MINUTE - Duration::from_nanos(1));
        assert_eq!(contexts.get(&a).await.unwrap().version(), version);
        clock.advance(Duration::from_nanos(1));
        match operation {
            0 => assert!(contexts.get(&a).await.is_none()),
            1 => assert!(contexts.read(&a, |_| ()).await.is_none()),
            2 => assert_eq!(contexts.list().await, []),
            3 => assert!(contexts.snapshot().await.is_empty()),
            4 => assert_eq!(contexts.len().await, 0),
            5 => not_found(contexts.update(&a, incremented).await.unwrap_err()),
            6 => not_found(
                contexts
                    .update_if(&a, |it| Some(incremented(it)))
                    .await
                    .unwrap_err(),
            ),
            7 => not_found(contexts.renew(&a).await.unwrap_err()),
            8 => assert_eq!(
                contexts.compare_and_set(&a, version, Document::new()).await,
                Err(CompareAndSetError::NotFound { id: a.clone() })
            ),
            9 => assert_eq!(
                contexts.delete(&a, Some(version)).await.unwrap_err(),
                DeleteError::NotFound { id: a.clone() }
            ),
            10 => assert!(contexts.rollback(&a, version).await.is_err()),
            _ => assert_eq!(contexts.purge_expired().await, 1),
        }
        assert!(contexts.is_empty().await);
        assert_eq!(contexts.purge_expired().await, 0);
        // The clock cannot bring it back.
        clock.set(std::time::SystemTime::UNIX_EPOCH);
        assert!(contexts.get(&a).await.is_none(), "operation {operation}");
    }
}

async fn renewal<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a = id("a");
    let mut version = contexts
        .create(a.clone(), document(r#"{"n": 0}"#))
        .await
        .unwrap();
    for write in 0..8 {
        clock.advance(MINUTE / 2);
        version = match write % 4 {
            0 => contexts.update(&a, incremented).await.unwrap(),
            1 => contexts.renew(&a).await.unwrap(),
            2 => contexts
                .compare_and_set(&a, version, document(r#"{"n": 9}"#))
                .await
                .unwrap(),
            _ => {
                let batch = Batch::new().put(a.clone(), document(r#"{"n": 7}"#));
                contexts.apply(batch).await.unwrap()[0].unwrap()
            }
        };
        let context = contexts.get(&a).await.unwrap();
        assert_eq!(context.expires(), Some(context.updated() + MINUTE));
        assert_eq!(context.time_to_live(), Some(MINUTE));
    }
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 7);
    // Reading does not renew.
    clock.advance(MINUTE / 2);
    assert!(contexts.get(&a).await.is_some());
    clock.advance(MINUTE / 2);
    assert!(contexts.get(&a).await.is_none());
}

async fn own_time<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let new = || Draft::new(Document::new());
    contexts
        .create(id("short"), new().time_to_live(MINUTE / 4))
        .await
        .unwrap();
    contexts.create(id("store"), new()).await.unwrap();
    contexts.create(id("ever"), new().forever()).await.unwrap();
    // What an update does not name stays.
    for context in ["short", "ever"] {
        contexts
            .update(&id(context), |it| it.without("x"))
            .await
            .unwrap();
    }
    clock.advance(MINUTE / 4);
    assert_eq!(contexts.list().await, [id("ever"), id("store")]);
    contexts.set_time_to_live(&id("store"), None).await.unwrap();
    contexts
        .set_time_to_live(&id("ever"), Some(MINUTE))
        .await
        .unwrap();
    clock.advance(MINUTE);
    assert_eq!(contexts.list().await, [id("store")]);
    assert_eq!(contexts.get(&id("store")).await.unwrap().expires(), None);
}

async fn no_return<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let last = contexts.update(&a, incremented).await.unwrap();
    clock.advance(MINUTE);
    // Create itself meets what has expired.
    let first = contexts
        .create(a.clone(), document(r#"{"n": 5}"#))
        .await
        .unwrap();
    assert!(first > last);
    let context = contexts.get(&a).await.unwrap();
    assert_eq!((n(&context), context.history().len()), (5, 0));
    assert_eq!(context.created(), context.updated());
    let stale = contexts.compare_and_set(&a, last, Document::new()).await;
    assert!(matches!(stale, Err(CompareAndSetError::Conflict { .. })));
    assert!(matches!(
        contexts.create(a.clone(), Document::new()).await,
        Err(CreateError::Exists { .. })
    ));
}

async fn batches<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let (a, b) = (id("a"), id("b"));
    let version = contexts.create(a.clone(), Document::new()).await.unwrap();
    clock.advance(MINUTE);
    let missing = [
        Batch::new().compare_and_set(a.clone(), version, Document::new()),
        Batch::new().delete(a.clone(), None),
        Batch::new().require(a.clone(), Some(version)),
    ];
    for batch in missing {
        // The first change alone would succeed.
        let batch = Batch::new()
            .create(b.clone(), Document::new())
            .with_all(batch);
        let refused = contexts.apply(batch).await.unwrap_err();
        assert!(
            matches!(refused, BatchError::NotFound { index: 1, .. }),
            "{refused:?}"
        );
        assert!(contexts.get(&b).await.is_none());
    }
    contexts.create(a.clone(), Document::new()).await.unwrap();
    clock.advance(MINUTE);
    let batch = Batch::new()
        .create(a.clone(), Document::new())
        .require(b, None);
    assert!(contexts.apply(batch).await.unwrap()[0].unwrap() > version);
}

trait WithAll {
    fn with_all(self, other: Batch) -> Batch;
}

impl WithAll for Batch {
    fn with_all(mut self, other: Batch) -> Batch {
        let changes: Vec<_> = other.iter().cloned().collect();
        self.extend(changes);
        self
    }
}

async fn room<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .time_to_live(MINUTE)
        .max_contexts(2)
        .build();
    contexts.create(id("a"), Document::new()).await.unwrap();
    contexts.create(id("b"), Document::new()).await.unwrap();
    assert!(matches!(
        contexts.create(id("c"), Document::new()).await,
        Err(CreateError::Full { limit: 2, .. })
    ));
    clock.advance(MINUTE);
    contexts.create(id("c"), Document::new()).await.unwrap();
    assert_eq!(contexts.list().await, [id("c")]);
    contexts.create(id("d"), Document::new()).await.unwrap();
    clock.advance(MINUTE);
    let batch = Batch::new()
        .create(id("e"), Document::new())
        .create(id("f"), Document::new());
    contexts.apply(batch).await.unwrap();
    assert_eq!(contexts.list().await, [id("e"), id("f")]);
    let full = Batch::new().create(id("g"), Document::new());
    assert_eq!(
        contexts.apply(full).await,
        Err(BatchError::Full { limit: 2 })
    );
}

async fn feed<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .time_to_live(MINUTE)
        .feed(10)
        .build();
    let mut feed = contexts.subscribe(contexture::feed::Filter::new()).unwrap();
    contexts.create(id("a"), Document::new()).await.unwrap();
    contexts.create(id("b"), Document::new()).await.unwrap();
    contexts.delete(&id("b"), None).await.unwrap();
    clock.advance(MINUTE);
    assert!(contexts.acting_as("reader").get(&id("a")).await.is_none());
    drop(contexts);
    let mut kinds = Vec::new();
    while let Some(commit) = feed.next().await {
        let commit = commit.unwrap();
        let change = &commit.changes()[0];
        assert_eq!(change.after().is_none(), kinds.len() >= 2);
        assert_eq!(commit.actor(), None);
        kinds.push((change.id().clone(), change.kind()));
    }
    let wanted = [
        (id("a"), ChangeKind::Created),
        (id("b"), ChangeKind::Created),
        (id("b"), ChangeKind::Deleted),
        (id("a"), ChangeKind::Expired),
    ];
    assert_eq!(kinds, wanted);
}

/// The closure runs while the deadline passes: whoever reads afterwards sees what it made.
async fn update_in_time<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    clock.advance(MINUTE / 2);
    let (inside, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let update = {
        let (contexts, a) = (contexts.clone(), a.clone());
        tokio::spawn(async move {
            contexts
                .update(&a, move |context| {
                    inside.send(()).unwrap();
                    left.recv().unwrap();
                    incremented(context)
                })
                .await
        })
    };
    tokio::task::spawn_blocking(move || entered.recv().unwrap())
        .await
        .unwrap();
    clock.advance(MINUTE);
    // They wait for the update, or come after it: none may find the context gone.
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (contexts, a) = (contexts.clone(), a.clone());
            tokio::spawn(async move { contexts.get(&a).await.map(|it| n(&it)) })
        })
        .collect();
    leave.send(()).unwrap();
    update.await.unwrap().unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), Some(2));
    }
}

async fn renewed_meanwhile<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let kept = id("kept");
    contexts
        .create(kept.clone(), document(r#"{"n": 0}"#))
        .await
        .unwrap();
    let created = contexts.get(&kept).await.unwrap().created();
    let done = Arc::new(AtomicBool::new(false));
    let removed = Arc::new(AtomicU64::new(0));
    let sweepers: Vec<_> = (0..3)
        .map(|sweeper| {
            let (contexts, done, removed) =
                (contexts.clone(), Arc::clone(&done), Arc::clone(&removed));
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    match sweeper {
                        0 => assert!(contexts.get(&id("kept")).await.is_some()),
                        _ => {
                            let purged = contexts.purge_expired().await as u64;
                            removed.fetch_add(purged, Ordering::SeqCst);
                        }
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    // The time moves on only when the context has been renewed, but then at once.
    for round in 1..=500_u64 {
        contexts
            .create(id(&format!("{round}")), Document::new())
            .await
            .unwrap();
        contexts.update(&kept, incremented).await.unwrap();
        clock.advance(MINUTE - Duration::from_nanos(1));
    }
    done.store(true, Ordering::SeqCst);
    for sweeper in sweepers {
        sweeper.await.unwrap();
    }
    let context = contexts.get(&kept).await.unwrap();
    assert_eq!((n(&context), context.created()), (500, created));
    removed.fetch_add(contexts.purge_expired().await as u64, Ordering::SeqCst);
    clock.advance(MINUTE);
    removed.fetch_add(contexts.purge_expired().await as u64, Ordering::SeqCst);
    assert!(contexts.is_empty().await);
    assert!(removed.load(Ordering::SeqCst) <= 501);
}

async fn removed_once<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .time_to_live(MINUTE)
        .feed(10_000)
        .build();
    let mut feed = contexts.subscribe(contexture::feed::Filter::new()).unwrap();
    for _ in 0..50 {
        contexts.create(id("a"), Document::new()).await.unwrap();
        clock.advance(MINUTE);
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let contexts = contexts.clone();
                tokio::spawn(async move {
                    match task % 4 {
                        0 => assert!(contexts.get(&id("a")).await.is_none()),
                        1 => assert!(
                            contexts
                                .update(&id("a"), |it| it.without("a"))
                                .await
                                .is_err()
                        ),
                        2 => assert!(contexts.list().await.is_empty()),
                        _ => drop(contexts.purge_expired().await),
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    drop(contexts);
    let mut expired = 0;
    while let Some(commit) = feed.next().await {
        expired += usize::from(commit.unwrap().changes()[0].kind() == ChangeKind::Expired);
    }
    assert_eq!(expired, 50);
}

async fn sweep<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let tick = Arc::new(tokio::sync::Notify::new());
    let ticks = Arc::clone(&tick);
    let (ticked, mut swept) = tokio::sync::mpsc::unbounded_channel();
    let sweeper = tokio::spawn(contexts.sweep(move || {
        // Asked for the next tick, it has done what the last one was for.
        ticked.send(()).unwrap();
        let ticks = Arc::clone(&ticks);
        async move { ticks.notified().await }
    }));
    swept.recv().await.unwrap();
    clock.advance(MINUTE);
    tick.notify_one();
    swept.recv().await.unwrap();
    assert_eq!(contexts.purge_expired().await, 0, "the task has done it");
    assert!(!sweeper.is_finished());
    drop(contexts);
    tick.notify_one();
    sweeper.await.unwrap();
}

fn sweeper<S: SyncStrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let (gone, told) = std::sync::mpsc::channel();
    let mut feed = {
        let contexts = Contexts::<S>::builder()
            .clock(clock.clone())
            .time_to_live(MINUTE)
            .feed(10)
            .build();
        contexts.create_sync(id("a"), Document::new()).unwrap();
        let feed = contexts.subscribe(contexture::feed::Filter::new()).unwrap();
        clock.advance(MINUTE);
        let sweeper = contexts.spawn_sweeper(Duration::from_millis(1)).unwrap();
        std::thread::spawn(move || {
            told.recv().unwrap();
            drop((sweeper, contexts));
        });
        feed
    };
    let commit = feed.next_blocking().unwrap().unwrap();
    assert_eq!(commit.changes()[0].kind(), ChangeKind::Expired);
    gone.send(()).unwrap();
    // The contexts are dropped, though the thread had a handle of them now and then.
    assert!(feed.next_blocking().is_none());
    drop(contexts);
}

fn read_in_closure<S: SyncStrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a = id("a");
    contexts
        .create_sync(a.clone(), document(r#"{"n": 1}"#))
        .unwrap();
    contexts
        .update_sync(&a, |context| {
            clock.advance(MINUTE);
            assert_eq!(contexts.get_sync(&a).unwrap().version(), context.version());
            assert_eq!(contexts.read_sync(&a, |it| n(&it)), Some(1));
            incremented(context)
        })
        .unwrap();
    assert_eq!(n(&contexts.get_sync(&a).unwrap()), 2);
}

async fn backwards<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a: ContextId = id("a");
    contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let first = contexts.get(&a).await.unwrap();
    clock.set(first.updated() - MINUTE);
    contexts.update(&a, incremented).await.unwrap();
    let second = contexts.get(&a).await.unwrap();
    assert_eq!(second.updated(), first.updated());
    assert_eq!(second.created(), first.created());
    assert_eq!(second.expires(), first.expires());
}

async fn for_ever<S: StrategyKind>() {
    let (contexts, _clock) = expiring::<S>();
    let draft = Draft::new(Document::new()).time_to_live(Duration::MAX);
    contexts.create(id("a"), draft).await.unwrap();
    let context = contexts.get(&id("a")).await.unwrap();
    assert_eq!(
        (context.expires(), context.time_to_live()),
        (None, Some(Duration::MAX))
    );
}

async fn room_for_several<S: StrategyKind>() {
    for round in 0..100 {
        let clock = ManualClock::new();
        let contexts = Contexts::<S>::builder()
            .clock(clock.clone())
            .max_contexts(2)
            .build();
        for name in ["x", "y"] {
            let draft = Draft::new(Document::new()).time_to_live(MINUTE);
            contexts.create(id(name), draft).await.unwrap();
        }
        clock.advance(MINUTE);
        let created = ["a", "b"].map(|name| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                if name == "a" {
                    contexts.create(id(name), Document::new()).await.unwrap();
                } else {
                    let batch = Batch::new().create(id(name), Document::new());
                    contexts.apply(batch).await.unwrap();
                }
            })
        });
        for created in created {
            assert!(created.await.is_ok(), "round {round}");
        }
    }
}

async fn met_in_update<S: StrategyKind>() {
    let (contexts, clock) = expiring::<S>();
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let (started, is_started) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (updating, of) = (contexts.clone(), a.clone());
    let update = tokio::spawn(async move {
        let f = move |context: contexture::ContextRef<'_>| {
            started.send(()).unwrap();
            may_go_on.recv().unwrap();
            incremented(context)
        };
        updating.update(&of, f).await
    });
    is_started.await.unwrap();
    clock.advance(MINUTE);
    let (getting, counting) = (contexts.clone(), contexts.clone());
    let get = tokio::spawn(async move { getting.get(&a).await });
    let len = tokio::spawn(async move { counting.len().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!get.is_finished() && !len.is_finished());
    go_on.send(()).unwrap();
    // It was renewed, so it has never been gone.
    assert_eq!(n(&get.await.unwrap().unwrap()), 2);
    assert_eq!(len.await.unwrap(), 1);
    update.await.unwrap().unwrap();
}
