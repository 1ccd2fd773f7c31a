//! The command line. Whatever is wrong ends with one line on standard error and exit code 2;
//! a run whose checks fail with 1, one whose checks hold and a requirement does not with 3, an
//! interrupted one with 130.

mod list;

use std::env;
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::documents::Dataset;
use crate::error::LabError;
use crate::harness::{self, Measured};
use crate::output::Folder;
use crate::progress::Progress;
use crate::results::requirements::{Requirements, Verdict};
use crate::results::{Cell, Documents, Provenance, Results, SCHEMA, Verified};
use crate::settings::{Request, Settings};
use crate::verification::Level;
use crate::worker::BLOCK;
use crate::{environment, report, requirements, words};

/// Compares concurrency strategies of a shared map of versioned JSON documents.
#[derive(Debug, Parser)]
#[command(name = "bench-lab", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures and writes results.json, report.md and report.html
    Run(Box<RunArguments>),
    /// Lists the subjects, workloads and profiles there are
    List,
    /// Renders report.md and report.html again from DIR/results.json, without a run
    Report {
        /// The folder with results.json
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Makes contexts and tells by how much this process grew; `run` starts it
    #[command(hide = true)]
    MemoryOf {
        /// The strategy's name
        strategy: String,
        /// What updates change: one-field or whole-document
        updates: String,
        /// How much: small or full
        size: String,
        /// What documents are drawn from
        seed: u64,
    },
}

#[derive(Debug, Args)]
struct RunArguments {
    /// How long and how thoroughly: smoke (under a minute), quick (under 5 minutes) or full
    /// (under 40 minutes)
    #[arg(long, default_value = "quick", value_name = "NAME")]
    profile: String,
    /// The folder for the results; created if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// JSON objects, one a line, instead of the built-in documents
    #[arg(long, value_name = "FILE.ndjson")]
    documents: Option<PathBuf>,
    /// Which built-in documents: webhooks or sessions [default: what the profile says]
    #[arg(long, value_name = "NAME")]
    sample: Option<String>,
    /// The type of keys, for every subject: string or u64 [default: string]
    #[arg(long, value_name = "TYPE")]
    keys: Option<String>,
    /// Only these subjects, separated by commas
    #[arg(long, value_name = "NAMES")]
    subjects: Option<String>,
    /// These workloads, separated by commas [default: what the profile says]
    #[arg(long, value_name = "NAMES")]
    workloads: Option<String>,
    /// With these numbers of threads, separated by commas
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    threads: Option<String>,
    /// How many contexts the documents are dealt to
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    contexts: Option<String>,
    /// What keys, operations and turns are drawn from
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<String>,
    /// Rounds of each cell
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    rounds: Option<String>,
    /// Milliseconds of each round
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    round_ms: Option<String>,
    /// How much of what the engine is required to do: off, small (does it work?) or full
    /// [default: what the profile says]
    #[arg(long, value_name = "SIZE")]
    requirements: Option<String>,
}

const BAD_INPUT: u8 = 2;
const CHECK_FAILED: u8 = 1;
const REQUIREMENT_FAILED: u8 = 3;
const INTERRUPTED: u8 = 130;

/// Parses the process's arguments, does what they say, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => perform(cli.command),
        Err(error) if wants_text(error.kind()) => {
            // Help or version. If standard output is closed, nobody wants it.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { BAD_INPUT } else { 0 });
        }
        Err(error) => Err(LabError::Usage(one_line(&error.render().to_string()))),
    };
    outcome.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::from(match error {
            LabError::NothingMeasured => INTERRUPTED,
            LabError::Panicked { .. } | LabError::Engine { .. } | LabError::Process { .. } => {
                CHECK_FAILED
            }
            _ => BAD_INPUT,
        })
    })
}

fn wants_text(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The first paragraph of clap's message, in one line.
fn one_line(message: &str) -> String {
    let paragraph = message.lines().take_while(|line| !line.trim().is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

fn complain(line: &str) {
    // With standard error closed there is no one left to tell.
    let _ = writeln!(std::io::stderr(), "bench-lab: {line}");
}

fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

fn perform(command: Command) -> Result<ExitCode, LabError> {
    match command {
        Command::Run(arguments) => run(*arguments),
        Command::List => {
            list::show();
            Ok(ExitCode::SUCCESS)
        }
        Command::Report { folder } => {
            if !folder.is_dir() {
                return Err(LabError::Folder {
                    path: folder,
                    reason: "there is no such folder".into(),
                });
            }
            let path = folder.join(report::RESULTS);
            let json = fs::read_to_string(&path).map_err(|source| LabError::Read {
                path: path.clone(),
                source,
            })?;
            let rendered = report::render(&Results::from_json(&json, &path)?)?;
            rendered.write(&Folder::prepare(&folder)?)?;
            say(&written(&folder));
            Ok(ExitCode::SUCCESS)
        }
        Command::MemoryOf {
            strategy,
            updates,
            size,
            seed,
        } => {
            say(&requirements::measure_here(
                &strategy, &updates, &size, seed,
            )?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(arguments: RunArguments) -> Result<ExitCode, LabError> {
    let settings = Settings::new(&Request {
        profile: arguments.profile,
        documents: arguments.documents,
        sample: arguments.sample,
        keys: arguments.keys,
        subjects: arguments.subjects,
        workloads: arguments.workloads,
        threads: arguments.threads,
        contexts: arguments.contexts,
        seed: arguments.seed,
        rounds: arguments.rounds,
        round_ms: arguments.round_ms,
        requirements: arguments.requirements,
    })?;
    let dataset = settings.dataset(environment::memory())?;
    let (folder, path) = (Folder::prepare(&arguments.out)?, arguments.out);

    let started_at = SystemTime::now();
    let started = Instant::now();
    let timer_ns = environment::timer_cost();
    let progress = Progress::new(harness::turns(&settings) + requirements::steps(&settings));
    let stop = stop_on_ctrl_c();
    let mut measured = harness::measure(&settings, &dataset, &progress, &stop)?;
    if measured.cells.is_empty() {
        return Err(LabError::NothingMeasured);
    }
    let required = requirements::measure(&settings, &mut measured.self_test, &progress, &stop);
    measured.interrupted |= stop.load(Ordering::Relaxed);
    progress.finish();
    // What was measured before is not lost: it is written, and the error told after that.
    let (required, error) = match required {
        Ok(required) => (required, None),
        Err(error) => (None, Some(error)),
    };

    let timing = Timing {
        started_at,
        duration: started.elapsed(),
        timer_ns,
    };
    let mut results = results(&settings, &dataset, measured, &timing);
    results.requirements = required;
    results
        .provenance
        .notes
        .extend(error.as_ref().map(LabError::to_string));
    let json = results.to_json().map_err(|error| LabError::BadResults {
        path: folder.path(report::RESULTS),
        reason: error.to_string(),
    })?;
    // The report shows what the file says, not what it was written from.
    let results = Results::from_json(&json, &folder.path(report::RESULTS))?;
    let rendered = report::render(&results)?;
    folder.write(report::RESULTS, &json)?;
    rendered.write(&folder)?;

    say(&report::headlines(&results));
    say(&written(&path));
    for failure in results.self_test.failures() {
        complain(&format!("check failed: {failure}"));
    }
    for failure in failed_requirements(&results) {
        let failure = report::requirement(failure);
        complain(&format!("requirement failed: {failure}"));
    }
    if let Some(error) = error {
        return Err(error);
    }
    if results.provenance.interrupted {
        complain("interrupted; the report covers the rounds that were finished");
    }
    Ok(ExitCode::from(exit_code(&results)))
}

/// What failed although it was measured at full size.
fn failed_requirements(results: &Results) -> impl Iterator<Item = &Verdict> {
    let full = results.requirements.iter().filter(|it| it.scale.full);
    full.flat_map(Requirements::failures)
}

fn exit_code(results: &Results) -> u8 {
    if !results.self_test.passed() {
        CHECK_FAILED
    } else if results.provenance.interrupted {
        INTERRUPTED
    } else if failed_requirements(results).next().is_some() {
        REQUIREMENT_FAILED
    } else {
        0
    }
}

/// Becomes true at the first Ctrl-C. At the second the process ends at once.
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // If there can be no handler, Ctrl-C does what it does by default: end the process.
    let _ = ctrlc::set_handler(move || {
        if handler.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
    stop
}

struct Timing {
    started_at: SystemTime,
    duration: Duration,
    timer_ns: f64,
}

fn results(settings: &Settings, dataset: &Dataset, measured: Measured, timing: &Timing) -> Results {
    let environment = environment::detect();
    let [min_bytes, median_bytes, max_bytes] = dataset.sizes();
    let mut notes = Vec::new();
    if environment.build.debug_assertions {
        notes.push("Built without optimisation: figures say nothing about a release.".to_owned());
    }
    if settings.contexts < dataset.distinct() {
        let unused = dataset.distinct() - settings.contexts;
        notes.push(format!(
            "Fewer contexts than documents: {unused} documents were not used."
        ));
    }
    notes.extend(starved(&measured.cells, environment.hardware_threads));
    Results {
        schema: SCHEMA.to_owned(),
        environment,
        provenance: Provenance {
            command_line: env::args_os()
                .skip(1)
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            profile: settings.profile.name.to_owned(),
            seed: settings.seed,
            started_at: humantime::format_rfc3339_seconds(timing.started_at).to_string(),
            duration_s: (timing.duration.as_secs_f64() * 10.0).round() / 10.0,
            documents: Documents {
                source: dataset.source.clone(),
                count: dataset.distinct(),
                min_bytes,
                median_bytes,
                max_bytes,
            },
            contexts: settings.contexts,
            keys: settings.keys,
            rounds: settings.rounds,
            round_ms: settings.round.as_millis() as u64,
            warm_up_ms: settings.warm_up().as_millis() as u64,
            timer_ns: timing.timer_ns,
            latency_sampled_every: BLOCK,
            interrupted: measured.interrupted,
            notes,
        },
        self_test: measured.self_test,
        verification: verified(settings),
        cells: measured.cells,
        requirements: None,
        scalability: Vec::new(),
        linearizability: None,
    }
}

/// What was verified of the strategies that were measured.
fn verified(settings: &Settings) -> Vec<Verified> {
    let subjects = settings.subjects.iter().map(|entry| entry.about);
    let strategies = subjects.filter(|about| about.verification.level != Level::None);
    strategies
        .map(|about| Verified {
            subject: about.name.to_owned(),
            models: about.verification.models,
            executions: about.verification.executions,
        })
        .collect()
}

/// Where the workers of every subject, also of those that never wait, had markedly fewer
/// processors than there are.
fn starved(cells: &[Cell], hardware_threads: usize) -> Option<String> {
    let mut groups: Vec<_> = cells.iter().map(|c| (&*c.workload, c.threads)).collect();
    groups.dedup();
    let starved = groups.into_iter().filter_map(|(workload, threads)| {
        let group = cells
            .iter()
            .filter(|cell| (&*cell.workload, cell.threads) == (workload, threads));
        let most = group.filter_map(|cell| cell.processors).reduce(f64::max)?;
        let expected = threads.min(hardware_threads);
        let threads = words::count(threads, "thread");
        (most < 0.85 * expected as f64)
            .then(|| format!("{workload} with {threads} ({most:.1} of {expected})"))
    });
    let starved: Vec<String> = starved.collect();
    let mut named = starved
        .iter()
        .take(3)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if starved.len() > 3 {
        named += &format!(" and {} more", starved.len() - 3);
    }
    (!starved.is_empty()).then(|| {
        format!(
            "The machine was busy with something else, or its scheduler kept threads together: \
             workers had markedly fewer processors than there are. What follows from these cells \
             about scaling is doubtful: {named}."
        )
    })
}

fn written(folder: &Path) -> String {
    format!("wrote {}", folder.join(report::HTML).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn exit_codes_tell_what_is_wrong() {
        use crate::results::requirements::Decision;
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../reports/quick/results.json"
        ));
        let json = fs::read_to_string(path).expect("the report is part of the repository");
        let mut results = Results::from_json(&json, path).expect("results");
        let decided = |decision, full| {
            let mut scale = requirements::Size::Full.scale()?;
            scale.full = full;
            let mut verdicts = requirements::judge(&scale, &[requirements::nothing("ours")]);
            verdicts.iter_mut().for_each(|it| it.decision = decision);
            Some(Requirements {
                scale,
                strategies: Vec::new(),
                verdicts,
            })
        };
        for (required, code) in [
            (None, 0),
            (decided(Decision::Holds, true), 0),
            (decided(Decision::Undecided, true), 0),
            (decided(Decision::Fails, false), 0),
            (decided(Decision::Fails, true), 3),
        ] {
            results.requirements = required;
            assert_eq!(exit_code(&results), code);
        }
        results.provenance.interrupted = true;
        assert_eq!(exit_code(&results), 130);
        let failures = &mut results.self_test.effective_updates.failures;
        failures.push("an update was lost".into());
        assert_eq!(exit_code(&results), 1);
    }

    #[test]
    fn messages_of_the_parser_become_one_line() {
        let message = "error: missing:\n  --out <DIR>\n\nUsage: …";
        assert_eq!(one_line(message), "missing: --out <DIR>");
    }
}
