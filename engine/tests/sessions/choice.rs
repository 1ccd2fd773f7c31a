//! What is active and what is current, and every way to be refused.

use super::over_every_strategy;

over_every_strategy! {
    a_status_is_one_of_three;
    only_what_is_active_can_be_made_current;
    without_a_current_context_nothing_is_read_or_written;
    the_one_that_is_current_when_deactivated_leaves_none;
    an_operation_is_about_what_was_current_when_it_was_called;
    two_clients_do_not_see_what_the_other_has_chosen;
    all_handles_of_a_client_are_one_session;
    a_closed_client_does_nothing_any_more;
    what_a_closure_refuses_or_panics_over_changes_nothing;
    from_inside_a_closure_nothing_waits;
}

mod cases {
    use contexture::sessions::{SessionError, Sessions, Status};
    use contexture::{ContextRef, Document, DocumentError, StrategyKind, UpdateError};

    use crate::{contexts_of, eager, held, id};

    pub(super) async fn a_status_is_one_of_three<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = Sessions::builder(contexts.clone()).build().client("ann");
        client.activate(&id("a")).await.unwrap();
        assert_eq!(client.status(&id("a")).await, Status::Active);
        assert_eq!(client.status(&id("b")).await, Status::Inactive);
        assert_eq!(client.status(&id("c")).await, Status::NonExistent);

        client.deactivate(&id("a"));
        assert_eq!(client.status(&id("a")).await, Status::Inactive);
        assert!(
            contexts.get(&id("c")).await.is_none(),
            "asking creates nothing"
        );
    }

    pub(super) async fn only_what_is_active_can_be_made_current<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = Sessions::builder(contexts.clone()).build().client("ann");
        let (a, b, absent) = (id("a"), id("b"), id("absent"));
        client.activate(&a).await.unwrap();
        client.switch(&a).await.unwrap();

        let refused = client.switch(&b).await;
        assert_eq!(refused, Err(SessionError::NotActive { id: b.clone() }));
        let refused = client.activate(&absent).await;
        assert_eq!(refused, Err(SessionError::NotFound { id: absent.clone() }));
        assert!(!client.deactivate(&b));
        assert_eq!(client.current().await, Some(a.clone()));
        assert_eq!(client.active().await, [a]);
        assert_eq!(contexts.len().await, 2, "nothing was created");

        client.activate(&b).await.unwrap();
        client.switch(&b).await.unwrap();
        assert_eq!(client.current().await, Some(b));
    }

    pub(super) async fn without_a_current_context_nothing_is_read_or_written<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.activate(&id("a")).await.unwrap();

        assert_eq!(client.current().await, None);
        assert_eq!(client.get().await.unwrap_err(), SessionError::NoCurrent);
        let read = client.read(|_| unreachable!("nothing to read"));
        assert_eq!(read.await, Err::<(), _>(SessionError::NoCurrent));
        let update = client.update(|_| -> Document { unreachable!("nothing to update") });
        assert_eq!(update.await, Err(SessionError::NoCurrent));
        let set = client.set("n", &1).await;
        assert!(matches!(set, Err(SessionError::NoCurrent)), "{set:?}");
        assert_eq!(held(&contexts, "a").await.unwrap(), r#"{"of":"a"}"#);
    }

    pub(super) async fn the_one_that_is_current_when_deactivated_leaves_none<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("b")).await.unwrap();
        client.switch(&id("a")).await.unwrap();
        client.deactivate(&id("b"));
        assert_eq!(client.current().await, Some(id("a")));
        client.deactivate(&id("a"));
        assert_eq!(client.current().await, None);
        assert_eq!(client.get().await.unwrap_err(), SessionError::NoCurrent);

        // Active again, it is not current again.
        client.activate(&id("a")).await.unwrap();
        assert_eq!(client.current().await, None);
    }

    pub(super) async fn an_operation_is_about_what_was_current_when_it_was_called<
        S: StrategyKind,
    >() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        let update = client.update(|context| context.with("n", context.id()).unwrap());
        let set = client.set("m", &1);
        let get = client.get();
        let read = client.read(|context| context.id().clone());
        client.switch(&id("b")).await.unwrap();
        client.deactivate(&id("a"));

        update.await.unwrap();
        set.await.unwrap();
        assert_eq!(get.await.unwrap().id(), &id("a"));
        assert_eq!(read.await.unwrap(), id("a"));
        assert_eq!(
            held(&contexts, "a").await.unwrap(),
            r#"{"of":"a","n":"a","m":1}"#
        );
        assert_eq!(held(&contexts, "b").await.unwrap(), r#"{"of":"b"}"#);
    }

    pub(super) async fn two_clients_do_not_see_what_the_other_has_chosen<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let sessions = eager(&contexts).build();
        let (ann, bob) = (sessions.client("ann"), sessions.client("bob"));
        ann.switch(&id("a")).await.unwrap();
        assert_eq!(bob.current().await, None);
        assert!(bob.active().await.is_empty());
        bob.switch(&id("b")).await.unwrap();
        assert_eq!(ann.current().await, Some(id("a")));
        assert_eq!(ann.active().await, [id("a")]);
        assert_eq!(ann.status(&id("b")).await, Status::Inactive);
        assert_eq!(bob.status(&id("b")).await, Status::Active);
        assert!(!bob.deactivate(&id("a")));
        assert_eq!(ann.status(&id("a")).await, Status::Active);
        assert_eq!(ann.get().await.unwrap().id(), &id("a"));
        assert_eq!(bob.get().await.unwrap().id(), &id("b"));
    }

    pub(super) async fn all_handles_of_a_client_are_one_session<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let sessions = eager(&contexts).build();
        let (one, other) = (sessions.client("ann"), sessions.clone().client("ann"));
        one.switch(&id("a")).await.unwrap();
        assert_eq!(other.current().await, Some(id("a")));
        assert!(one.clone().deactivate(&id("a")));
        assert!(other.active().await.is_empty());

        // Nor does it end with the last handle.
        one.switch(&id("a")).await.unwrap();
        drop((one, other));
        assert_eq!(sessions.client("ann").current().await, Some(id("a")));
        assert_eq!(sessions.clients(), ["ann".into()]);
    }

    pub(super) async fn a_closed_client_does_nothing_any_more<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "lobby"]).await;
        let sessions = eager(&contexts).default_context(id("lobby")).build();
        let (old, bob) = (sessions.client("ann"), sessions.client("bob"));
        old.switch(&id("a")).await.unwrap();
        bob.switch(&id("a")).await.unwrap();
        assert!(sessions.close("ann"));
        assert!(!sessions.close("ann"));
        assert_eq!(sessions.clients(), ["bob".into()]);

        assert_eq!(old.activate(&id("a")).await, Err(SessionError::Closed));
        assert_eq!(old.switch(&id("a")).await, Err(SessionError::Closed));
        assert_eq!(old.get().await.unwrap_err(), SessionError::Closed);
        let update = old.update(|_| -> Document { unreachable!("closed") });
        assert_eq!(update.await, Err(SessionError::Closed));
        assert!(!old.deactivate(&id("a")));
        assert_eq!(old.current().await, None);
        assert!(old.active().await.is_empty());
        assert_eq!(old.status(&id("a")).await, Status::Inactive);
        sessions.configure(|settings| settings.auto_activate(false));
        assert_eq!(old.switch(&id("a")).await, Err(SessionError::Closed));
        sessions.configure(|settings| settings.auto_activate(true));

        let new = sessions.client("ann");
        assert_eq!(new.current().await, None);
        new.switch(&id("a")).await.unwrap();
        assert_eq!(old.current().await, None);
        assert_eq!(bob.current().await, Some(id("a")));
    }

    pub(super) async fn what_a_closure_refuses_or_panics_over_changes_nothing<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();

        let refused = client.try_update(|_| Err::<Document, _>("no")).await;
        let aborted = UpdateError::Aborted("no");
        assert_eq!(refused, Err(SessionError::Update(aborted)));
        let not_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        let refused = client.set("map", &not_json).await;
        assert!(matches!(
            refused,
            Err(SessionError::Update(UpdateError::Aborted(
                DocumentError::Serialize(_)
            )))
        ));
        let panicking = tokio::spawn({
            let client = client.clone();
            async move {
                let update = client.update(|_| -> Document { panic!("in a closure") });
                update.await
            }
        });
        assert!(panicking.await.unwrap_err().is_panic());

        assert_eq!(held(&contexts, "a").await.unwrap(), r#"{"of":"a"}"#);
        assert_eq!(client.current().await, Some(id("a")));
        client.set("n", &1).await.unwrap();
    }

    /// Strategies that await refuse with an error; the others do as they are told.
    pub(super) async fn from_inside_a_closure_nothing_waits<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        let inside = |_: ContextRef<'_>| {
            let got = pollster::block_on(client.get()).map(|context| context.id().clone());
            let switched = pollster::block_on(client.switch(&id("b")));
            let activated = pollster::block_on(client.activate(&id("new")));
            let updated = pollster::block_on(client.update(|_| Document::new()));
            (got, switched, activated, updated.map(drop))
        };
        let (got, switched, activated, updated) = client.read(inside).await.unwrap();
        if S::AWAITS {
            assert!(matches!(got, Err(SessionError::Reentrant(_))));
            assert!(matches!(switched, Err(SessionError::Reentrant(_))));
            assert!(matches!(activated, Err(SessionError::Reentrant(_))));
            assert!(matches!(updated, Err(SessionError::Reentrant(_))));
            assert_eq!(client.current().await, Some(id("a")));
            assert_eq!(client.active().await, [id("a")]);
            assert_eq!(contexts.len().await, 2);
        } else {
            assert_eq!(got, Ok(id("a")));
            assert_eq!((switched, activated, updated), (Ok(()), Ok(()), Ok(())));
            assert_eq!(client.current().await, Some(id("b")));
            assert_eq!(held(&contexts, "b").await.unwrap(), "{}");
        }
    }
}
