//! A write that is refused changes nothing: neither memory, nor versions, nor the feed.

use contexture::feed::Filter;
use contexture::{
    Batch, BatchError, CompareAndSetError, Context, Contexts, CreateError, Document, Draft,
    Revision, StrategyKind, UpdateError,
};

use crate::subject::{Refusal, Subject};
use crate::{
    Kept, REPETITIONS, document, ensure, holding, id, incremented, on_every_strategy, promises,
    together,
};

promises! {
    a_refused_write_changes_nothing: REPETITIONS, unchanged(), broken: "was refused and is there";
}

on_every_strategy! {
    whatever_refuses_a_write_nothing_changes: REPETITIONS, each_refusal();
    refused_writes_between_others_change_nothing: REPETITIONS, refused_among_others();
}

async fn unchanged<T: Subject>() -> Kept {
    let store = T::refusing();
    store.create("a", holding("n", 1)).await.unwrap();
    let before = store.get("a").await;
    let bad = holding("bad", 1);

    let refused = store.update("a", |_| bad.clone()).await;
    ensure!(refused == Err(Refusal::Invalid), "it was taken");
    let after = store.get("a").await;
    ensure!(
        after == before,
        "an update was refused and is there: {after:?}"
    );
    let refused = store.create("b", bad).await;
    ensure!(refused == Err(Refusal::Invalid), "it was taken");
    let found = store.get("b").await;
    ensure!(
        found.is_none(),
        "a create was refused and is there: {found:?}"
    );
    ensure!(store.list().await == ["a"], "the list has more");
    Ok(())
}

/// Everything that can be seen of a context.
fn shown(context: &Context) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        context.version(),
        context.revision(),
        context.as_json().to_owned(),
        context.metadata().cloned(),
        context.updated(),
        context.history().count(),
    )
}

async fn each_refusal<S: StrategyKind>() -> Kept {
    let builder = Contexts::<S>::builder();
    let builder = builder
        .max_contexts(2)
        .max_document_bytes(64)
        .max_id_bytes(8);
    let contexts = builder.feed(100).build();
    let validator = |proposal: &contexture::plugins::Proposal<'_>| {
        let bad = proposal.document().get("bad").is_some();
        if bad { Err("it is bad".into()) } else { Ok(()) }
    };
    contexts.plugins().add_validator("good", validator).unwrap();
    let (a, b) = (id("a"), id("b"));
    contexts.create(a.clone(), holding("n", 1)).await.unwrap();
    let draft = Draft::new(holding("n", 2)).metadata(holding("m", 1));
    let read = contexts.create(b.clone(), draft).await.unwrap();
    contexts
        .update(&b, |it| incremented(&it, "n"))
        .await
        .unwrap();
    let before = contexts.snapshot().await;

    let large = document(&format!(r#"{{"text": "{}"}}"#, "x".repeat(64)));
    let bad = holding("bad", 1);
    for (document, is_large) in [(&large, true), (&bad, false)] {
        let created = contexts.create(id("c"), document.clone()).await;
        ensure!(
            match created {
                Err(CreateError::LimitExceeded(_)) => is_large,
                Err(CreateError::Refused(_)) => !is_large,
                _ => false,
            },
            "create: {created:?}"
        );
        let updated = contexts.update(&a, |_| document.clone()).await;
        ensure!(
            match updated {
                Err(UpdateError::LimitExceeded(_)) => is_large,
                Err(UpdateError::Refused(_)) => !is_large,
                _ => false,
            },
            "update: {updated:?}"
        );
        let now = contexts.get(&b).await.unwrap().version();
        let set = contexts.compare_and_set(&b, now, document.clone()).await;
        ensure!(
            match set {
                Err(CompareAndSetError::LimitExceeded(_)) => is_large,
                Err(CompareAndSetError::Refused(_)) => !is_large,
                _ => false,
            },
            "compare_and_set: {set:?}"
        );
        // The good half of a batch is not written either.
        let batch = Batch::new().put(a.clone(), holding("n", 9));
        let applied = contexts.apply(batch.put(b.clone(), document.clone())).await;
        ensure!(
            match applied {
                Err(BatchError::LimitExceeded(_)) => is_large,
                Err(BatchError::Refused(_)) => !is_large,
                _ => false,
            },
            "apply: {applied:?}"
        );
    }
    let metadata = contexts.set_metadata(&a, large.clone()).await;
    ensure!(
        matches!(metadata, Err(UpdateError::LimitExceeded(_))),
        "set_metadata: {metadata:?}"
    );
    let long = contexts.create(id("longer than 8"), holding("n", 1)).await;
    ensure!(
        matches!(long, Err(CreateError::LimitExceeded(_))),
        "a long id: {long:?}"
    );
    let full = contexts.create(id("c"), holding("n", 1)).await;
    ensure!(
        matches!(full, Err(CreateError::Full { limit: 2, .. })),
        "{full:?}"
    );
    let batch = Batch::new().put(a.clone(), holding("n", 9));
    let full = contexts.apply(batch.create(id("c"), Document::new())).await;
    ensure!(full == Err(BatchError::Full { limit: 2 }), "{full:?}");
    let aborted = contexts.try_update(&a, |_| Err::<Document, _>("no")).await;
    ensure!(aborted == Err(UpdateError::Aborted("no")), "{aborted:?}");
    let stale = contexts.compare_and_set(&b, read, holding("n", 9)).await;
    ensure!(
        matches!(stale, Err(CompareAndSetError::Conflict { .. })),
        "{stale:?}"
    );
    let batch = Batch::new().put(a.clone(), holding("n", 9));
    let stale = contexts.apply(batch.delete(b.clone(), Some(read))).await;
    ensure!(
        matches!(stale, Err(BatchError::Conflict { index: 1, .. })),
        "{stale:?}"
    );
    ensure!(
        contexts.delete(&b, Some(read)).await.is_err(),
        "deleted as it was before"
    );

    let after = contexts.snapshot().await;
    ensure!(
        after.revision() == before.revision() && after.revision() == Some(Revision::new(3)),
        "the feed has more: {:?}",
        after.revision()
    );
    ensure!(after.ids() == [a, b], "other contexts are there");
    for context in before.iter() {
        let now = contexts.get(context.id()).await.unwrap();
        ensure!(
            shown(&now) == shown(&context.to_context()),
            "{now:?} is not {context:?}"
        );
    }
    // A place is free as soon as there is one, so no refused create has kept it.
    contexts.delete(&id("a"), None).await.unwrap();
    contexts.create(id("c"), holding("n", 1)).await.unwrap();
    Ok(())
}

/// Half of the tasks write what is refused while the others count.
async fn refused_among_others<S: StrategyKind>() -> Kept {
    const TASKS: usize = 8;
    const UPDATES: u64 = 8;
    let contexts = Contexts::<S>::builder()
        .max_document_bytes(64)
        .feed(1_000)
        .build();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let mut feed = contexts.subscribe(Filter::new()).unwrap();
    let large = document(&format!(r#"{{"text": "{}"}}"#, "x".repeat(64)));
    let outcomes = together(TASKS, |task| {
        let (contexts, large) = (contexts.clone(), large.clone());
        async move {
            let a = id("a");
            let mut made = 0;
            for turn in 0..UPDATES {
                let updated = contexts.try_update(&a, |context| {
                    let next = match (task % 2, turn % 2) {
                        (0, _) => incremented(&context, "n"),
                        (_, 0) => large.clone(),
                        (_, _) => return Err("no"),
                    };
                    Ok(next)
                });
                match (task % 2, updated.await) {
                    (0, Ok(_)) | (1, Err(UpdateError::LimitExceeded(_))) => made += 1,
                    (1, Err(UpdateError::Aborted("no"))) => made += 1,
                    (_, outcome) => panic!("{task}: {outcome:?}"),
                }
                tokio::task::yield_now().await;
            }
            made
        }
    });
    ensure!(
        outcomes.await == [UPDATES; TASKS],
        "some were neither made nor refused"
    );
    let made = TASKS as u64 / 2 * UPDATES;
    let context = contexts.get(&id("a")).await.unwrap();
    ensure!(
        (context.version().get(), context.as_json()) == (made + 1, &format!(r#"{{"n":{made}}}"#)),
        "{made} updates led to {context:?}"
    );
    let mut told = 0;
    while let Ok(Some(event)) = feed.try_next() {
        let commit = event.unwrap();
        told += 1;
        ensure!(
            commit.revision() == Some(Revision::new(told + 1)),
            "{commit:?} is commit {told}"
        );
    }
    ensure!(told == made, "the feed tells of {told} of {made}");
    Ok(())
}
