//! One thread's part of a round: it hands out operations block by block, times the last one of
//! each block, and keeps the worker's record of the window.
//!
//! Invariant: the clock is read twice a block and never inside it. Operations at the window's
//! edges are apportioned by time within their block, so a worker's count is off by less than one
//! block at either edge.

use std::num::NonZeroU64;

use hdrhistogram::Histogram;

use crate::window::{Attendance, Gate, Window};
use crate::workload::{Action, Operation, SEQUENCE};

/// Operations in a block; one in so many is timed. Prime, so that it falls into step with no
/// pattern of operations.
pub const BLOCK: usize = 127;

/// Latencies in nanoseconds, to two significant digits, up to a minute.
pub(crate) fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("these bounds are valid")
}

/// How long each action took: a histogram for each, in the order of [`Action::ALL`].
pub(crate) type Histograms = [Histogram<u64>; Action::ALL.len()];

/// Nothing timed yet.
pub(crate) fn empty_histograms() -> Histograms {
    Action::ALL.map(|_| empty_histogram())
}

/// The next operations to perform: all untimed ones, then the timed one between
/// [`Worker::start_timer`] and [`Worker::finish`].
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// To be performed in order, without a clock.
    pub untimed: &'a [Operation],
    /// To be performed last, timed.
    pub timed: Operation,
}

/// What became of the operations of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Updates the subject acknowledged.
    pub acknowledged: u64,
    /// Operations that did not find their entry or field, or were refused, and snapshots that did
    /// not have every entry. There should be none.
    pub failed: u64,
}

impl Tally {
    /// Counts what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.failed += other.failed;
    }

    /// Counts one operation. `done` is what the subject said.
    #[inline]
    pub fn count(&mut self, operation: Operation, done: bool) {
        self.acknowledged += u64::from(operation.is_update() & done);
        self.failed += u64::from(!done);
    }
}

/// One worker of a round, to be driven like this:
///
/// ```text
/// while let Some(block) = worker.next_block() {
///     // perform block.untimed
///     let timer = worker.start_timer();
///     // perform block.timed
///     worker.finish(block.timed, timer, tally);
///     if worker.snapshot_is_due() {
///         let timer = worker.start_timer();
///         // take a snapshot
///         worker.finish_snapshot(timer, whether_it_has_every_entry);
///     }
/// }
/// if let Some(operation) = worker.unfinished() {
///     // perform it
///     worker.finish_last(tally);
/// }
/// ```
#[derive(Debug)]
pub struct Worker<'a> {
    index: usize,
    operations: &'a [Operation],
    position: usize,
    gate: &'a Gate,
    /// How many nanoseconds after one snapshot the next is due, if there are any.
    snapshot_every: Option<NonZeroU64>,
    /// Where the previous block ended: time and operations done.
    edge: (u64, u64),
    phase: Phase,
    at_start: f64,
    record: Record,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Before the window: warming up.
    Before,
    Inside(Window),
    /// After the window: keeping the contention up for those who are not.
    After,
}

/// What a worker brings home from a round.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) attendance: Attendance,
    pub(crate) tally: Tally,
    pub(crate) latencies: Histograms,
}

impl<'a> Worker<'a> {
    /// `operations` has [`SEQUENCE`] operations and the first [`BLOCK`] of them again.
    pub(crate) fn new(
        index: usize,
        operations: &'a [Operation],
        snapshot_every: Option<NonZeroU64>,
        gate: &'a Gate,
    ) -> Self {
        debug_assert_eq!(operations.len(), SEQUENCE + BLOCK);
        Self {
            index,
            operations,
            position: 0,
            gate,
            snapshot_every,
            edge: (gate.now(), 0),
            phase: Phase::Before,
            at_start: 0.0,
            record: Record {
                attendance: Attendance::default(),
                tally: Tally::default(),
                latencies: empty_histograms(),
            },
        }
    }

    /// Which of the round's workers this is, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// What to perform next; `None` when the round is over.
    #[inline]
    pub fn next_block(&mut self) -> Option<Block<'a>> {
        if self.phase == Phase::After && self.gate.all_past() {
            return None;
        }
        let block = &self.operations[self.position..self.position + BLOCK];
        self.position = (self.position + BLOCK) % SEQUENCE;
        let (timed, untimed) = block.split_last()?;
        Some(Block {
            untimed,
            timed: *timed,
        })
    }

    /// The time, to be taken right before the timed operation.
    #[inline]
    #[must_use]
    pub fn start_timer(&self) -> u64 {
        self.gate.now()
    }

    /// To be called right after the timed operation, with what became of the whole block.
    #[inline]
    pub fn finish(&mut self, timed: Operation, timer: u64, tally: Tally) {
        let now = self.gate.now();
        self.record.tally.add(tally);
        let (before, done) = self.edge;
        if self.record.attendance.started.is_none() {
            self.record.attendance.started = Some(before);
            self.gate.report();
        }
        self.record.attendance.stopped = now;

        if self.phase == Phase::Before
            && let Some(window) = self.gate.window()
            && window.start <= now
        {
            if window.start < before {
                // It learnt of the window too late to count from its start, and says so.
                self.record.attendance.started = Some(before);
            }
            self.at_start = done as f64 + portion(before, now, window.start);
            self.phase = Phase::Inside(window);
        }
        if let Phase::Inside(window) = self.phase {
            if (window.start..window.end).contains(&timer) {
                self.time(timed.action(), now - timer);
            }
            if window.end <= now {
                let at_end = done as f64 + portion(before, now, window.end);
                self.record.attendance.operations = at_end - self.at_start;
                self.phase = Phase::After;
                self.gate.pass();
            }
        }
        self.edge = (now, done + BLOCK as u64);
    }

    fn time(&mut self, action: Action, nanos: u64) {
        self.record.latencies[action as usize].saturating_record(nanos);
    }

    /// Whether this worker is to take a snapshot of the whole store now, between two blocks. It
    /// delays the next block and is no part of it, so it counts in no other operation's latency.
    #[inline]
    #[must_use]
    pub fn snapshot_is_due(&self) -> bool {
        match self.snapshot_every {
            // Nobody counts what is done after the window.
            Some(every) => self.phase != Phase::After && self.gate.claim_snapshot(every.get()),
            None => false,
        }
    }

    /// To be called when a snapshot was taken and dropped again. `timer` is from right before.
    pub fn finish_snapshot(&mut self, timer: u64, complete: bool) {
        let now = self.gate.now();
        self.record.tally.failed += u64::from(!complete);
        if let Phase::Inside(window) = self.phase
            && (window.start..window.end).contains(&timer)
        {
            self.time(Action::Snapshot, now - timer);
        }
    }

    /// At the end of the round, the creation of what was removed last, if that is still to come.
    /// Where rounds leave no entry missing, the next one can start anywhere.
    #[must_use]
    pub fn unfinished(&self) -> Option<Operation> {
        let next = self.operations[self.position];
        (next.action() == Action::Create).then_some(next)
    }

    /// To be called when the [`unfinished`](Self::unfinished) operation was performed.
    pub fn finish_last(&mut self, tally: Tally) {
        self.record.tally.add(tally);
    }

    pub(crate) fn into_record(self) -> Record {
        if self.phase != Phase::After {
            // It ended early. Nobody may wait for it; that it did shows in its attendance.
            self.gate.pass();
        }
        self.record
    }
}

/// How many operations of a block that ran from `before` to `now` were over at `instant`.
fn portion(before: u64, now: u64, instant: u64) -> f64 {
    let length = now.saturating_sub(before).max(1) as f64;
    let part = instant.saturating_sub(before) as f64;
    BLOCK as f64 * (part / length).min(1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    #[test]
    fn blocks_at_the_edge_are_apportioned_by_time() {
        assert_eq!(portion(100, 200, 100), 0.0);
        assert_eq!(portion(100, 200, 150), BLOCK as f64 / 2.0);
        assert_eq!(portion(100, 200, 200), BLOCK as f64);
        assert_eq!(portion(100, 100, 50), 0.0);
    }

    #[test]
    fn blocks_go_round_the_sequence_and_miss_nothing() {
        let gate = Gate::new(1);
        let operations: Vec<_> = (0..SEQUENCE + BLOCK)
            .map(|n| Operation::new(Action::Read, n % SEQUENCE))
            .collect();
        let mut worker = Worker::new(0, &operations, None, &gate);
        for n in 0..2 * SEQUENCE {
            let Some(block) = worker.next_block() else {
                panic!("the window never opened");
            };
            assert_eq!(block.untimed.len(), BLOCK - 1);
            assert_eq!(block.untimed[0].entry(), n * BLOCK % SEQUENCE);
            assert_eq!(block.timed.entry(), (n * BLOCK + BLOCK - 1) % SEQUENCE);
        }
    }

    #[test]
    fn tally_tells_updates_reads_and_failures_apart() {
        let mut tally = Tally::default();
        for action in [Action::Update, Action::Read, Action::Create, Action::Remove] {
            tally.count(Operation::new(action, 1), true);
            tally.count(Operation::new(action, 1), false);
        }
        assert_eq!((tally.acknowledged, tally.failed), (1, 4));
    }

    #[test]
    fn what_was_removed_last_is_created_before_the_worker_goes() {
        let gate = Gate::new(1);
        let actions = [Action::Remove, Action::Create].into_iter().cycle();
        let operations: Vec<_> = actions
            .map(|action| Operation::new(action, 7))
            .take(SEQUENCE + BLOCK)
            .collect();
        let mut worker = Worker::new(0, &operations, None, &gate);
        assert_eq!(worker.unfinished(), None, "nothing was done yet");
        for _ in 0..3 {
            assert!(worker.next_block().is_some());
            let unfinished = worker.unfinished();
            assert_eq!(unfinished, Some(Operation::new(Action::Create, 7)));
            assert!(worker.next_block().is_some());
            assert_eq!(worker.unfinished(), None);
        }
    }

    #[test]
    fn snapshots_are_due_only_where_they_are_asked_for() {
        let gate = Gate::new(1);
        let operations = vec![Operation::new(Action::Read, 0); SEQUENCE + BLOCK];
        let without = Worker::new(0, &operations, None, &gate);
        assert!(!without.snapshot_is_due());
        let mut worker = Worker::new(0, &operations, NonZeroU64::new(u64::MAX / 2), &gate);
        assert!(worker.snapshot_is_due());
        assert!(!worker.snapshot_is_due(), "the next is due in centuries");
        worker.finish_snapshot(worker.start_timer(), false);
        let record = worker.into_record();
        assert_eq!(record.tally.failed, 1, "it lacked entries");
        let timed = &record.latencies[Action::Snapshot as usize];
        assert_eq!(timed.len(), 0, "it was not inside a window");
    }
}
