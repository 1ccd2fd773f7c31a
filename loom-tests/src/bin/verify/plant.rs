//! Runs tests of one binary, each in a process of its own, with or without a planted fault.

mod judge;

use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use contexture_loom_tests::report::PART_FOLDER;
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use self::judge::Verdict;
use self::judge::judge;
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

/// A binary of tests with faults that can be planted.
pub(crate) struct Planter<'a> {
    binary: PathBuf,
    settings: &'a Settings,
    stop: &'a Stop,
}

/// What came of a test.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

impl<'a> Planter<'a> {
    /// Builds the binary, unless the settings name one.
    pub(crate) fn new(cargo: &'a Cargo, settings: &'a Settings) -> Result<Self, Failures> {
        let binary = match &settings.binary {
            Some(binary) => binary.clone(),
            None => cargo.build_mutants()?,
        };
        Ok(Self {
            binary,
            settings,
            stop: &cargo.stop,
        })
    }

    /// Does all jobs, a few at a time, and says of each what `told` does.
    pub(crate) fn each<J: Sync, R: Send>(
        &self,
        jobs: &[J],
        work: impl Fn(&J) -> Result<R, Failure> + Sync,
        told: impl Fn(&J, &R) -> String + Sync,
    ) -> Result<Vec<R>, Failures> {
        let progress = Progress::new(jobs.len());
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let worker = || -> Result<(), Failure> {
            loop {
                // Relaxed: each takes a number of its own, and that is all.
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(place) else {
                    return Ok(());
                };
                let result = work(job)?;
                progress.done(&told(job, &result));
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((place, result));
            }
        };
        let ended: Result<Vec<()>, Failure> = thread::scope(|scope| {
            let workers: Vec<_> = (0..self.settings.jobs)
                .map(|_| scope.spawn(worker))
                .collect();
            let ends = workers.into_iter().map(|worker| worker.join());
            ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        progress.finish();
        ended?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(place, _)| *place);
        Ok(done.into_iter().map(|(_, result)| result).collect())
    }

    /// Runs one test in a process of its own. Only a failure with what is `expected` is a kill.
    pub(crate) fn run(
        &self,
        test: &str,
        fault: Option<&str>,
        expected: Option<&str>,
    ) -> Result<Outcome, Failure> {
        let failed = |source: io::Error| Failure::run(&self.binary, source);
        let mut output = tempfile::tempfile().map_err(failed)?;
        let mut command = Command::new(&self.binary);
        command
            .args(["--exact", test, "--test-threads", "1"])
            .env("CONTEXTURE_MODELS", "short")
            .env("RUST_BACKTRACE", "0")
            .env_remove(PART_FOLDER)
            .env_remove("CONTEXTURE_FAULT")
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output.try_clone().map_err(failed)?);
        if let Some(fault) = fault {
            command.env("CONTEXTURE_FAULT", fault);
        }
        let began = Instant::now();
        let limit = Duration::from_secs(self.settings.limit);
        let end = run(&mut command, limit, self.stop).map_err(failed)?;
        let took = began.elapsed();
        if end == End::Interrupted {
            return Err(Failure::Interrupted);
        }
        let mut text = Vec::new();
        output.rewind().map_err(failed)?;
        output.read_to_end(&mut text).map_err(failed)?;
        let verdict = judge(end, &String::from_utf8_lossy(&text), test, expected);
        Ok(Outcome { verdict, took })
    }
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

    fn done(&self, line: &str) {
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
