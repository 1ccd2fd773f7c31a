//! What validators are asked about, and what their refusal means.

use std::sync::{Arc, Mutex};

use contexture::plugins::{Proposal, Refused};
use contexture::{
    Batch, BatchError, CompareAndSetError, ContextRef, Contexts, CreateError, Document, Draft,
    RollbackError, StrategyKind, TransformError, UpdateError,
};

use crate::{Recorder, document, id, incremented, n, over_every_strategy, state};

over_every_strategy! {
    every_write_is_shown_to_validators_as_it_will_be => shown;
    every_write_can_be_refused_and_then_changes_nothing => refused;
    what_deletes_is_not_validated => deletes;
    what_is_too_large_is_not_shown => too_large;
    a_batch_that_conflicts_is_not_shown => conflicting;
    what_a_validator_saw_is_what_is_replaced => exact;
}

fn increment(context: ContextRef<'_>) -> Document {
    incremented(context.document())
}

/// Fills the contexts with `a` at version 2 and `b` at version 1, both with `n`.
async fn filled<S: StrategyKind>() -> Contexts<S> {
    let contexts = Contexts::<S>::builder().feed(100).build();
    let with_metadata = Draft::new(document(r#"{"n":0}"#)).metadata(document(r#"{"m":1}"#));
    contexts.create(id("a"), with_metadata).await.unwrap();
    contexts.update(&id("a"), increment).await.unwrap();
    contexts
        .create(id("b"), document(r#"{"n":10}"#))
        .await
        .unwrap();
    contexts
        .plugins()
        .add_transformation("increment", |context: ContextRef<'_>| {
            Ok(increment(context).into())
        })
        .unwrap();
    contexts
}

async fn shown<S: StrategyKind>() {
    let contexts = filled::<S>().await.acting_as("ann");
    let proposals = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&proposals);
    let validator = move |proposal: &Proposal<'_>| {
        seen.lock().unwrap().push((
            proposal.id().clone(),
            proposal.before().map(|it| (it.version().get(), n(&it))),
            n(proposal.document()),
            proposal.metadata().map(|it| it.as_json().to_owned()),
            proposal.actor().map(str::to_owned),
        ));
        Ok(())
    };
    contexts.plugins().add_validator("see", validator).unwrap();
    let take = || std::mem::take(&mut *proposals.lock().unwrap());
    let ann = Some("ann".to_owned());
    let m = |m: u32| Some(format!(r#"{{"m":{m}}}"#));
    let (a, b, c) = (id("a"), id("b"), id("c"));

    let create = contexts.create(c.clone(), document(r#"{"n":20}"#)).await;
    assert_eq!(take(), [(c.clone(), None, 20, None, ann.clone())]);
    // Metadata is shown whether the write sets it or not.
    contexts.update(&a, increment).await.unwrap();
    assert_eq!(take(), [(a.clone(), Some((2, 1)), 2, m(1), ann.clone())]);
    let update = |context: ContextRef<'_>| {
        Ok::<_, ()>(Draft::new(increment(context)).metadata(document(r#"{"m":2}"#)))
    };
    contexts.try_update(&a, update).await.unwrap();
    assert_eq!(take(), [(a.clone(), Some((3, 2)), 3, m(2), ann.clone())]);
    contexts
        .update_if(&a, |context| Some(increment(context)))
        .await
        .unwrap();
    assert_eq!(take(), [(a.clone(), Some((4, 3)), 4, m(2), ann.clone())]);
    contexts
        .compare_and_set(&c, create.unwrap(), document(r#"{"n":21}"#))
        .await
        .unwrap();
    assert_eq!(take(), [(c.clone(), Some((1, 20)), 21, None, ann.clone())]);
    contexts
        .rollback(&a, contexture::Version::FIRST)
        .await
        .unwrap();
    assert_eq!(take(), [(a.clone(), Some((5, 4)), 0, m(1), ann.clone())]);
    contexts.transform(&a, "increment").await.unwrap();
    assert_eq!(take(), [(a.clone(), Some((6, 0)), 1, m(1), ann.clone())]);

    let version = contexts.get(&a).await.unwrap().version();
    let batch = Batch::new()
        .create(id("d"), document(r#"{"n":30}"#))
        .compare_and_set(a.clone(), version, document(r#"{"n":5}"#))
        .put(b.clone(), document(r#"{"n":11}"#))
        .put(id("e"), document(r#"{"n":40}"#))
        .delete(c, None)
        .require(id("f"), None);
    contexts.apply(batch).await.unwrap();
    let wanted = [
        (id("d"), None, 30, None, ann.clone()),
        (a, Some((7, 1)), 5, m(1), ann.clone()),
        (b, Some((1, 10)), 11, None, ann.clone()),
        (id("e"), None, 40, None, ann),
    ];
    assert_eq!(take(), wanted);
}

async fn refused<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let first = contexts.get(&id("a")).await.unwrap().version();
    contexts.update(&id("a"), increment).await.unwrap();
    let validator = |_: &Proposal<'_>| Err("not today".into());
    contexts.plugins().add_validator("no", validator).unwrap();
    let recorder = Recorder::of(&contexts);
    let before = state(&contexts).await;
    let check = |refused: Refused, of: &str| {
        assert_eq!(
            (&refused.id, &*refused.plugin, &*refused.reason),
            (&id(of), "no", "not today")
        );
        let text = format!("context `{of}` was refused by `no`: not today");
        assert_eq!(refused.to_string(), text);
        // And the observers got to know.
        let failures = recorder.take_failures();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].error, text);
    };
    macro_rules! refuses {
        ($call:expr, $refused:pat => $bound:ident, $of:literal) => {
            match $call.await.unwrap_err() {
                $refused => check($bound, $of),
                other => panic!("{other:?}"),
            }
            assert_eq!(state(&contexts).await, before);
        };
    }
    let a = &id("a");
    let some = || document(r#"{"n":7}"#);
    refuses!(contexts.create(id("c"), some()), CreateError::Refused(it) => it, "c");
    refuses!(contexts.update(a, increment), UpdateError::Refused(it) => it, "a");
    let refuse = contexts.try_update(a, |context| Ok::<_, ()>(increment(context)));
    refuses!(refuse, UpdateError::Refused(it) => it, "a");
    let decide = contexts.update_if(a, |context| Some(increment(context)));
    refuses!(decide, UpdateError::Refused(it) => it, "a");
    let current = contexts.get(a).await.unwrap().version();
    let set = contexts.compare_and_set(a, current, some());
    refuses!(set, CompareAndSetError::Refused(it) => it, "a");
    let back = contexts.rollback(a, first);
    refuses!(back, RollbackError::Update(UpdateError::Refused(it)) => it, "a");
    let transform = contexts.transform(a, "increment");
    refuses!(transform, TransformError::Refused(it) => it, "a");
    let batch = Batch::new().delete(id("a"), None).put(id("b"), some());
    refuses!(contexts.apply(batch), BatchError::Refused(it) => it, "b");
    let batch = Batch::new().create(id("c"), some());
    refuses!(contexts.apply(batch), BatchError::Refused(it) => it, "c");
    assert!(recorder.take_commits().is_empty());
}

async fn deletes<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let validator = |_: &Proposal<'_>| Err("not today".into());
    contexts.plugins().add_validator("no", validator).unwrap();
    contexts.delete(&id("a"), None).await.unwrap();
    let batch = Batch::new().delete(id("b"), None).require(id("a"), None);
    contexts.apply(batch).await.unwrap();
    assert!(contexts.is_empty().await);
}

async fn too_large<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_document_bytes(40).build();
    contexts
        .create(id("a"), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let validator = |_: &Proposal<'_>| panic!("it was shown");
    contexts.plugins().add_validator("no", validator).unwrap();
    let large = || document(r#"{"n":"a text that takes more than forty bytes"}"#);
    let created = contexts.create(id("b"), large()).await;
    assert!(matches!(created, Err(CreateError::LimitExceeded(_))));
    let updated = contexts.update(&id("a"), |_| large()).await;
    assert!(matches!(updated, Err(UpdateError::LimitExceeded(_))));
    let applied = contexts.apply(Batch::new().put(id("a"), large())).await;
    assert!(matches!(applied, Err(BatchError::LimitExceeded(_))));
    assert_eq!(contexts.plugins().panics(), 0);
}

async fn conflicting<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let validator = |proposal: &Proposal<'_>| match proposal.id().as_str() {
        "first" => Ok(()),
        id => panic!("`{id}` was shown"),
    };
    contexts.plugins().add_validator("no", validator).unwrap();
    let current = contexts.get(&id("a")).await.unwrap().version();
    for expected in [current.next(), contexture::Version::FIRST] {
        let batch = Batch::new()
            .create(id("first"), Document::new())
            .compare_and_set(id("a"), expected, Document::new());
        let applied = contexts.apply(batch).await;
        let conflict = BatchError::Conflict {
            index: 1,
            id: id("a"),
            current,
        };
        assert_eq!(applied, Err(conflict));
    }
    let batch = Batch::new().compare_and_set(id("x"), current, Document::new());
    let absent = BatchError::NotFound {
        index: 0,
        id: id("x"),
    };
    assert_eq!(contexts.apply(batch).await, Err(absent));
    assert_eq!(contexts.plugins().panics(), 0);
    // A create of what is there is shown as the creation it would be.
    contexts.plugins().remove("no");
    let validator = |proposal: &Proposal<'_>| match proposal.before() {
        None => Ok(()),
        Some(_) => Err("it is there".into()),
    };
    contexts.plugins().add_validator("new", validator).unwrap();
    let created = contexts.apply(Batch::new().create(id("a"), Document::new()));
    assert!(matches!(created.await, Err(BatchError::Exists { .. })));
}

/// The validator lets pass what counts on by one. Batches put what was counted on from a version
/// that others replace meanwhile, yet no commit does anything else than count on by one.
async fn exact<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let counts_on = |proposal: &Proposal<'_>| {
        let before = proposal.before().map_or(0, |before| n(&before));
        match n(proposal.document()) == before + 1 {
            true => Ok(()),
            false => Err("it does not count on by one".into()),
        }
    };
    contexts
        .plugins()
        .add_validator("counts", counts_on)
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                let mut made = 0;
                for _ in 0..100 {
                    let next = increment(contexts.get(&id("a")).await.unwrap().as_ref());
                    tokio::task::yield_now().await;
                    made += u64::from(match task {
                        0 => contexts.update(&id("a"), increment).await.is_ok(),
                        _ => contexts
                            .apply(Batch::new().put(id("a"), next))
                            .await
                            .is_ok(),
                    });
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    let commits = recorder.take_commits();
    assert_eq!(commits.len() as u64, made);
    for commit in commits {
        let change = &commit.changes()[0];
        assert_eq!(
            n(&change.after().unwrap()),
            n(&change.before().unwrap()) + 1
        );
    }
    assert_eq!(n(&contexts.get(&id("a")).await.unwrap()), 1 + made);
}
