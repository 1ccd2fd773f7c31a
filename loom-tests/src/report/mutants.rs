//! Faults that were planted, and what found them.

use serde::{Deserialize, Serialize};

use super::table::{Table, count, seconds};

/// A fault that was planted and found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MutantRow {
    /// The fault's name.
    pub fault: String,
    /// Where it is planted, below `strategies/src`.
    pub file: String,
    /// What the strategy does wrong then.
    pub does: String,
    /// The strategy that was explored.
    pub strategy: String,
    /// The scenario that was.
    pub scenario: String,
    /// The line of the failure that says what is wrong; null if the fault survived.
    pub killed_by: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// How many were killed, and how many not.
#[must_use]
pub fn summary(mutants: &[MutantRow]) -> String {
    let killed = mutants.iter().filter(|row| row.killed_by.is_some()).count();
    let survivors = mutants.len() - killed;
    format!(
        "{killed} of {} killed, {}",
        count(mutants.len(), "mutant"),
        count(survivors, "survivor")
    )
}

impl MutantRow {
    /// A table.
    #[must_use]
    pub fn table(mutants: &[Self]) -> String {
        let mut table = Table::new([
            "fault",
            "in",
            "what it does",
            "found by",
            "message",
            "seconds",
        ]);
        for row in mutants {
            table.row([
                row.fault.clone(),
                row.file.clone(),
                row.does.clone(),
                format!("{}::{}", row.strategy, row.scenario),
                row.killed_by.clone().unwrap_or_else(|| "SURVIVED".into()),
                seconds(row.seconds),
            ]);
        }
        table.numbers(["seconds"]);
        table.to_string()
    }
}
