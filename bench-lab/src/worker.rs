//! One thread's part of a round: it hands out operations block by block, times the last one of
//! each block, and keeps the worker's record of the window.
//!
//! Invariant: the clock is read twice a block and never inside it. Operations at the window's
//! edges are apportioned by time within their block, so a worker's count is off by less than one
//! block at either edge.

use hdrhistogram::Histogram;

use crate::documents::Target;
use crate::window::{Attendance, Gate, Window};
use crate::workload::{Operation, SEQUENCE};

/// Operations in a block; one in so many is timed. Prime, so that it falls into step with no
/// pattern of operations.
pub const BLOCK: usize = 127;

/// Latencies in nanoseconds, to two significant digits, up to a minute.
pub(crate) fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("these bounds are valid")
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
    /// Operations that did not find their context or field, or were refused. There should be none.
    pub failed: u64,
}

impl Tally {
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
/// }
/// ```
#[derive(Debug)]
pub struct Worker<'a> {
    index: usize,
    targets: &'a [Target],
    operations: &'a [Operation],
    position: usize,
    gate: &'a Gate,
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
    pub(crate) reads: Histogram<u64>,
    pub(crate) updates: Histogram<u64>,
}

impl<'a> Worker<'a> {
    /// `operations` has [`SEQUENCE`] operations and the first [`BLOCK`] of them again.
    pub(crate) fn new(
        index: usize,
        targets: &'a [Target],
        operations: &'a [Operation],
        gate: &'a Gate,
    ) -> Self {
        debug_assert_eq!(operations.len(), SEQUENCE + BLOCK);
        Self {
            index,
            targets,
            operations,
            position: 0,
            gate,
            edge: (gate.now(), 0),
            phase: Phase::Before,
            at_start: 0.0,
            record: Record {
                attendance: Attendance::default(),
                tally: Tally::default(),
                reads: empty_histogram(),
                updates: empty_histogram(),
            },
        }
    }

    /// Which of the round's workers this is, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The context an operation is about.
    #[inline]
    #[must_use]
    pub fn target(&self, operation: Operation) -> &'a Target {
        &self.targets[operation.context()]
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
        self.record.tally.acknowledged += tally.acknowledged;
        self.record.tally.failed += tally.failed;
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
                let latencies = if timed.is_update() {
                    &mut self.record.updates
                } else {
                    &mut self.record.reads
                };
                latencies.saturating_record(now - timer);
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
            .map(|n| Operation::read(n % SEQUENCE))
            .collect();
        let mut worker = Worker::new(0, &[], &operations, &gate);
        for n in 0..2 * SEQUENCE {
            let Some(block) = worker.next_block() else {
                panic!("the window never opened");
            };
            assert_eq!(block.untimed.len(), BLOCK - 1);
            assert_eq!(block.untimed[0].context(), n * BLOCK % SEQUENCE);
            assert_eq!(block.timed.context(), (n * BLOCK + BLOCK - 1) % SEQUENCE);
        }
    }

    #[test]
    fn tally_tells_updates_reads_and_failures_apart() {
        let mut tally = Tally::default();
        tally.count(Operation::update(1), true);
        tally.count(Operation::update(1), false);
        tally.count(Operation::read(1), true);
        tally.count(Operation::read(1), false);
        assert_eq!((tally.acknowledged, tally.failed), (1, 2));
    }
}
