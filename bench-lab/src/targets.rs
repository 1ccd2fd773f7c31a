//! What the flagship among the strategies is to reach: its throughput against that of the
//! strongest peer of each cell.
//!
//! The table is made of the results alone, so a report that is drawn again has it, too. Where the
//! flagship was not measured there is none.

use crate::results::{Cell, Results};
use crate::statistics;
use crate::subjects::Kind;

/// The strategy that has targets.
pub const FLAGSHIP: &str = "slotted";

/// The numbers of threads with targets. Eight are meant to be more than there are processors.
pub const THREADS: [usize; 3] = [1, 2, 8];

/// What the flagship is to reach under one workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The workload's name.
    pub workload: &'static str,
    /// Its least throughput as a multiple of the strongest peer's, for each of [`THREADS`].
    pub ratios: [f64; THREADS.len()],
}

const fn target(workload: &'static str, ratios: [f64; THREADS.len()]) -> Target {
    Target { workload, ratios }
}

/// Every target.
pub const TARGETS: [Target; 9] = [
    target("read-uniform", [1.0, 1.15, 1.15]),
    target("read-hot", [1.2, 1.2, 1.15]),
    target("get-hot", [1.5, 1.5, 1.3]),
    target("ycsb-b", [1.0, 1.2, 1.0]),
    target("ycsb-a", [1.0, 1.1, 1.0]),
    target("update-hot", [1.0, 1.1, 1.0]),
    target("update-uniform", [1.0, 1.1, 1.0]),
    target("churn", [0.9, 1.0, 1.0]),
    target("snapshot-under-load", [1.0, 1.0, 1.0]),
];

/// The flagship under each workload that has a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The workload's name.
    pub workload: &'static str,
    /// With each of [`THREADS`].
    pub cells: [Judged<'a>; THREADS.len()],
}

/// The flagship in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<'a> {
    /// The least ratio.
    pub target: f64,
    /// What was reached; `None` if the flagship or every peer was not measured there.
    pub reached: Option<Reached<'a>>,
}

/// What the flagship reached in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached<'a> {
    /// The peer with the highest median.
    pub peer: &'a str,
    /// The flagship's median as a multiple of the peer's.
    pub ratio: f64,
    /// The 95 % interval of that; `None` with too few rounds for one.
    pub interval: Option<(f64, f64)>,
}

impl Judged<'_> {
    /// Whether the target is met; `None` if it was not measured. The ratio decides as it is:
    /// whoever wants to be sure looks at the interval.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        Some(self.reached.as_ref()?.ratio >= self.target)
    }
}

/// Every target beside what was reached; `None` if the flagship was not measured at all.
#[must_use]
pub fn judge(results: &Results) -> Option<Vec<Row<'_>>> {
    let measured = |cell: &Cell| cell.subject == FLAGSHIP && cell.kind == Kind::Strategy;
    results.cells.iter().find(|cell| measured(cell))?;
    let row = |Target { workload, ratios }| Row {
        workload,
        cells: std::array::from_fn(|column| Judged {
            target: ratios[column],
            reached: reached(results, workload, THREADS[column]),
        }),
    };
    Some(TARGETS.into_iter().map(row).collect())
}

/// How many targets are met, are not, and were not measured.
#[must_use]
pub fn count(rows: &[Row<'_>]) -> [usize; 3] {
    let mut counts = [0; 3];
    for cell in rows.iter().flat_map(|row| &row.cells) {
        counts[match cell.met() {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        }] += 1;
    }
    counts
}

fn reached<'a>(results: &'a Results, workload: &str, threads: usize) -> Option<Reached<'a>> {
    let flagship = results.cell(workload, threads, FLAGSHIP)?;
    let peer = results.strongest_peer(workload, threads)?;
    let ratio = flagship.throughput.median / peer.throughput.median;
    ratio.is_finite().then(|| Reached {
        peer: &peer.subject,
        ratio,
        interval: statistics::ratio_interval(&in_turns(flagship, peer), results.provenance.seed),
    })
}

/// The figures of those rounds in which both had a turn.
fn in_turns(flagship: &Cell, peer: &Cell) -> Vec<(f64, f64)> {
    let pairs = flagship.rounds.iter().filter_map(|ours| {
        let theirs = peer.rounds.iter().find(|it| it.round == ours.round)?;
        Some((ours.ops_per_s, theirs.ops_per_s))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::workload::Workload;

    #[test]
    fn every_target_is_for_a_workload_that_there_is() {
        for target in TARGETS {
            assert!(Workload::find(target.workload).is_ok());
            assert!(target.ratios.iter().all(|ratio| (0.5..3.0).contains(ratio)));
        }
    }
}
