//! Runs subjects against each other: cell group by cell group, round by round, in turns.
//!
//! A cell group is one workload with one number of threads. All its subjects are filled before
//! its first round and stay until its last, and in every round each subject has one turn, in an
//! order drawn anew: whatever the machine does meanwhile, it does to all of them.

use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rand::seq::SliceRandom;

use crate::documents::Dataset;
use crate::error::LabError;
use crate::progress::Progress;
use crate::results::{
    Cell, Latencies, Outcome, OverlapCheck, Round, SelfTest, Throughput, UpdateCheck,
};
use crate::settings::Settings;
use crate::statistics;
use crate::subjects::{Audit, Entry, Subject};
use crate::window::{self, Account, Attendance, Gate, Window};
use crate::words::{count, panic_message};
use crate::worker::{BLOCK, Histograms, Record, Tally, Worker, empty_histograms};
use crate::workload::{Action, Operation, Plan, SNAPSHOT_EVERY_MS, Workload, generator};

/// The share of a round's window that all workers must have worked through. Nothing but a defect
/// of the lab or a subject makes it less than 1.
pub const REQUIRED_OVERLAP: f64 = 0.99;

/// What a run came to.
#[derive(Debug)]
pub struct Measured {
    /// One for each subject, workload and number of threads with at least one finished round.
    pub cells: Vec<Cell>,
    /// Whether the run can be trusted.
    pub self_test: SelfTest,
    /// Whether it was stopped early.
    pub interrupted: bool,
}

/// Measures what the settings say. When `stop` becomes true it finishes the turn it is at and
/// returns what it has.
///
/// # Errors
///
/// If a subject cannot be filled or panics.
pub fn measure(
    settings: &Settings,
    dataset: &Dataset,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Measured, LabError> {
    let mut measured = Measured {
        cells: Vec::new(),
        self_test: untested(),
        interrupted: false,
    };
    for workload in &settings.workloads {
        for threads in &settings.threads {
            if measured.interrupted {
                break;
            }
            let mut group = Group::fill(settings, dataset, workload, *threads)?;
            measured.interrupted = group.measure(progress, stop)?;
            group.conclude(&mut measured);
            progress.group_done(workload.name, *threads);
        }
    }
    Ok(measured)
}

/// How many turns a run has, for progress.
#[must_use]
pub fn turns(settings: &Settings) -> usize {
    settings.workloads.len() * settings.threads.len() * settings.rounds * settings.subjects.len()
}

/// What one subject did in a cell group.
struct Contestant {
    entry: Entry,
    subject: Box<dyn Subject>,
    rounds: Vec<Round>,
    latencies: Histograms,
    tally: Tally,
}

/// One workload with one number of threads, and all subjects.
struct Group<'a> {
    settings: &'a Settings,
    dataset: Dataset,
    workload: &'a Workload,
    threads: usize,
    contestants: Vec<Contestant>,
}

impl<'a> Group<'a> {
    fn fill(
        settings: &'a Settings,
        dataset: &Dataset,
        workload: &'a Workload,
        threads: usize,
    ) -> Result<Self, LabError> {
        let dataset = dataset.with_extra(workload.extra(dataset.contexts(), threads));
        let contestant = |entry: &Entry| {
            Ok(Contestant {
                entry: *entry,
                subject: (entry.fill)(&dataset, threads).map_err(|reason| LabError::Fill {
                    subject: entry.about.name,
                    reason,
                })?,
                rounds: Vec::new(),
                latencies: empty_histograms(),
                tally: Tally::default(),
            })
        };
        let contestants = settings.subjects.iter().map(contestant);
        let contestants = contestants.collect::<Result<_, LabError>>()?;
        Ok(Self {
            settings,
            dataset,
            workload,
            threads,
            contestants,
        })
    }

    /// Runs the rounds; true if it was stopped before the last.
    fn measure(&mut self, progress: &Progress, stop: &AtomicBool) -> Result<bool, LabError> {
        let hot = self.dataset.typical_context();
        let seed = self.settings.seed;
        let contexts = self.dataset.contexts();
        let plan = Plan::new(*self.workload, contexts, self.threads, hot, seed);
        for round in 0..self.settings.rounds {
            let sequences: Vec<_> = (0..self.threads)
                .map(|worker| plan.operations(round, worker, BLOCK))
                .collect();
            let order = order(self.contestants.len(), seed, self.threads, round);
            for (turn, index) in order.into_iter().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Ok(true);
                }
                self.take_turn(index, round, turn, &sequences)?;
                progress.turn_done();
            }
        }
        Ok(false)
    }

    fn take_turn(
        &mut self,
        index: usize,
        round: usize,
        turn: usize,
        sequences: &[Vec<Operation>],
    ) -> Result<(), LabError> {
        let contestant = &mut self.contestants[index];
        let subject = &*contestant.subject;
        let outcome =
            run_round(subject, self.workload, sequences, self.settings).map_err(|message| {
                LabError::Panicked {
                    subject: contestant.entry.about.name,
                    message,
                }
            })?;
        let Turn {
            account,
            processors,
            records,
        } = outcome;
        let mut snapshots = 0;
        for record in &records {
            contestant.tally.add(record.tally);
            add(&mut contestant.latencies, &record.latencies);
            snapshots += record.latencies[Action::Snapshot as usize].len();
        }
        contestant.rounds.push(Round {
            round,
            turn,
            ops_per_s: account.ops_per_s.round(),
            operations: account.operations.round() as u64,
            overlap: account.overlap,
            fairness: rounded(account.fairness),
            processors: processors.map(rounded),
            snapshots: self.workload.snapshots.then_some(snapshots),
        });
        Ok(())
    }

    /// Checks every subject and turns what was measured into cells.
    fn conclude(self, measured: &mut Measured) {
        for contestant in &self.contestants {
            let place = format!(
                "{} with {} under {}",
                contestant.entry.about.name,
                count(self.threads, "thread"),
                self.workload.name
            );
            let Audit { entries, updates } = contestant.subject.audit();
            let test = &mut measured.self_test;
            test.check_updates(&place, contestant.tally, updates);
            test.check_entries(&place, self.dataset.entries(), entries);
            check_overlap(&mut measured.self_test, &place, &contestant.rounds);
            let seed = self.settings.seed ^ measured.cells.len() as u64;
            measured
                .cells
                .extend(contestant.cell(self.workload, self.threads, seed));
        }
    }
}

impl Contestant {
    fn cell(&self, workload: &Workload, threads: usize, seed: u64) -> Option<Cell> {
        let about = self.entry.about;
        let figures: Vec<f64> = self.rounds.iter().map(|round| round.ops_per_s).collect();
        let fairness: Vec<f64> = self.rounds.iter().map(|round| round.fairness).collect();
        let processors: Option<Vec<f64>> =
            self.rounds.iter().map(|round| round.processors).collect();
        let median = statistics::median(&figures)?;
        let interval = statistics::median_interval(&figures, seed);
        Some(Cell {
            subject: about.name.to_owned(),
            kind: about.kind,
            body: about.body,
            workload: workload.name.to_owned(),
            threads,
            mode: "closed".to_owned(),
            throughput: Throughput {
                median,
                lo: interval.map(|(lo, _)| lo),
                hi: interval.map(|(_, hi)| hi),
                min: figures.iter().copied().fold(f64::INFINITY, f64::min),
                max: figures.iter().copied().fold(0.0, f64::max),
            },
            rounds: self.rounds.clone(),
            latency_ns: Latencies::of(&self.latencies),
            bytes_per_entry: None,
            fairness: statistics::median(&fairness).map(rounded),
            processors: processors
                .and_then(|processors| statistics::median(&processors))
                .map(rounded),
            verification: about.verification.level,
        })
    }
}

/// What became of one subject's turn.
struct Turn {
    account: Account,
    processors: Option<f64>,
    records: Vec<Record>,
}

/// One subject's turn. An error is the message of a worker's panic.
fn run_round(
    subject: &dyn Subject,
    workload: &Workload,
    sequences: &[Vec<Operation>],
    settings: &Settings,
) -> Result<Turn, String> {
    let gate = Gate::new(sequences.len());
    let every = NonZeroU64::new(SNAPSHOT_EVERY_MS * 1_000_000);
    let every = every.filter(|_| workload.snapshots);
    let (records, processors) = thread::scope(|scope| {
        let workers: Vec<_> = sequences
            .iter()
            .enumerate()
            .map(|(index, operations)| {
                let gate = &gate;
                scope.spawn(move || {
                    gate.assemble();
                    let mut worker = Worker::new(index, operations, every, gate);
                    let outcome = catch_unwind(AssertUnwindSafe(|| subject.work(&mut worker)));
                    let record = worker.into_record();
                    outcome.map(|()| record)
                })
            })
            .collect();
        let ended = || workers.iter().any(thread::ScopedJoinHandle::is_finished);
        let processors = gate.hold(settings.warm_up(), settings.round, ended);
        let joined = workers.into_iter().map(|worker| {
            // A worker catches its own panics, so both layers of the result are the same.
            worker
                .join()
                .and_then(|outcome| outcome)
                .map_err(|panic| panic_message(&*panic))
        });
        let records = joined.collect::<Result<Vec<Record>, String>>();
        records.map(|records| (records, processors))
    })?;
    let attendance: Vec<Attendance> = records.iter().map(|record| record.attendance).collect();
    let window = gate.window().unwrap_or(Window { start: 0, end: 0 });
    Ok(Turn {
        account: window::account(window, &attendance),
        processors,
        records,
    })
}

/// Whose turn it is, first to last, in a round.
fn order(subjects: usize, seed: u64, threads: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..subjects).collect();
    order.shuffle(&mut generator(
        seed,
        &[0x07de, threads as u64, round as u64],
    ));
    order
}

fn untested() -> SelfTest {
    SelfTest {
        worker_overlap: OverlapCheck {
            outcome: Outcome::Pass,
            minimum_share: 1.0,
            required_share: REQUIRED_OVERLAP,
            failures: Vec::new(),
        },
        effective_updates: UpdateCheck {
            outcome: Outcome::Pass,
            acknowledged: 0,
            effective: 0,
            failed_operations: 0,
            failures: Vec::new(),
        },
    }
}

impl SelfTest {
    /// Compares the updates that were acknowledged with those that took effect. `place` says
    /// where.
    pub(crate) fn check_updates(&mut self, place: &str, tally: Tally, effective: u64) {
        let check = &mut self.effective_updates;
        check.acknowledged += tally.acknowledged;
        check.effective += effective;
        check.failed_operations += tally.failed;
        if effective != tally.acknowledged {
            check.failures.push(format!(
                "{place}: {} updates were acknowledged, {effective} took effect",
                tally.acknowledged
            ));
        }
        if tally.failed > 0 {
            let failed = count(tally.failed as usize, "operation");
            check.failures.push(format!("{place}: {failed} failed"));
        }
        check.outcome = Outcome::of(check.failures.is_empty());
    }

    /// Compares the entries there should be with those there are.
    fn check_entries(&mut self, place: &str, expected: usize, found: usize) {
        if found != expected {
            let check = &mut self.effective_updates;
            check.failures.push(format!(
                "{place}: there should be {expected} entries, there are {found}"
            ));
            check.outcome = Outcome::Fail;
        }
    }
}

fn check_overlap(test: &mut SelfTest, place: &str, rounds: &[Round]) {
    let check = &mut test.worker_overlap;
    for round in rounds {
        check.minimum_share = check.minimum_share.min(round.overlap);
        if round.overlap < REQUIRED_OVERLAP {
            check.failures.push(format!(
                "{place}, round {}: all workers were at work for {:.0} % of the window only",
                round.round,
                round.overlap * 100.0
            ));
        }
    }
    check.outcome = Outcome::of(check.failures.is_empty());
}

fn add(sums: &mut Histograms, parts: &Histograms) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        sum.add(part).expect("all histograms have the same bounds");
    }
}

fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

#[cfg(test)]
#[path = "harness_tests.rs"]
mod tests;
