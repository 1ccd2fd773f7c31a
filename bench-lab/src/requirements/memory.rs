//! What memory contexts with a full history take: by how much a fresh process grows that makes
//! them. The process is this program again, see [`measure_here`].

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contexture::StrategyKind;
use contexture::kind::{Visitor, visit_all};
use serde::{Deserialize, Serialize};

use super::Size;
use super::world::{World, runtime};
use crate::environment;
use crate::error::LabError;
use crate::results::requirements::{Memory, Scale};

/// The hidden subcommand that calls [`measure_here`].
pub(super) const SUBCOMMAND: &str = "memory-of";

/// What the updates that fill a history change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// One field, whose text changes its length.
    OneField,
    /// All values, by others of the same size together: there is nothing to be saved.
    WholeDocument,
}

impl Replace {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::OneField, Self::WholeDocument];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneField => "one-field",
            Self::WholeDocument => "whole-document",
        }
    }

    /// The one of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<Self, LabError> {
        let found = Self::ALL.into_iter().find(|replace| replace.name() == name);
        found.ok_or_else(|| LabError::unknown("kind of update", name, Self::ALL.map(Self::name)))
    }
}

/// The resident set of one process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Growth {
    pub(super) before: u64,
    pub(super) after: u64,
}

impl Growth {
    fn bytes(self) -> u64 {
        self.after.saturating_sub(self.before)
    }
}

/// Starts a process that makes the contexts and says how much it grew; `None` where the system
/// does not tell.
pub(super) fn measure(
    program: &Path,
    strategy: &'static str,
    replace: Replace,
    scale: &Scale,
    seed: u64,
) -> Result<Option<Growth>, LabError> {
    let size = if scale.full { Size::Full } else { Size::Small };
    let failed = |reason: String| LabError::Process {
        subject: strategy,
        reason,
    };
    let output = Command::new(program)
        .args([SUBCOMMAND, strategy, replace.name(), size.name()])
        .arg(seed.to_string())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("it said nothing");
        return Err(failed(format!("{}: {last}", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said).map_err(|error| failed(format!("it said {said:?}: {error}")))
}

/// Makes the contexts in this process, which should be a fresh one, and returns how much it grew
/// as the line of JSON that the process which started this one waits for.
///
/// # Errors
///
/// If a name is unknown, or the contexts cannot be made.
pub fn measure_here(
    strategy: &str,
    replace: &str,
    size: &str,
    seed: u64,
) -> Result<String, LabError> {
    let scale = Size::find(size)?.scale().ok_or(LabError::Argument {
        option: "SIZE",
        reason: "nothing is measured at this size".to_owned(),
    })?;
    let mut process = Process {
        strategy,
        replace: Replace::find(replace)?,
        scale,
        seed,
        outcome: None,
    };
    visit_all(&mut process);
    let growth = match process.outcome {
        Some(outcome) => outcome?,
        None => return Err(LabError::unknown("strategy", strategy, known())),
    };
    Ok(serde_json::to_string(&growth).unwrap_or_default())
}

/// All processes of one strategy together; `None` if there is no figure.
pub(super) fn summary(processes: &[Growth]) -> Option<Memory> {
    let mut sorted = processes.to_vec();
    sorted.sort_unstable_by_key(|growth| growth.bytes());
    let (min, max) = (sorted.first()?, sorted.last()?);
    Some(Memory {
        min: min.bytes(),
        median: sorted[(sorted.len() - 1) / 2].bytes(),
        max: max.bytes(),
        before: max.before,
        samples: sorted.len() as u64,
    })
}

struct Process<'a> {
    strategy: &'a str,
    replace: Replace,
    scale: Scale,
    seed: u64,
    outcome: Option<Result<Option<Growth>, LabError>>,
}

impl Visitor for Process<'_> {
    fn visit<S: StrategyKind>(&mut self) {
        if self.strategy == S::NAME {
            self.outcome = Some(self.grow::<S>());
        }
    }
}

impl Process<'_> {
    fn grow<S: StrategyKind>(&self) -> Result<Option<Growth>, LabError> {
        let runtime = runtime(&self.scale)?;
        runtime.block_on(async {
            let before = environment::resident();
            let world = World::<S>::new(self.scale, self.seed, Arc::new(AtomicBool::new(false)));
            world.fill(self.replace).await?;
            let after = environment::resident();
            // Not before: it takes memory, too.
            world.check_full().await?;
            let growth = before.zip(after);
            Ok(growth.map(|(before, after)| Growth { before, after }))
        })
    }
}

fn known() -> Vec<&'static str> {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<S: StrategyKind>(&mut self) {
            self.0.push(S::NAME);
        }
    }
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    names.0
}
