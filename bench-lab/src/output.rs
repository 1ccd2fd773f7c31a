//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::LabError;

/// A folder that results go to, known to be writable.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder if need be and tries to write to it, so that a run does not learn at
    /// its end that it cannot.
    ///
    /// # Errors
    ///
    /// If it is something else than a folder or cannot be created or written to.
    pub fn prepare(path: &Path) -> Result<Self, LabError> {
        let unusable = |reason: String| LabError::Folder {
            path: path.to_owned(),
            reason,
        };
        if path.exists() && !path.is_dir() {
            return Err(unusable("it is not a folder".into()));
        }
        fs::create_dir_all(path).map_err(|error| unusable(error.to_string()))?;
        NamedTempFile::new_in(path).map_err(|error| unusable(error.to_string()))?;
        Ok(Self(path.to_owned()))
    }

    /// Where a file of that name is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file: first under another name, then, when all of it is on disk, under its own.
    ///
    /// # Errors
    ///
    /// If that fails; then the file is as it was before, or still not there.
    pub fn write(&self, name: &str, content: &str) -> Result<(), LabError> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.0);
        replace(folder, &path, content.as_bytes()).map_err(|error| LabError::write(&path, error))
    }
}

fn replace(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    fill(file.as_file_mut(), content)?;
    #[cfg(unix)]
    {
        // Temporary files are private; results are for whoever may read the folder.
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn fill(file: &mut fs::File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&temporary.path().join("a/b")).unwrap();
        folder.write("file", "one").unwrap();
        folder.write("file", "two").unwrap();
        folder.write("plots/inner.svg", "three").unwrap();
        assert_eq!(fs::read_to_string(folder.path("file")).unwrap(), "two");
        let names = fs::read_dir(temporary.path().join("a/b")).unwrap().count();
        assert_eq!(names, 2, "the file and the folder of plots");
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = NamedTempFile::new().unwrap();
        let error = Folder::prepare(file.path()).unwrap_err().to_string();
        assert!(error.ends_with("it is not a folder"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error() {
        let mut full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let error = fill(&mut full, b"content").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
