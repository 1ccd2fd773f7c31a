//! How long updates, snapshots and rollbacks take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contexture::StrategyKind;
use hdrhistogram::Histogram;
use rand::RngExt;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::documents;
use super::memory::Replace;
use super::world::{World, runtime, text};
use crate::error::LabError;
use crate::results::requirements::{Scale, Timed};
use crate::worker::{Tally, empty_histogram};
use crate::workload::generator;

/// Between two snapshots, so that there is something new in each.
const BETWEEN_SNAPSHOTS: Duration = Duration::from_millis(5);

/// What one strategy came to.
pub(super) struct Load {
    pub(super) timed: Timed,
    /// Writes that were acknowledged.
    pub(super) tally: Tally,
    /// Writes that are in the contexts.
    pub(super) effective: u64,
}

/// Fills contexts and times what is required. `None` if it was stopped.
pub(super) fn measure<S: StrategyKind>(
    scale: &Scale,
    seed: u64,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Load>, LabError> {
    let world = World::<S>::new(*scale, seed, Arc::clone(stop));
    let runtime = runtime(scale)?;
    let load = runtime.block_on(async { tokio::spawn(phases(world)).await });
    load.map_err(World::<S>::panicked)?
}

/// One after the other: filling, updates, snapshots, both, rollbacks, checks.
async fn phases<S: StrategyKind>(world: Arc<World<S>>) -> Result<Option<Load>, LabError> {
    let scale = world.scale;
    let mut acknowledged = world.fill(Replace::OneField).await?;
    if world.stopped() {
        return Ok(None);
    }
    world.check_full().await?;

    let quota = scale.updates.div_ceil(scale.tasks);
    let handles = world.spawn(|world, task| {
        let more = move |done| done < quota;
        update(world, task, Arc::new(AtomicUsize::new(0)), more)
    });
    let updates = sum(&World::<S>::join(handles).await?);
    let quiet = snapshots(Arc::clone(&world)).await;
    let (loaded, beside) = snapshots_beside_updates(&world).await?;
    world.check_full().await?;

    let handles = world.spawn(rollback);
    let rollbacks = sum(&World::<S>::join(handles).await?);
    for written in [&updates, &beside, &rollbacks] {
        acknowledged += written.len();
    }
    if world.stopped() {
        return Ok(None);
    }
    Ok(Some(Load {
        timed: Timed::of([&updates, &beside, &quiet, &loaded, &rollbacks]),
        tally: Tally {
            acknowledged,
            failed: 0,
        },
        effective: world.effective_updates().await,
    }))
}

/// Updates contexts, each as likely as the others, for as long as `more` says, which is told how
/// many updates are done.
async fn update<S: StrategyKind>(
    world: Arc<World<S>>,
    task: usize,
    started: Arc<AtomicUsize>,
    more: impl Fn(usize) -> bool + Send,
) -> Result<Histogram<u64>, String> {
    let mut random = generator(world.seed, &[0x0bda, task as u64]);
    let mut times = empty_histogram();
    let mut done = 0;
    while more(done) && !world.stopped() {
        let id = &world.ids[random.random_range(0..world.ids.len())];
        let note = documents::note(&mut random);
        let start = Instant::now();
        world.change(id, note).await?;
        record(&mut times, start);
        done += 1;
        if done == 1 {
            started.fetch_add(1, Ordering::Relaxed);
        }
        yield_now().await;
    }
    Ok(times)
}

async fn snapshots<S: StrategyKind>(world: Arc<World<S>>) -> Histogram<u64> {
    let mut times = empty_histogram();
    for _ in 0..world.scale.snapshots {
        if world.stopped() {
            break;
        }
        let start = Instant::now();
        let snapshot = world.contexts.snapshot().await;
        record(&mut times, start);
        drop(snapshot);
        sleep(BETWEEN_SNAPSHOTS).await;
    }
    times
}

/// Snapshots while all tasks update, and the updates meanwhile.
async fn snapshots_beside_updates<S: StrategyKind>(
    world: &Arc<World<S>>,
) -> Result<(Histogram<u64>, Histogram<u64>), LabError> {
    let started = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let handles = world.spawn(|world, task| {
        let over = Arc::clone(&over);
        let more = move |_| !over.load(Ordering::Relaxed);
        // Other keys than the updates before.
        let task = task + world.scale.tasks;
        update(world, task, Arc::clone(&started), more)
    });
    // Not before every task is at it. One that has ended already has failed, and says so below.
    while started.load(Ordering::Relaxed) < handles.len()
        && !handles.iter().any(tokio::task::JoinHandle::is_finished)
    {
        sleep(Duration::from_millis(1)).await;
    }
    let snapshots = tokio::spawn(snapshots(Arc::clone(world))).await;
    over.store(true, Ordering::Relaxed);
    let updates = World::<S>::join(handles).await?;
    Ok((snapshots.map_err(World::<S>::panicked)?, sum(&updates)))
}

/// Takes contexts back to the oldest version there is, each once.
async fn rollback<S: StrategyKind>(
    world: Arc<World<S>>,
    task: usize,
) -> Result<Histogram<u64>, String> {
    let mut times = empty_histogram();
    let contexts = world.share(task, world.scale.rollbacks.min(world.ids.len()));
    for context in contexts {
        if world.stopped() {
            break;
        }
        let id = &world.ids[context];
        let before = world.contexts.get(id).await.ok_or("a context is gone")?;
        let oldest = before.history().last().ok_or("a context has no history")?;
        let start = Instant::now();
        let back = world.contexts.rollback(id, oldest.version()).await;
        record(&mut times, start);
        let version = back.map_err(text)?;
        let after = world.contexts.get(id).await.ok_or("a context is gone")?;
        if after.version() != version || after.document() != oldest.document() {
            return Err(format!(
                "a rollback to {} brought something else",
                oldest.version()
            ));
        }
        yield_now().await;
    }
    Ok(times)
}

fn record(times: &mut Histogram<u64>, start: Instant) {
    let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    // Above what fits it counts as the longest that does, which is far beyond every limit.
    times.saturating_record(nanos);
}

fn sum(parts: &[Histogram<u64>]) -> Histogram<u64> {
    let mut sum = empty_histogram();
    for part in parts {
        sum.add(part).expect("all histograms have the same bounds");
    }
    sum
}
