//! How much of a strategy loom has seen.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of a strategy loom has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All of it: every primitive is loom's own, but for an asymmetric fence, which loom explores as
    /// two `SeqCst` fences, and the reference counts of versions, which are std's.
    Instrumented,
    /// What it does with its primitives; of these some are models of what their crates promise,
    /// and that the crates keep the promise is trusted.
    Protocol,
}

/// Strategies all of whose primitives are loom's own.
const INSTRUMENTED: &[&str] = &["slotted"];

impl Level {
    /// The level of the strategy of that name.
    #[must_use]
    pub fn of(strategy: &str) -> Self {
        if INSTRUMENTED.contains(&strategy) {
            Self::Instrumented
        } else {
            Self::Protocol
        }
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instrumented => "instrumented",
            Self::Protocol => "protocol",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
