//! What the engine is required to do, measured on [`Contexts`](contexture::Contexts) over every
//! strategy, unlike all else in this lab, which is about the strategies themselves.
//!
//! 10,000 contexts of 1,024 bytes of JSON in 16 fields, each different and each with a full history
//! of 10 former versions; no feed, no observers.
//!
//! | requirement | limit | what must keep to it |
//! |---|---|---|
//! | update of one field | below 50 ms | p99.9, while all tasks update; again beside snapshots |
//! | snapshot of all contexts | below 100 ms | every one, alone and while all tasks update |
//! | rollback to the oldest version there is | below 200 ms | every one |
//! | memory, each update changes one field | at most 100 MB | every process |
//! | memory, each update replaces the document | none: told | |
//!
//! # What is timed
//!
//! Tasks on a multi-thread runtime of tokio, each a closed loop: one call after the other, timed
//! from the call to its return, then a yield to the runtime that is not timed. So times are service
//! times, the wait for another task's lock included, the wait for a turn on the runtime not. What a
//! snapshot costs when it is dropped is not in its time. A machine that is busy with something
//! else shows in the highest figures.
//!
//! # What memory means
//!
//! By how much the resident set of a fresh process grows from before the first context to when
//! each has its full history. It has everything in it: documents, histories, the store, what the
//! allocator holds beyond that, and pages of the program that are used for the first time.
//! 1 MB is 10⁶ bytes.
//!
//! # What keeps it honest
//!
//! After everything each context must have as many versions as there were writes that succeeded,
//! as the check of effective updates says; each history must have been full; and every rollback
//! must have brought back the document that it was for.

pub(crate) mod documents;
mod load;
mod memory;
mod verdict;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contexture::StrategyKind;
use contexture::kind::{Visitor, visit_all};

pub use self::memory::{Replace, measure_here};
pub use self::verdict::judge;

use crate::error::LabError;
use crate::progress::Progress;
use crate::results::SelfTest;
use crate::results::requirements::{Memories, Observed, Requirements, Scale};
use crate::settings::{OVERSUBSCRIPTION, Settings, hardware_threads};
use crate::subjects::Kind;

/// How much of the requirements a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Nothing.
    Off,
    /// Little: whether everything works.
    Small,
    /// What they are about.
    Full,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::Off, Self::Small, Self::Full];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Small => "small",
            Self::Full => "full",
        }
    }

    /// The size of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<Self, LabError> {
        let found = Self::ALL.into_iter().find(|size| size.name() == name);
        found.ok_or_else(|| {
            LabError::unknown("size of requirements", name, Self::ALL.map(Self::name))
        })
    }

    /// How much is measured; `None` if nothing is.
    #[must_use]
    pub fn scale(self) -> Option<Scale> {
        let worker_threads = hardware_threads().max(2);
        let full = Scale {
            full: true,
            contexts: 10_000,
            fields: documents::FIELDS,
            document_bytes: documents::BYTES,
            history: 10,
            tasks: OVERSUBSCRIPTION * worker_threads,
            worker_threads,
            updates: 200_000,
            snapshots: 50,
            rollbacks: 10_000,
            processes: 3,
        };
        match self {
            Self::Off => None,
            Self::Small => Some(Scale {
                full: false,
                contexts: 200,
                updates: 2_000,
                snapshots: 20,
                rollbacks: 200,
                processes: 1,
                ..full
            }),
            Self::Full => Some(full),
        }
    }
}

/// How many steps of progress [`measure`] makes.
#[must_use]
pub fn steps(settings: &Settings) -> usize {
    let scale = settings.requirements.scale();
    scale.map_or(0, |scale| names(settings).count() * of_strategy(&scale))
}

/// One for the times, one for each process.
fn of_strategy(scale: &Scale) -> usize {
    1 + Replace::ALL.len() * scale.processes
}

fn names(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let about = settings.subjects.iter().map(|entry| entry.about);
    let strategies = about.filter(|about| about.kind == Kind::Strategy);
    strategies.map(|about| about.name)
}

/// Measures the strategies of a run, and adds what was checked meanwhile to `self_test`. `None` if
/// there is nothing to measure, or `stop` became true before all of it was.
///
/// # Errors
///
/// If the engine refuses something or panics, or a process for its memory cannot be had.
pub fn measure(
    settings: &Settings,
    self_test: &mut SelfTest,
    progress: &Progress,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Requirements>, LabError> {
    let Some(scale) = settings.requirements.scale() else {
        return Ok(None);
    };
    let mut measuring = Measuring {
        names: names(settings).collect(),
        program: std::env::current_exe().map_err(|source| LabError::Program { source })?,
        scale,
        seed: settings.seed,
        self_test,
        progress,
        stop,
        observed: Vec::new(),
        outcome: Ok(()),
    };
    if measuring.names.is_empty() {
        return Ok(None);
    }
    visit_all(&mut measuring);
    let Measuring {
        observed, outcome, ..
    } = measuring;
    outcome?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(Some(Requirements {
        scale,
        verdicts: judge(&scale, &observed),
        strategies: observed,
    }))
}

/// Goes from strategy to strategy.
struct Measuring<'a> {
    names: Vec<&'static str>,
    program: PathBuf,
    scale: Scale,
    seed: u64,
    self_test: &'a mut SelfTest,
    progress: &'a Progress,
    stop: &'a Arc<AtomicBool>,
    observed: Vec<Observed>,
    outcome: Result<(), LabError>,
}

impl Visitor for Measuring<'_> {
    fn visit<S: StrategyKind>(&mut self) {
        if !self.names.contains(&S::NAME) || self.outcome.is_err() {
            return;
        }
        match self.strategy::<S>() {
            Ok(Some(observed)) => {
                self.progress.requirements_done(S::NAME);
                self.observed.push(observed);
            }
            // Stopped.
            Ok(None) => {}
            Err(error) => self.outcome = Err(error),
        }
    }
}

impl Measuring<'_> {
    fn strategy<S: StrategyKind>(&mut self) -> Result<Option<Observed>, LabError> {
        let Some(measured) = load::measure::<S>(&self.scale, self.seed, self.stop)? else {
            return Ok(None);
        };
        let place = format!("{}, requirements", S::NAME);
        self.self_test
            .check_updates(&place, measured.tally, measured.effective);
        self.progress.turn_done();
        let memory = |replace| {
            let mut processes = Vec::new();
            for process in 0..self.scale.processes {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let seed = self.seed.wrapping_add(process as u64);
                let outcome = memory::measure(&self.program, S::NAME, replace, &self.scale, seed);
                match outcome {
                    Ok(growth) => processes.extend(growth),
                    // Ctrl-C on a terminal ends the process, too.
                    Err(_) if self.stop.load(Ordering::Relaxed) => return Ok(None),
                    Err(error) => return Err(error),
                }
                self.progress.turn_done();
            }
            Ok(memory::summary(&processes))
        };
        let memory_bytes = Memories {
            one_field: memory(Replace::OneField)?,
            whole_document: memory(Replace::WholeDocument)?,
        };
        let stopped = self.stop.load(Ordering::Relaxed);
        Ok((!stopped).then(|| Observed {
            subject: S::NAME.to_owned(),
            latency_ns: measured.timed,
            memory_bytes,
        }))
    }
}

/// A strategy of which nothing was measured.
#[cfg(test)]
pub(crate) fn nothing(subject: &str) -> Observed {
    Observed {
        subject: subject.to_owned(),
        latency_ns: crate::results::requirements::Timed {
            update: None,
            update_beside_snapshots: None,
            snapshot: None,
            snapshot_beside_updates: None,
            rollback: None,
        },
        memory_bytes: Memories {
            one_field: None,
            whole_document: None,
        },
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
