//! How far subjects are verified: what the report of `cargo verify all` says, which is compiled
//! in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::words::{count, short};

/// The report as it was committed.
const REPORT: &str = include_str!("../../reports/verification.json");

/// How much of a subject a model checker has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All of it.
    Instrumented,
    /// What it does with its primitives, some of which are trusted.
    Protocol,
    /// Nothing: this workspace has checked nothing.
    None,
}

impl Level {
    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instrumented => "instrumented",
            Self::Protocol => "protocol",
            Self::None => "none",
        }
    }
}

/// How far a subject is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Verification {
    /// How much of it a model checker has seen.
    pub level: Level,
    /// How many models of it were explored: scenarios with several threads.
    pub models: u64,
    /// In how many executions.
    pub executions: u64,
}

impl Verification {
    /// Not at all.
    pub const NONE: Self = Self {
        level: Level::None,
        models: 0,
        executions: 0,
    };

    /// How far the strategy of that name is verified; not at all if the report does not name it.
    #[must_use]
    pub fn of(strategy: &str) -> Self {
        static STRATEGIES: LazyLock<BTreeMap<String, Verification>> =
            LazyLock::new(|| strategies(REPORT).unwrap_or_default());
        STRATEGIES.get(strategy).copied().unwrap_or(Self::NONE)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.level.name())?;
        if self.level == Level::None || self.models == 0 {
            return Ok(());
        }
        let models = count(self.models as usize, "model");
        let executions = short(self.executions as f64);
        write!(f, ": {models}, {executions} executions")
    }
}

/// The strategies of a report.
fn strategies(report: &str) -> serde_json::Result<BTreeMap<String, Verification>> {
    #[derive(Deserialize)]
    struct Report {
        strategies: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        name: String,
        #[serde(flatten)]
        verification: Verification,
    }
    let report: Report = serde_json::from_str(report)?;
    let rows = report.strategies.into_iter();
    Ok(rows.map(|row| (row.name, row.verification)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::subjects::{Kind, catalog};

    #[test]
    fn every_strategy_is_in_the_report_and_nothing_else_is() {
        let mut reported = strategies(REPORT).unwrap();
        for entry in catalog() {
            let about = entry.about;
            let row = reported.remove(about.name);
            if about.kind == Kind::Strategy {
                let row = row.unwrap_or_else(|| panic!("{}: cargo verify all", about.name));
                assert_eq!(row, about.verification);
                assert!(row.level != Level::None && row.models > 0 && row.executions > 0);
            } else {
                assert_eq!(row, None, "{}", about.name);
                assert_eq!(about.verification, Verification::NONE, "{}", about.name);
            }
        }
        assert!(reported.is_empty(), "{reported:?}");
    }

    #[test]
    fn a_strategy_that_is_not_reported_is_not_verified() {
        assert_eq!(Verification::of("hashtable"), Verification::NONE);
        assert_eq!(Verification::NONE.to_string(), "none");
    }

    #[test]
    fn it_says_what_was_explored() {
        let report = r#"{"strategies": [{"name": "a", "level": "instrumented", "models": 1,
            "executions": 1234567, "exhausted_at_two": 1}], "more": 1}"#;
        let text = strategies(report).unwrap()["a"].to_string();
        let plain = text.replace('\u{a0}', " ");
        assert_eq!(plain, "instrumented: 1 model, 1.23 M executions");
        assert!(strategies("{}").is_err());
        assert!(strategies(&report.replace("instrumented", "certain")).is_err());
    }
}
