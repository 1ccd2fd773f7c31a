//! Memory orderings that were weakened, and what found them.

use serde::{Deserialize, Serialize};

use super::table::{Table, count, seconds};
use super::{Provenance, file, markdown};

/// Everything that one run weakened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Orderings {
    /// How it came about.
    pub provenance: Provenance,
    /// Each ordering, in each way that it was weakened.
    pub orderings: Vec<OrderingRow>,
}

impl Orderings {
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
        format!(
            "# Memory orderings\n\n{}\n\nEach was weakened by itself, and all scenarios tried until one \
             failed; where none does, the comment beside it says why. {}.\n\n{}",
            markdown::provenance(&self.provenance),
            summary(&self.orderings),
            OrderingRow::table(&self.orderings)
        )
    }
}

/// An ordering that was weakened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderingRow {
    /// The file and the line.
    pub place: String,
    /// What stands there.
    pub from: String,
    /// What it was made.
    pub to: String,
    /// The scenario that failed then; null if none did.
    pub killed_by: Option<String>,
    /// The line of the failure that says what is wrong.
    pub message: Option<String>,
    /// Why no scenario finds it, as the source says.
    pub argument: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// How many were killed, how many are argued for, and how many neither.
#[must_use]
pub fn summary(orderings: &[OrderingRow]) -> String {
    let killed = orderings.iter().filter(|row| row.killed_by.is_some());
    let killed = killed.count();
    let argued = |row: &&OrderingRow| row.killed_by.is_none() && row.argument.is_some();
    let argued = orderings.iter().filter(argued).count();
    format!(
        "{killed} of {} killed, {argued} argued for, {}",
        count(orderings.len(), "weakened ordering"),
        count(orderings.len() - killed - argued, "survivor")
    )
}

impl OrderingRow {
    /// A table.
    #[must_use]
    pub fn table(orderings: &[Self]) -> String {
        let mut table = Table::new([
            "ordering",
            "instead of",
            "in",
            "found by",
            "message",
            "seconds",
        ]);
        for row in orderings {
            let message = row.message.as_ref().or(row.argument.as_ref());
            table.row([
                row.to.clone(),
                row.from.clone(),
                row.place.clone(),
                row.killed_by.clone().unwrap_or_else(|| "none".into()),
                message.cloned().unwrap_or_else(|| "SURVIVED".into()),
                seconds(row.seconds),
            ]);
        }
        table.numbers(["seconds"]);
        table.to_string()
    }
}
