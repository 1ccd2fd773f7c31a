//! The two files of a report.

use std::fs;
use std::path::{Path, PathBuf};

use contexture_loom_tests::report::replace_all;

use crate::error::Failure;

/// A report as data and for people, side by side in a folder.
pub(crate) struct Files<'a> {
    folder: &'a Path,
    name: &'static str,
}

impl<'a> Files<'a> {
    /// Tries to write to the folder, so that a run does not learn at its end that it cannot.
    pub(crate) fn prepare(folder: &'a Path, name: &'static str) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::Folder {
            path: folder.to_owned(),
            reason,
        };
        if folder.exists() && !folder.is_dir() {
            return Err(unusable("it is not a folder".into()));
        }
        fs::create_dir_all(folder).map_err(|error| unusable(error.to_string()))?;
        tempfile::NamedTempFile::new_in(folder).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { folder, name })
    }

    pub(crate) fn json(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    pub(crate) fn markdown(&self) -> PathBuf {
        self.folder.join(format!("{}.md", self.name))
    }

    /// Replaces both files, or neither.
    pub(crate) fn write(
        &self,
        json: Result<String, serde_json::Error>,
        markdown: String,
    ) -> Result<(), Failure> {
        let failed = |source| Failure::Write {
            path: self.folder.to_owned(),
            source,
        };
        let json = json.map_err(|error| failed(error.into()))?;
        let files = [(self.json(), json), (self.markdown(), markdown)];
        replace_all(&files).map_err(failed)
    }
}
