//! What shuttle sampled.

use serde::{Deserialize, Serialize};

use super::table::{Table, number, seconds};

/// A scenario on a strategy, sampled by one scheduler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShuttleRow {
    /// The strategy.
    pub strategy: String,
    /// The scenario.
    pub scenario: String,
    /// How the next thread was chosen: "random", or "PCT" with its depth.
    pub scheduler: String,
    /// How many executions there were.
    pub executions: usize,
    /// How many events they had together.
    pub events: usize,
    /// How many different outcomes there were.
    pub outcomes: usize,
    /// How many outcomes the contract allows, where that is known: then each was one of them.
    pub allowed: Option<usize>,
    /// How long it took.
    pub seconds: f64,
}

impl ShuttleRow {
    /// A table: of each strategy and scheduler the sums.
    #[must_use]
    pub fn table(rows: &[Self]) -> String {
        let numbers = ["scenarios", "executions", "events", "seconds"];
        let mut header = vec!["strategy", "scheduler", "outcomes"];
        header.extend(numbers);
        let mut table = Table::new(header);
        let group = |row: &Self| {
            let checked = if row.allowed.is_some() {
                "known"
            } else {
                "open"
            };
            (row.strategy.clone(), row.scheduler.clone(), checked)
        };
        let mut groups: Vec<_> = rows.iter().map(group).collect();
        groups.sort();
        groups.dedup();
        for of in groups {
            let rows: Vec<_> = rows.iter().filter(|row| group(row) == of).collect();
            table.row([
                of.0,
                of.1,
                of.2.to_owned(),
                number(rows.len()),
                number(rows.iter().map(|row| row.executions).sum()),
                number(rows.iter().map(|row| row.events).sum()),
                seconds(rows.iter().map(|row| row.seconds).sum()),
            ]);
        }
        table.numbers(numbers);
        format!("{table}\n{LEGEND}\n")
    }
}

/// What the columns of the table mean.
const LEGEND: &str = "Every execution is checked for linearizability; where the outcomes that the \
    contract allows are known, each outcome is one of them.";
