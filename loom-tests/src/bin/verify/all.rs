//! Everything, as a report.

use std::path::Path;
use std::time::{Duration, Instant};

use contexture_loom_tests::report::{ModelRow, Part, ShuttleRow, StressRow, Verification};

use crate::cargo::Cargo;
use crate::error::{Failure, Failures};
use crate::report::Files;
use crate::{mutants, plant, provenance, shown};

/// Runs all parts, and writes the report if all of them hold.
pub(crate) fn verify(
    cargo: &Cargo,
    effort: &str,
    planting: &plant::Settings,
    out: &Path,
) -> Result<(), Failures> {
    let started = Instant::now();
    let files = Files::prepare(out, "verification")?;
    let mut provenance = provenance::of_this_run(cargo.root(), "all", effort)?;
    // A folder of this run, so that no part can be of another one.
    let parts = tempfile::tempdir().map_err(|error| Failure::Folder {
        path: std::env::temp_dir(),
        reason: error.to_string(),
    })?;
    let folder = Some(parts.path());

    let mut failures = Vec::new();
    let mut killed = Vec::new();
    step("real threads", &mut failures, || cargo.stress(folder));
    step("shuttle", &mut failures, || cargo.shuttle(folder));
    step("mutants", &mut failures, || {
        killed = mutants::verify(cargo, &[], planting)?;
        Ok(())
    });
    step("models", &mut failures, || cargo.models(effort, folder));
    if !failures.is_empty() {
        failures.push(Failure::NotWritten(files.json()));
    }
    Failures::check(failures)?;

    provenance.seconds = started.elapsed().as_secs();
    let verification = Verification::new(
        provenance,
        ModelRow::collect(parts.path())?,
        ShuttleRow::collect(parts.path())?,
        StressRow::collect(parts.path())?,
        killed,
    );
    files.write(verification.to_json(), verification.to_markdown())?;
    let seconds = Duration::from_secs(verification.provenance.seconds);
    println!(
        "wrote {} after {}",
        files.markdown().display(),
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
