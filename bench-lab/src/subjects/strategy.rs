//! Every registered strategy, through one adapter over the async contract.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use contexture::Document;
use contexture_strategies::kind::{Visitor, visit_all};
use contexture_strategies::{Strategy, StrategyKind};

use super::body::flat;
use super::{About, Body, Entry, Kind, Subject};
use crate::documents::{Dataset, Key, Target};
use crate::error::LabError;
use crate::verification::Verification;
use crate::worker::{Tally, Worker};
use crate::workload::Operation;

/// One entry for each strategy of the registry.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Entries(Vec::new());
    visit_all(&mut entries);
    entries.0
}

struct Entries(Vec<Entry>);

impl Visitor for Entries {
    fn visit<S: StrategyKind>(&mut self) {
        let about = About {
            name: S::NAME,
            kind: Kind::Strategy,
            body: Body::Copied,
            verification: Verification::of(S::NAME),
            note: "async contract, `read` and `try_update` by closure; a worker that waits polls again",
        };
        self.0.push(Entry {
            about,
            fill: Adapter::<S>::fill,
        });
    }
}

struct Adapter<S: StrategyKind> {
    store: S::Store<Key, Document>,
}

impl<S: StrategyKind> Adapter<S> {
    fn fill(dataset: &Dataset, _workers: usize) -> Result<Box<dyn Subject>, LabError> {
        let failed = |reason| LabError::Fill {
            subject: S::NAME,
            reason,
        };
        let store = S::Store::<Key, Document>::new();
        for (context, target) in dataset.targets.iter().enumerate() {
            let document = dataset.document(context).map_err(failed)?;
            pollster::block_on(store.create(target.key.clone(), document))
                .map_err(|error| failed(error.to_string()))?;
        }
        Ok(Box::new(Self { store }))
    }

    #[inline]
    async fn perform(&self, target: &Target, operation: Operation) -> bool {
        if operation.is_update() {
            self.store
                .try_update(&target.key, |current| {
                    flat::incremented(current.value()).ok_or(())
                })
                .await
                .is_ok()
        } else {
            self.store
                .read(&target.key, |current| {
                    flat::read(current.value(), &target.field)
                })
                .await
                .unwrap_or(false)
        }
    }

    async fn drive(&self, worker: &mut Worker<'_>) {
        while let Some(block) = worker.next_block() {
            let mut tally = Tally::default();
            for operation in block.untimed {
                let done = self.perform(worker.target(*operation), *operation).await;
                tally.count(*operation, done);
            }
            let timer = worker.start_timer();
            let done = self.perform(worker.target(block.timed), block.timed).await;
            tally.count(block.timed, done);
            worker.finish(block.timed, timer, tally);
        }
    }
}

impl<S: StrategyKind> Subject for Adapter<S> {
    fn work(&self, worker: &mut Worker<'_>) {
        run_busily(self.drive(worker));
    }

    fn updates(&self, targets: &[Target]) -> u64 {
        let count = |target: &Target| {
            let read = self
                .store
                .read(&target.key, |current| flat::counter(current.value()));
            pollster::block_on(read).unwrap_or(0)
        };
        targets.iter().map(count).sum()
    }
}

/// Runs a future to its end without ever letting the thread sleep.
///
/// A runtime's thread has other tasks to go on with while one waits, and finds it ready again when
/// it comes round. A worker here has no others; were it to sleep instead, each contended wait of
/// an awaited lock would cost what it costs the system to wake a thread.
fn run_busily<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
