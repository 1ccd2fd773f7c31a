//! Plugins: what each kind is promised, over every enabled strategy and on both runtimes.

#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_types,
    reason = "plugins of the tests, which no loom models"
)]

mod audit;
#[cfg(feature = "json-schema")]
mod json_schema;
mod observers;
mod panics;
mod reentrant;
mod registry;
mod transformations;
mod validators;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use contexture::plugins::{Failure, Observer};
use contexture::{Commit, ContextId, Contexts, Document, Operation, StrategyKind};
use tokio::runtime::{Builder, Runtime};

/// A test that runs once for each enabled strategy, on each kind of runtime.
macro_rules! over_every_strategy {
    ($($name:ident => $test:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: contexture::StrategyKind>(&mut self) {
                    for runtime in crate::runtimes() {
                        println!("{} {:?}", S::NAME, runtime.handle().runtime_flavor());
                        crate::within_a_minute(move || runtime.block_on($test::<S>()));
                    }
                }
            }
            contexture::kind::visit_all(&mut Each);
        }
    )*};
}

use over_every_strategy;

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_multi_thread().worker_threads(4).build(),
        Builder::new_current_thread().build(),
    ]
    .map(Result::unwrap)
}

/// Fails if `test` does, or does not end: what waits for itself waits forever.
fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel();
    let running = thread::spawn(move || {
        test();
        ended.send(()).unwrap();
    });
    if end.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
        panic!("it waits forever");
    }
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

fn id(text: &str) -> ContextId {
    ContextId::new(text).unwrap()
}

fn document(json: &str) -> Document {
    Document::parse(json).unwrap()
}

fn n(document: &Document) -> u64 {
    document.get("n").unwrap().as_u64().unwrap()
}

fn incremented(document: &Document) -> Document {
    document.with("n", &(n(document) + 1)).unwrap()
}

/// Every context with its version, and the newest revision: what must not change.
async fn state<S: StrategyKind>(contexts: &Contexts<S>) -> String {
    let snapshot = contexts.snapshot().await;
    let mut all: Vec<_> = snapshot
        .iter()
        .map(|it| format!("{} {} {} {:?}", it.id(), it.version(), *it, it.metadata()))
        .collect();
    all.sort();
    format!("{all:?} {:?}", snapshot.revision())
}

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Recorder {
    commits: Mutex<Vec<Commit>>,
    failures: Mutex<Vec<Failed>>,
}

/// A failure that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failed {
    operation: Operation,
    id: Option<ContextId>,
    actor: Option<String>,
    error: String,
}

impl Recorder {
    /// Registered as `recorder`.
    fn of<S: StrategyKind>(contexts: &Contexts<S>) -> Arc<Self> {
        let recorder = Arc::new(Self::default());
        let registered = Arc::clone(&recorder);
        contexts
            .plugins()
            .add_observer("recorder", registered)
            .unwrap();
        recorder
    }

    fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut *self.commits.lock().unwrap())
    }

    fn take_failures(&self) -> Vec<Failed> {
        std::mem::take(&mut *self.failures.lock().unwrap())
    }
}

impl Observer for Recorder {
    fn committed(&self, commit: &Commit) {
        self.commits.lock().unwrap().push(commit.clone());
    }

    fn failed(&self, failure: &Failure<'_>) {
        self.failures.lock().unwrap().push(Failed {
            operation: failure.operation(),
            id: failure.id().cloned(),
            actor: failure.actor().map(str::to_owned),
            error: failure.error().to_string(),
        });
    }
}
