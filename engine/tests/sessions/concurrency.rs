//! Several tasks in one session.

use super::over_every_strategy;

over_every_strategy! {
    no_more_contexts_are_activated_than_allowed;
    tasks_that_activate_the_same_contexts_share_their_places;
    all_who_create_the_same_context_activate_it;
    updates_while_others_switch_stay_in_their_context;
    what_is_current_is_always_active;
    an_activation_outlives_the_discovery_of_an_older_loss;
    one_of_many_closers_closes;
}

mod cases {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use contexture::sessions::{SessionError, Sessions, Status};
    use contexture::{Contexts, StrategyKind};
    use tokio::sync::Barrier;
    use tokio::task::{JoinSet, yield_now};

    use crate::{contexts_of, create, eager, id};

    pub(super) async fn no_more_contexts_are_activated_than_allowed<S: StrategyKind>() {
        for round in 0..20 {
            let contexts = Contexts::<S>::new();
            let client = eager(&contexts).max_active(10).build().client("ann");
            let barrier = Arc::new(Barrier::new(32));
            let mut tasks = JoinSet::new();
            for n in 0..32 {
                let (client, barrier) = (client.clone(), Arc::clone(&barrier));
                tasks.spawn(async move {
                    let id = id(&format!("{n}"));
                    barrier.wait().await;
                    let done = match n % 2 {
                        0 => client.activate(&id).await,
                        _ => client.switch(&id).await,
                    };
                    assert!(client.active().await.len() <= 10);
                    done.map(|()| id)
                });
            }
            let (mut activated, mut refused) = (Vec::new(), 0);
            while let Some(done) = tasks.join_next().await {
                match done.unwrap() {
                    Ok(id) => activated.push(id),
                    Err(SessionError::TooManyActive { limit: 10 }) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
            activated.sort();
            assert_eq!((activated.len(), refused), (10, 22), "round {round}");
            assert_eq!(client.active().await, activated);
            assert_eq!(contexts.list().await, activated, "nothing else was created");
        }
    }

    pub(super) async fn tasks_that_activate_the_same_contexts_share_their_places<
        S: StrategyKind,
    >() {
        let contexts = contexts_of::<S>(&["a", "b"]).await;
        let client = Sessions::builder(contexts)
            .max_active(2)
            .build()
            .client("ann");
        for text in ["a", "b"] {
            client.activate(&id(text)).await.unwrap();
        }
        let mut tasks = JoinSet::new();
        for n in 0..8 {
            let client = client.clone();
            tasks.spawn(async move {
                let (mine, absent) = (id(["a", "b"][n % 2]), id("absent"));
                for _ in 0..50 {
                    client.activate(&mine).await.unwrap();
                    let refused = client.activate(&absent).await;
                    assert_eq!(refused, Err(SessionError::TooManyActive { limit: 2 }));
                    yield_now().await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(client.active().await, [id("a"), id("b")]);
        // No place has been lost or won.
        client.deactivate(&id("a"));
        let refused = client.activate(&id("absent")).await;
        assert_eq!(refused, Err(SessionError::NotFound { id: id("absent") }));
        client.activate(&id("a")).await.unwrap();
    }

    pub(super) async fn all_who_create_the_same_context_activate_it<S: StrategyKind>() {
        for _ in 0..50 {
            let contexts = Contexts::<S>::new();
            let sessions = eager(&contexts).build();
            let barrier = Arc::new(Barrier::new(8));
            let mut tasks = JoinSet::new();
            for n in 0..8 {
                let client = sessions.client(&format!("{}", n % 4));
                let barrier = Arc::clone(&barrier);
                tasks.spawn(async move {
                    barrier.wait().await;
                    client.switch(&id("a")).await.unwrap();
                    assert_eq!(client.current().await, Some(id("a")));
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
            assert_eq!(contexts.list().await, [id("a")]);
        }
    }

    /// Eight tasks switch one session to and fro and update what is current. Whatever document an
    /// update meets must be that of the id it is told, and no update may be lost.
    pub(super) async fn updates_while_others_switch_stay_in_their_context<S: StrategyKind>() {
        const UPDATES: u64 = 100;
        let ids: Vec<String> = (0..8).map(|n| format!("{n}")).collect();
        let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
        let contexts = contexts_of::<S>(&texts).await;
        let client = eager(&contexts).build().client("ann");
        let mut tasks = JoinSet::new();
        for n in 0..8_usize {
            let (client, ids) = (client.clone(), ids.clone());
            tasks.spawn(async move {
                let mut updated = BTreeMap::<String, u64>::new();
                for round in 0..UPDATES {
                    let mine = id(&ids[(n + round as usize * 3) % ids.len()]);
                    client.switch(&mine).await.unwrap();
                    let mut met = None;
                    let update = client.try_update(|context| {
                        met = Some(context.id().to_string());
                        let n = context.get("n").and_then(|n| n.as_u64()).unwrap_or(0);
                        let key = format!("written as {}", context.id());
                        let next = context.with(&key, &true)?;
                        next.with("n", &(n + 1))
                    });
                    update.await.unwrap();
                    *updated.entry(met.unwrap()).or_default() += 1;
                    yield_now().await;
                }
                updated
            });
        }
        let mut updated = BTreeMap::<String, u64>::new();
        while let Some(done) = tasks.join_next().await {
            for (id, n) in done.unwrap() {
                *updated.entry(id).or_default() += n;
            }
        }
        assert_eq!(updated.values().sum::<u64>(), 8 * UPDATES);
        for text in &ids {
            let context = contexts.get(&id(text)).await.unwrap();
            let n = updated.get(text).copied().unwrap_or(0);
            let expected = match n {
                0 => format!(r#"{{"of":"{text}"}}"#),
                n => format!(r#"{{"of":"{text}","written as {text}":true,"n":{n}}}"#),
            };
            assert_eq!(context.as_json(), expected);
        }
    }

    pub(super) async fn what_is_current_is_always_active<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a", "b", "c", "d"]).await;
        let sessions = eager(&contexts).max_active(2).build();
        let client = sessions.client("ann");
        let mut tasks = JoinSet::new();
        for n in 0..8_usize {
            let client = client.clone();
            tasks.spawn(async move {
                for round in 0..100 {
                    let id = id(["a", "b", "c", "d"][(n + round) % 4]);
                    let done = match (n + round / 4) % 3 {
                        0 => client.activate(&id).await,
                        1 => client.switch(&id).await,
                        _ => {
                            client.deactivate(&id);
                            Ok(())
                        }
                    };
                    let as_expected = match &done {
                        Ok(()) => true,
                        Err(SessionError::TooManyActive { limit }) => *limit == 2,
                        Err(_) => false,
                    };
                    assert!(as_expected, "{done:?}");
                    assert!(client.active().await.len() <= 2);
                    match client.get().await {
                        Ok(_) | Err(SessionError::NoCurrent) => {}
                        // Nothing was ever deleted: that would be one that is not active.
                        Err(other) => panic!("{other:?}"),
                    }
                    yield_now().await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        if let Some(current) = client.current().await {
            assert!(client.active().await.contains(&current));
        }
        for text in ["a", "b", "c", "d"] {
            client.deactivate(&id(text));
        }
        assert_eq!(client.current().await, None);
        // Every place is free again.
        client.activate(&id("a")).await.unwrap();
        client.activate(&id("b")).await.unwrap();
    }

    /// Some find that the context is gone, while another creates and activates it again: that one
    /// must find it active.
    pub(super) async fn an_activation_outlives_the_discovery_of_an_older_loss<S: StrategyKind>() {
        let contexts = contexts_of::<S>(&["a"]).await;
        let client = eager(&contexts).build().client("ann");
        client.switch(&id("a")).await.unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..3 {
            let (client, over) = (client.clone(), Arc::clone(&over));
            tasks.spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    client.status(&id("a")).await;
                    let _ = client.get().await;
                    yield_now().await;
                }
            });
        }
        for round in 0..300 {
            contexts.delete(&id("a"), None).await.unwrap();
            yield_now().await;
            create(&contexts, &["a"]).await;
            client.activate(&id("a")).await.unwrap();
            for _ in 0..3 {
                assert_eq!(client.status(&id("a")).await, Status::Active, "{round}");
                assert_eq!(client.current().await, Some(id("a")), "{round}");
                yield_now().await;
            }
        }
        over.store(true, Ordering::SeqCst);
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }

    pub(super) async fn one_of_many_closers_closes<S: StrategyKind>() {
        for _ in 0..50 {
            let contexts = contexts_of::<S>(&["a"]).await;
            let sessions = eager(&contexts).build();
            let client = sessions.client("ann");
            let barrier = Arc::new(Barrier::new(5));
            let mut closers = JoinSet::new();
            for _ in 0..4 {
                let (sessions, barrier) = (sessions.clone(), Arc::clone(&barrier));
                closers.spawn(async move {
                    barrier.wait().await;
                    sessions.close("ann")
                });
            }
            barrier.wait().await;
            let switched = client.switch(&id("a")).await;
            assert!(matches!(switched, Ok(()) | Err(SessionError::Closed)));
            let mut closed = 0;
            while let Some(done) = closers.join_next().await {
                closed += usize::from(done.unwrap());
            }
            assert_eq!(closed, 1);
            assert_eq!(client.current().await, None);
            assert!(client.active().await.is_empty());
        }
    }
}
