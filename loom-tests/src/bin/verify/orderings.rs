//! Weakening memory orderings, one at a time: a scenario must fail, or a comment say why none does.

use std::path::Path;
use std::time::{Duration, Instant};

use contexture_loom_tests::catalogue::small;
use contexture_loom_tests::orderings::{Weakening, all};
use contexture_loom_tests::report::{OrderingRow, Orderings, summary_of_orderings, thousandths};

use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::plant::{Planter, Settings, Verdict};
use crate::provenance;
use crate::report::Files;

/// Scenarios that find most of them, to be tried first.
const FIRST: &[&str] = &[
    "kept_handle_against_updates",
    "update_remove",
    "reads_never_go_back",
    "batch_against_reads",
    "read_against_growth",
    "refuse_refuse",
    "waiting_refusal_against_recreation",
];

/// What came of a weakened ordering.
struct Found {
    /// The scenario that failed, and with what.
    by: Option<(String, String)>,
    took: Duration,
}

/// Weakens each ordering, or these only, and prints what came of it; `Ok` if each was found or is
/// argued for. Then a report is written, if a folder for it is named.
pub(crate) fn verify(
    cargo: &Cargo,
    only: &[String],
    settings: &Settings,
    out: Option<&Path>,
) -> Result<(), Failures> {
    let started = Instant::now();
    let files = out
        .map(|out| Files::prepare(out, "orderings"))
        .transpose()?;
    let mut provenance = provenance::of_this_run(cargo.root(), "orderings", "short")?;
    let weakenings = chosen(cargo, only)?;
    let planter = Planter::new(cargo, settings)?;
    let try_all = |weakening: &Weakening| find(&planter, weakening);
    let found = planter.each(&weakenings, try_all, told)?;

    let failures = failures(&weakenings, &found);
    let rows = weakenings.into_iter().zip(found);
    let rows: Vec<_> = rows
        .map(|(weakening, found)| row(weakening, found))
        .collect();
    println!("\n{}", OrderingRow::table(&rows));
    println!("{}", summary_of_orderings(&rows));
    Failures::check(failures)?;
    if let Some(files) = files {
        provenance.seconds = started.elapsed().as_secs();
        let report = Orderings {
            provenance,
            orderings: rows,
        };
        files.write(report.to_json(), report.to_markdown())?;
        println!("wrote {}", files.markdown().display());
    }
    Ok(())
}

fn told(weakening: &Weakening, found: &Found) -> String {
    let what = match (&found.by, &weakening.argument) {
        (Some((test, _)), _) => format!("killed by {test}"),
        (None, Some(_)) => "argued for".to_owned(),
        (None, None) => "SURVIVED".to_owned(),
    };
    let seconds = found.took.as_secs_f64();
    format!("{} {what} ({seconds:.1} s)", weakening.fault())
}

/// What survived without an argument, and arguments for what is found in every way.
fn failures(weakenings: &[Weakening], found: &[Found]) -> Vec<Failure> {
    let both = || weakenings.iter().zip(found);
    let failure = |(weakening, found): (&Weakening, &Found)| {
        let fault = weakening.fault();
        let at_this_place =
            |other: &Weakening| (&other.file, other.line) == (&weakening.file, weakening.line);
        let is_found = both().all(|(other, found)| !at_this_place(other) || found.by.is_some());
        match (&found.by, &weakening.argument) {
            (None, None) => Some(Failure::Unargued { fault }),
            (Some((test, _)), Some(_)) if is_found => {
                let test = test.clone();
                Some(Failure::WrongArgument { fault, test })
            }
            _ => None,
        }
    };
    both().filter_map(failure).collect()
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
