//! Files that are there whole or not at all, with a row a line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use tempfile::NamedTempFile;

/// Writes files: first all of them under other names, then, when all is on disk, each under its
/// own.
///
/// # Errors
///
/// If that fails. Unless renaming does, all files are as they were before, or still not there.
pub fn replace_all(files: &[(PathBuf, String)]) -> io::Result<()> {
    let written = files.iter().map(|(path, content)| {
        let folder = path.parent().unwrap_or(Path::new("."));
        Ok((written(folder, content)?, path))
    });
    let written: io::Result<Vec<_>> = written.collect();
    for (file, path) in written? {
        file.persist(path)?;
    }
    Ok(())
}

/// A temporary file with this content, all of it on disk.
fn written(folder: &Path, content: &str) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    fill(file.as_file_mut(), content.as_bytes())?;
    #[cfg(unix)]
    {
        // Temporary files are private; reports are for whoever may read the folder.
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

fn fill(file: &mut fs::File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.flush()
}

/// JSON of which the outer two levels are spread over lines, so that a row is a line.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(
        &mut json,
        RowALine::default(),
    ))?;
    json.push(b'\n');
    String::from_utf8(json).map_err(serde::ser::Error::custom)
}

/// Pretty outside, compact inside.
#[derive(Default)]
struct RowALine {
    depth: usize,
    pretty: PrettyFormatter<'static>,
}

/// How many levels are spread over lines.
const SPREAD: usize = 2;

/// Forwards to the formatter of the current depth.
macro_rules! forward {
    ($self:ident, $method:ident($($argument:expr),*)) => {
        if $self.depth > SPREAD {
            CompactFormatter.$method($($argument),*)
        } else {
            $self.pretty.$method($($argument),*)
        }
    };
}

impl Formatter for RowALine {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        forward!(self, begin_array(writer))
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        forward!(self, end_array(writer))?;
        self.depth -= 1;
        Ok(())
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        forward!(self, begin_array_value(writer, first))
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        forward!(self, end_array_value(writer))
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        forward!(self, begin_object(writer))
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        forward!(self, end_object(writer))?;
        self.depth -= 1;
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        forward!(self, begin_object_key(writer, first))
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        forward!(self, begin_object_value(writer))
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        forward!(self, end_object_value(writer))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_row_is_a_line() {
        let value = serde_json::json!({
            "a": 1,
            "rows": [{"b": [1, 2], "c": {"d": null}}, {"b": []}],
            "empty": [],
        });
        let json = to_json(&value).unwrap();
        let expected = "{\n  \"a\": 1,\n  \"empty\": [],\n  \"rows\": [\n    \
             {\"b\":[1,2],\"c\":{\"d\":null}},\n    {\"b\":[]}\n  ]\n}\n";
        assert_eq!(json, expected);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            value
        );
    }

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace_all(&[(path.clone(), "one".into())]).unwrap();
        replace_all(&[(path.clone(), "two".into())]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn replaces_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let nowhere = folder.path().join("missing/file");
        replace_all(&[(path.clone(), "one".into())]).unwrap();
        replace_all(&[(path.clone(), "two".into()), (nowhere, "two".into())]).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let error = fill(&mut full.unwrap(), b"content").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
