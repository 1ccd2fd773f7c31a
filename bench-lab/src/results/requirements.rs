//! What was found about the requirements that the engine has to meet.
//!
//! Invariant, as of all results: what was not measured is `null`, never a number.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Latency;

/// Whether the engine meets what it is required to, for each strategy that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requirements {
    /// What was measured.
    pub scale: Scale,
    /// The figures of each strategy, in the order of reports.
    pub strategies: Vec<Observed>,
    /// Each requirement for each strategy, and whether it holds.
    pub verdicts: Vec<Verdict>,
}

/// How much was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Whether this is what the requirements are about. If not, they may be seen to fail but not
    /// to hold.
    pub full: bool,
    /// How many contexts.
    pub contexts: usize,
    /// How many fields each document has.
    pub fields: usize,
    /// The size of each document as JSON text, when it is created.
    pub document_bytes: usize,
    /// How many former versions of each context are kept, all of which there are.
    pub history: usize,
    /// How many tasks update.
    pub tasks: usize,
    /// On so many threads of a runtime.
    pub worker_threads: usize,
    /// Updates that are timed, all tasks together.
    pub updates: usize,
    /// Snapshots that are timed, without updates and beside them.
    pub snapshots: usize,
    /// Rollbacks that are timed.
    pub rollbacks: usize,
    /// Processes whose memory is measured, for each strategy and kind of update.
    pub processes: usize,
}

/// What was measured of one strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The strategy's name.
    pub subject: String,
    /// How long operations took.
    pub latency_ns: Timed,
    /// What memory was taken.
    pub memory_bytes: Memories,
}

/// How long the operations of the engine took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Of updates of one field.
    pub update: Option<Latency>,
    /// Of the same, while snapshots were taken.
    pub update_beside_snapshots: Option<Latency>,
    /// Of snapshots of all contexts, while nothing else happened.
    pub snapshot: Option<Latency>,
    /// Of the same, while all tasks updated.
    pub snapshot_beside_updates: Option<Latency>,
    /// Of rollbacks to the oldest version there was.
    pub rollback: Option<Latency>,
}

impl Timed {
    /// Figures of what was timed; a histogram that is empty stands for nothing.
    pub(crate) fn of(histograms: [&Histogram<u64>; 5]) -> Self {
        let [
            update,
            update_beside_snapshots,
            snapshot,
            snapshot_beside_updates,
            rollback,
        ] = histograms.map(Latency::of);
        Self {
            update,
            update_beside_snapshots,
            snapshot,
            snapshot_beside_updates,
            rollback,
        }
    }
}

/// What memory the contexts took, by how they had been updated; null where the system does not
/// tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memories {
    /// Each update changed one field.
    pub one_field: Option<Memory>,
    /// Each update replaced all values of the document.
    pub whole_document: Option<Memory>,
}

/// By how much the resident set of fresh processes grew when the contexts were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The process that grew least.
    pub min: u64,
    /// The median of the processes, the lower one of two.
    pub median: u64,
    /// The process that grew most.
    pub max: u64,
    /// The resident set before, of the process that grew most.
    pub before: u64,
    /// How many processes.
    pub samples: u64,
}

/// One requirement, of one strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The requirement.
    pub requirement: String,
    /// The strategy's name.
    pub subject: String,
    /// Which figure must keep to the limit.
    pub statistic: Statistic,
    /// What limit and figures are in.
    pub unit: Unit,
    /// The limit; null if there is none and the figure is only told.
    pub limit: Option<u64>,
    /// The figure; null if it was not measured, or with too few samples for it.
    pub measured: Option<u64>,
    /// The median of the same samples, for the spread.
    pub median: Option<u64>,
    /// The highest of the same samples, for the spread.
    pub max: Option<u64>,
    /// Whether the requirement holds.
    pub decision: Decision,
}

/// A figure that stands for many samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// 1 in 1000 is higher.
    P999,
    /// None is higher.
    Max,
}

impl Statistic {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P999 => "p99.9",
            Self::Max => "max",
        }
    }
}

/// What a requirement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nanoseconds, which must stay below their limit.
    Ns,
    /// Bytes, of which there may be at most so many.
    Bytes,
}

impl Unit {
    /// Whether a figure keeps to a limit.
    #[must_use]
    pub fn keeps(self, figure: u64, limit: u64) -> bool {
        match self {
            Self::Ns => figure < limit,
            Self::Bytes => figure <= limit,
        }
    }
}

/// Whether a requirement holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Measured at full size, and within its limit.
    Holds,
    /// Beyond its limit, be it at less than full size.
    Fails,
    /// Not measured, or within its limit at less than full size.
    Undecided,
    /// There is no limit.
    Told,
}

impl Decision {
    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Undecided => "undecided",
            Self::Told => "told",
        }
    }
}

impl Requirements {
    /// The requirements that fail, at whatever size.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        let verdicts = self.verdicts.iter();
        verdicts.filter(|verdict| verdict.decision == Decision::Fails)
    }
}
