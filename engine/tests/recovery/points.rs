//! Which points are made, kept and found.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use contexture::recovery::{RecoveryError, RecoveryIoError, Select};
use contexture::{
    Clock, Contexts, Document, ManualClock, RecoveryPoint, Reentrant, Revision, StrategyKind,
    UpdateError,
};

use crate::common::{document, id, incremented, over_every_strategy};
use crate::{held, held_now};

const SECOND: Duration = Duration::from_secs(1);

over_every_strategy! {
    ten_points_are_kept_by_default => ten;
    the_newest_are_kept_within_one_tick_and_when_the_clock_goes_backwards => rotation;
    no_points_means_none_are_made => disabled;
    a_point_is_what_was_there_and_stays_so => immutable;
    a_point_that_is_no_longer_kept_can_be_used => rotated_out;
    of_one_name_the_newest_is_meant => names;
    a_time_means_the_latest_point_until_then => times;
    deleted_points_are_gone_and_their_numbers_are_not_used_again => deletion;
    what_is_not_there_is_named => missing;
    checksums_are_of_contents => checksums;
    points_of_expired_contexts_are_without_them => expiry;
    concurrent_points_are_in_the_order_of_their_numbers => concurrent;
    from_a_closure_a_point_is_made_or_refused => reentrant;
}

fn numbers<S: StrategyKind>(contexts: &Contexts<S>) -> Vec<u64> {
    let points = contexts.recovery().list();
    points.iter().map(RecoveryPoint::number).collect()
}

async fn ten<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    assert!(numbers(&contexts).is_empty());
    for number in 1..=10 {
        let point = contexts.recovery().create(None).await.unwrap();
        assert_eq!(point.number(), number);
    }
    assert!(numbers(&contexts).into_iter().eq(1..=10));
    contexts.recovery().create(None).await.unwrap();
    assert!(numbers(&contexts).into_iter().eq(2..=11));
}

async fn rotation<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .max_recovery_points(3)
        .build();
    let recovery = contexts.recovery();
    for _ in 0..5 {
        recovery.create(None).await.unwrap();
    }
    assert_eq!(numbers(&contexts), [3, 4, 5], "within one tick");
    for _ in 0..2 {
        clock.set(clock.now() - 100 * SECOND);
        recovery.create(None).await.unwrap();
    }
    assert_eq!(numbers(&contexts), [5, 6, 7], "backwards");
    assert_eq!(recovery.get(Select::Latest).unwrap().number(), 7);
}

async fn disabled<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_recovery_points(0).build();
    let refused = contexts.recovery().create(None).await;
    assert_eq!(refused, Err(RecoveryError::Disabled));
    let others = Contexts::<S>::new();
    let point = others.recovery().create(None).await.unwrap();
    let mut written = Vec::new();
    point.write_to(&mut written).unwrap();
    let refused = contexts.recovery().read_from(&*written);
    assert!(matches!(
        refused,
        Err(RecoveryIoError::Point(RecoveryError::Disabled))
    ));
    assert_eq!(contexts.recovery().list(), []);
    // A point that someone holds can still be restored.
    contexts.recovery().restore(&point).await.unwrap();
}

async fn immutable<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .feed(10)
        .build();
    let (a, b) = (id("a"), id("b"));
    contexts
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    contexts
        .create(b.clone(), document(r#"{"n":2}"#))
        .await
        .unwrap();
    let before = held_now(&contexts).await;
    let made = clock.now();
    let point = contexts.recovery().create(Some("é")).await.unwrap();

    clock.advance(SECOND);
    contexts.update(&a, incremented).await.unwrap();
    contexts.delete(&b, None).await.unwrap();
    contexts.create(id("c"), Document::new()).await.unwrap();
    assert_eq!(held(point.snapshot()), before);
    assert_eq!(
        (point.number(), point.name(), point.len()),
        (1, Some("é"), 2)
    );
    assert_eq!(
        (point.time(), point.revision()),
        (made, Some(Revision::new(2)))
    );
    assert_eq!(point.get(&a).unwrap().as_json(), r#"{"n":1}"#);
    assert!(point.get(&id("c")).is_none());
    assert!(!point.is_empty());
    assert_eq!(point.verify(), Ok(()));
    assert_eq!(contexts.recovery().list(), [point]);
    let without_feed = Contexts::<S>::new();
    let point = without_feed.recovery().create(None).await.unwrap();
    assert_eq!(
        (point.revision(), point.name(), point.is_empty()),
        (None, None, true)
    );
}

async fn rotated_out<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_recovery_points(1).build();
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let old = contexts.recovery().create(Some("old")).await.unwrap();
    contexts.update(&a, incremented).await.unwrap();
    contexts.recovery().create(None).await.unwrap();

    let refused = contexts.recovery().restore("old").await.unwrap_err();
    assert!(matches!(refused, RecoveryError::NotFound { .. }));
    assert_eq!(old.verify(), Ok(()));
    contexts.recovery().restore(&old).await.unwrap();
    assert_eq!(contexts.get(&a).await.unwrap().as_json(), r#"{"n":1}"#);
    assert_eq!(numbers(&contexts), [2]);
}

async fn names<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let recovery = contexts.recovery();
    for name in ["x", "y", "x", "y", "z", ""] {
        recovery.create(Some(name)).await.unwrap();
    }
    recovery.create(None).await.unwrap();
    for (name, number) in [("x", 3), ("y", 4), ("z", 5), ("", 6)] {
        assert_eq!(recovery.get(name).unwrap().number(), number);
        assert_eq!(recovery.get(name.to_owned()).unwrap().number(), number);
    }
    recovery.delete(3).unwrap();
    assert_eq!(recovery.get("x").unwrap().number(), 1);

    let longest = "x".repeat(RecoveryPoint::MAX_NAME_LEN);
    recovery.create(Some(&longest)).await.unwrap();
    let len = RecoveryPoint::MAX_NAME_LEN + 1;
    let refused = recovery.create(Some(&"x".repeat(len))).await;
    assert_eq!(refused, Err(RecoveryError::NameTooLong { len }));
}

async fn times<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder().clock(clock.clone()).build();
    let recovery = contexts.recovery();
    let start = clock.now();
    // 1 and 2 at second 10, 3 and 4 at second 20, 5 at second 15.
    for second in [10, 10, 20, 20, 15] {
        clock.set(start + second * SECOND);
        recovery.create(None).await.unwrap();
    }
    let instant = Duration::from_nanos(1);
    for (time, number) in [
        (start + 10 * SECOND, 2),
        (start + 15 * SECOND - instant, 2),
        (start + 15 * SECOND, 5),
        (start + 20 * SECOND - instant, 5),
        (start + 20 * SECOND, 4),
        (start + 99 * SECOND, 4),
    ] {
        assert_eq!(recovery.get(time).unwrap().number(), number);
    }
    let early = start + 10 * SECOND - instant;
    let wanted = Select::AtOrBefore(early);
    assert_eq!(recovery.get(early), Err(RecoveryError::NotFound { wanted }));
}

async fn deletion<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let recovery = contexts.recovery();
    let first = recovery.create(None).await.unwrap();
    let second = recovery.create(None).await.unwrap();
    assert_eq!(recovery.delete(2), Ok(second));
    assert_eq!(recovery.get(Select::Latest), Ok(first));
    let wanted = Select::Number(2);
    assert_eq!(recovery.delete(2), Err(RecoveryError::NotFound { wanted }));
    assert_eq!(recovery.create(None).await.unwrap().number(), 3);
    assert_eq!(numbers(&contexts), [1, 3]);
}

async fn missing<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let recovery = contexts.recovery();
    let a = id("a");
    contexts.create(a.clone(), Document::new()).await.unwrap();
    let before = held_now(&contexts).await;
    for select in [
        Select::Latest,
        1.into(),
        "x".into(),
        ManualClock::new().now().into(),
    ] {
        let none = RecoveryError::NoRecoveryPoints;
        assert_eq!(recovery.get(select.clone()), Err(none.clone()));
        let restored = recovery.restore(select.clone()).await.map(|_| ());
        assert_eq!(restored, Err(none.clone()));
        assert_eq!(recovery.restore_context(select, &a).await, Err(none));
    }
    assert_eq!(recovery.delete(1), Err(RecoveryError::NoRecoveryPoints));
    recovery.create(None).await.unwrap();
    for wanted in [2.into(), Select::from("x"), ManualClock::new().now().into()] {
        let not_found = RecoveryError::NotFound {
            wanted: wanted.clone(),
        };
        assert_eq!(recovery.get(wanted.clone()), Err(not_found.clone()));
        let restored = recovery.restore(wanted).await.map(|_| ());
        assert_eq!(restored, Err(not_found));
    }
    let b = id("b");
    let absent = RecoveryError::NotInPoint {
        number: 1,
        id: b.clone(),
    };
    assert_eq!(
        recovery.restore_context(Select::Latest, &b).await,
        Err(absent)
    );
    assert_eq!(held_now(&contexts).await, before);
}

async fn checksums<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let recovery = contexts.recovery();
    let mut seen = vec![recovery.create(None).await.unwrap().checksum()];
    let (a, b) = (id("a"), id("b"));
    contexts
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    seen.push(recovery.create(None).await.unwrap().checksum());
    contexts.update(&a, incremented).await.unwrap();
    seen.push(recovery.create(None).await.unwrap().checksum());
    contexts
        .set_metadata(&a, document(r#"{"n":1}"#))
        .await
        .unwrap();
    seen.push(recovery.create(None).await.unwrap().checksum());
    contexts.set_time_to_live(&a, Some(SECOND)).await.unwrap();
    seen.push(recovery.create(None).await.unwrap().checksum());
    contexts.create(b.clone(), Document::new()).await.unwrap();
    seen.push(recovery.create(None).await.unwrap().checksum());
    let last = recovery.create(Some("again")).await.unwrap();
    assert_eq!(seen.last(), Some(&last.checksum()));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

async fn expiry<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .time_to_live(SECOND)
        .build();
    let a = id("a");
    contexts.create(a.clone(), Document::new()).await.unwrap();
    let with = contexts.recovery().create(None).await.unwrap();
    clock.advance(SECOND);
    let without = contexts.recovery().create(None).await.unwrap();
    assert_eq!((with.len(), without.len()), (1, 0));
    // It is put back with a time to live that starts anew.
    contexts.recovery().restore(&with).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.expires(), Some(clock.now() + SECOND));
}

/// A clock that never shows the same time twice.
#[expect(clippy::disallowed_types, reason = "no store is made of it")]
#[derive(Default)]
struct Ticks(std::sync::atomic::AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> SystemTime {
        let tick = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        SystemTime::UNIX_EPOCH + Duration::from_nanos(tick)
    }
}

async fn concurrent<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder()
        .clock(Ticks::default())
        .max_recovery_points(10_000)
        .history(10_000)
        .build();
    let a = id("a");
    contexts
        .create(a.clone(), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (contexts, a) = (contexts.clone(), a.clone());
            tokio::spawn(async move {
                for _ in 0..300 {
                    match task % 2 {
                        0 => assert!(contexts.update(&a, incremented).await.is_ok()),
                        _ => assert!(contexts.recovery().create(None).await.is_ok()),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(numbers(&contexts).into_iter().eq(1..=1_200));
    let points = contexts.recovery().list();
    let versions = points.iter().map(|point| point.get(&a).unwrap().version());
    assert!(versions.collect::<Vec<_>>().is_sorted());
    // The time of a point is just that of its snapshot: it has what was committed before, and
    // nothing else.
    let now = contexts.get(&a).await.unwrap();
    let past = now
        .history()
        .map(|entry| (entry.version(), entry.updated()));
    let mut committed: HashMap<_, _> = past.collect();
    committed.insert(now.version(), now.updated());
    for point in points {
        let then = point.get(&a).unwrap();
        assert!(then.updated() < point.time());
        let next = committed.get(&then.version().next());
        assert!(next.is_none_or(|next| *next > point.time()));
    }
}

async fn reentrant<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let (a, recovery) = (id("a"), contexts.recovery());
    contexts
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let point = recovery.create(None).await.unwrap();
    contexts.update(&a, incremented).await.unwrap();
    let mut outcomes = None;
    let refused = contexts.try_update(&a, |_| {
        outcomes = Some((
            pollster::block_on(recovery.create(None)),
            pollster::block_on(recovery.restore(&point)).map(|_| ()),
            pollster::block_on(recovery.restore_context(&point, &a)),
        ));
        Err::<Document, _>(())
    });
    assert_eq!(refused.await, Err(UpdateError::Aborted(())));
    let (made, restored, restored_context) = outcomes.unwrap();
    if S::AWAITS {
        assert!(matches!(
            made,
            Err(RecoveryError::Reentrant(Reentrant { .. }))
        ));
    } else {
        assert_eq!(made.unwrap().number(), 2);
    }
    // Both would have to wait for the update that they are called from.
    let is_reentrant = |error: RecoveryError| {
        matches!(
            error,
            RecoveryError::Batch(contexture::BatchError::Reentrant(_))
        )
    };
    assert!(restored.is_err_and(is_reentrant));
    assert!(restored_context.is_err_and(is_reentrant));
    assert_eq!(contexts.get(&a).await.unwrap().as_json(), r#"{"n":2}"#);
}
