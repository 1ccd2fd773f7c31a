//! Planting faults: each in a process of its own, which must fail and say why.

use std::collections::BTreeSet;

use contexture_loom_tests::mutants::{Mutant, all};
use contexture_loom_tests::report::{MutantRow, summary_of_mutants, thousandths};

use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::plant::{Outcome, Planter, Settings, Verdict};

/// One run of one test.
struct Job {
    test: String,
    /// None: then the test must pass.
    fault: Option<Mutant>,
}

/// Plants each fault, or these only, and prints what came of it; `Ok` if all were killed, and no
/// test fails that has no fault.
pub(crate) fn verify(
    cargo: &Cargo,
    only: &[String],
    settings: &Settings,
) -> Result<Vec<MutantRow>, Failures> {
    let mutants = chosen(only)?;
    let planter = Planter::new(cargo, settings)?;
    let test = |mutant: &Mutant| format!("{}::{}", mutant.strategy, mutant.scenario);
    let controls: BTreeSet<_> = mutants.iter().map(test).collect();
    let controls = controls.into_iter().map(|test| Job { test, fault: None });
    let faults = mutants.into_iter().map(|mutant| Job {
        test: test(&mutant),
        fault: Some(mutant),
    });
    let jobs: Vec<Job> = controls.chain(faults).collect();
    let run = |job: &Job| {
        let (fault, expected) = job.fault.map(|it| (it.fault, it.expected)).unzip();
        planter.run(&job.test, fault, expected)
    };
    let told = |job: &Job, outcome: &Outcome| {
        let what = job.fault.map_or("no fault", |mutant| mutant.fault);
        let seconds = outcome.took.as_secs_f64();
        format!(
            "{:8} {what}, {} ({seconds:.1} s)",
            outcome.verdict.name(),
            job.test
        )
    };
    let outcomes = planter.each(&jobs, run, told)?;

    let mut rows = Vec::new();
    let mut failures = Vec::new();
    let mut passed = 0;
    for (job, outcome) in jobs.iter().zip(outcomes) {
        match job.fault {
            Some(mutant) => rows.push(row(&mutant, &outcome)),
            None => passed += usize::from(outcome.verdict == Verdict::Passed),
        }
        failures.extend(failure(job, outcome.verdict));
    }
    println!("\n{}", MutantRow::table(&rows));
    let controls = jobs.len() - rows.len();
    println!("{passed} of {controls} tests pass without a fault");
    println!("{}", summary_of_mutants(&rows));
    Failures::check(failures)?;
    Ok(rows)
}

fn chosen(only: &[String]) -> Result<Vec<Mutant>, Failure> {
    let mut mutants = all();
    for name in only {
        if !mutants.iter().any(|mutant| mutant.fault == name) {
            let known: Vec<_> = mutants.iter().map(|mutant| mutant.fault).collect();
            return Err(Failure::UnknownFault {
                name: name.clone(),
                known: known.join(", "),
            });
        }
    }
    mutants.retain(|mutant| only.is_empty() || only.iter().any(|name| name == mutant.fault));
    Ok(mutants)
}

fn row(mutant: &Mutant, outcome: &Outcome) -> MutantRow {
    let killed_by = match &outcome.verdict {
        Verdict::Killed(message) => Some(message.clone()),
        _ => None,
    };
    MutantRow {
        fault: mutant.fault.to_owned(),
        file: mutant.file.to_owned(),
        does: mutant.does.to_owned(),
        strategy: mutant.strategy.to_owned(),
        scenario: mutant.scenario.to_owned(),
        killed_by,
        seconds: thousandths(outcome.took),
    }
}

/// What is wrong with the verdict, if something is.
fn failure(job: &Job, verdict: Verdict) -> Option<Failure> {
    let test = job.test.clone();
    let reason = match (job.fault, verdict) {
        (None, Verdict::Passed) | (Some(_), Verdict::Killed(_)) => return None,
        (_, Verdict::Passed) => "it passes".to_owned(),
        (_, Verdict::Failed(message) | Verdict::Killed(message)) => format!("it fails: {message}"),
        (_, Verdict::Hung) => "it took too long, and was ended".to_owned(),
        (_, Verdict::NotRun) => "there is no such test".to_owned(),
    };
    Some(match job.fault {
        None => Failure::Control { test, reason },
        Some(mutant) => Failure::Survivor {
            fault: mutant.fault.to_owned(),
            test,
            reason,
        },
    })
}
