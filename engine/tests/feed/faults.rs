//! Writers that are cancelled or panic do not stall the feed.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use contexture::feed::Filter;
use contexture::{Batch, Document, StrategyKind};

use crate::{count, id, incremented, n, now, over_every_strategy, with_feed};

over_every_strategy! {
    cancelled_writes_do_not_stall_the_feed => cancelled;
    a_write_that_is_cancelled_while_it_waits_has_no_revision => cancelled_in_the_queue;
    panicking_closures_do_not_stall_the_feed => panicking;
}

/// Polls at most so many times, and then drops the future.
async fn give_up_after<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|task| Poll::Ready(future.as_mut().poll(task))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

async fn cancelled<S: StrategyKind>() {
    let contexts = with_feed::<S>(100_000);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let a = id("a");
    count(&contexts, &a, 0).await;
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let (contexts, a) = (contexts.clone(), a.clone());
            tokio::spawn(async move {
                for step in 0..100 {
                    let polls = 1 + (writer + step) % 3;
                    let update = contexts.update(&a, |context| incremented(&context));
                    give_up_after(polls, update).await;
                    let other = id(&format!("{}", step % 5));
                    let batch = Batch::new().put(other, Document::new());
                    give_up_after(polls, contexts.apply(batch)).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    count(&contexts, &a, 1).await;
    let last = contexts.get(&a).await.unwrap();
    let newest = last.revision().unwrap().get();
    assert_eq!(contexts.snapshot().await.revision(), last.revision());
    let shown = now(&mut subscription);
    assert_eq!(shown, (1..=newest).map(Ok).collect::<Vec<_>>());
    // Each number that was counted to was told once.
    let counted = Filter::new().ids([a]).after(contexture::Revision::ZERO);
    let counted = now(&mut contexts.subscribe(counted).unwrap());
    assert_eq!(counted.len() as u64, 1 + n(&last));
}

/// Only strategies that await can be cancelled at all: the others are done at the first poll.
async fn cancelled_in_the_queue<S: StrategyKind>() {
    if !S::AWAITS {
        return;
    }
    let contexts = with_feed::<S>(100);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let a = id("a");
    count(&contexts, &a, 0).await;
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let holding = std::thread::spawn({
        let (contexts, a) = (contexts.clone(), a.clone());
        move || {
            let update = contexts.update(&a, move |context| {
                entered.send(()).unwrap();
                may_leave.recv().unwrap();
                incremented(&context)
            });
            pollster::block_on(update).unwrap();
        }
    });
    is_entered.recv().unwrap();
    let mut task = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        let mut waiting = Box::pin(contexts.update(&a, |context| incremented(&context)));
        assert!(Pin::as_mut(&mut waiting).poll(&mut task).is_pending());
    }
    leave.send(()).unwrap();
    holding.join().unwrap();
    count(&contexts, &a, 1).await;
    assert_eq!(now(&mut subscription), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 2);
}

async fn panicking<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let a = id("a");
    count(&contexts, &a, 0).await;
    for _ in 0..3 {
        let (contexts, a) = (contexts.clone(), a.clone());
        let update = async move {
            let panicking = contexts.update(&a, |_| -> Document { panic!("a closure of a test") });
            AssertUnwindSafe(panicking).0.await
        };
        assert!(tokio::spawn(update).await.unwrap_err().is_panic());
    }
    assert!(subscription.try_next().is_ok());
    assert!(subscription.try_next().is_err());
    count(&contexts, &a, 1).await;
    assert_eq!(now(&mut subscription), [Ok(2)]);
}
