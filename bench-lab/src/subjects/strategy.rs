//! Every registered strategy, through one of two adapters: those that never await through the
//! contract without async, as a thread would use them; the others through that with.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use contexture::{ContextId, Document};
use contexture_strategies::kind::{SyncVisitor, Visitor, visit_all, visit_sync};
use contexture_strategies::{Strategy, StrategyKind, SyncStrategy, SyncStrategyKind};

use super::body::flat;
use super::{About, Audit, Body, Entry, Fill, Kind, Perform, Subject};
use crate::documents::{Dataset, Target};
use crate::keys::{Key, Keys};
use crate::verification::Verification;
use crate::worker::{Tally, Worker};
use crate::workload::{Action, Operation};

/// One entry for each strategy of the registry.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Entries(Vec::new());
    visit_all(&mut entries);
    visit_sync(&mut entries);
    entries.0
}

struct Entries(Vec<Entry>);

impl Entries {
    fn push(&mut self, name: &'static str, note: &'static str, fill: Fill) {
        let about = About {
            name,
            kind: Kind::Strategy,
            body: Body::Copied,
            verification: Verification::of(name),
            note,
        };
        self.0.push(Entry { about, fill });
    }
}

impl Visitor for Entries {
    fn visit<S: StrategyKind>(&mut self) {
        if S::AWAITS {
            let note = "async contract, `read` and `try_update` by closure; a worker that waits polls \
                        again";
            self.push(S::NAME, note, fill::<S>);
        }
    }
}

impl SyncVisitor for Entries {
    fn visit<S: SyncStrategyKind>(&mut self) {
        let note = "contract without async, `read` and `try_update` by closure";
        self.push(S::NAME, note, fill_sync::<S>);
    }
}

fn fill<S: StrategyKind>(dataset: &Dataset, _workers: usize) -> Result<Box<dyn Subject>, String> {
    Ok(match dataset.keys {
        Keys::String => Box::new(Adapter::<ContextId, S>::fill(dataset)?),
        Keys::U64 => Box::new(Adapter::<u64, S>::fill(dataset)?),
    })
}

fn fill_sync<S: SyncStrategyKind>(
    dataset: &Dataset,
    _workers: usize,
) -> Result<Box<dyn Subject>, String> {
    Ok(match dataset.keys {
        Keys::String => Box::new(SyncAdapter(Adapter::<ContextId, S>::fill(dataset)?)),
        Keys::U64 => Box::new(SyncAdapter(Adapter::<u64, S>::fill(dataset)?)),
    })
}

struct Adapter<K: Key, S: StrategyKind> {
    store: S::Store<K, Document>,
    targets: Box<[Target<K>]>,
    /// What documents are created from.
    template: Document,
}

impl<K: Key, S: StrategyKind> Adapter<K, S> {
    fn fill(dataset: &Dataset) -> Result<Self, String> {
        let store = S::Store::<K, Document>::new();
        let targets = dataset.targets::<K>();
        for (entry, target) in targets.iter().enumerate() {
            let document = dataset.document(entry)?;
            pollster::block_on(store.create(target.key.clone(), document))
                .map_err(|error| error.to_string())?;
        }
        Ok(Self {
            store,
            targets,
            template: dataset.document(dataset.typical_context())?,
        })
    }

    #[inline]
    async fn perform(&self, operation: Operation) -> bool {
        let Target { key, field } = &self.targets[operation.entry()];
        let store = &self.store;
        match operation.action() {
            Action::Read => {
                let read = store.read(key, |current| flat::read(current.value(), field));
                read.await.unwrap_or(false)
            }
            Action::Get => {
                let found = store.get(key).await;
                found.is_some_and(|current| flat::read(current.value(), field))
            }
            Action::Update => {
                let updated =
                    store.try_update(key, |current| flat::incremented(current.value()).ok_or(()));
                updated.await.is_ok()
            }
            Action::Create => {
                let created = store.create(key.clone(), self.template.clone());
                created.await.is_ok()
            }
            Action::Remove => store.remove(key, None).await.is_ok(),
            // Due by time, never drawn.
            Action::Snapshot => false,
        }
    }

    async fn drive(&self, worker: &mut Worker<'_>) {
        while let Some(block) = worker.next_block() {
            let mut tally = Tally::default();
            for operation in block.untimed {
                tally.count(*operation, self.perform(*operation).await);
            }
            let timer = worker.start_timer();
            let done = self.perform(block.timed).await;
            tally.count(block.timed, done);
            worker.finish(block.timed, timer, tally);
            if worker.snapshot_is_due() {
                let timer = worker.start_timer();
                let entries = self.store.snapshot().await.len();
                worker.finish_snapshot(timer, entries == self.targets.len());
            }
        }
        if let Some(operation) = worker.unfinished() {
            let mut tally = Tally::default();
            tally.count(operation, self.perform(operation).await);
            worker.finish_last(tally);
        }
    }
}

impl<K: Key, S: StrategyKind> Subject for Adapter<K, S> {
    fn work(&self, worker: &mut Worker<'_>) {
        run_busily(self.drive(worker));
    }

    fn audit(&self) -> Audit {
        let snapshot = pollster::block_on(self.store.snapshot());
        Audit {
            entries: snapshot.len(),
            updates: snapshot
                .iter()
                .map(|(_, current)| flat::counter(current.value()))
                .sum(),
        }
    }
}

/// The same store, used without async.
struct SyncAdapter<K: Key, S: SyncStrategyKind>(Adapter<K, S>);

impl<K: Key, S: SyncStrategyKind> Subject for SyncAdapter<K, S> {
    fn work(&self, worker: &mut Worker<'_>) {
        (&mut &self.0).drive(worker);
    }

    fn audit(&self) -> Audit {
        self.0.audit()
    }
}

impl<K: Key, S: SyncStrategyKind> Perform for &Adapter<K, S> {
    #[inline]
    fn perform(&mut self, operation: Operation) -> bool {
        let Target { key, field } = &self.targets[operation.entry()];
        let store = &self.store;
        match operation.action() {
            Action::Read => {
                let read = store.read_sync(key, |current| flat::read(current.value(), field));
                read.unwrap_or(false)
            }
            Action::Get => {
                let found = store.get_sync(key);
                found.is_some_and(|current| flat::read(current.value(), field))
            }
            Action::Update => {
                let next = |current: &contexture_strategies::Versioned<Document>| {
                    flat::incremented(current.value()).ok_or(())
                };
                store.try_update_sync(key, next).is_ok()
            }
            Action::Create => store
                .create_sync(key.clone(), self.template.clone())
                .is_ok(),
            Action::Remove => store.remove_sync(key, None).is_ok(),
            // Due by time, never drawn.
            Action::Snapshot => false,
        }
    }

    fn snapshot(&mut self) -> bool {
        self.store.snapshot_sync().len() == self.targets.len()
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
