//! Futures that are dropped before they are done.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use contexture_strategies::{Batch, Strategy, StrategyKind, Version};
use tokio::task::{spawn, yield_now};

use crate::runtime::{SOON, join, on_thread, within};

/// Polls a future at most so many times, then drops it.
pub(crate) struct AtMost<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for AtMost<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let outcome = self.future.as_mut().poll(context).map(Some);
        if outcome.is_pending() && self.polls == 0 {
            return Poll::Ready(None);
        }
        outcome
    }
}

pub(crate) fn at_most<F: Future>(polls: usize, future: F) -> AtMost<F> {
    let future = Box::pin(future);
    AtMost { future, polls }
}

pub(crate) async fn a_future_that_is_never_polled_does_nothing<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let first = store.create(0, 0).await.unwrap();
    drop(store.create(1, 1));
    drop(store.update(&0, |_| unreachable!()));
    drop(store.compare_and_set(&0, first, 1));
    drop(store.remove(&0, None));
    drop(store.apply(Batch::new().put(0, 1)));
    assert_eq!(store.len().await, 1);
    assert_eq!(
        store.read(&0, |v| (v.version(), **v)).await,
        Some((first, 0))
    );
}

/// Starts each kind of write while an update of the same key runs its closure, polls it once and
/// drops it, then lets the update finish.
///
/// A strategy that never awaits finishes the write in that one poll, after the update.
pub(crate) async fn a_writer_dropped_while_it_waits_changes_nothing<S: StrategyKind>() {
    for writer in 0..4 {
        let store = Arc::new(S::Store::<u32, u32>::new());
        store.create(0, 0).await.unwrap();
        let (entered, is_entered) = mpsc::channel();
        let (leave, may_leave) = mpsc::channel::<()>();
        let updater = on_thread({
            let store = Arc::clone(&store);
            async move {
                let update = store.update(&0, move |n| {
                    entered.send(()).unwrap();
                    // Until the writer has been polled; one that blocks can't tell.
                    let _ = may_leave.recv_timeout(Duration::from_millis(20));
                    **n + 1
                });
                update.await.unwrap();
            }
        });
        let done = on_thread({
            let store = Arc::clone(&store);
            async move {
                is_entered.recv_timeout(SOON).unwrap();
                let write = async {
                    match writer {
                        0 => store.update(&0, |n| **n + 10).await.is_ok(),
                        1 => store.compare_and_set(&0, Version::FIRST, 10).await.is_ok(),
                        2 => store.remove(&0, None).await.is_ok(),
                        _ => store.apply(Batch::new().put(0, 10)).await.is_ok(),
                    }
                };
                let done = at_most(1, write).await;
                let _ = leave.send(());
                done
            }
        });
        let done = done.join().unwrap();
        updater.join().unwrap();
        let expected = match (writer, done) {
            (_, None | Some(false)) => Some(1),
            (0, _) => Some(11),
            (2, _) => None,
            _ => Some(10),
        };
        assert_eq!(store.read(&0, |v| **v).await, expected);
    }
}

/// Three writers wait behind one update. The first in the queue is woken, but dropped before it
/// is polled again. The others must not sleep on.
pub(crate) async fn a_dropped_waiter_passes_its_turn_on<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(0, 0).await.unwrap();
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let updater = on_thread({
        let store = Arc::clone(&store);
        async move {
            let update = store.update(&0, move |n| {
                entered.send(()).unwrap();
                // Until all are in the queue; where a waiter blocks, that takes no sign.
                let _ = may_leave.recv_timeout(Duration::from_millis(100));
                **n + 1
            });
            update.await.unwrap();
        }
    });
    is_entered.recv_timeout(SOON).unwrap();

    let (queued, is_queued) = mpsc::channel();
    let dropped = std::thread::spawn({
        let store = Arc::clone(&store);
        move || {
            let (wake, woken) = mpsc::channel();
            let waker = Waker::from(Arc::new(Signal(wake)));
            let mut update = pin!(store.update(&0, |n| **n + 100));
            let polled = update.as_mut().poll(&mut Context::from_waker(&waker));
            queued.send(()).unwrap();
            if polled.is_pending() {
                woken.recv_timeout(SOON).unwrap();
            }
            polled.is_ready()
        }
    });
    let _ = is_queued.recv_timeout(Duration::from_millis(50));
    let others = [(); 2].map(|()| {
        let store = Arc::clone(&store);
        on_thread(async move { store.update(&0, |n| **n + 1).await.unwrap() })
    });
    std::thread::sleep(Duration::from_millis(10));
    let _ = leave.send(());

    let went_through = within(SOON, || dropped.join()).unwrap();
    updater.join().unwrap();
    for other in others {
        within(SOON, || other.join()).unwrap();
    }
    let expected = 3 + u32::from(went_through) * 100;
    assert_eq!(store.read(&0, |v| **v).await, Some(expected));
}

struct Signal(mpsc::Sender<()>);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

/// An update is dropped between its closure and its commit, and the value that is never committed
/// writes its own key when it is dropped. The key must be free by then.
pub(crate) async fn an_uncommitted_value_may_write_its_key_when_dropped<S: StrategyKind>() {
    /// Its clone, in a snapshot, takes until it is told to go on: so long the commit must wait.
    #[derive(PartialEq, Eq, Hash)]
    struct Key(u32);
    impl Clone for Key {
        fn clone(&self) -> Self {
            std::thread::sleep(Duration::from_millis(30));
            Self(self.0)
        }
    }
    struct Value(Option<Box<dyn FnOnce() + Send + Sync>>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(|then| then());
        }
    }

    let store = Arc::new(S::Store::<Key, Value>::new());
    store.create(Key(0), Value(None)).await.unwrap();
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let (dropped, is_dropped) = mpsc::channel();
    let updater = std::thread::spawn({
        let store = Arc::clone(&store);
        move || {
            let at_drop = {
                let store = Arc::clone(&store);
                move || {
                    let _ = pollster::block_on(store.update(&Key(0), |_| Value(None)));
                    dropped.send(()).unwrap();
                }
            };
            let mut update = Box::pin(store.update(&Key(0), move |_| {
                entered.send(()).unwrap();
                may_leave.recv_timeout(SOON).unwrap();
                Value(Some(Box::new(at_drop)))
            }));
            let polled = update
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            let committed = polled.is_ready();
            drop(update);
            committed
        }
    });
    is_entered.recv_timeout(SOON).unwrap();
    let snapshot = on_thread({
        let store = Arc::clone(&store);
        async move { drop(store.snapshot().await) }
    });
    std::thread::sleep(Duration::from_millis(10));
    leave.send(()).unwrap();
    let committed = within(SOON, || updater.join()).unwrap();
    snapshot.join().unwrap();
    if committed {
        drop(store.remove(&Key(0), None).await);
    }
    // Who drops what was removed a little later does so when there is something else to drop.
    let mut others = 0;
    while S::NAME == "slotted" && is_dropped.try_recv().is_err() && others < 10_000 {
        store.create(Key(1), Value(None)).await.unwrap();
        drop(store.remove(&Key(1), None).await);
        others += 1;
    }
    if S::NAME != "slotted" {
        is_dropped.recv_timeout(SOON).unwrap();
    }
    assert!(others < 10_000);
}

/// Two keys that are written by batches only, both with the same value.
const TWINS: u32 = 100;

/// Drops futures after each possible number of polls while other tasks do the same. Values count
/// the updates of their keys, so one that happened twice or not at all shows in the sum.
pub(crate) async fn futures_dropped_anywhere_leave_before_or_after<S: StrategyKind>() {
    const KEYS: u32 = 2;
    let store = Arc::new(S::Store::<u32, u64>::new());
    for key in 0..KEYS {
        store.create(key, 1).await.unwrap();
    }
    let tasks = (0..8_usize).map(|task| {
        let store = Arc::clone(&store);
        spawn(async move {
            let (mut acknowledged, mut started) = (0, 0);
            for n in 0..200 {
                let key = (n % KEYS as usize) as u32;
                let polls = 1 + (n + task) % 4;
                let done = match n % 3 {
                    0 => {
                        let update = store.update(&key, |n| **n + 1);
                        at_most(polls, update).await.map(|done| done.is_ok())
                    }
                    1 => {
                        let seen = store.get(&key).await.unwrap();
                        let swap = store.compare_and_set(&key, seen.version(), *seen + 1);
                        at_most(polls, swap).await.map(|done| done.is_ok())
                    }
                    _ => {
                        let seen = store.get(&key).await.unwrap();
                        let twins = (task * 1000 + n) as u64;
                        let batch = Batch::new()
                            .put(TWINS, twins)
                            .compare_and_set(key, seen.version(), *seen + 1)
                            .put(TWINS + 1, twins);
                        let apply = store.apply(batch);
                        at_most(polls, apply).await.map(|done| done.is_ok())
                    }
                };
                // Both are only ever put together.
                let snapshot = store.snapshot().await;
                let twins = [TWINS, TWINS + 1].map(|twin| snapshot.get(&twin).map(|v| **v));
                assert_eq!(twins[0], twins[1]);
                started += u64::from(done != Some(false));
                acknowledged += u64::from(done == Some(true));
                if n % 4 == 0 {
                    yield_now().await;
                }
            }
            (acknowledged, started)
        })
    });
    let counts = join(tasks.collect::<Vec<_>>()).await;
    check_counts(&*store, KEYS, &counts).await;
}

/// The same with tasks that are aborted from outside, which drops their futures wherever they
/// happen to be.
pub(crate) async fn aborted_tasks_leave_before_or_after<S: StrategyKind>() {
    const KEYS: u32 = 2;
    let store = Arc::new(S::Store::<u32, u64>::new());
    for key in 0..KEYS {
        store.create(key, 1).await.unwrap();
    }
    let started = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(AtomicU64::new(0));
    for round in 0..40_u32 {
        let tasks = (0..6).map(|task| {
            let store = Arc::clone(&store);
            let (started, acknowledged) = (Arc::clone(&started), Arc::clone(&acknowledged));
            spawn(async move {
                for n in 0..50 {
                    started.fetch_add(1, Ordering::Relaxed);
                    let key = (task + n) % KEYS;
                    store.update(&key, |n| **n + 1).await.unwrap();
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    yield_now().await;
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for _ in 0..round % 7 {
            yield_now().await;
        }
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        for task in tasks {
            if let Err(failure) = task.await {
                assert!(failure.is_cancelled());
            }
        }
    }
    let counts = [acknowledged, started].map(|count| count.load(Ordering::Relaxed));
    check_counts(&*store, KEYS, &[counts.into()]).await;
}

/// Acknowledged writes happened, others may have, and no key is stuck.
async fn check_counts<S: Strategy<Key = u32, Value = u64>>(
    store: &S,
    keys: u32,
    counts: &[(u64, u64)],
) {
    let mut written = 0;
    for key in 0..keys {
        let last = store.get(&key).await.unwrap();
        assert_eq!(*last, last.version().get());
        written += *last - 1;
    }
    let acknowledged: u64 = counts.iter().map(|count| count.0).sum();
    let started = counts
        .iter()
        .fold(0, |sum: u64, count| sum.saturating_add(count.1));
    assert!((acknowledged..=started).contains(&written));
    for key in 0..keys {
        let mut update = pin!(store.update(&key, |n| **n + 1));
        // Nobody else is here, so there is nothing to wait for.
        let polled = update
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Ok(_))));
    }
}
