//! One context from its creation to its deletion, and every way to be refused.

use contexture::{
    CompareAndSetError, Contexts, CreateError, DeleteError, Document, StrategyKind,
    SyncStrategyKind, UpdateError,
};

use super::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};

over_every_strategy! {
    pages_are_sorted_and_say_where_to_go_on => pages;
    a_context_lives_and_dies => life;
    what_is_not_there_is_not_found => absent;
    a_stale_version_fails_after_delete_and_recreate => stale;
    a_closure_that_refuses_or_panics_changes_nothing => refusal;
    a_list_is_sorted_and_a_snapshot_stays => snapshot;
}

over_every_sync_strategy! {
    a_context_lives_and_dies_without_async => life_sync;
    errors_without_async_are_those_with_it => errors_sync;
}

async fn life<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    assert!(contexts.is_empty().await);

    let first = contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let created = contexts.get(&a).await.unwrap();
    assert_eq!(
        (created.id(), created.version(), created.as_json()),
        (&a, first, r#"{"n":1}"#)
    );
    assert_eq!(
        contexts.create(a.clone(), document("{}")).await,
        Err(CreateError::Exists {
            id: a.clone(),
            current: first
        })
    );

    let second = contexts.update(&a, incremented).await.unwrap();
    assert_eq!(second.get(), first.get() + 1);
    let read = contexts.read(&a, |it| {
        (it.id().clone(), it.version(), n(&it), it.to_context())
    });
    let (read_id, version, value, handle) = read.await.unwrap();
    assert_eq!(
        (read_id, version, value, handle.version()),
        (a.clone(), second, 2, second)
    );
    assert_eq!(n(created.document()), 1, "a handle never changes");

    let conflict = contexts
        .compare_and_set(&a, first, document("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        conflict,
        CompareAndSetError::Conflict {
            id: a.clone(),
            expected: first,
            current: second
        }
    );
    assert_eq!(
        conflict.to_string(),
        format!("version conflict: context `a` is at {second}, not {first}")
    );
    let third = contexts
        .compare_and_set(&a, second, document(r#"{"n": 9}"#))
        .await
        .unwrap();
    assert_eq!(third.get(), second.get() + 1);

    assert_eq!(
        contexts.delete(&a, Some(second)).await.unwrap_err(),
        DeleteError::Conflict {
            id: a.clone(),
            current: third
        }
    );
    assert_eq!(
        (contexts.len().await, contexts.is_empty().await),
        (1, false)
    );
    let last = contexts.delete(&a, Some(third)).await.unwrap();
    assert_eq!((last.id(), last.version(), n(&last)), (&a, third, 9));
    assert_eq!(contexts.len().await, 0);
}

async fn absent<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("../x");
    let other = contexts.create(id("b"), document("{}")).await.unwrap();
    assert!(contexts.get(&a).await.is_none());
    let read: Option<()> = contexts
        .read(&a, |_| panic!("there is nothing to read"))
        .await;
    assert!(read.is_none());

    let error = contexts
        .update(&a, |_| -> Document { panic!("there is nothing to update") })
        .await
        .unwrap_err();
    assert_eq!(error, UpdateError::NotFound { id: a.clone() });
    assert_eq!(error.to_string(), "there is no context `../x`");
    let error = contexts
        .compare_and_set(&a, other, document("{}"))
        .await
        .unwrap_err();
    assert_eq!(error, CompareAndSetError::NotFound { id: a.clone() });
    let error = contexts.delete(&a, None).await.unwrap_err();
    assert_eq!(error, DeleteError::NotFound { id: a });
}

async fn stale<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    let first = contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    contexts.delete(&a, Some(first)).await.unwrap();
    let again = contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    assert!(again > first);
    assert_eq!(
        contexts
            .compare_and_set(&a, first, document(r#"{"n": 2}"#))
            .await,
        Err(CompareAndSetError::Conflict {
            id: a.clone(),
            expected: first,
            current: again
        })
    );
    assert!(contexts.delete(&a, Some(first)).await.is_err());
    assert_eq!(n(&contexts.get(&a).await.unwrap()), 1);
}

async fn refusal<S: StrategyKind>() {
    let contexts = std::sync::Arc::new(Contexts::<S>::new());
    let a = id("a");
    let first = contexts
        .create(a.clone(), document(r#"{"n": 1}"#))
        .await
        .unwrap();
    let refused = contexts.try_update(&a, |_| Err::<Document, _>("no")).await;
    assert_eq!(refused, Err(UpdateError::Aborted("no")));

    let panicking = tokio::spawn({
        let (contexts, a) = (contexts.clone(), a.clone());
        async move {
            contexts
                .update(&a, |_| -> Document { panic!("on purpose") })
                .await
        }
    });
    assert!(panicking.await.unwrap_err().is_panic());

    let unchanged = contexts.get(&a).await.unwrap();
    assert_eq!((unchanged.version(), n(&unchanged)), (first, 1));
    // Nor is anything left locked.
    let second = contexts.update(&a, incremented).await.unwrap();
    assert_eq!(second.get(), first.get() + 1);
}

async fn snapshot<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    for text in ["b", "a", "é", "c"] {
        contexts
            .create(id(text), document(r#"{"n": 1}"#))
            .await
            .unwrap();
    }
    assert_eq!(contexts.list().await, ["a", "b", "c", "é"].map(id));

    let snapshot = contexts.snapshot().await;
    contexts.update(&id("a"), incremented).await.unwrap();
    contexts.delete(&id("b"), None).await.unwrap();
    contexts
        .create(id("d"), document(r#"{"n": 7}"#))
        .await
        .unwrap();
    assert_eq!((snapshot.len(), snapshot.is_empty()), (4, false));
    assert_eq!(snapshot.ids(), ["a", "b", "c", "é"].map(id));
    assert_eq!(snapshot.iter().map(|context| n(&context)).sum::<u64>(), 4);
    assert_eq!(n(snapshot.get(&id("b")).unwrap().document()), 1);
    assert!(snapshot.get(&id("d")).is_none());
    assert_eq!(contexts.list().await, ["a", "c", "d", "é"].map(id));
}

fn life_sync<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    assert!(contexts.is_empty_sync());
    let first = contexts
        .create_sync(a.clone(), document(r#"{"n": 1}"#))
        .unwrap();
    assert_eq!(
        contexts.update_sync(&a, incremented).unwrap().get(),
        first.get() + 1
    );
    let second = contexts.get_sync(&a).unwrap().version();
    assert_eq!(
        contexts.read_sync(&a, |it| (it.version(), n(&it))),
        Some((second, 2))
    );
    let third = contexts
        .compare_and_set_sync(&a, second, document(r#"{"n": 3}"#))
        .unwrap();
    assert_eq!(
        contexts.try_update_sync(&a, |_| Err::<Document, _>(())),
        Err(UpdateError::Aborted(()))
    );
    assert_eq!(
        (contexts.list_sync(), contexts.len_sync()),
        (vec![a.clone()], 1)
    );
    assert_eq!(n(contexts.snapshot_sync().get(&a).unwrap().document()), 3);
    // Both forms work on the same contexts.
    assert_eq!(
        pollster::block_on(contexts.get(&a)).unwrap().version(),
        third
    );
    assert_eq!(
        contexts.delete_sync(&a, Some(third)).unwrap().version(),
        third
    );
    assert!(contexts.is_empty_sync());
}

fn errors_sync<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::builder()
        .max_contexts(1)
        .max_document_bytes(64)
        .build();
    let (a, b) = (id("a"), id("b"));
    let large = document("{}").with("x", &"x".repeat(64)).unwrap();
    let first = contexts
        .create_sync(a.clone(), document(r#"{"n": 1}"#))
        .unwrap();
    let second = contexts.update_sync(&a, incremented).unwrap();

    assert_eq!(
        contexts.create_sync(a.clone(), document("{}")),
        Err(CreateError::Exists {
            id: a.clone(),
            current: second
        })
    );
    assert_eq!(
        contexts.create_sync(b.clone(), document("{}")),
        Err(CreateError::Full {
            id: b.clone(),
            limit: 1
        })
    );
    assert!(matches!(
        contexts.create_sync(b.clone(), large.clone()),
        Err(CreateError::LimitExceeded(_))
    ));
    assert!(matches!(
        contexts.update_sync(&a, |_| large.clone()),
        Err(UpdateError::LimitExceeded(_))
    ));
    assert!(matches!(
        contexts.compare_and_set_sync(&a, second, large),
        Err(CompareAndSetError::LimitExceeded(_))
    ));
    assert_eq!(
        contexts.compare_and_set_sync(&a, first, document("{}")),
        Err(CompareAndSetError::Conflict {
            id: a.clone(),
            expected: first,
            current: second
        })
    );
    assert_eq!(
        contexts.delete_sync(&a, Some(first)).unwrap_err(),
        DeleteError::Conflict {
            id: a.clone(),
            current: second
        }
    );
    assert_eq!(
        contexts.delete_sync(&b, None).unwrap_err(),
        DeleteError::NotFound { id: b.clone() }
    );
    assert_eq!(
        contexts.update_sync(&b, incremented),
        Err(UpdateError::NotFound { id: b })
    );
    assert_eq!(contexts.get_sync(&a).unwrap().version(), second);
}

async fn pages<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    for text in ["b/2", "a", "b/3", "b", "b/1", "c"] {
        contexts.create(id(text), Document::new()).await.unwrap();
    }
    let snapshot = contexts.snapshot().await;
    // Prefix, after, limit; ids, and where to go on.
    type Case = (
        &'static str,
        Option<&'static str>,
        usize,
        &'static [&'static str],
        Option<&'static str>,
    );
    let cases: [Case; 10] = [
        ("", None, 9, &["a", "b", "b/1", "b/2", "b/3", "c"], None),
        ("", None, 6, &["a", "b", "b/1", "b/2", "b/3", "c"], None),
        ("", None, 2, &["a", "b"], Some("b")),
        ("", Some("b"), 2, &["b/1", "b/2"], Some("b/2")),
        ("", Some("b/2"), 2, &["b/3", "c"], None),
        ("", Some("c"), 2, &[], None),
        ("b/", None, 2, &["b/1", "b/2"], Some("b/2")),
        // What is gone may still be gone on after.
        ("b/", Some("b/15"), 2, &["b/2", "b/3"], None),
        ("d", None, 2, &[], None),
        ("", None, 0, &[], None),
    ];
    for (prefix, after, limit, ids, next) in cases {
        let after = after.map(id);
        let page = snapshot.page(prefix, after.as_ref(), limit);
        let ids: Vec<_> = ids.iter().copied().map(id).collect();
        assert_eq!(
            (&page.ids, &page.next),
            (&ids, &next.map(id)),
            "{prefix} {after:?} {limit}"
        );
        assert_eq!(
            contexts.list_page(prefix, after.as_ref(), limit).await,
            page
        );
    }
}
