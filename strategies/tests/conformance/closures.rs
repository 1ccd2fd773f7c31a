//! The user's closures: what they hold up, what their panics do, and calls back into the store.

use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use contexture_strategies::{
    Batch, BatchError, CompareAndSetError, CreateError, Reentrant, RemoveError, Strategy,
    StrategyKind, UpdateError, Version,
};
use pollster::block_on;
use tokio::task::spawn;

use crate::runtime::{REENTRANT, SOON, expect_panic, join, on_thread, within};

/// Threads that should be done at once.
fn finish<R: Send + 'static>(thread: std::thread::JoinHandle<R>) -> R {
    within(SOON, || thread.join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

pub(crate) async fn a_panicking_update_changes_nothing<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    let before = store.create(1, 1).await.unwrap();
    let panic = expect_panic({
        let store = Arc::clone(&store);
        async move {
            store
                .update(&1, |_| std::panic::resume_unwind(Box::new("planned")))
                .await
        }
    });
    assert_eq!(panic.await.downcast_ref(), Some(&"planned"));
    assert_eq!(
        store.read(&1, |v| (v.version(), **v)).await,
        Some((before, 1))
    );
    // The key is as usable as ever, and so is the thread.
    for expected in 2..10 {
        store.update(&1, |n| **n + 1).await.unwrap();
        assert_eq!(*store.get(&1).await.unwrap().value(), expected);
    }
    store.remove(&1, None).await.unwrap();
}

pub(crate) async fn a_panicking_read_harms_nobody<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(1, 1).await.unwrap();
    let panic = expect_panic({
        let store = Arc::clone(&store);
        async move {
            store
                .read(&1, |_| std::panic::resume_unwind(Box::new("planned")))
                .await
                == Some(())
        }
    });
    panic.await;
    assert_eq!(store.read(&1, |v| **v).await, Some(1));
    store.update(&1, |n| **n + 1).await.unwrap();
}

pub(crate) async fn an_aborted_update_changes_nothing<S: StrategyKind>() {
    let store = S::Store::<u32, u32>::new();
    let before = store.create(1, 1).await.unwrap();
    let aborted = store.try_update(&1, |_| Err("no")).await;
    assert_eq!(aborted, Err(UpdateError::Aborted("no")));
    assert_eq!(
        store.read(&1, |v| (v.version(), **v)).await,
        Some((before, 1))
    );
    let next = store
        .try_update(&1, |n| Ok::<_, ()>(**n + 1))
        .await
        .unwrap();
    assert_eq!(next.get(), before.get() + 1);
}

/// Runs `during` on another thread while an update's closure on key 0 is running.
async fn while_updating<S: StrategyKind, F, R>(
    store: &Arc<S::Store<u32, u32>>,
    during: impl FnOnce(Arc<S::Store<u32, u32>>) -> F + Send + 'static,
) -> R
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let updater = on_thread({
        let store = Arc::clone(store);
        async move {
            let update = store.update(&0, move |n| {
                entered.send(()).unwrap();
                may_leave.recv_timeout(SOON).unwrap();
                **n + 1
            });
            update.await.unwrap();
        }
    });
    is_entered.recv_timeout(SOON).unwrap();
    let store = Arc::clone(store);
    let result = finish(on_thread(async move { during(store).await }));
    leave.send(()).unwrap();
    finish(updater);
    result
}

pub(crate) async fn a_running_update_does_not_hold_up_other_keys<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for key in 0..100 {
        store.create(key, 0).await.unwrap();
    }
    while_updating::<S, _, _>(&store, |store| async move {
        // Enough keys that each shard, if there are any, is touched.
        for key in 1..100 {
            store.update(&key, |n| **n + 1).await.unwrap();
            let at = store.get(&key).await.unwrap().version();
            store.compare_and_set(&key, at, 5).await.unwrap();
            store.remove(&key, None).await.unwrap();
            store.create(key, 1).await.unwrap();
            store.apply(Batch::new().put(key, 7)).await.unwrap();
        }
    })
    .await;
    assert_eq!(*store.get(&0).await.unwrap().value(), 1);
}

pub(crate) async fn a_running_update_does_not_hold_up_reads_of_its_key<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(0, 0).await.unwrap();
    while_updating::<S, _, _>(&store, |store| async move {
        assert_eq!(store.read(&0, |v| **v).await, Some(0));
        assert_eq!(*store.get(&0).await.unwrap(), 0);
        assert_eq!(store.len().await, 1);
        assert_eq!(store.snapshot().await.get(&0).map(|v| **v), Some(0));
        let exists = store.create(0, 1).await;
        assert!(matches!(exists, Err(CreateError::Exists { .. })));
        let required = Batch::new().require(0, Some(Version::FIRST));
        store.apply(required).await.unwrap();
    })
    .await;
}

pub(crate) async fn a_running_read_does_not_hold_up_writers<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(0, 0).await.unwrap();
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let reader = on_thread({
        let store = Arc::clone(&store);
        async move {
            let read = store.read(&0, move |value| {
                entered.send(()).unwrap();
                may_leave.recv_timeout(SOON).unwrap();
                **value
            });
            read.await
        }
    });
    is_entered.recv_timeout(SOON).unwrap();
    let writer = on_thread({
        let store = Arc::clone(&store);
        async move {
            store.update(&0, |n| **n + 1).await.unwrap();
            store.remove(&0, None).await.unwrap();
            store.create(0, 9).await.unwrap();
        }
    });
    finish(writer);
    leave.send(()).unwrap();
    // It still saw the one version it was given.
    assert_eq!(finish(reader), Some(0));
}

pub(crate) async fn writers_of_the_key_wait_for_a_running_update<S: StrategyKind>() {
    for writer in 0..4 {
        let store = Arc::new(S::Store::<u32, u32>::new());
        store.create(0, 0).await.unwrap();
        let (started, has_started) = mpsc::channel();
        let write = while_updating::<S, _, _>(&store, move |store| async move {
            let write = on_thread(async move {
                started.send(()).unwrap();
                let stale = Version::FIRST;
                match writer {
                    0 => store.update(&0, |n| **n + 10).await.is_ok(),
                    1 => store.compare_and_set(&0, stale, 10).await.is_ok(),
                    2 => store.remove(&0, Some(stale)).await.is_ok(),
                    _ => store
                        .apply(Batch::new().compare_and_set(0, stale, 10))
                        .await
                        .is_ok(),
                }
            });
            has_started.recv_timeout(SOON).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            assert!(!write.is_finished());
            write
        });
        // The update had begun first: the second one adds to it, the others come too late.
        assert_eq!(finish(write.await), writer == 0);
        let expected = if writer == 0 { 11 } else { 1 };
        assert_eq!(store.read(&0, |v| **v).await, Some(expected));
    }
}

/// What the contract says about calls from inside a closure.
#[derive(Clone, Copy, PartialEq)]
enum Calls {
    Work,
    /// All but those that would have to wait for the closure they come from.
    WorkUnlessTheyWait,
    AreRefused,
}

/// Calls everything there is on `store` for `key`, which is there, blocking; each call must do
/// what the contract says. Leaves the key where it was.
fn call_everything<S: Strategy<Key = u32, Value = u32>>(store: &S, key: u32, calls: Calls) {
    let refused = calls == Calls::AreRefused;
    let read = |f: &dyn Fn() -> bool| {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        match outcome {
            Ok(right) => assert!(right && !refused),
            Err(panic) => {
                let message = panic.downcast_ref::<String>().unwrap();
                assert!(refused && message.contains(REENTRANT), "{message}");
            }
        }
    };
    read(&|| block_on(store.read(&key, |v| **v)).is_some());
    read(&|| block_on(store.get(&key)).is_some());
    read(&|| block_on(store.len()) > 0);
    read(&|| block_on(store.snapshot()).get(&key).is_some());

    let create = block_on(store.create(key + 1000, 3));
    assert_eq!(create.is_err(), refused);
    if !refused {
        block_on(store.remove(&(key + 1000), None)).unwrap();
    }

    let refused = calls != Calls::Work;
    let reentrant = |error: Option<Reentrant>| assert_eq!(error.is_some(), refused);
    reentrant(match block_on(store.update(&key, |n| **n)) {
        Ok(_) => None,
        Err(UpdateError::Reentrant(error)) => Some(error),
        Err(error) => panic!("{error}"),
    });
    reentrant(match block_on(store.apply(Batch::new().put(key, 0))) {
        Ok(_) => None,
        Err(BatchError::Reentrant(error)) => Some(error),
        Err(error) => panic!("{error}"),
    });
    let never = Version::from_u64(u64::MAX).unwrap();
    reentrant(match block_on(store.compare_and_set(&key, never, 1)) {
        Err(CompareAndSetError::Conflict { .. }) => None,
        Err(CompareAndSetError::Reentrant(error)) => Some(error),
        outcome => panic!("{outcome:?}"),
    });
    reentrant(match block_on(store.remove(&key, Some(never))) {
        Err(RemoveError::Conflict { .. }) => None,
        Err(RemoveError::Reentrant(error)) => Some(error),
        outcome => panic!("{:?}", outcome.err()),
    });
}

pub(crate) async fn every_call_from_an_update_closure_does_what_it_should<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for key in 0..20 {
        store.create(key, 0).await.unwrap();
    }
    let (own, others) = match S::AWAITS {
        true => (Calls::AreRefused, Calls::AreRefused),
        false => (Calls::WorkUnlessTheyWait, Calls::Work),
    };
    let caller = on_thread({
        let store = Arc::clone(&store);
        async move {
            let update = store.update(&0, |n| {
                call_everything(&*store, 0, own);
                (1..20).for_each(|key| call_everything(&*store, key, others));
                **n + 1
            });
            update.await
        }
    });
    assert_eq!(finish(caller).map(Version::get), Ok(2));
    assert_eq!(store.read(&0, |v| **v).await, Some(1));
    // Nothing is left behind: the thread-wide mark is gone, every key can be written.
    for key in 0..20 {
        store.update(&key, |n| **n + 1).await.unwrap();
    }
}

pub(crate) async fn every_call_from_a_read_closure_does_what_it_should<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for key in 0..20 {
        store.create(key, 0).await.unwrap();
    }
    let calls = if S::AWAITS {
        Calls::AreRefused
    } else {
        Calls::Work
    };
    let caller = on_thread({
        let store = Arc::clone(&store);
        async move {
            let read = store.read(&0, |value| {
                (0..20).for_each(|key| call_everything(&*store, key, calls));
                **value
            });
            read.await
        }
    });
    // It sees the one version it was given, whatever it did meanwhile.
    assert_eq!(finish(caller), Some(0));
    store.update(&0, |n| **n + 1).await.unwrap();
}

/// A future that waits for its turn outside of closures must not go on waiting inside one.
pub(crate) async fn a_waiting_future_polled_in_a_closure_is_refused<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    store.create(0, 0).await.unwrap();
    store.create(1, 0).await.unwrap();
    let outcome = while_updating::<S, _, _>(&store, |store| async move {
        if !S::AWAITS {
            // It would wait in its first poll, and not come here.
            return None;
        }
        let mut waiting = Box::pin(store.update(&0, |n| **n));
        let polled = waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let mut outcome = None;
        let update = store.update(&1, |n| {
            outcome = Some(block_on(waiting));
            **n + 1
        });
        update.await.unwrap();
        outcome
    });
    let outcome = outcome.await;
    assert!(matches!(
        outcome,
        None | Some(Err(UpdateError::Reentrant(_)))
    ));
    assert_eq!(store.read(&0, |v| **v).await, Some(1));
}

/// Two threads, each inside an update of its own key, update the other's.
fn update_crosswise<S: Strategy<Key = u32, Value = u32>>(left: &Arc<S>, right: &Arc<S>) {
    let both_inside = Arc::new(Barrier::new(2));
    let sides = [(left, right, 0, 1), (right, left, 1, 0)];
    let threads = sides.map(|(own, other, own_key, other_key)| {
        let (own, other) = (Arc::clone(own), Arc::clone(other));
        let both_inside = Arc::clone(&both_inside);
        on_thread(async move {
            let update = own.update(&own_key, |n| {
                both_inside.wait();
                let crossed = block_on(other.update(&other_key, |n| **n));
                assert!(matches!(crossed, Ok(_) | Err(UpdateError::Reentrant(_))));
                **n + 1
            });
            update.await.unwrap();
        })
    });
    threads.into_iter().for_each(finish);
}

pub(crate) async fn crosswise_updates_do_not_deadlock<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    for key in 0..2 {
        store.create(key, 0).await.unwrap();
    }
    for _ in 0..20 {
        update_crosswise(&store, &store);
    }
    for key in 0..2 {
        assert_eq!(store.read(&key, |v| **v).await, Some(20));
    }
}

pub(crate) async fn crosswise_updates_of_two_stores_do_not_deadlock<S: StrategyKind>() {
    let stores = [(); 2].map(|()| Arc::new(S::Store::<u32, u32>::new()));
    for store in &stores {
        store.create(0, 0).await.unwrap();
        store.create(1, 0).await.unwrap();
    }
    for _ in 0..20 {
        update_crosswise(&stores[0], &stores[1]);
    }
}

pub(crate) async fn a_values_drop_may_call_the_store<S: StrategyKind>() {
    /// A value that, when it is dropped, looks at the store it was in.
    struct Nosy(Box<dyn Fn() + Send + Sync>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.0();
        }
    }

    let job = spawn(async {
        let store = Arc::new(S::Store::<u32, Nosy>::new());
        let nosy = || {
            let store = Arc::downgrade(&store);
            Nosy(Box::new(move || {
                if let Some(store) = store.upgrade() {
                    block_on(store.len());
                }
            }))
        };
        let first = store.create(0, nosy()).await.unwrap();
        let _ = store.create(0, nosy()).await;
        let second = store.compare_and_set(&0, first, nosy()).await.unwrap();
        let _ = store.compare_and_set(&0, first, nosy()).await;
        store.update(&0, |_| nosy()).await.unwrap();
        drop(
            store
                .apply(Batch::new().put(0, nosy()).create(0, nosy()))
                .await,
        );
        store
            .apply(Batch::new().put(0, nosy()).put(1, nosy()))
            .await
            .unwrap();
        store
            .apply(Batch::new().put(0, nosy()).remove(1, None))
            .await
            .unwrap();
        let _ = store.remove(&0, Some(second)).await;
        let _ = store.remove(&0, None).await;
    });
    let done = tokio::time::timeout(SOON, async { join([job]).await });
    done.await.expect("deadlock");
}
