//! Running cargo: the aliases of `.cargo/config.toml`, and the build with faults.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cargo_metadata::Message;
use contexture_loom_tests::report::PART_FOLDER;

use crate::error::{Failure, Failures};
use crate::process::{End, Stop, run};

/// cargo, in this workspace.
#[derive(Debug)]
pub(crate) struct Cargo {
    program: PathBuf,
    root: PathBuf,
    target: Option<PathBuf>,
    /// When to give up.
    pub(crate) stop: Stop,
}

impl Cargo {
    /// The cargo that runs this, or the one there is.
    pub(crate) fn new(target: Option<PathBuf>, stop: &Stop) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            program: std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            root: here.parent().unwrap_or(here).to_owned(),
            target: target.map(|target| std::path::absolute(&target).unwrap_or(target)),
            stop: stop.clone(),
        }
    }

    /// The root of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Explores all models; they hand in their part to this folder.
    pub(crate) fn models(&self, effort: &str, parts: Option<&Path>) -> Result<(), Failures> {
        let mut command = self.alias("loom", parts);
        command.env("CONTEXTURE_MODELS", effort);
        self.tests("models", &mut command)
    }

    /// Samples all scenarios; they hand in their part to this folder.
    pub(crate) fn shuttle(&self, parts: Option<&Path>) -> Result<(), Failures> {
        self.tests("shuttle", &mut self.alias("shuttle", parts))
    }

    /// Runs all strategies on real threads; they hand in their part to this folder.
    pub(crate) fn stress(&self, parts: Option<&Path>) -> Result<(), Failures> {
        let mut command = self.command(parts);
        command.args(["test", "-p", "contexture-loom-tests", "--test", "stress"]);
        if let Some(target) = &self.target {
            command.arg("--target-dir").arg(target);
        }
        command.env_remove("STRESS_OPERATIONS");
        self.tests("stress", &mut command)
    }

    /// Builds the models with faults that can be planted, and says where.
    pub(crate) fn build_mutants(&self) -> Result<PathBuf, Failures> {
        const PART: &str = "mutants";
        let mut command = self.command(None);
        let features = "must-loom,report";
        let flags = "build.rustflags=['--cfg','contexture_loom','--cfg','contexture_mutants']";
        command
            .args(["test", "--profile", "loom", "-p", "contexture-loom-tests"])
            .args(["--no-default-features", "--features", features])
            .args(["--test", "models", "--no-run", "--config", flags])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            .arg(self.target_of(PART));
        let failed = |source| Failure::run(&self.program, source);
        let mut messages = tempfile::tempfile().map_err(failed)?;
        command.stdout(messages.try_clone().map_err(failed)?);
        match self.end(&mut command)? {
            status if status.success() => {}
            status => return Err(Failure::Build { part: PART, status }.into()),
        }
        messages.rewind().map_err(failed)?;
        binary(messages, "models").ok_or_else(|| Failure::NoBinary(PART).into())
    }

    /// One of the aliases.
    fn alias(&self, name: &str, parts: Option<&Path>) -> Command {
        let mut command = self.command(parts);
        command
            .arg(name)
            .arg("--target-dir")
            .arg(self.target_of(name));
        command
    }

    fn target_of(&self, part: &str) -> PathBuf {
        let target = self.target.clone();
        target
            .unwrap_or_else(|| self.root.join("target"))
            .join(part)
    }

    fn command(&self, parts: Option<&Path>) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root);
        // They would replace the flags that choose the explorer, or what loom explores.
        let rust = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].map(OsString::from);
        let loom = std::env::vars_os().map(|(name, _)| name);
        let loom = loom.filter(|name| name.to_string_lossy().starts_with("LOOM_"));
        for name in rust.into_iter().chain(loom) {
            command.env_remove(name);
        }
        match parts {
            Some(folder) => command.env(PART_FOLDER, folder),
            None => command.env_remove(PART_FOLDER),
        };
        command
    }

    fn tests(&self, part: &'static str, command: &mut Command) -> Result<(), Failures> {
        match self.end(command)? {
            status if status.success() => Ok(()),
            status => Err(Failure::Tests { part, status }.into()),
        }
    }

    fn end(&self, command: &mut Command) -> Result<std::process::ExitStatus, Failure> {
        match run(command, Duration::MAX, &self.stop) {
            Ok(End::Exited(status)) if !self.stop.is_asked_for() => Ok(status),
            Ok(_) => Err(Failure::Interrupted),
            Err(source) => Err(Failure::run(&self.program, source)),
        }
    }
}

/// The executable of a test among the messages of cargo.
fn binary(messages: File, test: &str) -> Option<PathBuf> {
    Message::parse_stream(BufReader::new(messages))
        .filter_map(Result::ok)
        .find_map(|message| match message {
            Message::CompilerArtifact(artifact) if artifact.target.name == test => {
                artifact.executable.map(Into::into)
            }
            _ => None,
        })
}
