//! Plugins that use the contexts: it works or it is refused, and never waits forever.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use contexture::plugins::{Observer, Proposal};
use contexture::{
    Batch, BatchError, Commit, CompareAndSetError, ContextRef, Contexts, CreateError, DeleteError,
    Document, StrategyKind, TransformError, UpdateError, Version,
};
use pollster::block_on;

use crate::{document, id, incremented, n, over_every_strategy};

over_every_strategy! {
    a_validator_of_an_update_may_do_what_its_closure_may => validator_of_update;
    a_transformation_may_do_what_the_closure_of_an_update_may => transformation;
    a_validator_outside_of_an_update_may_do_what_its_writer_may => validator_of_create;
    an_observer_may_do_what_its_writer_may => observer;
    an_observer_of_a_failure_may_do_what_its_writer_may => observer_of_failure;
    validators_that_write_crosswise_do_not_deadlock => crosswise_validators;
    observers_that_write_crosswise_do_not_deadlock => crosswise_observers;
}

fn increment(context: ContextRef<'_>) -> Document {
    incremented(context.document())
}

/// How a call from a plugin went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Well,
    Refused,
    Otherwise,
}
use Went::{Otherwise, Refused, Well};

macro_rules! went {
    ($error:ident, $call:expr) => {
        match block_on($call) {
            Ok(_) => Well,
            Err($error::Reentrant(_)) => Refused,
            Err(_) => Otherwise,
        }
    };
}

/// A read cannot return that it is refused: it panics.
fn read<R>(call: impl FnOnce() -> R) -> Went {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => Well,
        Err(_) => Refused,
    }
}

/// Every call there is, from inside a plugin that has to do with `a`.
fn calls<S: StrategyKind>(contexts: &Contexts<S>) -> Vec<(&'static str, Went)> {
    let (a, b) = (&id("a"), &id("b"));
    let plugins = contexts.plugins();
    plugins
        .add_validator("inner", |_: &Proposal<'_>| Ok(()))
        .unwrap();
    assert!(plugins.names().contains(&"inner".to_owned()));
    assert!(plugins.remove("inner"));
    let batch = || {
        Batch::new()
            .put(id("c"), Document::new())
            .put(id("d"), Document::new())
    };
    vec![
        ("get", read(|| block_on(contexts.get(a)))),
        ("read", read(|| block_on(contexts.read(a, |it| it.len())))),
        ("len", read(|| block_on(contexts.len()))),
        ("snapshot", read(|| block_on(contexts.snapshot()).len())),
        (
            "create",
            went!(CreateError, contexts.create(id("new"), Document::new())),
        ),
        (
            "update b",
            went!(UpdateError, contexts.update(b, increment)),
        ),
        ("set b", {
            let set = contexts.compare_and_set(b, Version::FIRST.next(), document(r#"{"n":7}"#));
            went!(CompareAndSetError, set)
        }),
        ("apply", went!(BatchError, contexts.apply(batch()))),
        (
            "delete c",
            went!(DeleteError, contexts.delete(&id("c"), None)),
        ),
        (
            "transform b",
            went!(TransformError, contexts.transform(b, "increment")),
        ),
        (
            "update a",
            went!(UpdateError, contexts.update(a, increment)),
        ),
    ]
}

type Outcome = Arc<Mutex<Option<Vec<(&'static str, Went)>>>>;

/// Contexts `a` and `b`; what makes the calls once, and what came of them.
async fn filled<S: StrategyKind>() -> (Contexts<S>, impl Fn() + Send + Sync, Outcome) {
    let contexts = Contexts::<S>::new();
    for name in ["a", "b"] {
        contexts
            .create(id(name), document(r#"{"n":0}"#))
            .await
            .unwrap();
    }
    let plugins = contexts.plugins();
    let transformation = |context: ContextRef<'_>| Ok(increment(context).into());
    plugins
        .add_transformation("increment", transformation)
        .unwrap();
    let outcome = Outcome::default();
    let (calling, once, all) = (outcome.clone(), AtomicBool::new(false), contexts.clone());
    let call_once = move || {
        // What it writes calls it again.
        if !once.swap(true, Ordering::Relaxed) {
            *calling.lock().unwrap() = Some(calls(&all));
        }
    };
    (contexts, call_once, outcome)
}

fn check<S: StrategyKind>(outcome: &Outcome, update_of_a: Went) {
    let outcome = outcome
        .lock()
        .unwrap()
        .take()
        .expect("the plugin was called");
    for (call, went) in outcome {
        let wanted = match call {
            _ if S::AWAITS => Refused,
            "update a" => update_of_a,
            _ => Well,
        };
        assert_eq!(went, wanted, "{call}");
    }
}

async fn validator_of_update<S: StrategyKind>() {
    let (contexts, call, outcome) = filled::<S>().await;
    let validator = move |_: &Proposal<'_>| {
        call();
        Ok(())
    };
    contexts
        .plugins()
        .add_validator("calls", validator)
        .unwrap();
    contexts.update(&id("a"), increment).await.unwrap();
    check::<S>(&outcome, Refused);
    assert_eq!(n(&contexts.get(&id("a")).await.unwrap()), 1);
}

async fn transformation<S: StrategyKind>() {
    let (contexts, call, outcome) = filled::<S>().await;
    let transformation = move |context: ContextRef<'_>| {
        call();
        Ok(increment(context).into())
    };
    contexts
        .plugins()
        .add_transformation("calls", transformation)
        .unwrap();
    contexts.transform(&id("a"), "calls").await.unwrap();
    check::<S>(&outcome, Refused);
    assert_eq!(n(&contexts.get(&id("a")).await.unwrap()), 1);
}

async fn validator_of_create<S: StrategyKind>() {
    for write in ["create", "set", "apply"] {
        let (contexts, call, outcome) = filled::<S>().await;
        let version = contexts.get(&id("a")).await.unwrap().version();
        let validator = move |_: &Proposal<'_>| {
            call();
            Ok(())
        };
        contexts
            .plugins()
            .add_validator("calls", validator)
            .unwrap();
        match write {
            "create" => {
                let created = contexts.create(id("x"), Document::new()).await;
                created.unwrap();
            }
            "set" => {
                // Where the validator could update `a`, it has another version now.
                let a = id("a");
                let set = contexts.compare_and_set(&a, version, document(r#"{"n":9}"#));
                assert_eq!(set.await.is_ok(), S::AWAITS);
            }
            _ => {
                let batch = Batch::new().put(id("a"), document(r#"{"n":9}"#));
                contexts.apply(batch).await.unwrap();
                assert_eq!(n(&contexts.get(&id("a")).await.unwrap()), 9);
            }
        }
        check::<S>(&outcome, Well);
    }
}

/// Makes the calls when it is told anything.
struct Calling<F>(F);

impl<F: Fn() + Send + Sync + 'static> Observer for Calling<F> {
    fn committed(&self, _: &Commit) {
        (self.0)();
    }

    fn failed(&self, _: &contexture::plugins::Failure<'_>) {
        (self.0)();
    }
}

async fn observer<S: StrategyKind>() {
    let (contexts, call, outcome) = filled::<S>().await;
    contexts
        .plugins()
        .add_observer("calls", Calling(call))
        .unwrap();
    contexts.update(&id("a"), increment).await.unwrap();
    check::<S>(&outcome, Well);
    let more = u64::from(!S::AWAITS);
    assert_eq!(n(&contexts.get(&id("a")).await.unwrap()), 1 + more);
}

async fn observer_of_failure<S: StrategyKind>() {
    let (contexts, call, outcome) = filled::<S>().await;
    contexts
        .plugins()
        .add_observer("calls", Calling(call))
        .unwrap();
    let a = id("a");
    let aborted = contexts.try_update(&a, |_| Err::<Document, _>("no"));
    aborted.await.unwrap_err();
    check::<S>(&outcome, Well);
}

/// Updates of `a` whose plugins update `b`, and the other way round, at the same time.
async fn crosswise<S: StrategyKind>(contexts: &Contexts<S>, counted: &AtomicU32) {
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let contexts = contexts.acting_as("user");
            let mine = id(["a", "b"][task % 2]);
            tokio::spawn(async move {
                for _ in 0..50 {
                    contexts.update(&mine, increment).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut total = 0;
    for name in ["a", "b"] {
        total += n(&contexts.get(&id(name)).await.unwrap());
    }
    assert_eq!(total, 200 + u64::from(counted.load(Ordering::Relaxed)));
}

/// The other one of `a` and `b` is updated in the plugin's name; counts what worked.
fn update_other<S: StrategyKind>(contexts: &Contexts<S>, of: &str, counted: &AtomicU32) -> Went {
    let other = if of == "a" { "b" } else { "a" };
    let went = went!(
        UpdateError,
        contexts.acting_as("plugin").update(&id(other), increment)
    );
    assert_ne!(went, Otherwise);
    counted.fetch_add(u32::from(went == Well), Ordering::Relaxed);
    went
}

async fn crosswise_validators<S: StrategyKind>() {
    let (contexts, ..) = filled::<S>().await;
    let counted = Arc::new(AtomicU32::new(0));
    let (all, counting) = (contexts.clone(), counted.clone());
    let validator = move |proposal: &Proposal<'_>| {
        if proposal.actor() == Some("user") {
            update_other(&all, proposal.id().as_str(), &counting);
        }
        Ok(())
    };
    contexts
        .plugins()
        .add_validator("crosswise", validator)
        .unwrap();
    crosswise(&contexts, &counted).await;
    assert_eq!(contexts.plugins().panics(), 0);
}

struct Crosswise<S: StrategyKind>(Contexts<S>, Arc<AtomicU32>);

impl<S: StrategyKind> Observer for Crosswise<S> {
    fn committed(&self, commit: &Commit) {
        if commit.actor() == Some("user") {
            let went = update_other(&self.0, commit.changes()[0].id().as_str(), &self.1);
            // Outside of everything: nothing to refuse, but what would have to await.
            assert_eq!(went == Refused, S::AWAITS);
        }
    }
}

async fn crosswise_observers<S: StrategyKind>() {
    let (contexts, ..) = filled::<S>().await;
    let counted = Arc::new(AtomicU32::new(0));
    let observer = Crosswise(contexts.clone(), counted.clone());
    contexts
        .plugins()
        .add_observer("crosswise", observer)
        .unwrap();
    crosswise(&contexts, &counted).await;
    assert_eq!(
        counted.load(Ordering::Relaxed),
        if S::AWAITS { 0 } else { 200 }
    );
    assert_eq!(contexts.plugins().panics(), 0);
}
