//! Registering, removing, and which writes meet what.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use contexture::plugins::{Plugins, Proposal, Reason, Validator};
use contexture::{Commit, ContextRef, Contexts, CreateError, Document, StrategyKind, UpdateError};

use crate::{Recorder, document, id, over_every_strategy, state};

over_every_strategy! {
    names_are_in_the_order_of_registration_and_unique_among_kinds => names;
    a_write_meets_what_was_registered_before_it_and_not_what_was_removed => comes_and_goes;
    plugins_are_called_in_the_order_they_were_registered_in => order;
    a_write_goes_on_with_the_plugins_it_began_with => goes_on;
    a_batch_goes_on_with_the_validators_it_began_with => batch_goes_on;
    a_plugin_is_dropped_without_the_lock => dropped;
    all_handles_share_the_plugins => handles;
}

fn accept(_: &Proposal<'_>) -> Result<(), Reason> {
    Ok(())
}

fn refuse(_: &Proposal<'_>) -> Result<(), Reason> {
    Err("no".into())
}

async fn names<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let plugins = contexts.plugins();
    let same = |context: ContextRef<'_>| Ok(context.into());
    plugins.add_validator("v", accept).unwrap();
    plugins.add_transformation("t", same).unwrap();
    plugins
        .add_observer("o", Arc::new(Recorder::default()))
        .unwrap();
    assert_eq!(plugins.names(), ["v", "t", "o"]);

    for name in ["v", "t", "o"] {
        let errors = [
            plugins.add_validator(name, refuse).unwrap_err(),
            plugins.add_transformation(name, same).unwrap_err(),
            plugins
                .add_observer(name, Arc::new(Recorder::default()))
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.name, name);
            assert_eq!(
                error.to_string(),
                format!("there is a plugin `{name}` already")
            );
        }
    }
    assert_eq!(plugins.names(), ["v", "t", "o"]);
    // What was refused is not there.
    contexts.create(id("a"), Document::new()).await.unwrap();

    assert!(plugins.remove("v"));
    assert!(!plugins.remove("v"));
    assert!(!plugins.remove("x"));
    plugins.add_observer("v", Recorder::default()).unwrap();
    assert_eq!(plugins.names(), ["t", "o", "v"]);
}

async fn comes_and_goes<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    for _ in 0..3 {
        contexts.plugins().add_validator("no", refuse).unwrap();
        let recorder = Recorder::of(&contexts);
        let refused = contexts.create(id("a"), Document::new()).await;
        assert!(matches!(refused, Err(CreateError::Refused(_))));
        assert_eq!(recorder.take_failures().len(), 1);

        assert!(contexts.plugins().remove("no"));
        contexts.create(id("a"), Document::new()).await.unwrap();
        assert_eq!(recorder.take_commits().len(), 1);

        assert!(contexts.plugins().remove("recorder"));
        contexts.delete(&id("a"), None).await.unwrap();
        contexts.delete(&id("a"), None).await.unwrap_err();
        assert!(recorder.take_commits().is_empty());
        assert!(recorder.take_failures().is_empty());
        assert_eq!(Arc::strong_count(&recorder), 1);
    }
}

/// Notes its number.
struct Noting(u32, Arc<Mutex<Vec<u32>>>);

impl Validator for Noting {
    fn validate(&self, _: &Proposal<'_>) -> Result<(), Reason> {
        self.1.lock().unwrap().push(self.0);
        match self.0 {
            3 => Err("three".into()),
            _ => Ok(()),
        }
    }
}

impl contexture::plugins::Observer for Noting {
    fn committed(&self, _: &Commit) {
        self.1.lock().unwrap().push(self.0);
    }
}

async fn order<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let notes = Arc::new(Mutex::new(Vec::new()));
    for number in [2, 1, 3, 4] {
        let note = |number| Noting(number, Arc::clone(&notes));
        let name = number.to_string();
        contexts
            .plugins()
            .add_validator(name, note(number))
            .unwrap();
        let name = format!("after {number}");
        contexts
            .plugins()
            .add_observer(name, note(number + 10))
            .unwrap();
    }
    let refused = contexts.create(id("a"), Document::new()).await.unwrap_err();
    let CreateError::Refused(refused) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((&*refused.plugin, &*refused.reason), ("3", "three"));
    // The last one that is asked is the one that refuses.
    assert_eq!(*notes.lock().unwrap(), [2, 1, 3]);

    notes.lock().unwrap().clear();
    contexts.plugins().remove("3");
    contexts.create(id("a"), Document::new()).await.unwrap();
    assert_eq!(*notes.lock().unwrap(), [2, 1, 4, 12, 11, 13, 14]);
}

async fn goes_on<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    // So that there is a commit to be told.
    let present = Recorder::default();
    contexts.plugins().add_observer("present", present).unwrap();
    let plugins = contexts.clone();
    let recorder = Arc::new(Recorder::default());
    let added = Arc::clone(&recorder);
    let change = move |_: &Proposal<'_>| {
        let plugins = plugins.plugins();
        if plugins.remove("removed meanwhile") {
            plugins.add_validator("added meanwhile", refuse).unwrap();
            let recorder = Arc::clone(&added);
            plugins
                .add_observer("observer added meanwhile", recorder)
                .unwrap();
            assert!(plugins.remove("change"));
        }
        Ok(())
    };
    contexts.plugins().add_validator("change", change).unwrap();
    let counted = Arc::clone(&asked);
    let removed = move |_: &Proposal<'_>| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    contexts
        .plugins()
        .add_validator("removed meanwhile", removed)
        .unwrap();

    contexts
        .update(&id("a"), |context| context.document().clone())
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(
        contexts.plugins().names(),
        ["present", "added meanwhile", "observer added meanwhile"]
    );

    let refused = contexts
        .update(&id("a"), |context| context.document().clone())
        .await;
    let Err(UpdateError::Refused(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.plugin, "added meanwhile");
    assert!(recorder.take_commits().is_empty());
    assert_eq!(recorder.take_failures().len(), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

async fn batch_goes_on<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let plugins = contexts.clone();
    let remove_me = move |_: &Proposal<'_>| {
        plugins.plugins().remove("last");
        Ok(())
    };
    contexts
        .plugins()
        .add_validator("first", remove_me)
        .unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let last = move |_: &Proposal<'_>| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    contexts.plugins().add_validator("last", last).unwrap();
    let batch = contexture::Batch::new()
        .create(id("a"), Document::new())
        .put(id("b"), Document::new());
    contexts.apply(batch).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(contexts.plugins().names(), ["first"]);
}

/// Uses the registry when it is dropped, which waits forever under the registry's lock.
struct Farewell<S: StrategyKind>(Contexts<S>);

impl<S: StrategyKind> Drop for Farewell<S> {
    fn drop(&mut self) {
        let count = self.0.plugins().names().len();
        let name = format!("farewell {count}");
        self.0.plugins().add_validator(name, accept).unwrap();
    }
}

impl<S: StrategyKind> Validator for Farewell<S> {
    fn validate(&self, _: &Proposal<'_>) -> Result<(), Reason> {
        self.0.plugins().remove("farewell");
        Ok(())
    }
}

async fn dropped<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let plugins: &Plugins = contexts.plugins();
    let farewell = || Farewell(contexts.clone());
    // Removed.
    plugins.add_validator("farewell", farewell()).unwrap();
    assert!(plugins.remove("farewell"));
    assert_eq!(plugins.names(), ["farewell 0"]);
    // Refused.
    plugins.add_validator("farewell 0", farewell()).unwrap_err();
    assert_eq!(plugins.names(), ["farewell 0", "farewell 1"]);
    // By the write that goes on with it.
    plugins.add_validator("farewell", farewell()).unwrap();
    contexts
        .create(id("a"), document(r#"{"n":1}"#))
        .await
        .unwrap();
    assert_eq!(plugins.names().last().unwrap(), "farewell 2");
    assert_eq!(plugins.panics(), 0);
}

async fn handles<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let before = state(&contexts).await;
    contexts
        .acting_as("ann")
        .plugins()
        .add_validator("no", refuse)
        .unwrap();
    for handle in [contexts.clone(), contexts.acting_as("bob")] {
        assert_eq!(handle.plugins().names(), ["no"]);
        handle.create(id("a"), Document::new()).await.unwrap_err();
    }
    assert_eq!(state(&contexts).await, before);
}
