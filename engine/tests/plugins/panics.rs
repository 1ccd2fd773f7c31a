//! Plugins that panic.

use std::panic::panic_any;
use std::sync::Arc;

use contexture::plugins::{Failure, Observer, Proposal, Reason, Refused, Validator};
use contexture::{
    Batch, BatchError, Commit, CompareAndSetError, ContextRef, Contexts, CreateError, Document,
    StrategyKind, TransformError, UpdateError,
};

use crate::{Recorder, document, id, over_every_strategy, state};

over_every_strategy! {
    a_validator_that_panics_has_refused => validator;
    a_transformation_that_panics_has_refused => transformation;
    an_observer_that_panics_disturbs_nobody => observer;
    whatever_is_panicked_with_goes_no_further => payloads;
    a_plugin_may_panic_when_it_is_dropped => dropped;
}

async fn filled<S: StrategyKind>() -> Contexts<S> {
    let contexts = Contexts::<S>::builder().feed(10).build();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    contexts
}

fn panics(_: &Proposal<'_>) -> Result<(), Reason> {
    panic!("boom {}", 7)
}

async fn validator<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    contexts.plugins().add_validator("bomb", panics).unwrap();
    let before = state(&contexts).await;
    let version = contexts.get(&id("a")).await.unwrap().version();
    let refused: [Refused; 4] = [
        match contexts.create(id("b"), Document::new()).await {
            Err(CreateError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        },
        match contexts.update(&id("a"), |_| Document::new()).await {
            Err(UpdateError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        },
        match contexts
            .compare_and_set(&id("a"), version, Document::new())
            .await
        {
            Err(CompareAndSetError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        },
        match contexts
            .apply(Batch::new().put(id("a"), Document::new()))
            .await
        {
            Err(BatchError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        },
    ];
    for refused in refused {
        assert_eq!(
            (&*refused.plugin, &*refused.reason),
            ("bomb", "panicked: boom 7")
        );
    }
    assert_eq!(state(&contexts).await, before);
    assert_eq!(contexts.plugins().panics(), 4);
    let last = contexts.plugins().last_panic().unwrap();
    assert_eq!(last.to_string(), "plugin `bomb` panicked: boom 7");

    contexts.plugins().remove("bomb");
    contexts
        .update(&id("a"), |_| Document::new())
        .await
        .unwrap();
    assert_eq!(contexts.plugins().panics(), 4);
}

async fn transformation<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let bomb = |_: ContextRef<'_>| panic!("boom");
    contexts.plugins().add_transformation("bomb", bomb).unwrap();
    let before = state(&contexts).await;
    match contexts.transform(&id("a"), "bomb").await {
        Err(TransformError::Refused(refused)) => {
            assert_eq!(
                (&*refused.plugin, &*refused.reason),
                ("bomb", "panicked: boom")
            );
            assert_eq!(refused.id, id("a"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(state(&contexts).await, before);
    assert_eq!(contexts.plugins().panics(), 1);
    contexts
        .update(&id("a"), |_| Document::new())
        .await
        .unwrap();
}

struct Bomb;

impl Observer for Bomb {
    fn committed(&self, _: &Commit) {
        panic!("boom")
    }

    fn failed(&self, _: &Failure<'_>) {
        panic!("boom")
    }
}

async fn observer<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    contexts.plugins().add_observer("first", Bomb).unwrap();
    let recorder = Recorder::of(&contexts);
    contexts.plugins().add_observer("last", Bomb).unwrap();
    let version = contexts
        .update(&id("a"), |_| Document::new())
        .await
        .unwrap();
    let context = contexts.get(&id("a")).await.unwrap();
    assert_eq!((context.version(), context.as_json()), (version, "{}"));
    assert_eq!(recorder.take_commits().len(), 1);
    assert_eq!(contexts.plugins().panics(), 2);
    assert_eq!(contexts.plugins().last_panic().unwrap().plugin, "last");

    let batch = Batch::new()
        .put(id("b"), Document::new())
        .delete(id("a"), None);
    contexts.apply(batch).await.unwrap();
    let absent = contexts.delete(&id("a"), None).await;
    assert!(matches!(
        absent,
        Err(contexture::DeleteError::NotFound { .. })
    ));
    assert_eq!(recorder.take_commits().len(), 1);
    assert_eq!(recorder.take_failures().len(), 1);
    assert_eq!(contexts.plugins().panics(), 6);
}

/// Panics with itself when it is dropped, a few times.
struct Matryoshka(u32);

impl Drop for Matryoshka {
    fn drop(&mut self) {
        if let Some(rest) = self.0.checked_sub(1) {
            panic_any(Matryoshka(rest));
        }
    }
}

async fn payloads<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let before = state(&contexts).await;
    type Panics = fn(&Proposal<'_>) -> Result<(), Reason>;
    let validators: [(Panics, &str); 3] = [
        (|_| panic_any(7), "panicked: no text"),
        (|_| panic_any(Matryoshka(3)), "panicked: no text"),
        (|_| panic_any("text".to_owned()), "panicked: text"),
    ];
    for (validator, wanted) in validators {
        contexts.plugins().add_validator("bomb", validator).unwrap();
        match contexts.update(&id("a"), |_| Document::new()).await {
            Err(UpdateError::Refused(refused)) => assert_eq!(refused.reason, wanted),
            other => panic!("{other:?}"),
        }
        assert!(contexts.plugins().remove("bomb"));
    }
    assert_eq!(state(&contexts).await, before);
}

/// Removes itself when it is asked, so that the write drops it.
struct LastWords<S: StrategyKind>(Contexts<S>);

impl<S: StrategyKind> Validator for LastWords<S> {
    fn validate(&self, _: &Proposal<'_>) -> Result<(), Reason> {
        assert!(self.0.plugins().remove("bomb"));
        Ok(())
    }
}

impl<S: StrategyKind> Observer for LastWords<S> {
    fn committed(&self, _: &Commit) {
        assert!(self.0.plugins().remove("bomb"));
    }
}

impl<S: StrategyKind> Drop for LastWords<S> {
    fn drop(&mut self) {
        panic!("last words");
    }
}

async fn dropped<S: StrategyKind>() {
    let contexts = filled::<S>().await;
    let recorder = Recorder::of(&contexts);
    let bomb = || LastWords(contexts.clone());
    let plugins = contexts.plugins();
    plugins.add_validator("bomb", bomb()).unwrap();
    contexts
        .update(&id("a"), |_| Document::new())
        .await
        .unwrap();
    plugins.add_validator("bomb", bomb()).unwrap();
    contexts.create(id("b"), Document::new()).await.unwrap();
    plugins.add_observer("bomb", bomb()).unwrap();
    contexts
        .update(&id("a"), |_| Document::new())
        .await
        .unwrap();
    plugins.add_observer("bomb", bomb()).unwrap();
    assert!(plugins.remove("bomb"));
    plugins.add_validator("recorder", bomb()).unwrap_err();
    assert_eq!(plugins.names(), ["recorder"]);
    assert_eq!(recorder.take_commits().len(), 3);
    assert_eq!(plugins.panics(), 5);
    assert_eq!(plugins.last_panic().unwrap().message, "last words");
    assert_eq!(Arc::strong_count(&recorder), 2);
}
