//! The report for people.

use super::table::number;
use super::{
    Explored, ModelRow, MutantRow, Provenance, ShuttleRow, StrategyRow, StressRow, Verification,
    mutants,
};

/// The whole report.
pub(super) fn render(verification: &Verification) -> String {
    let models = &verification.models;
    let chapters = [
        (
            "Strategies",
            format!(
                "{}\n\n{}",
                Explored::by(models).sentences(),
                StrategyRow::table(&verification.strategies)
            ),
        ),
        (
            "Mutants",
            format!(
                "Faults that were planted, each in a process of its own, and the message that each \
                 was found by. {}.\n\n{}",
                mutants::summary(&verification.mutants),
                MutantRow::table(&verification.mutants)
            ),
        ),
        ("Real threads", StressRow::table(&verification.stress)),
        ("Shuttle", ShuttleRow::table(&verification.shuttle)),
        ("Models", ModelRow::table(models)),
    ];
    let mut text = format!(
        "# What was verified\n\n{}\n",
        provenance(&verification.provenance)
    );
    for (title, body) in chapters {
        text += &format!("\n## {title}\n\n{body}");
    }
    text
}

/// How a report came about, in words.
pub(super) fn provenance(provenance: &Provenance) -> String {
    let revision = match (&provenance.revision, provenance.dirty) {
        (None, _) => "an unknown revision".to_owned(),
        (Some(revision), Some(false)) => format!("revision `{revision}`"),
        (Some(revision), _) => format!("revision `{revision}` with changes"),
    };
    format!(
        "Made by `{}` and never edited: {}, {}, in {} seconds on {} processors, with {}, loom {} \
         and shuttle {}. What the words mean, and what is not shown, is in \
         [specs/verification.md](../specs/verification.md).",
        provenance.command,
        provenance.started_at,
        revision,
        number(usize::try_from(provenance.seconds).unwrap_or(usize::MAX)),
        provenance.processors,
        provenance.rustc,
        provenance.loom,
        provenance.shuttle,
    )
}
