//! Finding out how a report comes about.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use cargo_metadata::MetadataCommand;
use contexture_loom_tests::report::Provenance;

use crate::error::Failure;

/// Of a run that starts now.
pub(crate) fn of_this_run(root: &Path, part: &str, effort: &str) -> Result<Provenance, Failure> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .exec()
        .map_err(|error| Failure::Provenance {
            what: "which versions are used",
            // It quotes all that cargo said.
            reason: error.to_string().replace('\n', " "),
        })?;
    let version = |name: &str| {
        let package = metadata
            .packages
            .iter()
            .find(|package| *package.name == *name);
        package.map_or_else(|| "?".into(), |package| package.version.to_string())
    };
    // Where it built and wrote to makes no difference.
    let short = match (part, effort) {
        ("all", "short") => " --short",
        _ => "",
    };
    // The reports themselves are no part of what is verified.
    let changes = ["status", "--porcelain", "--", ".", ":(exclude)reports"];
    Ok(Provenance {
        started_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        seconds: 0,
        command: format!("cargo verify {part}{short}"),
        effort: effort.to_owned(),
        revision: output(root, "git", &["rev-parse", "HEAD"]),
        dirty: output(root, "git", &changes).map(|changes| !changes.is_empty()),
        rustc: compiler(root)?,
        loom: version("loom"),
        shuttle: version("shuttle"),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
    })
}

fn compiler(root: &Path) -> Result<String, Failure> {
    let program = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    output(root, &program, &["--version"]).ok_or_else(|| Failure::Provenance {
        what: "the compiler's version",
        reason: format!("{program} does not say"),
    })
}

/// What a program prints, if it succeeds.
fn output(root: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
