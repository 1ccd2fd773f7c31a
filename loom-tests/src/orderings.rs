//! Memory orderings that are weakened, one at a time: a scenario must find each, or a comment in the
//! source must say why none can.
//!
//! Each `ordering!` without a name in the strategies' source can be planted as a fault by itself;
//! `cargo verify orderings` does so, and tries the scenarios one after the other until one fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An ordering that is weaker than it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakening {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What stands there.
    pub from: String,
    /// What it is instead.
    pub to: &'static str,
    /// Why no scenario finds it, if the source says so.
    pub argument: Option<String>,
}

/// What a comment begins an argument with.
const ARGUMENT: &str = "No model fails without it: ";
/// How many lines a statement has at most, from the comment above it to the ordering.
const STATEMENT: usize = 8;

impl Weakening {
    /// The fault that plants it.
    #[must_use]
    pub fn fault(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.to)
    }

    /// The strategies that it matters to.
    #[must_use]
    pub fn strategies(&self) -> &'static [&'static str] {
        match self.file.contains("/core/") {
            true => &["slotted", "sharded"],
            false => &["slotted"],
        }
    }
}

/// Every ordering of the strategies that can be weakened by itself, in every way; `root` is the
/// folder of the workspace.
///
/// # Errors
///
/// If the source cannot be read.
pub fn all(root: &Path) -> io::Result<Vec<Weakening>> {
    let mut files = Vec::new();
    collect(&root.join("strategies/src"), &mut files)?;
    files.sort();
    let mut weakenings = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = name.to_string_lossy().replace('\\', "/");
        weakenings.extend(of_file(&name, &fs::read_to_string(&path)?));
    }
    Ok(weakenings)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.file_name() != Some("faults.rs".as_ref()) {
            files.push(path);
        }
    }
    Ok(())
}

fn of_file(file: &str, source: &str) -> Vec<Weakening> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let mut weakenings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for rest in line.split("ordering!(").skip(1) {
            let from = rest.split(')').next().unwrap_or_default();
            let weaker: &[&str] = match from {
                "AcqRel" => &["Acquire", "Release"],
                "Acquire" | "Release" => &["Relaxed"],
                // It has a name, and is a mutant.
                _ => &[],
            };
            weakenings.extend(weaker.iter().map(|to| Weakening {
                file: file.to_owned(),
                line: index + 1,
                from: from.to_owned(),
                to,
                argument: argument(&lines[..index]),
            }));
        }
    }
    weakenings
}

/// The argument in the comment above a statement.
fn argument(above: &[&str]) -> Option<String> {
    let is_comment = |line: &&str| line.starts_with("//");
    let code = above.iter().rev().take_while(|line| !is_comment(line));
    let code = code.count();
    if code > STATEMENT {
        return None;
    }
    let comment = above[..above.len() - code].iter().rev();
    let mut comment: Vec<_> = comment
        .take_while(|line| is_comment(line))
        .map(|line| line.trim_start_matches('/').trim())
        .collect();
    comment.reverse();
    let comment = comment.join(" ");
    let (_, argument) = comment.split_once(ARGUMENT)?;
    Some(argument.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        // Release: partner of the Acquire in `load`.
        number.store(1, ordering!(Release));
        // AcqRel: partners there and there. No model fails without it: nobody
        // looks.
        number
            .swap(1, ordering!(AcqRel));

        // Acquire: as above.
        let order = ordering!(Acquire unless \"a-name\");
    ";

    #[test]
    fn every_way_to_weaken_an_ordering_is_found() {
        let found = of_file("a.rs", SOURCE);
        let faults: Vec<_> = found.iter().map(Weakening::fault).collect();
        assert_eq!(
            faults,
            ["a.rs:3:Relaxed", "a.rs:7:Acquire", "a.rs:7:Release"]
        );
        assert_eq!(found[0].argument, None);
        assert_eq!(found[1].argument.as_deref(), Some("nobody looks."));
    }

    #[test]
    fn the_source_has_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().unwrap();
        let all = all(&root).unwrap();
        assert!(all.len() > 30, "{all:?}");
        assert!(all.iter().all(|it| it.file.starts_with("strategies/src/")));
    }

    /// What is not in `ordering!` is not weakened, and so must not be there.
    #[test]
    fn no_other_ordering_is_strong() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../strategies/src");
        let mut files = Vec::new();
        for room in ["core", "slotted"] {
            collect(&root.join(room), &mut files).unwrap();
        }
        files.push(root.join("handle.rs"));
        for path in files {
            let source = fs::read_to_string(&path).unwrap();
            for strong in ["Acquire", "Release", "AcqRel", "SeqCst"] {
                let strong = format!("Ordering::{strong}");
                assert!(
                    !source.contains(&strong),
                    "{} in {}",
                    strong,
                    path.display()
                );
            }
        }
    }
}
