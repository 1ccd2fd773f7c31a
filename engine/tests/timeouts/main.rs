//! Timeouts: a call that awaits its turn can be cut short and has then changed nothing; reads
//! need none. Over every strategy, every async method of `Contexts`, and both of tokio's runtimes.

#![allow(clippy::unwrap_used)]

mod calls;
#[path = "../common/mod.rs"]
mod common;

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use contexture::kind::{self, Visitor};
use contexture::{ContextId, Contexts, Document, Draft, ManualClock, StrategyKind};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use calls::{Call, reads, writes};
use common::{document, id, incremented, n};

/// What nothing here should take; a call that takes so long hangs.
const HANGS: Duration = Duration::from_secs(20);
/// After that a call that cannot go on is given up.
const SHORT: Duration = Duration::from_millis(1);

/// Contexts with an update of one of them under way: its closure runs in a thread of its own, until
/// it is released.
struct HeldUp<S: StrategyKind> {
    contexts: Contexts<S>,
    clock: ManualClock,
    release: Sender<()>,
    updater: JoinHandle<()>,
}

fn held() -> ContextId {
    id("held")
}

fn other() -> ContextId {
    id("other")
}

impl<S: StrategyKind> HeldUp<S> {
    fn new(held: Draft) -> Self {
        let clock = ManualClock::new();
        let builder = Contexts::builder().clock(clock.clone()).feed(100);
        let contexts: Contexts<S> = builder.build();
        pollster::block_on(async {
            contexts.create(self::held(), held).await.unwrap();
            contexts.create(other(), start()).await.unwrap();
        });
        let (entered, is_entered) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let updater = thread::spawn({
            let contexts = contexts.clone();
            move || {
                let id = self::held();
                let update = contexts.update(&id, move |context| {
                    entered.send(()).unwrap();
                    let released = released.recv_timeout(HANGS);
                    released.expect("nobody waits for this update");
                    incremented(context)
                });
                pollster::block_on(update).unwrap();
            }
        });
        is_entered.recv_timeout(HANGS).unwrap();
        Self {
            contexts,
            clock,
            release,
            updater,
        }
    }

    /// Lets the update commit.
    fn release(self) -> Contexts<S> {
        self.release.send(()).unwrap();
        self.updater.join().unwrap();
        self.contexts
    }
}

fn start() -> Document {
    document(r#"{"n": 1}"#)
}

/// Both runtimes that tokio has.
fn runtimes() -> [Runtime; 2] {
    let current_thread = Builder::new_current_thread().enable_time().build();
    [common::runtime(), current_thread.unwrap()]
}

/// What the contexts hold, as far as anyone can see it, without waiting for an update.
async fn contents<S: StrategyKind>(contexts: &Contexts<S>) -> Vec<String> {
    let mut all: Vec<_> = contexts
        .snapshot()
        .await
        .iter()
        .map(|context| {
            let (metadata, lifetime) = (context.metadata(), context.time_to_live());
            format!("{context:?} {metadata:?} {lifetime:?}")
        })
        .collect();
    all.sort();
    all
}

/// With strategies that await.
async fn is_cut_short<S: StrategyKind>((name, call): (&str, Call<S>)) {
    let held_up = HeldUp::<S>::new(start().into());
    let contexts = held_up.contexts.clone();
    let before = contents(&contexts).await;

    let outcome = timeout(SHORT, call(contexts.clone())).await;
    assert!(outcome.is_err(), "{name} did not wait for the update");
    assert_eq!(contents(&contexts).await, before, "{name}");

    // The update commits as if nobody had waited, and nobody is waited for.
    let version = contexts.get(&held()).await.unwrap().version();
    held_up.release();
    let after = contexts.get(&held()).await.unwrap();
    assert_eq!((after.version(), n(&after)), (version.next(), 2), "{name}");
    let updated = timeout(HANGS, contexts.update(&held(), incremented)).await;
    assert_eq!(updated.unwrap(), Ok(version.next().next()), "{name}");
    assert_eq!(
        contexts.read(&other(), |it| n(&it)).await,
        Some(1),
        "{name}"
    );
}

/// With strategies that never await the thread waits for its turn, and then it is done.
fn is_not_cut_short<S: StrategyKind>(runtime: &Runtime, (name, call): (&str, Call<S>)) {
    let held_up = HeldUp::<S>::new(start().into());
    let contexts = held_up.contexts.clone();
    let outcome = thread::scope(|scope| {
        let (calling, is_calling) = mpsc::channel();
        let caller = scope.spawn(move || {
            runtime.block_on(async {
                calling.send(()).unwrap();
                timeout(Duration::ZERO, call(contexts)).await
            })
        });
        is_calling.recv_timeout(HANGS).unwrap();
        let contexts = held_up.release();
        let outcome = caller.join().unwrap();
        let held = pollster::block_on(contexts.get(&held()));
        (outcome, held.map(|held| held.version().get()))
    });
    let expected = match name {
        // Made before the update, which came first.
        "compare_and_set" => (Ok(false), Some(2)),
        "delete" => (Ok(true), None),
        _ => (Ok(true), Some(3)),
    };
    assert_eq!(outcome, expected, "{name}");
}

#[test]
fn a_write_that_awaits_its_turn_times_out_and_changes_nothing() {
    struct Each;
    impl Visitor for Each {
        fn visit<S: StrategyKind>(&mut self) {
            for runtime in runtimes() {
                for call in writes::<S>() {
                    if S::AWAITS {
                        runtime.block_on(is_cut_short(call));
                    } else {
                        is_not_cut_short(&runtime, call);
                    }
                }
            }
        }
    }
    kind::visit_all(&mut Each);
}

#[test]
fn a_read_does_not_wait_for_an_update() {
    struct Each;
    impl Visitor for Each {
        fn visit<S: StrategyKind>(&mut self) {
            for runtime in runtimes() {
                let held_up = HeldUp::<S>::new(start().into());
                for (name, call) in reads::<S>() {
                    // Were it to wait, then for an update that ends in a panic.
                    let call = call(held_up.contexts.clone());
                    let outcome = runtime.block_on(async { timeout(HANGS, call).await });
                    assert_eq!(outcome, Ok(true), "{name}");
                }
                held_up.release();
            }
        }
    }
    kind::visit_all(&mut Each);
}

/// Who meets an expired context removes it, and that waits for an update that is under way.
#[test]
fn a_call_that_awaits_a_removal_times_out_and_the_update_renews() {
    struct Each;
    impl Visitor for Each {
        fn visit<S: StrategyKind>(&mut self) {
            for runtime in runtimes().into_iter().filter(|_| S::AWAITS) {
                for (name, call) in reads::<S>() {
                    let minute = Duration::from_secs(60);
                    let held = Draft::new(start()).time_to_live(minute);
                    let held_up = HeldUp::<S>::new(held);
                    held_up.clock.advance(minute);
                    let call = call(held_up.contexts.clone());
                    let outcome = runtime.block_on(async { timeout(SHORT, call).await });
                    assert!(outcome.is_err(), "{name} did not wait for the removal");
                    let contexts = held_up.release();
                    let renewed = runtime.block_on(contexts.get(&self::held()));
                    assert_eq!(renewed.map(|it| n(&it)), Some(2), "{name}");
                }
            }
        }
    }
    kind::visit_all(&mut Each);
}

/// A method that is added must be among the calls.
#[test]
fn every_async_method_is_called_here() {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<S: StrategyKind>(&mut self) {
            self.0.extend(writes::<S>().iter().map(|(name, _)| name));
            self.0.extend(reads::<S>().iter().map(|(name, _)| name));
        }
    }
    let mut names = Names(Vec::new());
    kind::visit_all(&mut names);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/contexts");
    let mut methods = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for method in source.split("\n    pub async fn ").skip(1) {
            let name = method.split(['<', '(']).next().unwrap();
            assert!(names.0.contains(&name), "`{name}` is not called");
            methods += 1;
        }
    }
    assert!(methods >= 20, "{methods}");
}
