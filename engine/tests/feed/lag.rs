//! Subscribers that are too slow.

use std::sync::Arc;

use contexture::feed::Filter;
use contexture::{Revision, StrategyKind};

use crate::{count, everything, id, now, over_every_strategy, shown, with_feed};

over_every_strategy! {
    a_gap_is_reported_once_and_exactly => exact;
    what_was_read_ahead_is_shown_before_the_gap => read_ahead;
    a_subscriber_that_never_looks_blocks_nobody => never_looks;
    with_room_for_no_commits_everything_is_missed => no_room;
    no_more_than_the_capacity_is_kept_alive => memory;
}

async fn exact<S: StrategyKind>() {
    let contexts = with_feed::<S>(3);
    let a = id("a");
    count(&contexts, &a, 9).await;
    let mut subscription = contexts.subscribe(everything()).unwrap();
    assert_eq!(now(&mut subscription), [Err((1, 7)), Ok(8), Ok(9), Ok(10)]);
    count(&contexts, &a, 3).await;
    assert_eq!(now(&mut subscription), [Ok(11), Ok(12), Ok(13)]);
    // A gap counts also for a filter that nothing in it would have matched.
    let none = everything().prefix("b");
    assert_eq!(now(&mut contexts.subscribe(none).unwrap()), [Err((1, 10))]);
    count(&contexts, &a, 4).await;
    assert_eq!(
        now(&mut subscription),
        [Err((14, 14)), Ok(15), Ok(16), Ok(17)]
    );
    assert_eq!(subscription.revision(), Revision::new(17));

    let oldest = Filter::new().after(Revision::new(14));
    let mut oldest = contexts.subscribe(oldest).unwrap();
    assert_eq!(now(&mut oldest), [Ok(15), Ok(16), Ok(17)]);
}

async fn read_ahead<S: StrategyKind>() {
    let contexts = with_feed::<S>(4);
    let a = id("a");
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    count(&contexts, &a, 2).await;
    assert_eq!(crate::revision(&shown(subscription.next().await)), 1);
    assert_eq!(subscription.revision(), Revision::new(1));
    count(&contexts, &a, 10).await;
    let events = [Ok(2), Ok(3), Err((4, 9)), Ok(10), Ok(11), Ok(12), Ok(13)];
    assert_eq!(now(&mut subscription), events);
}

async fn never_looks<S: StrategyKind>() {
    const CAPACITY: u64 = 16;
    let contexts = with_feed::<S>(CAPACITY as usize);
    let mut never = contexts.subscribe(Filter::new()).unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                count(&contexts, &id(&format!("{writer}")), 10 * CAPACITY - 1).await;
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let all = 40 * CAPACITY;
    let events = now(&mut never);
    assert_eq!(events[0], Err((1, all - CAPACITY)));
    let rest: Vec<_> = (all - CAPACITY + 1..=all).map(Ok).collect();
    assert_eq!(events[1..], rest);
}

async fn no_room<S: StrategyKind>() {
    let contexts = with_feed::<S>(0);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    count(&contexts, &id("a"), 2).await;
    assert_eq!(now(&mut subscription), [Err((1, 3))]);
    count(&contexts, &id("a"), 1).await;
    assert_eq!(now(&mut subscription), [Err((4, 4))]);
    let context = contexts.get(&id("a")).await.unwrap();
    assert_eq!(context.revision(), Some(Revision::new(4)));
    drop(contexts);
    assert!(subscription.next().await.is_none());
}

async fn memory<S: StrategyKind>() {
    let contexts = with_feed::<S>(2);
    count(&contexts, &id("a"), 0).await;
    let mut subscription = contexts.subscribe(everything()).unwrap();
    let commit = Arc::downgrade(&shown(subscription.next().await));
    count(&contexts, &id("a"), 1).await;
    assert!(commit.upgrade().is_some());
    count(&contexts, &id("a"), 1).await;
    assert!(commit.upgrade().is_none());
}
