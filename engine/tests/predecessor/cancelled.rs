//! Futures that are dropped at every step, while somebody else is writing to the same context.
//!
//! tokio lets a task take so many locks and then makes it wait. So a future that is polled with one
//! lock left stops before each lock it needs, and can be dropped there.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use contexture::conflict::{Merge, Written};
use contexture::feed::Filter;
use contexture::sessions::Sessions;
use contexture::{
    Batch, Commit, ContextChange, ContextRef, Contexts, Document, Draft, ManualClock, Revision,
    StrategyKind, UpdateError, Version,
};
use tokio::runtime::Handle;
use tokio::task::{consume_budget, yield_now};
use tokio::time::timeout;

use crate::{Kept, ensure, holding, id, incremented, number, on_every_strategy};

on_every_strategy! {
    every_method_dropped_anywhere_has_happened_or_has_not: 1, all_methods();
    every_method_dropped_while_it_waits_has_happened_or_has_not: 1, all_that_wait();
}

/// A future of a method, which tells how many commits it made.
type Call = Pin<Box<dyn Future<Output = usize> + Send>>;

type Method<S> = (&'static str, fn(Contexts<S>) -> Call);

/// How many locks tokio lets a task take before it makes it wait.
const BUDGET: usize = 128;

/// What is tried must end; this is far beyond it.
const AT_MOST: Duration = Duration::from_secs(30);

/// Every async method; each writes to `a`, if it writes at all, or to what is new.
fn methods<S: StrategyKind>() -> Vec<Method<S>> {
    /// So that each closure becomes the same type.
    macro_rules! methods {
        ($($name:literal: |$contexts:ident| $call:expr;)*) => {
            vec![$(($name, |$contexts: Contexts<S>| -> Call { Box::pin(async move { $call }) })),*]
        };
    }
    methods! {
        "get": |it| { it.get(&id("a")).await.unwrap(); 0 };
        "get of what has expired": |it| { assert!(it.get(&id("old")).await.is_none()); 0 };
        "read": |it| { it.read(&id("a"), |_| ()).await.unwrap(); 0 };
        "read of what has expired": |it| { assert!(it.read(&id("old"), |_| ()).await.is_none()); 0 };
        "list": |it| { assert_eq!(it.list().await, [id("a"), id("b")]); 0 };
        "list_page": |it| { assert_eq!(it.list_page("b", None, 9).await.ids, [id("b")]); 0 };
        "snapshot": |it| { assert_eq!(it.snapshot().await.len(), 2); 0 };
        "len": |it| { assert_eq!(it.len().await, 2); 0 };
        "is_empty": |it| { assert!(!it.is_empty().await); 0 };
        "watch": |it| { assert_eq!(it.watch(Filter::new()).await.unwrap().0.len(), 2); 0 };
        "purge_expired": |it| { it.purge_expired().await; 0 };
        "sweep": |it| { swept(&it).await; 0 };
        "create": |it| made(it.create(id("new"), holding("n", 1)).await);
        "create of what is there": |it| refused(it.create(id("a"), holding("n", 1)).await);
        "create over what has expired": |it| made(it.create(id("old"), holding("n", 1)).await);
        "update": |it| made(it.update(&id("a"), marked).await);
        "update of what has expired": |it| refused(it.update(&id("old"), marked).await);
        "try_update": |it| made(it.try_update(&id("a"), |it| it.with("mark", &1)).await);
        "aborted try_update": |it| refused(it.try_update(&id("a"), |_| Err::<Document, _>(())).await);
        "update_if": |it| made(it.update_if(&id("a"), |it| Some(marked(it))).await);
        "update_if not": |it| {
            let updated = it.update_if(&id("a"), |_| None::<Document>).await;
            assert_eq!(updated, Ok(None));
            0
        };
        "set_metadata": |it| made(it.set_metadata(&id("a"), holding("m", 1)).await);
        "set_time_to_live": |it| made(it.set_time_to_live(&id("a"), Some(AT_MOST)).await);
        "renew": |it| made(it.renew(&id("a")).await);
        "compare_and_set": |it| {
            let read = it.get(&id("b")).await.unwrap();
            made(it.compare_and_set(&id("b"), read.version(), holding("mark", 1)).await)
        };
        "stale compare_and_set": |it| {
            refused(it.compare_and_set(&id("a"), Version::FIRST, holding("mark", 1)).await)
        };
        "write_over": |it| {
            let read = it.get(&id("a")).await.unwrap();
            match it.write_over(&read, marked(read.as_ref()), Merge).await.unwrap() {
                Written::AsRead { .. } | Written::Resolved { .. } => 1,
                other => panic!("{other:?}"),
            }
        };
        "rollback": |it| made(it.rollback(&id("b"), Version::FIRST).await);
        "transform": |it| made(it.transform(&id("a"), "mark").await);
        "delete": |it| made(it.delete(&id("a"), None).await);
        "delete of what has expired": |it| refused(it.delete(&id("old"), None).await);
        "apply": |it| {
            let batch = Batch::new().put(id("b"), holding("mark", 1)).delete(id("a"), None);
            made(it.apply(batch.create(id("new"), Document::new())).await)
        };
        "refused apply": |it| {
            let batch = Batch::new().put(id("b"), holding("mark", 1));
            refused(it.apply(batch.create(id("a"), Document::new())).await)
        };
        "apply over what has expired": |it| {
            let batch = Batch::new().put(id("b"), holding("mark", 1));
            made(it.apply(batch.create(id("old"), Document::new())).await)
        };
        "recovery: create": |it| { assert_eq!(it.recovery().create(None).await.unwrap().len(), 2); 0 };
        "recovery: restore": |it| made(it.recovery().restore("start").await);
        "recovery: restore_context": |it| {
            made(it.recovery().restore_context("start", &id("b")).await)
        };
        "session: activate and switch": |it| {
            let client = Sessions::builder(it).build().client("dropped");
            client.activate(&id("a")).await.unwrap();
            client.switch(&id("a")).await.unwrap();
            assert_eq!(client.current().await, Some(id("a")));
            assert_eq!(client.active().await, [id("a")]);
            client.get().await.unwrap();
            client.read(|_| ()).await.unwrap();
            client.status(&id("b")).await;
            0
        };
        "session: update": |it| {
            let client = Sessions::builder(it).auto_activate(true).build().client("dropped");
            client.switch(&id("a")).await.unwrap();
            made(client.update(marked).await)
        };
        "session: switch that creates": |it| {
            let sessions = Sessions::builder(it).auto_activate(true).auto_create(true).build();
            made(sessions.client("dropped").switch(&id("new")).await)
        };
    }
}

fn made<T, E: std::fmt::Debug>(outcome: Result<T, E>) -> usize {
    drop(outcome.unwrap());
    1
}

fn refused<T: std::fmt::Debug, E: std::fmt::Debug>(outcome: Result<T, E>) -> usize {
    assert!(outcome.is_err(), "{outcome:?}");
    0
}

fn marked(context: ContextRef<'_>) -> Document {
    context.with("mark", &1).unwrap()
}

/// A sweeper that is stopped after two rounds.
async fn swept<S: StrategyKind>(contexts: &Contexts<S>) {
    let ticks = Arc::new(AtomicUsize::new(0));
    let mut sweep = Box::pin({
        let ticks = Arc::clone(&ticks);
        contexts.sweep(move || {
            ticks.fetch_add(1, Ordering::Relaxed);
            yield_now()
        })
    });
    poll_fn(|context| {
        assert!(sweep.as_mut().poll(context).is_pending(), "it went away");
        match ticks.load(Ordering::Relaxed) {
            0..3 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

/// `a`, with a version; `b`, with two; `old`, which has expired; and a feed.
async fn opened<S: StrategyKind>() -> Contexts<S> {
    let clock = ManualClock::new();
    let contexts = Contexts::builder().feed(100).clock(clock.clone()).build();
    let second = Duration::from_secs(1);
    let old = Draft::new(Document::new()).time_to_live(second);
    let batch = Batch::new()
        .create(id("a"), holding("n", 0))
        .create(id("b"), holding("n", 0));
    contexts.apply(batch.create(id("old"), old)).await.unwrap();
    contexts.recovery().create(Some("start")).await.unwrap();
    for name in ["a", "b"] {
        contexts
            .update(&id(name), |it| incremented(&it, "n"))
            .await
            .unwrap();
    }
    let mark = |context: ContextRef<'_>| Ok(marked(context).into());
    contexts.plugins().add_transformation("mark", mark).unwrap();
    clock.advance(2 * second);
    contexts
}

/// Polls a future, in a turn of its own, until it needs a second lock.
async fn step<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Option<F::Output> {
    // A new turn has the whole budget.
    yield_now().await;
    for _ in 1..BUDGET {
        consume_budget().await;
    }
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Polls the call `polls` times and drops it then. The competitor sets out after `from` polls, in
/// turns with it.
async fn race<T>(
    mut call: Call,
    polls: usize,
    competitor: impl Future<Output = T>,
    from: usize,
) -> (Option<usize>, T) {
    let mut competitor = pin!(competitor);
    let (mut made, mut outcome) = (None, None);
    for poll in 0..polls {
        made = step(call.as_mut()).await;
        if made.is_some() {
            break;
        }
        if poll >= from && outcome.is_none() {
            outcome = step(competitor.as_mut()).await;
        }
    }
    drop(call);
    match outcome {
        Some(outcome) => (made, outcome),
        None => (made, competitor.await),
    }
}

async fn all_methods<S: StrategyKind>() -> Kept {
    let mut longest = 0;
    for (name, method) in methods::<S>() {
        let mut polls = 0;
        loop {
            let mut all_made = true;
            for from in 0..=polls {
                let made = ended(dropped_in_turns(method, polls, from)).await;
                let at = format!("{name}, after {polls} polls, the competitor after {from}");
                all_made &= made.map_err(|what| format!("{at}: {what}"))?;
            }
            if all_made {
                break;
            }
            polls += 1;
            ensure!(polls < 40, "{name} never ends");
        }
        longest = longest.max(polls);
    }
    // Or this would be a test of nothing.
    let least = if S::AWAITS { 3 } else { 1 };
    ensure!(longest >= least, "no method took more than {longest} polls");
    Ok(())
}

/// Only where waiting is awaiting: with the other strategies a call that waits cannot be dropped.
async fn all_that_wait<S: StrategyKind>() -> Kept {
    let mut waited = Vec::new();
    for (name, method) in methods::<S>().into_iter().filter(|_| S::AWAITS) {
        for polls in 1..4 {
            let made = ended(dropped_in_line(method, polls)).await;
            let made = made.map_err(|what| format!("{name}, after {polls} polls: {what}"))?;
            if !made && polls == 3 {
                waited.push(name);
            }
        }
    }
    for name in ["update", "compare_and_set", "delete", "apply", "transform"] {
        let expected = S::AWAITS && name != "compare_and_set";
        ensure!(
            waited.contains(&name) == expected,
            "{name} in {waited:?} should be {expected}"
        );
    }
    Ok(())
}

/// In a task, with an end.
async fn ended(
    tried: impl Future<Output = Result<bool, String>> + Send + 'static,
) -> Result<bool, String> {
    match tokio::spawn(timeout(AT_MOST, tried)).await.unwrap() {
        Ok(made) => made,
        Err(_) => Err("it stalls".to_owned()),
    }
}

/// One call that is dropped, in turns with a competitor; whether it was done before.
async fn dropped_in_turns<S: StrategyKind>(
    method: fn(Contexts<S>) -> Call,
    polls: usize,
    from: usize,
) -> Result<bool, String> {
    let contexts = opened::<S>().await;
    let call = method(contexts.acting_as("dropped"));
    let other = contexts.acting_as("competitor");
    let competitor = async { other.update(&id("a"), |it| incremented(&it, "n")).await };
    let (made, competed) = race(call, polls, competitor, from).await;
    if polls == 0 {
        ensure!(made.is_none(), "it was done before it was polled");
    }
    settled(&contexts, made, &competed).await
}

/// One call that is dropped while a competitor has `a` and does not let go of it; whether it was
/// done before.
async fn dropped_in_line<S: StrategyKind>(
    method: fn(Contexts<S>) -> Call,
    polls: usize,
) -> Result<bool, String> {
    let contexts = opened::<S>().await;
    let mut call = method(contexts.acting_as("dropped"));
    let ((entered, inside), (let_go, released)) = (mpsc::channel(), mpsc::channel());
    let competitor = thread::spawn({
        let (other, handle) = (contexts.acting_as("competitor"), Handle::current());
        move || {
            let update = async move {
                let blocked = move |context: ContextRef<'_>| {
                    entered.send(()).unwrap();
                    released.recv().unwrap();
                    incremented(&context, "n")
                };
                other.update(&id("a"), blocked).await
            };
            handle.block_on(update)
        }
    });
    inside.recv().unwrap();
    let mut made = None;
    for _ in 0..polls {
        made = step(call.as_mut()).await;
        if made.is_some() {
            break;
        }
    }
    drop(call);
    let_go.send(()).unwrap();
    let competed = competitor.join().unwrap();
    settled(&contexts, made, &competed).await
}

/// What both have done is as it must be; whether the call was done.
async fn settled<S: StrategyKind>(
    contexts: &Contexts<S>,
    made: Option<usize>,
    competed: &Result<Version, UpdateError>,
) -> Result<bool, String> {
    // The next ones are served.
    let later = contexts.acting_as("later");
    let put = Batch::new()
        .put(id("b"), holding("later", 1))
        .put(id("later"), Document::new());
    later.apply(put).await.map_err(|error| error.to_string())?;
    later.purge_expired().await;

    let commits = told(contexts).await?;
    let by = |actor: &str| {
        let own = commits.iter().filter(|it| it.actor() == Some(actor));
        own.count()
    };
    match made {
        Some(made) => ensure!(by("dropped") == made, "it made {} commits", by("dropped")),
        None => ensure!(by("dropped") <= 1, "it made {} commits", by("dropped")),
    }
    ensure!(by("later") == 1, "the one after was not told of");
    let a = contexts.get(&id("a")).await;
    match (competed, &a) {
        (Ok(_), _) => ensure!(by("competitor") == 1, "the competitor was not told of"),
        (Err(UpdateError::NotFound { .. }), None) => {
            ensure!(by("competitor") == 0, "what failed was told of");
        }
        (Err(error), _) => return Err(error.to_string()),
    }
    for change in commits
        .iter()
        .flat_map(|it| it.changes().iter().map(move |of| (it, of)))
    {
        is_whole(change.0, change.1)?;
    }
    Ok(made.is_some())
}

/// An increment adds one to what was there, and no other write of a context that is there touches
/// the number, but for one that goes back to the start.
fn is_whole(commit: &Commit, change: &ContextChange) -> Kept {
    let (Some(before), Some(after)) = (change.before(), change.after()) else {
        return Ok(());
    };
    let (was, is) = (number(&before, "n"), number(&after, "n"));
    let whole = match commit.actor() {
        Some("competitor") => is == was + 1,
        Some("dropped") if *change.id() == id("a") => {
            is == was || *after.document() == holding("n", 0)
        }
        _ => true,
    };
    ensure!(whole, "{before:?} became {after:?}");
    Ok(())
}

/// All commits: without a gap, each from what the last one left, up to what is there now.
async fn told<S: StrategyKind>(contexts: &Contexts<S>) -> Result<Vec<Arc<Commit>>, String> {
    let everything = Filter::new().after(Revision::ZERO);
    let (snapshot, _) = contexts.watch(Filter::new()).await.unwrap();
    let last = snapshot.revision().unwrap();
    let mut subscription = contexts.subscribe(everything).unwrap();
    let (mut commits, mut copy) = (Vec::new(), BTreeMap::new());
    for revision in 1..=last.get() {
        let commit = subscription.next().await.unwrap().unwrap();
        ensure!(
            commit.revision() == Some(Revision::new(revision)),
            "{revision} is missing, there is {commit:?}"
        );
        for change in commit.changes() {
            let before = change.before().map(|it| it.version());
            let after = change.after();
            let replaced = match after {
                Some(after) => copy.insert(change.id().clone(), after.to_context()),
                None => copy.remove(change.id()),
            };
            let replaced = replaced.map(|it| it.version());
            ensure!(replaced == before, "{change:?} follows {replaced:?}");
        }
        commits.push(commit);
    }
    ensure!(
        subscription.try_next().is_err(),
        "there is more than the snapshot has"
    );
    let told = copy
        .values()
        .map(|it| (it.id(), it.version(), it.as_json()));
    let held: BTreeMap<_, _> = snapshot.iter().map(|it| (it.id(), it)).collect();
    let held = held
        .values()
        .map(|it| (it.id(), it.version(), it.as_json()));
    ensure!(
        told.eq(held),
        "the feed tells of {copy:?}, there is {snapshot:?}"
    );
    Ok(commits)
}
