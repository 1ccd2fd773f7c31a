//! Waiting for commits: as a task, as a thread, and giving up on it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use contexture::StrategyKind;
use contexture::feed::{Filter, NothingYet};
use futures_core::Stream;

use crate::{count, everything, id, now, over_every_strategy, revision, shown, with_feed};

/// After this a wake-up is taken for lost.
const LOST: Duration = Duration::from_secs(60);

over_every_strategy! {
    no_wake_up_of_a_task_is_lost => task_is_woken;
    no_wake_up_of_a_thread_is_lost => thread_is_woken;
    a_dropped_next_loses_nothing => dropped_next;
    a_stream_shows_the_same => stream;
    a_thread_waits_no_longer_than_it_says => timeout;
    a_waker_that_panics_disturbs_nobody => panicking_waker;
    a_busy_subscription_lets_other_tasks_run => yields;
}

const EVENTS: u64 = 500;

/// Single commits, each made only when the one before was received: the receiver is on its way to
/// sleep when the next one comes.
fn one_by_one<S: StrategyKind>(contexts: &contexture::Contexts<S>, received: &mpsc::Receiver<u64>) {
    for expected in 1..=EVENTS {
        pollster::block_on(count(contexts, &id("a"), u64::from(expected > 1)));
        assert_eq!(
            received.recv_timeout(LOST),
            Ok(expected),
            "a wake-up is lost"
        );
    }
}

async fn task_is_woken<S: StrategyKind>() {
    let contexts = with_feed::<S>(10);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let (sender, received) = mpsc::channel();
    let writing = std::thread::spawn(move || one_by_one(&contexts, &received));
    while let Some(event) = subscription.next().await {
        sender.send(revision(&event.unwrap())).unwrap();
    }
    writing.join().unwrap();
}

async fn thread_is_woken<S: StrategyKind>() {
    let contexts = with_feed::<S>(10);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let (sender, received) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        for n in 0.. {
            let event = match n % 2 {
                0 => subscription.next_blocking(),
                _ => subscription.next_timeout(LOST).unwrap(),
            };
            let Some(event) = event else { break };
            sender.send(revision(&event.unwrap())).unwrap();
        }
    });
    std::thread::spawn(move || one_by_one(&contexts, &received))
        .join()
        .unwrap();
    reading.join().unwrap();
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|task| match future.as_mut().poll(task) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn dropped_next<S: StrategyKind>() {
    let contexts = with_feed::<S>(10_000);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    assert!(poll_once(pin!(subscription.next())).await.is_none());
    count(&contexts, &id("a"), 0).await;
    assert_eq!(revision(&shown(subscription.next().await)), 1);

    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    count(&contexts, &id(&format!("{writer}")), 1).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    // 4 creates, 200 updates.
    let mut expected = 2;
    while expected <= 205 {
        match poll_once(pin!(subscription.next())).await {
            Some(event) => {
                assert_eq!(revision(&shown(event)), expected);
                expected += 1;
            }
            None => tokio::task::yield_now().await,
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(subscription.try_next().is_err());
}

async fn stream<S: StrategyKind>() {
    let contexts = with_feed::<S>(2);
    count(&contexts, &id("a"), 2).await;
    let mut subscription = contexts.subscribe(everything()).unwrap();
    drop(contexts);
    let mut events = Vec::new();
    while let Some(event) = poll_fn(|task| Pin::new(&mut subscription).poll_next(task)).await {
        events.push(
            event
                .map(|commit| revision(&commit))
                .map_err(|lagged| lagged.to.get()),
        );
    }
    assert_eq!(events, [Err(1), Ok(2), Ok(3)]);
}

async fn timeout<S: StrategyKind>() {
    let contexts = with_feed::<S>(10);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let started = Instant::now();
    for wait in [Duration::ZERO, Duration::from_millis(5)] {
        let event = subscription.next_timeout(wait);
        assert!(matches!(event, Err(NothingYet { .. })));
    }
    assert!(started.elapsed() >= Duration::from_millis(5));
    count(&contexts, &id("a"), 1).await;
    for wait in [Duration::ZERO, Duration::MAX] {
        let event = subscription.next_timeout(wait).unwrap();
        shown(event);
    }
    drop(contexts);
    assert!(matches!(subscription.next_timeout(Duration::MAX), Ok(None)));
}

/// Counts how often it is woken, and panics then if it should.
#[derive(Default)]
struct Woken {
    times: AtomicUsize,
    panics: bool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.times.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "the waker of a test");
    }
}

async fn panicking_waker<S: StrategyKind>() {
    let contexts = with_feed::<S>(10);
    let wakers = [true, false, true].map(|panics| {
        Arc::new(Woken {
            panics,
            ..Woken::default()
        })
    });
    let mut subscriptions = wakers
        .each_ref()
        .map(|_| contexts.subscribe(Filter::new()).unwrap());
    for (subscription, woken) in subscriptions.iter_mut().zip(&wakers) {
        let waker = Waker::from(Arc::clone(woken));
        let polled = Pin::new(subscription).poll_next(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    count(&contexts, &id("a"), 1).await;
    for (subscription, woken) in subscriptions.iter_mut().zip(&wakers) {
        assert_eq!(woken.times.load(Ordering::Relaxed), 1);
        assert_eq!(now(subscription), [Ok(1), Ok(2)]);
    }
}

/// Both one that is shown everything and one that is shown nothing, of 5000 commits.
async fn yields<S: StrategyKind>() {
    let contexts = with_feed::<S>(10_000);
    count(&contexts, &id("a"), 4_999).await;
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut task = Context::from_waker(&waker);
    for filter in [everything(), everything().prefix("b")] {
        let mut subscription = contexts.subscribe(filter).unwrap();
        let before = woken.times.load(Ordering::Relaxed);
        let mut pauses = 0;
        while subscription.revision().get() < 5_000 {
            pauses += usize::from(
                Pin::new(&mut subscription)
                    .poll_next(&mut task)
                    .is_pending(),
            );
        }
        assert!(pauses >= 3, "{pauses}");
        // Each pause wakes the task again, but for a last one for want of commits.
        let woken = woken.times.load(Ordering::Relaxed) - before;
        assert!(
            woken == pauses || woken + 1 == pauses,
            "{woken} of {pauses}"
        );
    }
}
