//! What can go wrong, each in one line that says what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the lab could not do what it was asked. Every message is one line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabError {
    /// A name that is not in the list of subjects, workloads or profiles.
    #[error("unknown {what} `{name}`; there are: {known}")]
    Unknown {
        /// What was looked for: "subject", "workload" or "profile".
        what: &'static str,
        /// The name that was given.
        name: String,
        /// Every name there is.
        known: String,
    },
    /// An argument has a value that makes no sense.
    #[error("{option}: {reason}")]
    Argument {
        /// The option, as typed.
        option: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// The command line does not parse.
    #[error("{0}")]
    Usage(String),
    /// The documents file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The documents file has no documents.
    #[error("{0}: there is no document in it")]
    NoDocuments(String),
    /// A line of the documents file is not a JSON object.
    #[error("{origin}:{line}: {reason}")]
    BadDocument {
        /// The file's name.
        origin: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder for the results cannot be used.
    #[error("cannot use {} for the results: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file could not be written. What was there before is still there.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A `results.json` is not one.
    #[error("{}: {reason}", path.display())]
    BadResults {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A subject could not be filled with the documents.
    #[error("{subject}: cannot be filled: {reason}")]
    Fill {
        /// The subject.
        subject: &'static str,
        /// Why.
        reason: String,
    },
    /// A subject panicked in the middle of a round.
    #[error("{subject} panicked: {message}")]
    Panicked {
        /// The subject.
        subject: &'static str,
        /// The panic's message.
        message: String,
    },
    /// The engine did not do what it should have, while the requirements were measured.
    #[error("{subject}: the requirements cannot be measured: {reason}")]
    Engine {
        /// The strategy.
        subject: &'static str,
        /// Why.
        reason: String,
    },
    /// The process whose memory was to be measured failed.
    #[error("{subject}: memory cannot be measured: {reason}")]
    Process {
        /// The strategy.
        subject: &'static str,
        /// Why.
        reason: String,
    },
    /// The program does not know where it is, so it cannot start itself again.
    #[error("memory cannot be measured: where is this program? {source}")]
    Program {
        /// Why.
        source: io::Error,
    },
    /// There is no runtime to run tasks on.
    #[error("cannot start a runtime: {source}")]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// Ctrl-C came before the first round was over, so there is nothing to report.
    #[error("interrupted before the first round was over; nothing was written")]
    NothingMeasured,
    /// A plot could not be drawn.
    #[error("cannot draw the plot of {workload}: {reason}")]
    Plot {
        /// The workload it was of.
        workload: String,
        /// Why.
        reason: String,
    },
}

impl LabError {
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn unknown<'a>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::Unknown {
            what,
            name: name.to_owned(),
            known: known.into_iter().collect::<Vec<_>>().join(", "),
        }
    }
}
