//! Weakening memory orderings, one at a time: a scenario must fail, or a comment say why none does.

use std::time::{Duration, Instant};

use contexture_loom_tests::catalogue::small;
use contexture_loom_tests::orderings::{Weakening, all};
use contexture_loom_tests::report::{OrderingRow, summary_of_orderings, thousandths};

use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::plant::{Planter, Settings, Verdict};

/// Scenarios that find most of them, to be tried first.
const FIRST: &[&str] = &[
    "kept_handle_against_updates",
    "update_remove",
    "reads_never_go_back",
    "batch_against_reads",
    "read_against_growth",
    "refuse_refuse",
];

/// What came of a weakened ordering.
struct Found {
    /// The scenario that failed, and with what.
    by: Option<(String, String)>,
    took: Duration,
}

/// Weakens each ordering, or these only, and prints what came of it; `Ok` if each was found or is
/// argued for, and none is both.
pub(crate) fn verify(
    cargo: &Cargo,
    only: &[String],
    settings: &Settings,
) -> Result<Vec<OrderingRow>, Failures> {
    let weakenings = chosen(cargo, only)?;
    let planter = Planter::new(cargo, settings)?;
    let try_all = |weakening: &Weakening| find(&planter, weakening);
    let told = |weakening: &Weakening, found: &Found| {
        let what = match (&found.by, &weakening.argument) {
            (Some((test, _)), _) => format!("killed by {test}"),
            (None, Some(_)) => "argued for".to_owned(),
            (None, None) => "SURVIVED".to_owned(),
        };
        let seconds = found.took.as_secs_f64();
        format!("{} {what} ({seconds:.1} s)", weakening.fault())
    };
    let found = planter.each(&weakenings, try_all, told)?;

    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for (weakening, found) in weakenings.into_iter().zip(found) {
        let fault = weakening.fault();
        match (&found.by, &weakening.argument) {
            (None, None) => failures.push(Failure::Unargued { fault }),
            (Some((test, _)), Some(_)) => {
                let test = test.clone();
                failures.push(Failure::WrongArgument { fault, test });
            }
            _ => {}
        }
        rows.push(row(weakening, found));
    }
    println!("\n{}", OrderingRow::table(&rows));
    println!("{}", summary_of_orderings(&rows));
    Failures::check(failures)?;
    Ok(rows)
}

fn chosen(cargo: &Cargo, only: &[String]) -> Result<Vec<Weakening>, Failure> {
    let mut weakenings = all(cargo.root()).map_err(|error| Failure::Provenance {
        what: "the orderings of the strategies",
        reason: error.to_string(),
    })?;
    for name in only {
        if !weakenings.iter().any(|it| it.fault().starts_with(name)) {
            let known: Vec<_> = weakenings.iter().map(Weakening::fault).collect();
            return Err(Failure::UnknownFault {
                name: name.clone(),
                known: known.join(", "),
            });
        }
    }
    let wanted = |it: &Weakening| only.iter().any(|name| it.fault().starts_with(name));
    weakenings.retain(|it| only.is_empty() || wanted(it));
    Ok(weakenings)
}

/// Runs scenarios until one fails.
fn find(planter: &Planter<'_>, weakening: &Weakening) -> Result<Found, Failure> {
    let fault = weakening.fault();
    let began = Instant::now();
    let scenarios = small();
    let names = scenarios.iter().map(|scenario| scenario.name());
    let rest = names.filter(|name| !FIRST.contains(name));
    let names: Vec<_> = FIRST.iter().copied().chain(rest).collect();
    for strategy in weakening.strategies() {
        for name in &names {
            let test = format!("{strategy}::{name}");
            // A failure of whatever kind will do; a hang will not.
            let outcome = planter.run(&test, Some(&fault), None)?;
            if let Verdict::Failed(message) = outcome.verdict {
                return Ok(Found {
                    by: Some((test, message)),
                    took: began.elapsed(),
                });
            }
        }
    }
    Ok(Found {
        by: None,
        took: began.elapsed(),
    })
}

fn row(weakening: Weakening, found: Found) -> OrderingRow {
    let (killed_by, message) = found.by.unzip();
    OrderingRow {
        place: format!("{}:{}", weakening.file, weakening.line),
        from: weakening.from,
        to: weakening.to.to_owned(),
        killed_by,
        message,
        argument: weakening.argument,
        seconds: thousandths(found.took),
    }
}
