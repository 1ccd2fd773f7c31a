//! Going back is a new version; nothing is lost, and what is not kept is refused.

use std::time::{Duration, SystemTime};

use contexture::error::RollbackError;
use contexture::{
    Contexts, Document, Draft, ManualClock, Moment, StrategyKind, SyncStrategyKind, UpdateError,
    Version,
};

use crate::common::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};
use crate::kept::{Was, past};

const SECOND: Duration = Duration::from_secs(1);

over_every_strategy! {
    rollback_commits_what_was_as_a_new_version => new_version;
    rollback_to_a_time_takes_the_newest_until_then => to_a_time;
    what_is_not_kept_is_refused_and_nothing_changes => refused;
    rollback_among_updaters_loses_nothing => among_updaters;
}

over_every_sync_strategy! {
    rollback_works_without_async => without_async;
}

async fn new_version<S: StrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    let plain = document(r#"{"n":1,"é":"🦀"}"#);
    let with_metadata = Draft::new(document(r#"{"n":2}"#)).metadata(document(r#"{"by":"ann"}"#));
    let first = contexts.create(a.clone(), plain).await.unwrap();
    let second = contexts.update(&a, |_| with_metadata).await.unwrap();
    let third = contexts
        .set_metadata(&a, document(r#"{"by":"bob"}"#))
        .await
        .unwrap();

    let back = contexts.rollback(&a, second).await.unwrap();
    assert_eq!(back, third.next());
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.as_json(), r#"{"n":2}"#);
    assert_eq!(context.metadata().unwrap().as_json(), r#"{"by":"ann"}"#);

    // What had no metadata has none again.
    let back = contexts.rollback(&a, first).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.version(), back);
    assert_eq!(context.as_json(), r#"{"n":1,"é":"🦀"}"#);
    assert_eq!(context.metadata(), None);

    // And one can go back on going back.
    contexts.rollback(&a, third).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.metadata().unwrap().as_json(), r#"{"by":"bob"}"#);
    let versions = context.history().map(|entry| entry.version().get());
    let newest = context.version().get();
    assert!(versions.eq((first.get()..newest).rev()));

    // The current version, too, can be gone back to.
    let again = contexts.rollback(&a, context.version()).await.unwrap();
    assert_eq!(again, context.version().next());
}

async fn to_a_time<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder().clock(clock.clone()).build();
    let a = id("a");
    let start = contexture::Clock::now(&clock);
    // Versions 0, 1, 2 within the first tick, 3 and 4 ten seconds later, 5 after another ten.
    contexts
        .create(a.clone(), document(r#"{"n":0}"#))
        .await
        .unwrap();
    for step in 1..=5 {
        if step == 3 || step == 5 {
            clock.advance(10 * SECOND);
        }
        contexts.update(&a, incremented).await.unwrap();
    }
    let context = contexts.get(&a).await.unwrap();
    let instant = Duration::from_nanos(1);
    for (time, expected) in [
        (start - instant, None),
        (start, Some(2)),
        (start + 10 * SECOND - instant, Some(2)),
        (start + 10 * SECOND, Some(4)),
        (start + 20 * SECOND, Some(5)),
        (start + 99 * SECOND, Some(5)),
    ] {
        let found = context.at(time).map(|entry| n(entry.document()));
        assert_eq!(found, expected);
    }
    contexts.rollback(&a, start + 15 * SECOND).await.unwrap();
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 4);
}

async fn refused<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder()
        .history(2)
        .max_document_bytes(60)
        .build();
    let a = id("a");
    let first = contexts
        .create(a.clone(), document(r#"{"n":0}"#))
        .await
        .unwrap();
    for _ in 0..3 {
        contexts.update(&a, incremented).await.unwrap();
    }
    let before = contexts.get(&a).await.unwrap();
    let unchanged = async || {
        let after = contexts.get(&a).await.unwrap();
        assert_eq!(Was::now(after.as_ref()), Was::now(before.as_ref()));
        assert_eq!(past(&after), past(&before));
    };
    let epoch = SystemTime::UNIX_EPOCH;
    for wanted in [
        Moment::from(first),
        Moment::from(before.version().next()),
        Moment::from(Version::from_u64(u64::MAX).unwrap()),
        Moment::from(epoch),
    ] {
        let refused = contexts.rollback(&a, wanted).await;
        let id = a.clone();
        assert_eq!(refused, Err(RollbackError::NoSuchVersion { id, wanted }));
        unchanged().await;
    }
    let missing = id("b");
    let refused = contexts.rollback(&missing, first).await;
    let not_found = UpdateError::NotFound {
        id: missing.clone(),
    };
    assert_eq!(refused, Err(RollbackError::Update(not_found)));
    assert!(contexts.get(&missing).await.is_none());
}

async fn among_updaters<S: StrategyKind>() {
    const TASKS: u64 = 8;
    const UPDATES: u64 = 40;
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    let draft = Draft::new(document(r#"{"n":0}"#)).metadata(document(r#"{"by":"ann"}"#));
    let first = contexts.create(a.clone(), draft).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (contexts, a) = (contexts.clone(), a.clone());
            tokio::spawn(async move {
                let mut made = Vec::new();
                for step in 0..UPDATES {
                    let version = if step % 10 == task {
                        let zero = contexts.rollback(&a, first).await.unwrap();
                        (zero, true)
                    } else {
                        (contexts.update(&a, incremented).await.unwrap(), false)
                    };
                    made.push(version);
                }
                made
            })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    made.sort_unstable();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.version().get(), first.get() + TASKS * UPDATES);
    // Each version is one more than the one before it, or where it all began.
    let mut expected = 0;
    for (index, (version, back)) in made.into_iter().enumerate() {
        assert_eq!(version.get(), first.get() + 1 + index as u64);
        expected = if back { 0 } else { expected + 1 };
        let entry = context.at(version).unwrap();
        assert_eq!(n(entry.document()), expected);
        assert_eq!(
            entry.metadata().map(Document::as_json),
            Some(r#"{"by":"ann"}"#)
        );
    }
}

fn without_async<S: SyncStrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    let first = contexts
        .create_sync(a.clone(), document(r#"{"n":0}"#))
        .unwrap();
    contexts.update_sync(&a, incremented).unwrap();
    let back = contexts.rollback_sync(&a, first).unwrap();
    assert_eq!(n(&contexts.get_sync(&a).unwrap()), 0);
    assert_eq!(back.get(), first.get() + 2);
}
