//! What ran on real threads.

use serde::{Deserialize, Serialize};

use super::table::{Table, number, seconds};

/// A long history of a strategy on real threads, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressRow {
    /// The strategy.
    pub strategy: String,
    /// What kind of history.
    pub history: String,
    /// How many threads there were.
    pub threads: usize,
    /// How many operations.
    pub operations: usize,
    /// How many of them began before one that began earlier had ended.
    pub overlapping: usize,
    /// How long it took to run them.
    pub ran_seconds: f64,
    /// How much processor time it took to find that they are linearizable.
    pub checked_seconds: f64,
}

impl StressRow {
    /// A table.
    #[must_use]
    pub fn table(rows: &[Self]) -> String {
        let numbers = [
            "threads",
            "operations",
            "overlapping",
            "run in (s)",
            "checked in (s)",
        ];
        let mut header = vec!["strategy", "history"];
        header.extend(numbers);
        let mut table = Table::new(header);
        for row in rows {
            table.row([
                row.strategy.clone(),
                row.history.clone(),
                number(row.threads),
                number(row.operations),
                number(row.overlapping),
                seconds(row.ran_seconds),
                seconds(row.checked_seconds),
            ]);
        }
        table.numbers(numbers);
        table.to_string()
    }
}
