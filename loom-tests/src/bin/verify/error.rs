//! What can go wrong, each in one line.

use std::io;
use std::path::{Path, PathBuf};

use contexture_loom_tests::report::PartError;
use thiserror::Error;

/// Why something is not verified.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// A part of the proof does not hold; the tests said why.
    #[error("{part}: the tests failed ({status})")]
    Tests {
        part: &'static str,
        status: std::process::ExitStatus,
    },
    /// What is run for a part does not build.
    #[error("{part}: the build failed ({status})")]
    Build {
        part: &'static str,
        status: std::process::ExitStatus,
    },
    /// cargo did not say where it put what it built.
    #[error("{0}: the build made no test binary")]
    NoBinary(&'static str),
    /// A program could not be run.
    #[error("cannot run {}: {source}", program.display())]
    Run { program: PathBuf, source: io::Error },
    /// A test that must pass without a fault does not.
    #[error("{test} must pass without a fault: {reason}")]
    Control { test: String, reason: String },
    /// A fault was not found.
    #[error("{fault} survived {test}: {reason}")]
    Survivor {
        fault: String,
        test: String,
        reason: String,
    },
    /// A weakened ordering was not found.
    #[error("{fault}: no scenario fails, and no comment says why")]
    Unargued { fault: String },
    /// A weakened ordering was found, in spite of what a comment says.
    #[error("{fault}: {test} fails, though a comment says that no model does")]
    WrongArgument { fault: String, test: String },
    /// There is no such fault.
    #[error("unknown fault `{name}`; there are: {known}")]
    UnknownFault { name: String, known: String },
    /// A part was not handed in.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The folder of the report cannot be used.
    #[error("cannot use {} for the report: {reason}", path.display())]
    Folder { path: PathBuf, reason: String },
    /// The report could not be written. What was there before is still there.
    #[error("cannot write the report to {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Something about this machine or the source could not be found out.
    #[error("cannot find out {what}: {reason}")]
    Provenance { what: &'static str, reason: String },
    /// It was one of several, and the report needs all.
    #[error("{} was left as it was", .0.display())]
    NotWritten(PathBuf),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    pub(crate) fn run(program: &Path, source: io::Error) -> Self {
        Self::Run {
            program: program.to_owned(),
            source,
        }
    }
}

/// At least one failure.
#[derive(Debug)]
pub(crate) struct Failures(Vec<Failure>);

impl Failures {
    /// `Ok` if there are none.
    pub(crate) fn check(failures: Vec<Failure>) -> Result<(), Self> {
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Self(failures))
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    pub(crate) fn into_vec(self) -> Vec<Failure> {
        self.0
    }

    pub(crate) fn are_interrupted(&self) -> bool {
        self.iter()
            .any(|failure| matches!(failure, Failure::Interrupted))
    }

    /// As a shell would say it: 130 after Ctrl-C, 2 if what was asked for makes no sense.
    pub(crate) fn exit_code(&self) -> u8 {
        let nonsense = |failure: &Failure| matches!(failure, Failure::UnknownFault { .. });
        if self.are_interrupted() {
            130
        } else if self.iter().any(nonsense) {
            2
        } else {
            1
        }
    }
}

impl<F: Into<Failure>> From<F> for Failures {
    fn from(failure: F) -> Self {
        Self(vec![failure.into()])
    }
}
