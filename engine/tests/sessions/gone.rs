//! Contexts that are deleted or expire behind the sessions' back.

use super::over_every_strategy;

over_every_strategy! {
    a_deleted_context_is_not_active;
    an_expired_context_is_not_active;
    what_is_meant_for_a_lost_context_goes_nowhere_else;
    a_lost_context_is_left_by_a_switch;
    a_lost_context_is_left_by_deactivating_it;
    a_lost_context_is_current_again_once_it_is_active_again;
    a_context_that_is_gone_is_not_switched_to;
    what_is_gone_takes_no_place;
    a_context_that_is_made_again_unnoticed_is_active;
}

mod cases {
    use std::time::Duration;

    use contexture::sessions::{Session, SessionError, Sessions, Status};
    use contexture::{Contexts, Document, ManualClock, StrategyKind};

    use crate::{contexts_of, create, eager, held, id};

    const MINUTE: Duration = Duration::from_secs(60);

    pub(super) async fn a_deleted_context_is_not_active<S: StrategyKind>() {
        // Whoever is asked first notices.
        for ask in 0..6 {
            let contexts = contexts_of::<S>(&["a", "b"]).await;
            let client = eager(&contexts).build().client("ann");
            client.activate(&id("b")).await.unwrap();
            client.switch(&id("a")).await.unwrap();
            contexts.delete(&id("a"), None).await.unwrap();
            assert_gone(&client, ask).await;
        }
    }

    pub(super) async fn an_expired_context_is_not_active<S: StrategyKind>() {
        for ask in 0..6 {
            let clock = ManualClock::new();
            let contexts = Contexts::<S>::builder().clock(clock.clone()).build();
            let sessions = eager(&contexts)
                .factory(|_| contexture::Draft::new(Document::new()).time_to_live(MINUTE))
                .build();
            create(&contexts, &["b"]).await;
            let client = sessions.client("ann");
            client.activate(&id("b")).await.unwrap();
            client.switch(&id("a")).await.unwrap();

            // Each write gives it another minute.
            clock.advance(MINUTE / 2);
            client.set("n", &1).await.unwrap();
            clock.advance(MINUTE / 2);
            assert_eq!(client.get().await.unwrap().as_json(), r#"{"n":1}"#);
            assert_eq!(client.status(&id("a")).await, Status::Active);
            clock.advance(MINUTE / 2);
            assert_gone(&client, ask).await;
        }
    }

    /// `a` was current and is gone; `b` is still active.
    async fn assert_gone<S: StrategyKind>(client: &Session<S>, ask: usize) {
        let gone = SessionError::NotFound { id: id("a") };
        for ask in (0..6).map(|n| (n + ask) % 6) {
            match ask {
                0 => assert_eq!(client.current().await, None),
                1 => assert_eq!(client.active().await, [id("b")]),
                2 => assert_eq!(client.status(&id("a")).await, Status::NonExistent),
                3 => assert_eq!(client.get().await.unwrap_err(), gone),
                4 => {
                    let update = client.update(|_| -> Document { unreachable!("it is gone") });
                    assert_eq!(update.await, Err(gone.clone()));
                }
                _ => {
                    let read = client.read(|_| unreachable!("it is gone"));
                    assert_eq!(read.await, Err::<(), _>(gone.clone()));
                }
            }
        }
        assert_eq!(client.status(&id("b")).await, Status::Active);
        // Neither reading nor writing it has created it.
        assert_eq!(client.status(&id("a")).await, Status::NonExistent);
    }

    pub(super) async fn what_is_meant_for_a_lost_context_goes_nowhere_else<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "lobby"]).await;
        let client = eager(&contexts)
            .default_context(id("lobby"))
            .build()
            .client("ann");
        client.switch(&id("a")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        for _ in 0..3 {
            let set = client.set("secret", &1).await;
            assert!(
                matches!(set, Err(SessionError::NotFound { .. })),
                "not even once it is known: {set:?}"
            );
        }
        assert_eq!(held(&contexts, "lobby").await.unwrap(), r#"{"of":"lobby"}"#);
    }

    pub(super) async fn a_lost_context_is_left_by_a_switch<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        client.get().await.unwrap_err();
        client.switch(&id("b")).await.unwrap();
        assert_eq!(client.current().await, Some(id("b")));
        assert_eq!(client.get().await.unwrap().id(), &id("b"));
    }

    pub(super) async fn a_lost_context_is_left_by_deactivating_it<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "lobby"]).await;
        let client = eager(&contexts)
            .default_context(id("lobby"))
            .build()
            .client("ann");
        client.switch(&id("a")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        client.get().await.unwrap_err();
        assert!(!client.deactivate(&id("a")), "it was not active any more");
        assert_eq!(client.get().await.unwrap().id(), &id("lobby"));
    }

    pub(super) async fn a_lost_context_is_current_again_once_it_is_active_again<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        client.get().await.unwrap_err();
        create(&contexts, &["a"]).await;
        assert_eq!(client.current().await, None);
        assert_eq!(client.status(&id("a")).await, Status::Inactive);
        let gone = SessionError::NotFound { id: id("a") };
        assert_eq!(client.get().await.unwrap_err(), gone);
        client.activate(&id("a")).await.unwrap();
        assert_eq!(client.current().await, Some(id("a")));
        assert_eq!(client.get().await.unwrap().as_json(), r#"{"of":"a"}"#);
    }

    pub(super) async fn a_context_that_is_gone_is_not_switched_to<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = Sessions::builder(contexts.clone()).build().client("ann");
        client.activate(&id("a")).await.unwrap();
        client.activate(&id("b")).await.unwrap();
        client.switch(&id("b")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        let gone = SessionError::NotFound { id: id("a") };
        assert_eq!(client.switch(&id("a")).await, Err(gone));
        assert_eq!(client.current().await, Some(id("b")));
        assert_eq!(client.active().await, [id("b")]);
        assert!(contexts.get(&id("a")).await.is_none());
    }

    pub(super) async fn what_is_gone_takes_no_place<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b", "c"]).await;
        let client = eager(&contexts).max_active(2).build().client("ann");
        client.activate(&id("a")).await.unwrap();
        client.activate(&id("b")).await.unwrap();
        let full = Err(SessionError::TooManyActive { limit: 2 });
        assert_eq!(client.activate(&id("c")).await, full);
        contexts.delete(&id("a"), None).await.unwrap();
        client.activate(&id("c")).await.unwrap();
        assert_eq!(client.active().await, [id("b"), id("c")]);
        assert_eq!(client.activate(&id("a")).await, full);
    }

    pub(super) async fn a_context_that_is_made_again_unnoticed_is_active<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap();
        create(&contexts, &["a"]).await;
        assert_eq!(client.current().await, Some(id("a")));
        assert_eq!(client.status(&id("a")).await, Status::Active);
    }
}
