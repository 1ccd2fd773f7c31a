//! Contexts with a full history, and the tasks that work on them.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contexture::{ContextId, Contexts, StrategyKind};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, JoinHandle, yield_now};

use super::documents;
use super::memory::Replace;
use crate::error::LabError;
use crate::results::requirements::Scale;
use crate::workload::generator;

/// The contexts of one strategy, shared by all tasks.
pub(super) struct World<S: StrategyKind> {
    pub(super) contexts: Contexts<S>,
    pub(super) ids: Vec<ContextId>,
    pub(super) scale: Scale,
    pub(super) seed: u64,
    stop: Arc<AtomicBool>,
}

/// A runtime whose threads are as many as the scale says.
pub(super) fn runtime(scale: &Scale) -> Result<Runtime, LabError> {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(scale.worker_threads).enable_time();
    builder
        .build()
        .map_err(|source| LabError::Runtime { source })
}

impl<S: StrategyKind> World<S> {
    /// No contexts yet. When `stop` becomes true, tasks end early, and nothing that was measured
    /// counts.
    pub(super) fn new(scale: Scale, seed: u64, stop: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self {
            contexts: Contexts::builder().history(scale.history).build(),
            ids: documents::ids(scale.contexts),
            scale,
            seed,
            stop,
        })
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Creates every context and updates each until its history is full, all contexts in turn.
    pub(super) async fn fill(self: &Arc<Self>, replace: Replace) -> Result<u64, LabError> {
        let handles = self.spawn(|world, task| world.fill_share(task, replace));
        let updates = Self::join(handles).await?;
        Ok(updates.into_iter().sum())
    }

    /// Creates and updates the contexts of one task; returns how many updates it made.
    async fn fill_share(self: Arc<Self>, task: usize, replace: Replace) -> Result<u64, String> {
        for context in self.share(task, self.scale.contexts) {
            let document = documents::document(self.seed, context, 0);
            let created = self.contexts.create(self.ids[context].clone(), document);
            created.await.map_err(text)?;
            yield_now().await;
        }
        let mut random = generator(self.seed, &[0xf111, task as u64]);
        let mut updates = 0;
        for version in 1..=self.scale.history {
            for context in self.share(task, self.scale.contexts) {
                if self.stopped() {
                    return Ok(updates);
                }
                let id = &self.ids[context];
                match replace {
                    Replace::OneField => self.change(id, documents::note(&mut random)).await?,
                    Replace::WholeDocument => {
                        let document = documents::document(self.seed, context, version);
                        let replaced = self.contexts.update(id, |_| document);
                        replaced.await.map_err(text)?;
                    }
                }
                updates += 1;
                yield_now().await;
            }
        }
        Ok(updates)
    }

    /// Updates one field of a context.
    pub(super) async fn change(&self, id: &ContextId, note: String) -> Result<(), String> {
        let changed = self
            .contexts
            .try_update(id, |context| context.with(documents::CHANGING, &note));
        changed.await.map(drop).map_err(text)
    }

    /// The sum over all contexts of the updates that are in them.
    pub(super) async fn effective_updates(&self) -> u64 {
        let snapshot = self.contexts.snapshot().await;
        let versions = snapshot.iter().map(|context| context.version().get());
        // Each was created at version 1, and none was ever removed.
        versions.map(|version| version - 1).sum()
    }

    /// Every context there should be has as many former versions as are kept.
    pub(super) async fn check_full(&self) -> Result<(), LabError> {
        let snapshot = self.contexts.snapshot().await;
        let full = snapshot
            .iter()
            .filter(|context| context.history().len() == self.scale.history);
        let (full, all) = (full.count(), self.scale.contexts);
        if (full, snapshot.len()) != (all, all) {
            return Err(Self::failed(format!(
                "{full} of {} contexts have a full history, {all} should",
                snapshot.len()
            )));
        }
        Ok(())
    }

    /// Which of so many contexts a task looks after.
    pub(super) fn share(&self, task: usize, of: usize) -> impl Iterator<Item = usize> + use<S> {
        (task..of).step_by(self.scale.tasks)
    }

    /// Starts all tasks.
    pub(super) fn spawn<T, F>(
        self: &Arc<Self>,
        work: impl Fn(Arc<Self>, usize) -> F,
    ) -> Vec<JoinHandle<Result<T, String>>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        (0..self.scale.tasks)
            .map(|task| tokio::spawn(work(Arc::clone(self), task)))
            .collect()
    }

    /// What all tasks came to, or the first thing that went wrong.
    pub(super) async fn join<T>(
        handles: Vec<JoinHandle<Result<T, String>>>,
    ) -> Result<Vec<T>, LabError> {
        let mut outcomes = Vec::with_capacity(handles.len());
        for handle in handles {
            let outcome = handle.await.map_err(Self::panicked)?;
            outcomes.push(outcome.map_err(Self::failed)?);
        }
        Ok(outcomes)
    }

    pub(super) fn failed(reason: String) -> LabError {
        LabError::Engine {
            subject: S::NAME,
            reason,
        }
    }

    pub(super) fn panicked(error: JoinError) -> LabError {
        let message = match error.try_into_panic() {
            Ok(panic) => crate::words::panic_message(&*panic),
            Err(error) => error.to_string(),
        };
        LabError::Panicked {
            subject: S::NAME,
            message,
        }
    }
}

pub(super) fn text(error: impl Display) -> String {
    error.to_string()
}
