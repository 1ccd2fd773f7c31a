//! Callbacks, on the task that awaits them and on a thread of their own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use contexture::StrategyKind;
use contexture::feed::{Filter, Watching};

use crate::{count, everything, id, now, over_every_strategy, revision, with_feed};

const NEVER: Duration = Duration::from_secs(60);

over_every_strategy! {
    for_each_shows_everything_until_the_end => for_each;
    an_aborted_for_each_has_shown_what_it_passed => aborted_for_each;
    a_thread_is_shown_everything_until_the_end => thread_until_the_end;
    stopping_waits_for_the_callback_and_calls_it_no_more => stop;
    dropping_stops_as_well => dropped;
    a_callback_can_stop_itself => stops_itself;
    a_callback_that_panics_is_reported => panicking;
    a_callback_that_blocks_keeps_no_writer_waiting => blocking;
    a_callback_may_write => writing;
}

async fn for_each<S: StrategyKind>() {
    let contexts = with_feed::<S>(2);
    count(&contexts, &id("a"), 2).await;
    let mut subscription = contexts.subscribe(everything()).unwrap();
    drop(contexts);
    let mut seen = Vec::new();
    subscription
        .for_each(|event| seen.push(event.map(|commit| revision(&commit)).ok()))
        .await;
    assert_eq!(seen, [None, Some(2), Some(3)]);
}

async fn aborted_for_each<S: StrategyKind>() {
    let contexts = with_feed::<S>(10);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    count(&contexts, &id("a"), 2).await;
    let mut seen = 0;
    {
        let mut each = std::pin::pin!(subscription.for_each(|_| seen += 1));
        let polled = std::future::poll_fn(|task| std::task::Poll::Ready(each.as_mut().poll(task)));
        assert!(polled.await.is_pending());
    }
    assert_eq!((seen, subscription.revision().get()), (3, 3));
    count(&contexts, &id("a"), 1).await;
    assert_eq!(now(&mut subscription), [Ok(4)]);
}

async fn thread_until_the_end<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let (sender, seen) = mpsc::channel();
    let subscription = contexts.subscribe(Filter::new()).unwrap();
    let watching = subscription.spawn(move |event| {
        let name = std::thread::current().name().map(str::to_owned);
        sender.send((revision(&event.unwrap()), name)).unwrap();
    });
    count(&contexts, &id("a"), 49).await;
    drop(contexts);
    assert_eq!(watching.unwrap().join(), Ok(()));
    let name = Some("contexture-feed".to_owned());
    let expected: Vec<_> = (1..=50).map(|revision| (revision, name.clone())).collect();
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
}

/// A callback that waits in its first call, and what to let it go on with.
fn waiting<S: StrategyKind>(
    contexts: &contexture::Contexts<S>,
    calls: &Arc<AtomicUsize>,
) -> (Watching, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel();
    let calls = Arc::clone(calls);
    let subscription = contexts.subscribe(Filter::new()).unwrap();
    let watching = subscription.spawn(move |_| {
        entered.send(()).unwrap();
        may_leave.recv().unwrap();
        calls.fetch_add(1, Ordering::Relaxed);
    });
    (watching.unwrap(), is_entered, leave)
}

async fn stop<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let calls = Arc::new(AtomicUsize::new(0));
    let (watching, is_entered, leave) = waiting(&contexts, &calls);
    count(&contexts, &id("a"), 3).await;
    is_entered.recv_timeout(NEVER).unwrap();
    assert!(!watching.is_finished());
    let stopping = std::thread::spawn(move || watching.stop());
    // It may be called for the next of its four commits before it is stopped.
    leave.send(()).unwrap();
    let mut entered = 1;
    while is_entered.recv_timeout(NEVER).is_ok() {
        entered += 1;
        leave.send(()).unwrap();
    }
    assert_eq!(stopping.join().unwrap(), Ok(()));
    assert_eq!(calls.load(Ordering::Relaxed), entered);
    // The callback is gone, and with it what it owned.
    assert_eq!(Arc::strong_count(&calls), 1);
    count(&contexts, &id("a"), 3).await;
    assert_eq!(calls.load(Ordering::Relaxed), entered);
}

async fn dropped<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let calls = Arc::new(AtomicUsize::new(0));
    let owned = Arc::clone(&calls);
    let (sender, called) = mpsc::channel();
    let subscription = contexts.subscribe(Filter::new()).unwrap();
    let watching = subscription.spawn(move |_| {
        owned.fetch_add(1, Ordering::Relaxed);
        sender.send(()).unwrap();
    });
    count(&contexts, &id("a"), 0).await;
    called.recv_timeout(NEVER).unwrap();
    // It waits for the next commit, and is woken by this.
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        drop(watching);
        sender.send(()).unwrap();
    });
    ended.recv_timeout(NEVER).unwrap();
    assert_eq!(Arc::strong_count(&calls), 1);
    count(&contexts, &id("a"), 1).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

async fn stops_itself<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let itself: Arc<Mutex<Option<Watching>>> = Arc::default();
    let (sender, seen) = mpsc::channel();
    let watching = contexts.subscribe(Filter::new()).unwrap().spawn({
        let itself = Arc::clone(&itself);
        move |event| {
            sender.send(revision(&event.unwrap())).unwrap();
            if let Some(itself) = itself.lock().unwrap().take() {
                assert_eq!(itself.stop(), Ok(()));
            }
        }
    });
    *itself.lock().unwrap() = Some(watching.unwrap());
    count(&contexts, &id("a"), 9).await;
    assert_eq!(seen.iter().collect::<Vec<_>>(), [1]);
}

async fn panicking<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let spawn = || {
        let subscription = contexts.subscribe(Filter::new()).unwrap();
        let watching = subscription.spawn(|event| panic!("at {}", revision(&event.unwrap())));
        watching.unwrap()
    };
    let (joined, dropped, stopped) = (spawn(), spawn(), spawn());
    count(&contexts, &id("a"), 5).await;
    assert_eq!(joined.join().unwrap_err().message, "at 1");
    while !stopped.is_finished() {
        std::thread::yield_now();
    }
    let error = stopped.stop().unwrap_err();
    let message = "the callback of a subscription panicked: at 1";
    assert_eq!(error.to_string(), message);
    drop(dropped);
    count(&contexts, &id("a"), 1).await;
}

async fn blocking<S: StrategyKind>() {
    let contexts = with_feed::<S>(4);
    let calls = Arc::new(AtomicUsize::new(0));
    let (watching, is_entered, leave) = waiting(&contexts, &calls);
    count(&contexts, &id("a"), 0).await;
    is_entered.recv_timeout(NEVER).unwrap();
    count(&contexts, &id("a"), 100).await;
    // The first one, a gap, and the last four.
    for _ in 0..6 {
        leave.send(()).unwrap();
    }
    drop(contexts);
    watching.join().unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 6);
}

async fn writing<S: StrategyKind>() {
    let contexts = with_feed::<S>(100);
    let (sender, seen) = mpsc::channel();
    let writer = contexts.clone();
    let subscription = contexts.subscribe(Filter::new().ids([id("a")])).unwrap();
    let watching = subscription.spawn(move |event| {
        pollster::block_on(count(&writer, &id("b"), 1));
        sender.send(revision(&event.unwrap())).unwrap();
    });
    count(&contexts, &id("a"), 9).await;
    for _ in 0..10 {
        seen.recv_timeout(NEVER).unwrap();
    }
    watching.unwrap().stop().unwrap();
    assert_eq!(crate::n(&contexts.get(&id("b")).await.unwrap()), 10);
}
