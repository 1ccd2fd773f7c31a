//! The end of the feed, and several subscriptions.

use contexture::feed::Filter;
use contexture::{Revision, StrategyKind};

use crate::{count, everything, id, now, over_every_strategy, with_feed};

over_every_strategy! {
    what_is_kept_is_shown_before_the_end => the_end;
    a_lagging_subscription_ends_after_what_is_kept => lagging_end;
    the_end_wakes_who_waits => end_wakes;
    subscriptions_do_not_notice_each_other => two;
}

async fn the_end<S: StrategyKind>() {
    let contexts = with_feed::<S>(200);
    let another = contexts.acting_as("ann");
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    count(&contexts, &id("a"), 99).await;
    drop(contexts);
    for revision in 1..=100 {
        let commit = crate::shown(subscription.next().await);
        assert_eq!(crate::revision(&commit), revision);
    }
    // One handle is left.
    assert!(subscription.try_next().is_err());
    count(&another, &id("a"), 1).await;
    drop(another);
    assert_eq!(now(&mut subscription), [Ok(101)]);
    for _ in 0..2 {
        assert!(matches!(subscription.try_next(), Ok(None)));
        assert!(subscription.next().await.is_none());
        assert!(subscription.next_blocking().is_none());
    }
    assert_eq!(subscription.revision(), Revision::new(101));
}

async fn lagging_end<S: StrategyKind>() {
    let contexts = with_feed::<S>(2);
    count(&contexts, &id("a"), 4).await;
    let mut subscription = contexts.subscribe(everything()).unwrap();
    drop(contexts);
    assert_eq!(now(&mut subscription), [Err((1, 3)), Ok(4), Ok(5)]);
    assert!(matches!(subscription.try_next(), Ok(None)));
}

async fn end_wakes<S: StrategyKind>() {
    for _ in 0..20 {
        let contexts = with_feed::<S>(2);
        let mut subscription = contexts.subscribe(Filter::new()).unwrap();
        let task = tokio::spawn(async move { subscription.next().await });
        let mut subscription = contexts.subscribe(Filter::new()).unwrap();
        let thread = std::thread::spawn(move || subscription.next_blocking());
        tokio::task::yield_now().await;
        drop(contexts);
        assert!(task.await.unwrap().is_none());
        assert!(thread.join().unwrap().is_none());
    }
}

async fn two<S: StrategyKind>() {
    let contexts = with_feed::<S>(200);
    let mut first = contexts.subscribe(Filter::new()).unwrap();
    let mut second = contexts.subscribe(Filter::new()).unwrap();
    let third = contexts.subscribe(Filter::new()).unwrap();
    count(&contexts, &id("a"), 1).await;
    assert_eq!(now(&mut first), [Ok(1), Ok(2)]);
    drop(third);
    count(&contexts, &id("a"), 1).await;
    assert_eq!(now(&mut second), [Ok(1), Ok(2), Ok(3)]);
    drop(second);
    assert_eq!(now(&mut first), [Ok(3)]);
}
