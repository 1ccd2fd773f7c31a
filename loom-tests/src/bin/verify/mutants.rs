//! Planting faults: each in a process of its own, which must fail and say why.

mod judge;

use std::collections::BTreeSet;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use contexture_loom_tests::mutants::{Mutant, all};
use contexture_loom_tests::report::{MutantRow, PART_FOLDER, summary_of_mutants, thousandths};
use indicatif::{ProgressBar, ProgressStyle};

use self::judge::{Verdict, judge};
use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::process::{End, Stop, run};

/// How faults are planted.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// How many to run at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = at_least_one)]
    jobs: usize,
    /// After how many seconds a run hangs, which is not a kill.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    limit: u64,
    /// Use this test binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("there must be at least one".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

/// One run of one test.
struct Job {
    test: String,
    /// None: then the test must pass.
    fault: Option<Mutant>,
}

/// What came of a job.
struct Outcome {
    verdict: Verdict,
    took: Duration,
}

/// Plants each fault, or these only, and prints what came of it; `Ok` if all were killed, and no
/// test fails that has no fault.
pub(crate) fn verify(
    cargo: &Cargo,
    only: &[String],
    settings: &Settings,
) -> Result<Vec<MutantRow>, Failures> {
    let mutants = chosen(only)?;
    let binary = match &settings.binary {
        Some(binary) => binary.clone(),
        None => cargo.build_mutants()?,
    };
    let test = |mutant: &Mutant| format!("{}::{}", mutant.strategy, mutant.scenario);
    let controls: BTreeSet<_> = mutants.iter().map(test).collect();
    let controls = controls.into_iter().map(|test| Job { test, fault: None });
    let faults = mutants.into_iter().map(|mutant| Job {
        test: test(&mutant),
        fault: Some(mutant),
    });
    let jobs: Vec<Job> = controls.chain(faults).collect();
    let outcomes = run_all(&binary, &jobs, settings, &cargo.stop)?;

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

/// Runs all jobs, a few at a time.
fn run_all(
    binary: &Path,
    jobs: &[Job],
    settings: &Settings,
    stop: &Stop,
) -> Result<Vec<Outcome>, Failures> {
    let progress = Progress::new(jobs.len());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || -> Result<(), Failure> {
        // Relaxed: each takes a number of its own, and that is all.
        while let Some((place, job)) = numbered(jobs, next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = perform(binary, job, settings, stop)?;
            progress.done(job, &outcome);
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.push((place, outcome));
        }
        Ok(())
    };
    let ended: Result<Vec<()>, Failure> = thread::scope(|scope| {
        let workers: Vec<_> = (0..settings.jobs).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| worker.join());
        ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    progress.finish();
    ended?;
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(place, _)| *place);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn numbered(jobs: &[Job], place: usize) -> Option<(usize, &Job)> {
    jobs.get(place).map(|job| (place, job))
}

/// Runs one test in a process of its own.
fn perform(binary: &Path, job: &Job, settings: &Settings, stop: &Stop) -> Result<Outcome, Failure> {
    let failed = |source: io::Error| Failure::run(binary, source);
    let mut output = tempfile::tempfile().map_err(failed)?;
    let mut command = Command::new(binary);
    command
        .args(["--exact", &job.test, "--test-threads", "1"])
        .env("CONTEXTURE_MODELS", "short")
        .env("RUST_BACKTRACE", "0")
        .env_remove(PART_FOLDER)
        .env_remove("CONTEXTURE_FAULT")
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(output.try_clone().map_err(failed)?);
    if let Some(mutant) = job.fault {
        command.env("CONTEXTURE_FAULT", mutant.fault);
    }
    let began = Instant::now();
    let end = run(&mut command, Duration::from_secs(settings.limit), stop).map_err(failed)?;
    let took = began.elapsed();
    if end == End::Interrupted {
        return Err(Failure::Interrupted);
    }
    let mut text = Vec::new();
    output.rewind().map_err(failed)?;
    output.read_to_end(&mut text).map_err(failed)?;
    let expected = job.fault.map(|mutant| mutant.expected);
    let verdict = judge(end, &String::from_utf8_lossy(&text), &job.test, expected);
    Ok(Outcome { verdict, took })
}

/// A bar on a terminal, plain lines otherwise.
struct Progress(ProgressBar);

impl Progress {
    fn new(jobs: usize) -> Self {
        let bar = ProgressBar::new(jobs as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn done(&self, job: &Job, outcome: &Outcome) {
        let what = job.fault.map_or("no fault", |mutant| mutant.fault);
        let line = format!(
            "{:8} {what}, {} ({:.1} s)",
            outcome.verdict.name(),
            job.test,
            outcome.took.as_secs_f64()
        );
        if self.0.is_hidden() {
            println!("{line}");
        } else {
            self.0.println(line);
        }
        self.0.inc(1);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}
