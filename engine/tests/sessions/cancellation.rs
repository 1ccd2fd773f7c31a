//! Futures that are dropped before they are done.

use super::over_every_strategy;

over_every_strategy! {
    a_switch_dropped_anywhere_is_made_or_not;
    an_update_dropped_anywhere_is_made_or_not;
    a_future_that_is_never_polled_does_nothing;
}

mod cases {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use contexture::sessions::SessionError;
    use contexture::{Contexts, Document, StrategyKind};

    use crate::{contexts_of, eager, held, id};

    /// How many steps tokio lets a task take before it makes it wait.
    const BUDGET: usize = 128;

    /// Polls a future once, lets it take so many steps, as a lock of tokio counts them, and drops
    /// it. `None` if it was not done.
    async fn steps<T: Send + 'static>(
        steps: usize,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let task = tokio::spawn(async move {
            for _ in steps..BUDGET {
                tokio::task::consume_budget().await;
            }
            let mut future = pin!(future);
            let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
            match polled.await {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending => None,
            }
        });
        task.await.unwrap()
    }

    /// Calls `attempt` with ever more steps, until it says that it was done. It must have been
    /// dropped on its way if the strategy ever waits.
    async fn with_ever_more_steps<S: StrategyKind>(attempt: impl AsyncFn(usize) -> bool) {
        let mut dropped = 0;
        while !attempt(dropped).await {
            dropped += 1;
            assert!(dropped < 20, "it never ends");
        }
        match S::AWAITS {
            true => assert!(dropped >= 2, "it was dropped {dropped} times"),
            false => assert_eq!(dropped, 0),
        }
    }

    pub(super) async fn a_switch_dropped_anywhere_is_made_or_not<S: StrategyKind>() {
        with_ever_more_steps::<S>(async |n| {
            let contexts = contexts_of::<S>(&["a"]).await;
            let client = eager(&contexts).max_active(2).build().client("ann");
            client.switch(&id("a")).await.unwrap();
            let switched = steps(n, {
                let client = client.clone();
                async move { client.switch(&id("new")).await }
            });
            let done = switched.await;
            match &done {
                Some(done) => {
                    assert_eq!(*done, Ok(()));
                    assert_eq!(client.current().await, Some(id("new")));
                }
                None => {
                    assert_eq!(client.current().await, Some(id("a")));
                    assert_eq!(client.active().await, [id("a")]);
                    // The place is free again.
                    client.switch(&id("b")).await.unwrap();
                }
            }
            let full = Err(SessionError::TooManyActive { limit: 2 });
            assert_eq!(client.activate(&id("c")).await, full);
            done.is_some()
        })
        .await;
    }

    pub(super) async fn an_update_dropped_anywhere_is_made_or_not<S: StrategyKind>() {
        with_ever_more_steps::<S>(async |n| {
            let contexts = Contexts::<S>::new();
            let client = eager(&contexts)
                .default_context(id("lobby"))
                .build()
                .client("ann");
            let set = steps(n, {
                let client = client.clone();
                async move { client.set("n", &1).await }
            });
            let done = set.await;
            let held = held(&contexts, "lobby").await;
            match &done {
                Some(done) => {
                    assert!(done.is_ok(), "{done:?}");
                    assert_eq!(held.unwrap(), r#"{"n":1}"#);
                }
                None => assert!(
                    matches!(held.as_deref(), None | Some("{}" | r#"{"n":1}"#)),
                    "{held:?}"
                ),
            }
            done.is_some()
        })
        .await;
    }

    pub(super) async fn a_future_that_is_never_polled_does_nothing<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        drop(client.activate(&id("b")));
        drop(client.switch(&id("b")));
        drop(client.update(|_| -> Document { unreachable!("never polled") }));
        drop(client.set("n", &1));
        assert_eq!(client.current().await, Some(id("a")));
        assert_eq!(client.active().await, [id("a")]);
        assert_eq!(contexts.list().await, [id("a")]);
        assert_eq!(held(&contexts, "a").await.unwrap(), r#"{"of":"a"}"#);
    }
}
