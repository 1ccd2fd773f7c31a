//! Runs the proof, in parts or as a whole, and writes the report of it: `cargo verify --help`.

#![allow(
    clippy::disallowed_types,
    reason = "a command line tool, which no explorer runs"
)]

mod all;
mod cargo;
mod error;
mod mutants;
mod orderings;
mod plant;
mod process;
mod provenance;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::cargo::Cargo;
use crate::error::Failures;
use crate::process::Stop;

/// Runs the proof that strategies keep their contract.
#[derive(Debug, Parser)]
#[command(name = "verify", bin_name = "cargo verify", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Where to build; each part in a folder of its own. [default: target]
    #[arg(long, value_name = "DIR", global = true)]
    target_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every scenario on every strategy in every interleaving, within bounds, by loom.
    Models(Effort),
    /// Plants faults, one at a time, and fails unless each is found by the scenario that must.
    Mutants {
        /// Plant this fault only; may be repeated.
        #[arg(long, value_name = "FAULT")]
        only: Vec<String>,
        #[command(flatten)]
        settings: plant::Settings,
    },
    /// Weakens memory orderings, one at a time, and fails unless a scenario finds each or a comment says
    /// why none can.
    Orderings {
        /// Weaken these only: a file, a file:line, or a file:line:ordering; may be repeated.
        #[arg(long, value_name = "PLACE")]
        only: Vec<String>,
        #[command(flatten)]
        settings: plant::Settings,
        /// The folder of a report, orderings.json and orderings.md. It is created if need be.
        #[arg(long, value_name = "DIR", conflicts_with = "only")]
        out: Option<PathBuf>,
    },
    /// The scenarios, and some that are too large for loom, in random interleavings.
    Shuttle,
    /// Long histories on real threads.
    Stress,
    /// All of these but orderings; then writes verification.json and verification.md.
    All {
        #[command(flatten)]
        effort: Effort,
        #[command(flatten)]
        mutants: plant::Settings,
        /// The folder of the report. It is created if need be.
        #[arg(long, value_name = "DIR", default_value = "reports")]
        out: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Args)]
struct Effort {
    /// Explore less, in a fraction of the time.
    #[arg(long)]
    short: bool,
}

impl Effort {
    fn name(self) -> &'static str {
        if self.short { "short" } else { "full" }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let stop = Stop::on_interrupt();
    let cargo = Cargo::new(cli.target_dir, &stop);
    let done = match &cli.command {
        Command::Models(effort) => cargo.models(effort.name(), None),
        Command::Mutants { only, settings } => mutants::verify(&cargo, only, settings).map(drop),
        Command::Orderings {
            only,
            settings,
            out,
        } => orderings::verify(&cargo, only, settings, out.as_deref()),
        Command::Shuttle => cargo.shuttle(None),
        Command::Stress => cargo.stress(None),
        Command::All {
            effort,
            mutants,
            out,
        } => all::verify(&cargo, effort.name(), mutants, out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failures) => show(&failures),
    }
}

/// One line each.
fn show(failures: &Failures) -> ExitCode {
    for failure in failures.iter() {
        eprintln!("error: {failure}");
    }
    ExitCode::from(failures.exit_code())
}

/// How long something took, for people.
fn shown(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
