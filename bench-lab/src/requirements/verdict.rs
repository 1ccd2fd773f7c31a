//! Whether figures keep to what is required.

use crate::results::Latency;
use crate::results::requirements::{Decision, Memory, Observed, Scale, Statistic, Unit, Verdict};

const MILLISECOND: u64 = 1_000_000;
const MEGABYTE: u64 = 1_000_000;

/// What is required, and where in the figures of a strategy it is looked up.
struct Requirement {
    name: &'static str,
    statistic: Statistic,
    unit: Unit,
    limit: Option<u64>,
    figure: fn(&Observed) -> Option<Figure>,
}

/// What a verdict says about many samples.
struct Figure {
    p999: Option<u64>,
    median: u64,
    max: u64,
}

impl From<&Latency> for Figure {
    fn from(latency: &Latency) -> Self {
        Self {
            p999: latency.p999,
            median: latency.p50,
            max: latency.max,
        }
    }
}

impl From<&Memory> for Figure {
    fn from(memory: &Memory) -> Self {
        Self {
            p999: None,
            median: memory.median,
            max: memory.max,
        }
    }
}

const REQUIREMENTS: [Requirement; 7] = [
    Requirement {
        name: "update",
        statistic: Statistic::P999,
        unit: Unit::Ns,
        limit: Some(50 * MILLISECOND),
        figure: |observed| figure(observed.latency_ns.update.as_ref()),
    },
    Requirement {
        name: "update beside snapshots",
        statistic: Statistic::P999,
        unit: Unit::Ns,
        limit: Some(50 * MILLISECOND),
        figure: |observed| figure(observed.latency_ns.update_beside_snapshots.as_ref()),
    },
    Requirement {
        name: "snapshot",
        statistic: Statistic::Max,
        unit: Unit::Ns,
        limit: Some(100 * MILLISECOND),
        figure: |observed| figure(observed.latency_ns.snapshot.as_ref()),
    },
    Requirement {
        name: "snapshot beside updates",
        statistic: Statistic::Max,
        unit: Unit::Ns,
        limit: Some(100 * MILLISECOND),
        figure: |observed| figure(observed.latency_ns.snapshot_beside_updates.as_ref()),
    },
    Requirement {
        name: "rollback",
        statistic: Statistic::Max,
        unit: Unit::Ns,
        limit: Some(200 * MILLISECOND),
        figure: |observed| figure(observed.latency_ns.rollback.as_ref()),
    },
    Requirement {
        name: "memory, one field changes",
        statistic: Statistic::Max,
        unit: Unit::Bytes,
        limit: Some(100 * MEGABYTE),
        figure: |observed| figure(observed.memory_bytes.one_field.as_ref()),
    },
    Requirement {
        name: "memory, all values change",
        statistic: Statistic::Max,
        unit: Unit::Bytes,
        limit: None,
        figure: |observed| figure(observed.memory_bytes.whole_document.as_ref()),
    },
];

fn figure<'a, T>(measured: Option<&'a T>) -> Option<Figure>
where
    Figure: From<&'a T>,
{
    measured.map(Figure::from)
}

/// Each requirement for each strategy: all strategies of the first requirement first.
#[must_use]
pub fn judge(scale: &Scale, strategies: &[Observed]) -> Vec<Verdict> {
    let requirements = REQUIREMENTS.iter();
    requirements
        .flat_map(|requirement| {
            let of = |observed| verdict(scale, requirement, observed);
            strategies.iter().map(of).collect::<Vec<_>>()
        })
        .collect()
}

fn verdict(scale: &Scale, requirement: &Requirement, observed: &Observed) -> Verdict {
    let figure = (requirement.figure)(observed);
    let measured = figure
        .as_ref()
        .and_then(|figure| match requirement.statistic {
            Statistic::P999 => figure.p999,
            Statistic::Max => Some(figure.max),
        });
    let decision = match (requirement.limit, measured) {
        (None, _) => Decision::Told,
        (Some(_), None) => Decision::Undecided,
        (Some(limit), Some(measured)) if !requirement.unit.keeps(measured, limit) => {
            Decision::Fails
        }
        (Some(_), Some(_)) if scale.full => Decision::Holds,
        // What holds with little may not with more.
        (Some(_), Some(_)) => Decision::Undecided,
    };
    Verdict {
        requirement: requirement.name.to_owned(),
        subject: observed.subject.clone(),
        statistic: requirement.statistic,
        unit: requirement.unit,
        limit: requirement.limit,
        measured,
        median: figure.as_ref().map(|figure| figure.median),
        max: figure.as_ref().map(|figure| figure.max),
        decision,
    }
}
