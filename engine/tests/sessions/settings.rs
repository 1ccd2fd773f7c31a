//! Defaults, factories, limits, and their change at run time.

use super::over_every_strategy;

over_every_strategy! {
    the_default_context_is_used_while_none_is_current;
    the_default_context_is_created_if_it_is_to_be;
    what_is_activated_is_created_if_it_is_to_be;
    a_factory_makes_what_contexts_begin_with;
    a_factory_that_panics_changes_nothing;
    what_cannot_be_created_is_not_activated;
    at_the_limit_nothing_more_is_activated;
    settings_change_at_run_time;
    no_change_of_settings_is_lost;
}

mod cases {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use contexture::sessions::{SessionError, Sessions, Status};
    use contexture::{Contexts, CreateError, Document, Draft, StrategyKind};

    use crate::{contexts_of, document, eager, held, id};

    pub(super) async fn the_default_context_is_used_while_none_is_current<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "lobby"]).await;
        let sessions = eager(&contexts).default_context(id("lobby")).build();
        let client = sessions.client("ann");
        client.set("n", &1).await.unwrap();
        assert_eq!(
            held(&contexts, "lobby").await.unwrap(),
            r#"{"of":"lobby","n":1}"#
        );
        assert_eq!(client.current().await, None);
        assert!(client.active().await.is_empty());
        assert_eq!(client.status(&id("lobby")).await, Status::Inactive);
        let other = sessions.client("bob");
        assert_eq!(other.get().await.unwrap().id(), &id("lobby"));

        client.switch(&id("a")).await.unwrap();
        assert_eq!(client.get().await.unwrap().id(), &id("a"));
        client.deactivate(&id("a"));
        assert_eq!(client.get().await.unwrap().id(), &id("lobby"));
    }

    pub(super) async fn the_default_context_is_created_if_it_is_to_be<S: StrategyKind>() {
        let contexts = Contexts::<S>::new();
        let sessions = Sessions::builder(contexts.clone())
            .default_context(id("lobby"))
            .default_draft(document(r#"{"n":0}"#))
            .build();
        let client = sessions.client("ann");
        let not_found = SessionError::NotFound { id: id("lobby") };
        assert_eq!(client.get().await.unwrap_err(), not_found);
        assert_eq!(client.update(|_| Document::new()).await, Err(not_found));
        assert!(contexts.is_empty().await);

        sessions.configure(|settings| settings.auto_create(true));
        assert_eq!(client.get().await.unwrap().as_json(), r#"{"n":0}"#);
        contexts.delete(&id("lobby"), None).await.unwrap();
        client.set("n", &1).await.unwrap();
        assert_eq!(held(&contexts, "lobby").await.unwrap(), r#"{"n":1}"#);
    }

    pub(super) async fn what_is_activated_is_created_if_it_is_to_be<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["old"]).await;
        let client = eager(&contexts).build().client("ann");
        client.activate(&id("new")).await.unwrap();
        assert_eq!(held(&contexts, "new").await.unwrap(), "{}");
        client.switch(&id("newer")).await.unwrap();
        assert_eq!(held(&contexts, "newer").await.unwrap(), "{}");
        // What is there stays what it is.
        client.switch(&id("old")).await.unwrap();
        assert_eq!(held(&contexts, "old").await.unwrap(), r#"{"of":"old"}"#);
        assert_eq!(client.active().await, [id("new"), id("newer"), id("old")]);
    }

    pub(super) async fn a_factory_makes_what_contexts_begin_with<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["old"]).await;
        let sessions = eager(&contexts)
            .factory(|id| {
                let document = Document::new().with("made for", id).unwrap();
                let metadata = document.with("by", "factory").unwrap();
                let minute = Duration::from_secs(60);
                Draft::new(document).metadata(metadata).time_to_live(minute)
            })
            .build();
        let client = sessions.client("ann");
        client.activate(&id("old")).await.unwrap();
        client.switch(&id("new")).await.unwrap();
        let new = client.get().await.unwrap();
        assert_eq!(new.as_json(), r#"{"made for":"new"}"#);
        assert_eq!(
            new.metadata().unwrap().as_json(),
            r#"{"made for":"new","by":"factory"}"#
        );
        assert_eq!(new.time_to_live(), Some(Duration::from_secs(60)));
        assert_eq!(held(&contexts, "old").await.unwrap(), r#"{"of":"old"}"#);
    }

    pub(super) async fn a_factory_that_panics_changes_nothing<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let sessions = eager(&contexts)
            .max_active(2)
            .factory(|_| panic!("in a factory"))
            .build();
        let client = sessions.client("ann");
        client.switch(&id("a")).await.unwrap();
        let panicking = tokio::spawn({
            let client = client.clone();
            async move { client.switch(&id("b")).await }
        });
        assert!(panicking.await.unwrap_err().is_panic());
        assert_eq!(client.current().await, Some(id("a")));
        assert_eq!(client.active().await, [id("a")]);
        assert_eq!(contexts.len().await, 1);

        // And its place is free.
        sessions.configure(|settings| settings.default_draft(Document::new()));
        client.switch(&id("c")).await.unwrap();
    }

    pub(super) async fn what_cannot_be_created_is_not_activated<S: StrategyKind>() {
        let contexts = Contexts::<S>::builder().max_contexts(1).build();
        let client = eager(&contexts).max_active(2).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        for _ in 0..3 {
            let refused = client.switch(&id("b")).await;
            let full = CreateError::Full {
                id: id("b"),
                limit: 1,
            };
            assert_eq!(refused, Err(SessionError::Create(full)));
        }
        assert_eq!(client.current().await, Some(id("a")));
        assert_eq!(client.active().await, [id("a")]);
    }

    pub(super) async fn at_the_limit_nothing_more_is_activated<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b", "c"]).await;
        let sessions = eager(&contexts).max_active(2).build();
        let client = sessions.client("ann");
        client.activate(&id("a")).await.unwrap();
        client.switch(&id("b")).await.unwrap();
        let refused = Err(SessionError::TooManyActive { limit: 2 });
        assert_eq!(client.activate(&id("c")).await, refused);
        assert_eq!(client.switch(&id("c")).await, refused);
        assert_eq!(client.activate(&id("new")).await, refused);
        assert_eq!(client.current().await, Some(id("b")));
        assert_eq!(client.active().await, [id("a"), id("b")]);
        assert_eq!(contexts.len().await, 3, "what is refused is not created");

        // What is active needs no further place, and another client has its own.
        client.activate(&id("a")).await.unwrap();
        client.switch(&id("a")).await.unwrap();
        sessions.client("bob").switch(&id("c")).await.unwrap();
        client.deactivate(&id("b"));
        client.switch(&id("c")).await.unwrap();
        assert_eq!(client.active().await, [id("a"), id("c")]);
    }

    pub(super) async fn settings_change_at_run_time<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b", "c", "lobby"]).await;
        let sessions = Sessions::builder(contexts.clone()).build();
        let client = sessions.client("ann");
        let (a, b, c) = (id("a"), id("b"), id("c"));

        let refused = client.switch(&a).await;
        assert_eq!(refused, Err(SessionError::NotActive { id: a.clone() }));
        sessions.configure(|settings| settings.auto_activate(true));
        client.switch(&a).await.unwrap();

        let (new, nowhere) = (id("new"), id("nowhere"));
        let refused = client.switch(&new).await;
        assert_eq!(refused, Err(SessionError::NotFound { id: new.clone() }));
        sessions.configure(|settings| settings.auto_create(true));
        client.switch(&new).await.unwrap();
        sessions.configure(|settings| settings.auto_create(false));
        let refused = client.activate(&nowhere).await;
        assert_eq!(refused, Err(SessionError::NotFound { id: nowhere }));

        // What is active beyond a lower limit stays so.
        client.activate(&b).await.unwrap();
        sessions.configure(|settings| settings.max_active(1));
        let refused = Err(SessionError::TooManyActive { limit: 1 });
        assert_eq!(client.activate(&c).await, refused);
        assert_eq!(client.active().await, [a.clone(), b.clone(), new.clone()]);
        client.switch(&b).await.unwrap();
        client.deactivate(&a);
        client.deactivate(&b);
        assert_eq!(client.activate(&c).await, refused);
        sessions.configure(|settings| settings.max_active(None));
        client.activate(&c).await.unwrap();

        assert_eq!(client.get().await.unwrap_err(), SessionError::NoCurrent);
        sessions.configure(|settings| settings.default_context(id("lobby")));
        let get = client.get();
        sessions.configure(|settings| settings.default_context(None));
        assert_eq!(get.await.unwrap().id(), &id("lobby"), "as it was called");
        assert_eq!(client.get().await.unwrap_err(), SessionError::NoCurrent);
    }

    /// Four threads turn on one thing each, at once. A change that is made of old settings would
    /// turn another's off.
    pub(super) async fn no_change_of_settings_is_lost<S: StrategyKind>() {
        for _ in 0..50 {
            let contexts = contexts_of::<S>(&["lobby"]).await;
            let sessions = Sessions::builder(contexts).build();
            let (calls, barrier) = (AtomicUsize::new(0), std::sync::Barrier::new(4));
            let made: Arc<AtomicUsize> = Arc::default();
            std::thread::scope(|threads| {
                for change in 0..4 {
                    let (sessions, calls, barrier) = (&sessions, &calls, &barrier);
                    let made = Arc::clone(&made);
                    threads.spawn(move || {
                        let mut first = true;
                        sessions.configure(|settings| {
                            calls.fetch_add(1, Ordering::SeqCst);
                            // All have the same settings in hand.
                            if std::mem::take(&mut first) {
                                barrier.wait();
                            }
                            match change {
                                0 => settings.auto_create(true),
                                1 => settings.auto_activate(true),
                                2 => settings.max_active(1),
                                _ => {
                                    let made = Arc::clone(&made);
                                    settings.factory(move |_| {
                                        made.fetch_add(1, Ordering::SeqCst);
                                        Document::new().into()
                                    })
                                }
                            }
                        });
                    });
                }
            });
            assert!(calls.load(Ordering::SeqCst) >= 7, "each had to try again");
            let client = sessions.client("ann");
            client.switch(&id("new")).await.unwrap();
            let refused = client.switch(&id("other")).await;
            assert_eq!(refused, Err(SessionError::TooManyActive { limit: 1 }));
            assert_eq!(made.load(Ordering::SeqCst), 1);
        }
    }
}
