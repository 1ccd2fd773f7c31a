//! What observers are told, when, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use contexture::plugins::Proposal;
use contexture::recovery::{RecoveryError, Select};
use contexture::{
    Batch, ChangeKind, Commit, ContextId, ContextRef, Contexts, Document, ManualClock, Operation,
    StrategyKind, Version,
};

use crate::{Failed, Recorder, document, id, incremented, over_every_strategy};

over_every_strategy! {
    each_commit_is_told_once_before_its_write_returns => commits;
    the_removal_of_what_has_expired_is_told_once => expiry;
    each_failure_is_told_once_with_its_error => failures;
    a_restore_that_fails_is_told_once_with_its_error => failed_restores;
    an_update_that_decides_against_it_is_no_failure => decided_against;
    writes_one_after_the_other_are_told_in_order => in_order;
    writes_at_the_same_time_are_each_told_once => concurrent;
    what_was_committed_is_told_though_the_write_was_given_up => given_up;
}

fn increment(context: ContextRef<'_>) -> Document {
    incremented(context.document())
}

/// What a commit did, in short.
fn told(commit: &Commit) -> Vec<String> {
    let change = |change: &contexture::ContextChange| {
        let text = |it: Option<ContextRef<'_>>| {
            it.map_or("-".to_owned(), |it| format!("{} {}", it.version(), *it))
        };
        let (before, after) = (text(change.before()), text(change.after()));
        format!("{:?} {}: {before} => {after}", change.kind(), change.id())
    };
    commit.changes().iter().map(change).collect()
}

async fn commits<S: StrategyKind>() {
    for feed in [false, true] {
        let builder = Contexts::<S>::builder();
        let builder = if feed { builder.feed(10) } else { builder };
        let contexts = builder.build().acting_as("ann");
        let recorder = Recorder::of(&contexts);
        let mut revision = 0;
        let mut check = |wanted: &[&str]| {
            revision += 1;
            let commits = recorder.take_commits();
            assert_eq!(commits.len(), 1, "{commits:?}");
            assert_eq!(told(&commits[0]), wanted);
            assert_eq!(commits[0].actor(), Some("ann"));
            let revisions = commits[0].revision().map(contexture::Revision::get);
            assert_eq!(revisions, feed.then_some(revision));
            assert!(recorder.take_failures().is_empty());
        };
        let (a, b) = (id("a"), id("b"));

        contexts
            .create(a.clone(), document(r#"{"n":0}"#))
            .await
            .unwrap();
        check(&[r#"Created a: - => v1 {"n":0}"#]);
        contexts.update(&a, increment).await.unwrap();
        check(&[r#"Updated a: v1 {"n":0} => v2 {"n":1}"#]);
        let decide = |context: ContextRef<'_>| Some(increment(context));
        let version = contexts.update_if(&a, decide).await.unwrap().unwrap();
        check(&[r#"Updated a: v2 {"n":1} => v3 {"n":2}"#]);
        let set = contexts.compare_and_set(&a, version, document(r#"{"n":5}"#));
        set.await.unwrap();
        check(&[r#"Updated a: v3 {"n":2} => v4 {"n":5}"#]);
        contexts.rollback(&a, Version::FIRST).await.unwrap();
        check(&[r#"Updated a: v4 {"n":5} => v5 {"n":0}"#]);
        let batch = Batch::new()
            .create(b.clone(), Document::new())
            .delete(a.clone(), None)
            .require(id("c"), None)
            .put(id("d"), Document::new());
        contexts.apply(batch).await.unwrap();
        check(&[
            "Created b: - => v1 {}",
            r#"Deleted a: v5 {"n":0} => -"#,
            "Created d: - => v1 {}",
        ]);
        contexts.delete(&b, None).await.unwrap();
        check(&["Deleted b: v1 {} => -"]);
    }
}

async fn expiry<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .time_to_live(Duration::from_secs(1))
        .build()
        .acting_as("ann");
    for name in ["a", "b", "c"] {
        contexts.create(id(name), Document::new()).await.unwrap();
    }
    let recorder = Recorder::of(&contexts);
    clock.advance(Duration::from_secs(1));
    // A read meets one; the others are cleared away; nobody else finds them.
    assert!(contexts.get(&id("a")).await.is_none());
    assert_eq!(recorder.commits.lock().unwrap().len(), 1);
    assert_eq!(contexts.purge_expired().await, 2);
    assert_eq!(contexts.purge_expired().await, 0);
    assert!(contexts.get(&id("b")).await.is_none());
    let commits = recorder.take_commits();
    let mut expired: Vec<_> = commits
        .iter()
        .map(|commit| {
            let [change] = commit.changes() else {
                panic!("{commit:?}");
            };
            assert_eq!(change.kind(), ChangeKind::Expired);
            assert_eq!(commit.actor(), None);
            change.id().as_str()
        })
        .collect();
    expired.sort_unstable();
    assert_eq!(expired, ["a", "b", "c"]);
    assert!(recorder.take_failures().is_empty());
}

async fn failures<S: StrategyKind>() {
    let contexts = Contexts::<S>::new().acting_as("ann");
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let told = |operation, of: Option<&str>, error: String| {
        let wanted = Failed {
            operation,
            id: of.map(id),
            actor: Some("ann".to_owned()),
            error,
        };
        assert_eq!(recorder.take_failures(), [wanted]);
    };
    macro_rules! fails {
        ($operation:ident, $of:expr, $call:expr) => {
            let error = $call.await.unwrap_err().to_string();
            told(Operation::$operation, $of, error);
        };
    }
    let (a, x) = (&id("a"), &id("x"));
    let stale = Version::FIRST.next();
    fails!(
        Create,
        Some("a"),
        contexts.create(a.clone(), Document::new())
    );
    fails!(Update, Some("x"), contexts.update(x, increment));
    fails!(
        Update,
        Some("x"),
        contexts.update_if(x, |context| Some(increment(context)))
    );
    fails!(
        CompareAndSet,
        Some("x"),
        contexts.compare_and_set(x, stale, Document::new())
    );
    fails!(
        CompareAndSet,
        Some("a"),
        contexts.compare_and_set(a, stale, Document::new())
    );
    fails!(Delete, Some("x"), contexts.delete(x, None));
    fails!(Delete, Some("a"), contexts.delete(a, Some(stale)));
    fails!(
        Apply,
        None,
        contexts.apply(Batch::new().delete(x.clone(), None))
    );
    fails!(Update, Some("a"), contexts.rollback(a, stale));
    fails!(Update, Some("x"), contexts.rollback(x, stale));
    fails!(Update, Some("a"), contexts.transform(a, "nothing"));

    // The reason of a closure may be anything, and need not have a text.
    struct Secret;
    let aborted = contexts.try_update(a, |_| Err::<Document, _>(Secret));
    assert!(aborted.await.is_err());
    let error = "the update was aborted: the closure refused".to_owned();
    told(Operation::Update, Some("a"), error);
    assert!(recorder.take_commits().is_empty());
}

async fn failed_restores<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let recovery = contexts.recovery();
    recovery.create(None).await.unwrap();
    let recorder = Recorder::of(&contexts);
    let a = id("a");
    let refuse = |_: &Proposal<'_>| Err("no".into());
    let told = |of: Option<&ContextId>, error: RecoveryError| {
        let wanted = Failed {
            operation: Operation::Restore,
            id: of.cloned(),
            actor: None,
            error: error.to_string(),
        };
        assert_eq!(recorder.take_failures(), [wanted]);
    };
    told(None, recovery.restore("none").await.unwrap_err());
    let x = id("x");
    let alone = recovery.restore_context(Select::Latest, &x).await;
    told(Some(&x), alone.unwrap_err());
    contexts.delete(&a, None).await.unwrap();
    contexts.plugins().add_validator("no", refuse).unwrap();
    told(None, recovery.restore(Select::Latest).await.unwrap_err());
    let alone = recovery.restore_context(Select::Latest, &a).await;
    told(Some(&a), alone.unwrap_err());
}

/// `update_if` meets so many other writers that it takes turns with them, and then leaves the
/// context as it is.
async fn decided_against<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let mut asked = 0;
    let a = id("a");
    let decided = contexts.update_if(&a, |context| {
        asked += 1;
        // Outside of any closure of a store, and nobody holds the lock.
        let other = pollster::block_on(contexts.update(&a, increment));
        other.is_ok().then(|| increment(context))
    });
    // As often as other writers cannot be refused; inside its turn they are.
    assert_eq!(decided.await, Ok(None));
    assert!(asked > 1);
    let failures = recorder.take_failures();
    // What failed is the other writer's update from inside the closure.
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].error.contains("closure"), "{failures:?}");
    assert_ne!(
        failures[0].error,
        "the update was aborted: the closure refused"
    );
    assert_eq!(recorder.take_commits().len(), asked - 1);
}

async fn in_order<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let recorder = Recorder::of(&contexts);
    // A write on another thread begins when the one before has returned.
    for _ in 0..50 {
        let contexts = contexts.clone();
        let write = async move { contexts.update(&id("a"), increment).await.unwrap() };
        tokio::spawn(write).await.unwrap();
    }
    let commits = recorder.take_commits();
    let versions: Vec<_> = commits.iter().map(after).collect();
    assert_eq!(versions, (2..=51).collect::<Vec<_>>());
}

fn after(commit: &Commit) -> u64 {
    commit.changes()[0].after().unwrap().version().get()
}

async fn concurrent<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().feed(1000).build();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (contexts, recorder) = (contexts.clone(), Arc::clone(&recorder));
            tokio::spawn(async move {
                for _ in 0..50 {
                    let version = contexts.update(&id("a"), increment).await.unwrap();
                    // It is told when the write returns.
                    let commits = recorder.commits.lock().unwrap();
                    assert!(commits.iter().any(|it| after(it) == version.get()));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut commits = recorder.take_commits();
    assert_eq!(commits.len(), 400);
    commits.sort_by_key(Commit::revision);
    for (commit, version) in commits.iter().zip(2..) {
        let change = &commit.changes()[0];
        assert_eq!(change.before().unwrap().version().get(), version - 1);
        assert_eq!(change.after().unwrap().version().get(), version);
        assert_eq!(commit.revision().unwrap().get(), version);
    }
}

async fn given_up<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let recorder = Recorder::of(&contexts);
    let started = Arc::new(AtomicU32::new(0));
    for _ in 0..50 {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (contexts, started) = (contexts.clone(), Arc::clone(&started));
                tokio::spawn(async move {
                    loop {
                        started.fetch_add(1, Ordering::Relaxed);
                        contexts.update(&id("a"), increment).await.unwrap();
                        let next = increment(contexts.get(&id("a")).await.unwrap().as_ref());
                        let put = Batch::new().put(id("a"), next);
                        contexts.apply(put).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        while started.load(Ordering::Relaxed) < 4 {
            tokio::task::yield_now().await;
        }
        started.store(0, Ordering::Relaxed);
        for task in tasks {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }
    let mut versions: Vec<_> = recorder.take_commits().iter().map(after).collect();
    versions.sort_unstable();
    let last = contexts.get(&id("a")).await.unwrap().version().get();
    assert_eq!(versions, (2..=last).collect::<Vec<_>>());
    assert!(recorder.take_failures().is_empty());
}
