//! `results.json`: everything a run measured and how. `specs/results.schema.json` is its schema.
//!
//! Invariant: what was not measured is `null` or empty, never a number.

pub mod requirements;

use std::path::Path;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use self::requirements::Requirements;
use crate::error::LabError;
use crate::keys::Keys;
use crate::subjects::{Body, Kind};
use crate::verification::Level;
use crate::worker::Histograms;
use crate::workload::{Action, SNAPSHOT_EVERY_MS};

/// The version of the format that this crate writes and reads.
pub const SCHEMA: &str = "contexture-lab/1";

/// The whole of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// Where it ran.
    pub environment: Environment,
    /// How it came about.
    pub provenance: Provenance,
    /// Whether the lab's own checks hold.
    pub self_test: SelfTest,
    /// How much of each strategy was verified. Empty in results of labs that did not know.
    #[serde(default)]
    pub verification: Vec<Verified>,
    /// One for each subject, workload and number of threads.
    pub cells: Vec<Cell>,
    /// What the engine is required to do, and whether it does. Null if it was not measured, as in
    /// results of labs that did not.
    #[serde(default)]
    pub requirements: Option<Requirements>,
    /// Scalability models fitted to the cells. Not yet measured: empty.
    pub scalability: Vec<serde_json::Value>,
    /// The check of recorded histories. Not yet measured: null.
    pub linearizability: Option<serde_json::Value>,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Operating system and architecture.
    pub os: String,
    /// The processor's name, where the system tells.
    pub cpu: Option<String>,
    /// Threads the hardware runs at once, as far as this process may use them.
    pub hardware_threads: usize,
    /// Memory in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
    /// The compiler's version.
    pub rustc: Option<String>,
    /// "system" or "mimalloc".
    pub allocator: String,
    /// The lab's version.
    pub lab_version: String,
    /// How it was compiled.
    pub build: Build,
}

/// How the lab was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// "release" or "debug".
    pub profile: String,
    /// Optimisation level.
    pub opt_level: String,
    /// Whether debug assertions were on, which slow everything down.
    pub debug_assertions: bool,
    /// The target triple.
    pub target: String,
    /// Extra flags for the compiler; often empty.
    pub rustflags: String,
}

/// How a run came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The arguments, as typed.
    pub command_line: Vec<String>,
    /// The profile's name.
    pub profile: String,
    /// What all randomness comes from.
    pub seed: u64,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// How long it took.
    pub duration_s: f64,
    /// What it worked on.
    pub documents: Documents,
    /// How many contexts there were.
    pub contexts: usize,
    /// The type of their keys. Text in results of labs that had no other.
    #[serde(default)]
    pub keys: Keys,
    /// Rounds of each cell.
    pub rounds: usize,
    /// The length of a round's window.
    pub round_ms: u64,
    /// The warm-up before each round's window, at least.
    pub warm_up_ms: u64,
    /// What reading the clock costs; in every latency once.
    pub timer_ns: f64,
    /// Of so many operations one was timed.
    pub latency_sampled_every: usize,
    /// Whether Ctrl-C ended the run early.
    pub interrupted: bool,
    /// What a reader should know about this particular run.
    pub notes: Vec<String>,
}

/// The documents of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// Where they came from.
    pub source: String,
    /// How many distinct ones.
    pub count: usize,
    /// Size of the smallest as JSON text.
    pub min_bytes: usize,
    /// Size of the median.
    pub median_bytes: usize,
    /// Size of the largest.
    pub max_bytes: usize,
}

/// How a check of the lab itself ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not: no figure of the run can be trusted.
    Fail,
}

impl Outcome {
    /// Pass if so.
    #[must_use]
    pub fn of(passed: bool) -> Self {
        if passed { Self::Pass } else { Self::Fail }
    }
}

/// The lab's checks of its own work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Whether all workers were at work during every round's window.
    pub worker_overlap: OverlapCheck,
    /// Whether every acknowledged update is in the documents, once, and every entry is there.
    pub effective_updates: UpdateCheck,
}

impl SelfTest {
    /// Whether all checks hold.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// What went wrong, one line each.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        let overlap = &self.worker_overlap.failures;
        let updates = &self.effective_updates.failures;
        overlap.iter().chain(updates).map(String::as_str)
    }
}

/// Whether all workers were at work during every round's window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlapCheck {
    /// The verdict.
    pub outcome: Outcome,
    /// The smallest share of a window that all workers worked through.
    pub minimum_share: f64,
    /// The share that passes.
    pub required_share: f64,
    /// Where it was less.
    pub failures: Vec<String>,
}

/// Whether every acknowledged update is in the documents, once, every entry is there, and no
/// operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCheck {
    /// The verdict.
    pub outcome: Outcome,
    /// Updates that subjects acknowledged, all rounds and warm-ups together.
    pub acknowledged: u64,
    /// Updates found in the documents afterwards.
    pub effective: u64,
    /// Operations that were refused or did not find their entry, and snapshots that lacked
    /// entries.
    pub failed_operations: u64,
    /// Where they differ.
    pub failures: Vec<String>,
}

/// What a model checker went through of a strategy; cells say at which level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The strategy's name.
    pub subject: String,
    /// How many models.
    pub models: u64,
    /// In how many executions.
    pub executions: u64,
}

/// One subject under one workload with so many threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The subject's name.
    pub subject: String,
    /// What it is.
    pub kind: Kind,
    /// How it holds documents.
    pub body: Body,
    /// The workload's name.
    pub workload: String,
    /// How many threads worked.
    pub threads: usize,
    /// "closed": a thread starts its next operation when the last is over.
    pub mode: String,
    /// Operations per second.
    pub throughput: Throughput,
    /// The rounds it was measured in.
    pub rounds: Vec<Round>,
    /// How long operations took.
    pub latency_ns: Latencies,
    /// Memory an entry takes. Not yet measured: null.
    pub bytes_per_entry: Option<f64>,
    /// Jain's index over the threads' operations, the median of the rounds.
    pub fairness: Option<f64>,
    /// How many processors the threads kept busy together, the median of the rounds. Waiting for
    /// a lock makes it less, and so does a machine that is busy with something else.
    pub processors: Option<f64>,
    /// What the subject's correctness rests on.
    pub verification: Level,
}

/// Operations per second over the rounds of a cell, snapshots not counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// The median round.
    pub median: f64,
    /// Lower end of the 95 % interval of the median; null with too few rounds for one.
    pub lo: Option<f64>,
    /// Upper end of it.
    pub hi: Option<f64>,
    /// The slowest round.
    pub min: f64,
    /// The fastest round.
    pub max: f64,
}

/// One round of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Which round, counted from 0.
    pub round: usize,
    /// When in the round it was this subject's turn, counted from 0.
    pub turn: usize,
    /// Operations per second.
    pub ops_per_s: f64,
    /// Operations inside the window.
    pub operations: u64,
    /// The share of the window that all workers worked through.
    pub overlap: f64,
    /// Jain's index over the threads' operations.
    pub fairness: f64,
    /// How many processors the threads kept busy together; null where the system does not tell.
    pub processors: Option<f64>,
    /// How many snapshots were begun inside the window, beside the operations; null where none
    /// were due.
    #[serde(default)]
    pub snapshots: Option<u64>,
}

/// Latencies for each action; null where there were none, and in results of labs that did not
/// know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latencies {
    /// Of reads.
    pub read: Option<Latency>,
    /// Of gets.
    pub get: Option<Latency>,
    /// Of updates.
    pub update: Option<Latency>,
    /// Of creates.
    pub create: Option<Latency>,
    /// Of removes.
    pub remove: Option<Latency>,
    /// Of snapshots of the whole store.
    pub snapshot: Option<Latency>,
}

impl Latencies {
    pub(crate) fn of(histograms: &Histograms) -> Self {
        let of = |action: Action| Latency::of(&histograms[action as usize]);
        Self {
            read: of(Action::Read),
            get: of(Action::Get),
            update: of(Action::Update),
            create: of(Action::Create),
            remove: of(Action::Remove),
            snapshot: of(Action::Snapshot),
        }
    }

    /// The actions that were timed, in the order of reports.
    pub fn each(&self) -> impl Iterator<Item = (Action, &Latency)> {
        let of = |action| match action {
            Action::Read => &self.read,
            Action::Get => &self.get,
            Action::Update => &self.update,
            Action::Create => &self.create,
            Action::Remove => &self.remove,
            Action::Snapshot => &self.snapshot,
        };
        let each = Action::ALL.into_iter();
        each.filter_map(move |action| Some((action, of(action).as_ref()?)))
    }
}

/// Percentiles in nanoseconds of all samples of a cell, to two significant digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half took less.
    pub p50: u64,
    /// 1 in 100 took longer.
    pub p99: u64,
    /// 1 in 1000 took longer; null with fewer than 1000 samples.
    pub p999: Option<u64>,
    /// The longest seen.
    pub max: u64,
    /// How many were timed.
    pub samples: u64,
}

impl Latency {
    /// The percentiles of a histogram; `None` if it is empty.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let samples = histogram.len();
        (samples > 0).then(|| Self {
            p50: histogram.value_at_quantile(0.5),
            p99: histogram.value_at_quantile(0.99),
            p999: (samples >= 1_000).then(|| histogram.value_at_quantile(0.999)),
            max: histogram.max(),
            samples,
        })
    }
}

impl Results {
    /// The JSON text, as `results.json` holds it.
    ///
    /// # Errors
    ///
    /// If a figure is not finite, which would be a bug.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        Ok(json)
    }

    /// Reads the JSON text of a `results.json`; `path` stands for it in messages.
    ///
    /// # Errors
    ///
    /// If it is not one, or of another version.
    pub fn from_json(json: &str, path: &Path) -> Result<Self, LabError> {
        #[derive(Deserialize)]
        struct Header {
            schema: String,
        }
        let bad = |reason: String| LabError::BadResults {
            path: path.to_owned(),
            reason,
        };
        let not_results = |error: serde_json::Error| bad(format!("not a results file: {error}"));
        let header: Header = serde_json::from_str(json).map_err(not_results)?;
        if header.schema != SCHEMA {
            let reason = format!("has schema `{}`, this lab reads `{SCHEMA}`", header.schema);
            return Err(bad(reason));
        }
        serde_json::from_str(json).map_err(not_results)
    }

    /// The peer with the highest median throughput.
    #[must_use]
    pub fn strongest_peer(&self, workload: &str, threads: usize) -> Option<&Cell> {
        let group = self.cells.iter();
        let group = group.filter(|cell| cell.workload == workload && cell.threads == threads);
        group
            .filter(|cell| cell.kind == Kind::Peer)
            .max_by(|a, b| f64::total_cmp(&a.throughput.median, &b.throughput.median))
    }

    /// Of the snapshots that were due in a cell, the share that was taken; `None` where none were
    /// due.
    #[must_use]
    pub fn snapshots_taken(&self, cell: &Cell) -> Option<f64> {
        let taken: Option<u64> = cell.rounds.iter().map(|round| round.snapshots).sum();
        let due = cell.rounds.len() as u64 * self.provenance.round_ms / SNAPSHOT_EVERY_MS;
        taken.map(|taken| taken as f64 / due.max(1) as f64)
    }

    /// The cell of a subject, if it was measured.
    #[must_use]
    pub fn cell(&self, workload: &str, threads: usize, subject: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| {
            cell.workload == workload && cell.threads == threads && cell.subject == subject
        })
    }
}
