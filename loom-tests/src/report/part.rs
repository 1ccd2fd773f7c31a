//! Parts of a report: what the test binaries hand in, and the command reads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ModelRow, ShuttleRow, StressRow, file};

/// Names the folder that parts are handed in to. Where it is not set, they are not.
pub const PART_FOLDER: &str = "CONTEXTURE_VERIFICATION";

/// A row of a part of a report, which is a file of its own.
pub trait Part: Serialize + DeserializeOwned {
    /// The name of the file.
    const FILE: &'static str;

    /// Writes the rows to the folder that the environment names, if it does.
    ///
    /// Only for a run that was whole and in which nothing failed.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    fn hand_in(rows: &[Self]) -> Result<(), PartError> {
        let Some(folder) = env::var_os(PART_FOLDER) else {
            return Ok(());
        };
        let path = Path::new(&folder).join(Self::FILE);
        let failed = |reason: &dyn fmt::Display| PartError::new("write", &path, reason);
        let json = file::to_json(&rows).map_err(|error| failed(&error))?;
        file::replace_all(&[(path.clone(), json)]).map_err(|error| failed(&error))
    }

    /// Reads the rows that were handed in to a folder.
    ///
    /// # Errors
    ///
    /// If there are none.
    fn collect(folder: &Path) -> Result<Vec<Self>, PartError> {
        let path = folder.join(Self::FILE);
        let failed = |reason: &dyn fmt::Display| PartError::new("read", &path, reason);
        let json = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed(&"the tests did not hand it in"),
            _ => failed(&error),
        })?;
        let rows: Vec<Self> = serde_json::from_str(&json).map_err(|error| failed(&error))?;
        if rows.is_empty() {
            return Err(failed(&"it has no rows"));
        }
        Ok(rows)
    }
}

impl Part for ModelRow {
    const FILE: &'static str = "models.json";
}

impl Part for ShuttleRow {
    const FILE: &'static str = "shuttle.json";
}

impl Part for StressRow {
    const FILE: &'static str = "stress.json";
}

/// Why a part could not be handed in or collected.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {reason}", path.display())]
pub struct PartError {
    what: &'static str,
    path: PathBuf,
    reason: String,
}

impl PartError {
    fn new(what: &'static str, path: &Path, reason: &dyn fmt::Display) -> Self {
        Self {
            what,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_was_not_handed_in_cannot_be_collected() {
        let folder = tempfile::tempdir().unwrap();
        let error = StressRow::collect(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("stress.json: the tests did not hand it in"),
            "{error}"
        );

        let path = folder.path().join(StressRow::FILE);
        fs::write(&path, "[]").unwrap();
        let error = StressRow::collect(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("it has no rows"), "{error}");

        fs::write(&path, "[{").unwrap();
        assert!(StressRow::collect(folder.path()).is_err());
    }
}
