//! Everything, as a report.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use contexture_loom_tests::report::{
    ModelRow, Part, ShuttleRow, StressRow, Verification, replace_all,
};

use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::{mutants, orderings, plant, provenance, shown};

/// The report as data.
const JSON: &str = "verification.json";
/// The report for people.
const MARKDOWN: &str = "verification.md";

/// Runs all parts, and writes the report if all of them hold.
pub(crate) fn verify(
    cargo: &Cargo,
    effort: &str,
    planting: &plant::Settings,
    out: &Path,
) -> Result<(), Failures> {
    let started = Instant::now();
    prepare(out)?;
    let mut provenance = provenance::of_this_run(cargo.root(), effort)?;
    // A folder of this run, so that no part can be of another one.
    let parts = tempfile::tempdir().map_err(|error| Failure::Folder {
        path: std::env::temp_dir(),
        reason: error.to_string(),
    })?;
    let folder = Some(parts.path());

    let mut failures = Vec::new();
    let mut killed = Vec::new();
    let mut weakened = Vec::new();
    step("real threads", &mut failures, || cargo.stress(folder));
    step("shuttle", &mut failures, || cargo.shuttle(folder));
    step("mutants", &mut failures, || {
        killed = mutants::verify(cargo, &[], planting)?;
        Ok(())
    });
    step("orderings", &mut failures, || {
        weakened = orderings::verify(cargo, &[], planting)?;
        Ok(())
    });
    step("models", &mut failures, || cargo.models(effort, folder));
    if !failures.is_empty() {
        failures.push(Failure::NotWritten(out.join(JSON)));
    }
    Failures::check(failures)?;

    provenance.seconds = started.elapsed().as_secs();
    let verification = Verification::new(
        provenance,
        ModelRow::collect(parts.path())?,
        ShuttleRow::collect(parts.path())?,
        StressRow::collect(parts.path())?,
        killed,
        weakened,
    );
    write(&verification, out)?;
    let seconds = Duration::from_secs(verification.provenance.seconds);
    println!(
        "wrote {} after {}",
        out.join(MARKDOWN).display(),
        shown(seconds)
    );
    Ok(())
}

/// Runs a part, unless everything is to end.
fn step(name: &str, failures: &mut Vec<Failure>, run: impl FnOnce() -> Result<(), Failures>) {
    if failures
        .iter()
        .any(|failure| matches!(failure, Failure::Interrupted))
    {
        return;
    }
    println!("\n== {name}");
    if let Err(failed) = run() {
        failures.extend(failed.into_vec());
    }
}

/// Tries to write to the folder, so that a run does not learn at its end that it cannot.
fn prepare(out: &Path) -> Result<(), Failure> {
    let unusable = |reason: String| Failure::Folder {
        path: out.to_owned(),
        reason,
    };
    if out.exists() && !out.is_dir() {
        return Err(unusable("it is not a folder".into()));
    }
    fs::create_dir_all(out).map_err(|error| unusable(error.to_string()))?;
    tempfile::NamedTempFile::new_in(out).map_err(|error| unusable(error.to_string()))?;
    Ok(())
}

fn write(verification: &Verification, out: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::Write {
        path: out.to_owned(),
        source,
    };
    let json = verification
        .to_json()
        .map_err(|error| failed(error.into()))?;
    let markdown = verification.to_markdown();
    let files = [(out.join(JSON), json), (out.join(MARKDOWN), markdown)];
    replace_all(&files).map_err(failed)
}
