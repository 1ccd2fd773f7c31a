//! Applying transformations.

use contexture::plugins::{Proposal, Refused};
use contexture::{
    ContextRef, Contexts, Draft, StrategyKind, SyncStrategyKind, TransformError, kind,
};

use crate::{Recorder, document, id, incremented, n, over_every_strategy, state};

over_every_strategy! {
    a_transformation_is_an_atomic_update => atomic;
    a_transformation_that_cannot_be_applied_changes_nothing => errors;
}

async fn atomic<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let increment = |context: ContextRef<'_>| {
        let next = Draft::new(incremented(context.document()));
        Ok(next.metadata(document(r#"{"by":"increment"}"#)))
    };
    contexts
        .plugins()
        .add_transformation("increment", increment)
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    contexts.transform(&id("a"), "increment").await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let context = contexts.get(&id("a")).await.unwrap();
    assert_eq!((n(&context), context.version().get()), (400, 401));
    assert_eq!(
        context.metadata().unwrap().as_json(),
        r#"{"by":"increment"}"#
    );
}

async fn errors<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder()
        .feed(10)
        .max_document_bytes(60)
        .build();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let plugins = contexts.plugins();
    plugins
        .add_transformation("refuses", |_: ContextRef<'_>| Err("not so".into()))
        .unwrap();
    plugins
        .add_transformation("large", |context: ContextRef<'_>| {
            Ok(context.with("text", &"x".repeat(60))?.into())
        })
        .unwrap();
    plugins
        .add_transformation("fails", |context: ContextRef<'_>| {
            // The reason of a document's error.
            Ok(context
                .with("n", &f64::NAN)
                .and(contexture::Document::parse("[]"))?
                .into())
        })
        .unwrap();
    plugins
        .add_transformation("negative", |context: ContextRef<'_>| {
            Ok(context.with("n", &-1)?.into())
        })
        .unwrap();
    plugins
        .add_validator("positive", |proposal: &Proposal<'_>| {
            let n = proposal.document().get("n").and_then(|n| n.as_u64());
            n.map(|_| ()).ok_or_else(|| "n is negative".into())
        })
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let before = state(&contexts).await;

    let transform = async |of: &str, name: &str| {
        let error = contexts.transform(&id(of), name).await.unwrap_err();
        assert_eq!(state(&contexts).await, before);
        let told = recorder.take_failures();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].error, error.to_string());
        error
    };
    for name in ["none", "positive", "recorder"] {
        let error = transform("a", name).await;
        assert_eq!(
            error.to_string(),
            format!("there is no transformation `{name}`")
        );
        let name = name.to_owned();
        assert_eq!(error, TransformError::NoSuchPlugin { name });
    }
    let absent = TransformError::NotFound { id: id("x") };
    assert_eq!(transform("x", "refuses").await, absent);
    let refused = |error| match error {
        TransformError::Refused(Refused { plugin, reason, .. }) => (plugin, reason),
        other => panic!("{other:?}"),
    };
    let is = |plugin: &str, reason: &str| (plugin.to_owned(), reason.to_owned());
    assert_eq!(
        refused(transform("a", "refuses").await),
        is("refuses", "not so")
    );
    assert_eq!(
        refused(transform("a", "negative").await),
        is("positive", "n is negative")
    );
    let wanted = contexture::Document::parse("[]").unwrap_err().to_string();
    assert_eq!(refused(transform("a", "fails").await), is("fails", &wanted));
    let large = transform("a", "large").await;
    assert!(
        matches!(large, TransformError::LimitExceeded(_)),
        "{large:?}"
    );
}

#[test]
fn a_transformation_needs_no_runtime() {
    struct Each;
    impl kind::SyncVisitor for Each {
        fn visit<S: SyncStrategyKind>(&mut self) {
            let contexts = Contexts::<S>::new();
            contexts
                .create_sync(id("a"), document(r#"{"n":0}"#))
                .unwrap();
            let increment = |context: ContextRef<'_>| Ok(incremented(context.document()).into());
            contexts
                .plugins()
                .add_transformation("increment", increment)
                .unwrap();
            let version = contexts.transform_sync(&id("a"), "increment").unwrap();
            assert_eq!(version.get(), 2);
            contexts.transform_sync(&id("b"), "increment").unwrap_err();
        }
    }
    kind::visit_sync(&mut Each);
}
