//! What was verified, as data: each run of the tests fills a part, `cargo verify all` puts the
//! parts together as `reports/verification.json`, and tables of it are printed everywhere.
//!
//! Invariant: what did not run, or failed, is in no row.

mod file;
mod level;
mod markdown;
mod models;
mod mutants;
mod orderings;
mod part;
mod provenance;
mod shuttle;
mod strategies;
mod stress;
mod table;

pub use file::replace_all;
pub use level::Level;
pub use models::{ExplorationRow, Explored, ModelRow};
pub use mutants::{MutantRow, summary as summary_of_mutants};
pub use orderings::{OrderingRow, Orderings, summary as summary_of_orderings};
pub use part::{PART_FOLDER, Part, PartError};
pub use provenance::Provenance;
pub use shuttle::ShuttleRow;
pub use strategies::StrategyRow;
pub use stress::StressRow;
pub use table::thousandths;

use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes and reads.
pub const FORMAT: &str = "contexture-verification/1";

/// Everything that one run verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// [`FORMAT`].
    pub format: String,
    /// How it came about.
    pub provenance: Provenance,
    /// What was explored of each strategy, in sum.
    pub strategies: Vec<StrategyRow>,
    /// Each scenario on each strategy, explored by loom.
    pub models: Vec<ModelRow>,
    /// Each scenario on each strategy, sampled by shuttle.
    pub shuttle: Vec<ShuttleRow>,
    /// Each strategy on real threads.
    pub stress: Vec<StressRow>,
    /// Each fault that was planted, and what found it.
    pub mutants: Vec<MutantRow>,
}

impl Verification {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        provenance: Provenance,
        models: Vec<ModelRow>,
        shuttle: Vec<ShuttleRow>,
        stress: Vec<StressRow>,
        mutants: Vec<MutantRow>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            provenance,
            strategies: StrategyRow::of(&models),
            models,
            shuttle,
            stress,
            mutants,
        }
    }

    /// As JSON, a row a line.
    ///
    /// # Errors
    ///
    /// If a figure is not finite, which would be a bug.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        file::to_json(self)
    }

    /// As Markdown, for people.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::render(self)
    }
}
