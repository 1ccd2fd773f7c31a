//! What there is to choose from.

use super::say;
use crate::documents::Sample;
use crate::keys::Keys;
use crate::settings::PROFILES;
use crate::workload::WORKLOADS;
use crate::{subjects, words};

/// Says every name that `run` understands, and what stands behind it.
pub(super) fn show() {
    say("SUBJECTS (--subjects)");
    for entry in subjects::catalog() {
        let about = entry.about;
        say(&format!(
            "  {:<20} {:<9} {:<27} verification: {}\n  {:<20} {}",
            about.name,
            about.kind.name(),
            about.body.name(),
            about.verification,
            "",
            about.note,
        ));
    }
    say("\nWORKLOADS (--workloads)");
    for workload in WORKLOADS {
        say(&format!("  {:<20} {}", workload.name, workload.definition));
    }
    let names = |names: &[&str]| names.join(", ");
    say("\nBUILT-IN DOCUMENTS (--sample)");
    say(&format!("  {}", names(&Sample::ALL.map(Sample::name))));
    say("\nTYPES OF KEYS (--keys)");
    say(&format!("  {}", names(&Keys::ALL.map(Keys::name))));
    say("\nPROFILES (--profile)");
    for profile in PROFILES {
        let threads: Vec<_> = profile.threads().iter().map(usize::to_string).collect();
        let more = [
            format!(
                "{} rounds of {} ms, threads {}, requirements {}",
                profile.rounds,
                profile.round_ms,
                threads.join(", "),
                profile.requirements.name(),
            ),
            format!(
                "{}, {}",
                words::count(profile.contexts, "context"),
                profile.sample.name()
            ),
            names(profile.workloads),
        ];
        say(&format!("  {:<20} {}", profile.name, profile.purpose));
        for line in more {
            say(&format!("  {:<20} {line}", ""));
        }
    }
}
