//! What filters let through, and where subscriptions start.

use std::sync::Arc;
use std::time::Duration;

use contexture::feed::{Filter, SubscribeError};
use contexture::{Batch, ChangeKind, Contexts, Draft, ManualClock, Revision, StrategyKind};

use crate::{count, document, everything, id, now, over_every_strategy, shown, with_feed};

over_every_strategy! {
    filters_show_what_matches => what_matches;
    a_commit_is_shown_with_only_what_matches => thinned_out;
    a_subscription_starts_now_or_after_a_revision => starts;
    what_expires_is_told_apart_from_what_is_deleted => expired;
    unfiltered_commits_are_shared => shared;
    without_a_feed_there_are_no_revisions => no_feed;
}

async fn what_matches<S: StrategyKind>() {
    use ChangeKind::{Created, Deleted, Updated};

    let contexts = with_feed::<S>(100);
    for name in ["a/1", "a/2", "b/1"] {
        count(&contexts, &id(name), 1).await;
        contexts.delete(&id(name), None).await.unwrap();
    }
    let ids = |names: &[&str]| names.iter().map(|name| id(name)).collect::<Vec<_>>();
    let of = |filter: Filter| {
        let filter = filter.after(Revision::ZERO);
        let mut subscription = contexts.subscribe(filter).unwrap();
        let shown = now(&mut subscription);
        assert_eq!(subscription.revision(), Revision::new(9));
        shown.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(of(Filter::new()), (1..=9).collect::<Vec<_>>());
    assert_eq!(of(Filter::new().prefix("")), (1..=9).collect::<Vec<_>>());
    assert_eq!(of(Filter::new().prefix("a/")), [1, 2, 3, 4, 5, 6]);
    assert!(of(Filter::new().prefix("a/1/")).is_empty());
    assert_eq!(
        of(Filter::new().ids(ids(&["a/2", "b/1"]))),
        [4, 5, 6, 7, 8, 9]
    );
    assert!(of(Filter::new().ids([])).is_empty());
    assert_eq!(of(Filter::new().kinds(&[Created])), [1, 4, 7]);
    assert_eq!(
        of(Filter::new().kinds(&[Updated, Deleted])),
        [2, 3, 5, 6, 8, 9]
    );
    assert!(of(Filter::new().kinds(&[])).is_empty());
    // Conditions on different things must all hold; of two on the same thing the later counts.
    let both = Filter::new().ids(ids(&["a/2", "b/1"])).prefix("b/");
    assert_eq!(of(both.clone()), [7, 8, 9]);
    assert_eq!(of(both.kinds(&[Deleted])), [9]);
    assert_eq!(of(Filter::new().prefix("a/").prefix("b/")), [7, 8, 9]);
}

async fn thinned_out<S: StrategyKind>() {
    let contexts = with_feed::<S>(100).acting_as("ann");
    let mut subscription = contexts.subscribe(Filter::new().prefix("b/")).unwrap();
    contexts.create(id("a/1"), document("{}")).await.unwrap();
    let batch = ["b/1", "a/2", "b/2"].into_iter();
    let batch = batch.fold(Batch::new(), |batch, name| {
        batch.create(id(name), document("{}"))
    });
    contexts.apply(batch).await.unwrap();
    let commit = shown(subscription.next().await);
    let ids = commit.changes().iter().map(|change| change.id().as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["b/1", "b/2"]);
    assert_eq!(crate::revision(&commit), 2);
    assert_eq!(commit.actor(), Some("ann"));
    let created = contexts.get(&id("b/1")).await.unwrap().created();
    assert_eq!(commit.time(), created);
}

async fn starts<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    count(&contexts, &id("a"), 4).await;
    let mut from_now = contexts.subscribe(Filter::new()).unwrap();
    assert_eq!(from_now.revision(), Revision::new(5));
    let mut after_three = contexts
        .subscribe(Filter::new().after(Revision::new(3)))
        .unwrap();
    assert_eq!(now(&mut from_now), []);
    assert_eq!(now(&mut after_three), [Ok(4), Ok(5)]);
    count(&contexts, &id("a"), 1).await;
    assert_eq!(now(&mut from_now), [Ok(6)]);
    assert_eq!(now(&mut after_three), [Ok(6)]);

    // Another one goes on where that was.
    count(&contexts, &id("a"), 2).await;
    let next = Filter::new().after(after_three.revision());
    drop(after_three);
    assert_eq!(now(&mut contexts.subscribe(next).unwrap()), [Ok(7), Ok(8)]);

    for after in [9, u64::MAX] {
        let after = Revision::new(after);
        let newest = Revision::new(8);
        let error = contexts.subscribe(Filter::new().after(after)).unwrap_err();
        assert_eq!(error, SubscribeError::Future { after, newest });
    }
    let newest = contexts.subscribe(Filter::new().after(Revision::new(8)));
    assert_eq!(now(&mut newest.unwrap()), []);
}

async fn expired<S: StrategyKind>() {
    let clock = ManualClock::new();
    let builder = Contexts::<S>::builder().clock(clock.clone()).feed(100);
    let contexts = builder.build();
    let draft = Draft::new(document("{}")).time_to_live(Duration::from_secs(1));
    contexts.create(id("a"), draft).await.unwrap();
    contexts.create(id("b"), document("{}")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(contexts.purge_expired().await, 1);
    contexts.delete(&id("b"), None).await.unwrap();

    let of = |kind| {
        let filter = everything().kinds(&[kind]);
        now(&mut contexts.subscribe(filter).unwrap())
    };
    assert_eq!(of(ChangeKind::Expired), [Ok(3)]);
    assert_eq!(of(ChangeKind::Deleted), [Ok(4)]);
}

async fn shared<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let batch = Batch::new().create(id("a"), document("{}"));
    contexts
        .apply(batch.create(id("b"), document("{}")))
        .await
        .unwrap();
    let of = |filter| shown(contexts.subscribe(filter).unwrap().try_next().unwrap());
    let all = of(everything());
    assert!(Arc::ptr_eq(&all, &of(everything())));
    assert!(Arc::ptr_eq(&all, &of(everything().ids([id("a"), id("b")]))));
    assert_eq!(of(everything().ids([id("a")])).changes().len(), 1);
    assert_eq!(all.changes().len(), 2);
}

async fn no_feed<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    count(&contexts, &id("a"), 1).await;
    assert_eq!(contexts.get(&id("a")).await.unwrap().revision(), None);
    assert_eq!(contexts.snapshot().await.revision(), None);
    let error = contexts.subscribe(Filter::new()).unwrap_err();
    assert_eq!(error, SubscribeError::NoFeed);
    let error = contexts.watch(Filter::new()).await.unwrap_err();
    assert_eq!(error, SubscribeError::NoFeed);
}
