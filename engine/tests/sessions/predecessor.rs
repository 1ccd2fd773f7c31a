//! The sequences in which the predecessor's tracker and adapter went wrong.

use super::over_every_strategy;

over_every_strategy! {
    switch_changes_the_current_id;
    activating_b_shows_what_b_holds_and_never_what_a_does;
    a_write_after_a_switch_goes_to_b_and_leaves_a_alone;
    a_deactivated_context_keeps_what_it_holds;
    each_id_loads_its_own_context;
    a_list_lists_what_is_active;
    what_others_write_is_seen_at_once;
}

mod cases {
    use contexture::sessions::Sessions;
    use contexture::{Document, StrategyKind};

    use crate::{contexts_of, eager, held, id};

    pub(super) async fn switch_changes_the_current_id<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        assert_eq!(client.current().await, None);
        client.switch(&id("a")).await.unwrap();
        assert_eq!(client.current().await, Some(id("a")));
        client.switch(&id("b")).await.unwrap();
        assert_eq!(client.current().await, Some(id("b")));
        client.switch(&id("a")).await.unwrap();
        assert_eq!(client.current().await, Some(id("a")));
    }

    pub(super) async fn activating_b_shows_what_b_holds_and_never_what_a_does<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = Sessions::builder(contexts.clone()).build().client("ann");
        client.activate(&id("a")).await.unwrap();
        client.switch(&id("a")).await.unwrap();
        client.set("secret", &1).await.unwrap();
        client.activate(&id("b")).await.unwrap();

        // Activation alone does not turn to it.
        let a = client.get().await.unwrap();
        assert_eq!(a.as_json(), r#"{"of":"a","secret":1}"#);
        client.switch(&id("b")).await.unwrap();
        let b = client.get().await.unwrap();
        assert_eq!((b.id(), b.as_json()), (&id("b"), r#"{"of":"b"}"#));
        let read = client.read(|context| (context.id().clone(), context.to_string()));
        assert_eq!(read.await.unwrap(), (id("b"), r#"{"of":"b"}"#.to_owned()));
        assert_eq!(held(&contexts, "b").await.unwrap(), r#"{"of":"b"}"#);
    }

    pub(super) async fn a_write_after_a_switch_goes_to_b_and_leaves_a_alone<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        let a = client.set("n", &1).await.unwrap();
        client.switch(&id("b")).await.unwrap();
        client.set("n", &2).await.unwrap();
        let seen = client.update(|context| context.with("saw", context.id()).unwrap());
        seen.await.unwrap();

        assert_eq!(
            held(&contexts, "b").await.unwrap(),
            r#"{"of":"b","n":2,"saw":"b"}"#
        );
        let after = contexts.get(&id("a")).await.unwrap();
        assert_eq!(
            (after.version(), after.as_json()),
            (a, r#"{"of":"a","n":1}"#)
        );
    }

    pub(super) async fn a_deactivated_context_keeps_what_it_holds<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        let version = client.set("n", &1).await.unwrap();
        assert!(client.deactivate(&id("a")));
        client.switch(&id("b")).await.unwrap();
        client.set("n", &2).await.unwrap();
        assert!(client.deactivate(&id("b")));

        let a = contexts.get(&id("a")).await.unwrap();
        assert_eq!((a.version(), a.as_json()), (version, r#"{"of":"a","n":1}"#));
        client.switch(&id("a")).await.unwrap();
        assert_eq!(client.get().await.unwrap().as_json(), r#"{"of":"a","n":1}"#);
    }

    pub(super) async fn each_id_loads_its_own_context<S: StrategyKind>() {
        let ids = ["1", "2", "3", "key", "../1"];
        let contexts = contexts_of::<S>(&ids).await;
        let client = eager(&contexts).build().client("ann");
        for text in ids {
            client.switch(&id(text)).await.unwrap();
            let context = client.get().await.unwrap();
            assert_eq!(context.id(), &id(text));
            let of = context.get("of").unwrap().as_str().unwrap();
            assert_eq!(of, text);
        }
    }

    pub(super) async fn a_list_lists_what_is_active<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b", "c"]).await;
        let sessions = Sessions::builder(contexts).build();
        let client = sessions.client("ann");
        assert!(client.active().await.is_empty());
        for text in ["c", "a", "b", "a"] {
            client.activate(&id(text)).await.unwrap();
        }
        assert_eq!(client.active().await, [id("a"), id("b"), id("c")]);
        client.deactivate(&id("b"));
        assert_eq!(client.active().await, [id("a"), id("c")]);

        let _bob = sessions.client("bob");
        assert_eq!(sessions.clients(), ["ann".into(), "bob".into()]);
    }

    pub(super) async fn what_others_write_is_seen_at_once<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let sessions = eager(&contexts).build();
        let (ann, bob) = (sessions.client("ann"), sessions.client("bob"));
        ann.switch(&id("a")).await.unwrap();
        bob.switch(&id("a")).await.unwrap();
        ann.get().await.unwrap();
        bob.set("n", &1).await.unwrap();
        assert_eq!(ann.get().await.unwrap().as_json(), r#"{"of":"a","n":1}"#);
        contexts
            .update(&id("a"), |_| Document::new())
            .await
            .unwrap();
        assert_eq!(ann.get().await.unwrap().as_json(), "{}");
        assert_eq!(bob.get().await.unwrap().as_json(), "{}");
    }
}
