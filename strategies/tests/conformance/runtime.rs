//! Where a case runs, and how long it may take.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// What runs the tasks of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    CurrentThread,
    MultiThread,
    NoRuntime,
}

impl Flavour {
    pub(crate) const ALL: [Self; 2] = [Self::CurrentThread, Self::MultiThread];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CurrentThread => "current_thread",
            Self::MultiThread => "multi_thread",
            Self::NoRuntime => "no_runtime",
        }
    }

    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::MultiThread => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        builder.worker_threads(4).enable_time().build().unwrap()
    }

    /// Runs one case to its end, on a task of a fresh runtime; a deadlock fails it.
    pub(crate) fn run<F: Future<Output = ()> + Send + 'static>(
        self,
        case: impl FnOnce() -> F + Send + 'static,
    ) {
        within(DEADLINE, move || {
            let runtime = self.runtime();
            let task = runtime.spawn(async move { case().await });
            if let Err(failure) = runtime.block_on(task) {
                // A failed case may have left threads behind that would never end.
                runtime.shutdown_background();
                std::panic::resume_unwind(failure.into_panic());
            }
        });
    }
}

/// Long enough for anything that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Long enough for any case on a busy machine; only a deadlock takes longer.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a refused read says when it panics.
pub(crate) const REENTRANT: &str = "called from inside a closure";

/// Keeps the panics of refused calls, which cases provoke by the dozen, out of the output.
pub(crate) fn hide_expected_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let message = info.payload().downcast_ref::<String>();
        if !message.is_some_and(|message| message.contains(REENTRANT)) {
            report(info);
        }
    }));
}

/// How often each case is run in a row.
pub(crate) fn repeats() -> usize {
    std::env::var("CONFORMANCE_REPEAT").map_or(1, |times| times.parse().unwrap())
}

/// Runs `f` on a thread of its own and panics if it takes longer than `limit`.
pub(crate) fn within<R: Send + 'static>(
    limit: Duration,
    f: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(f))));
    match outcome.recv_timeout(limit) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => panic!("deadlock: not done after {limit:?}"),
    }
}

/// Runs a future on a thread of its own, outside of any runtime.
pub(crate) fn on_thread<R: Send + 'static>(
    future: impl Future<Output = R> + Send + 'static,
) -> thread::JoinHandle<R> {
    thread::spawn(|| pollster::block_on(future))
}

/// Waits until all tasks are done, and passes on the panic of one that failed.
pub(crate) async fn join<R>(tasks: impl IntoIterator<Item = JoinHandle<R>>) -> Vec<R> {
    let mut results = Vec::new();
    for task in tasks {
        match task.await {
            Ok(result) => results.push(result),
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }
    results
}

/// Runs `f`, which is expected to panic, without letting the panic message clutter the output.
pub(crate) async fn expect_panic<R: Send + 'static>(
    future: impl Future<Output = R> + Send + 'static,
) -> Box<dyn Any + Send> {
    let outcome = tokio::spawn(future).await;
    outcome.err().expect("no panic").into_panic()
}
