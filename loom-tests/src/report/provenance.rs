//! How a report came about.

use serde::{Deserialize, Serialize};

/// How a report came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// When the run started: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// The command that repeats it.
    pub command: String,
    /// "full" or "short": how thoroughly loom explored.
    pub effort: String,
    /// The revision of the source; null where git does not tell.
    pub revision: Option<String>,
    /// Whether files differed from that revision, apart from the reports.
    pub dirty: Option<bool>,
    /// The compiler.
    pub rustc: String,
    /// loom's version.
    pub loom: String,
    /// shuttle's version.
    pub shuttle: String,
    /// How many threads the machine runs at once.
    pub processors: usize,
}
