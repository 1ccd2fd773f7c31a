#![allow(clippy::unwrap_used)]

use super::tests::{assert_no_odd_figures, cell, results};
use super::*;
use crate::results::{Cell, Round};
use crate::subjects::Kind;
use crate::targets::{self, FLAGSHIP, TARGETS};

/// A cell whose rounds are the median times some factors.
fn planted(subject: &str, kind: Kind, place: (&str, usize), median: f64, rounds: &[f64]) -> Cell {
    let mut cell = cell(subject, kind, place.1, median, Some(median / 100.0));
    cell.workload = place.0.into();
    let like = cell.rounds[0].clone();
    let rounds = rounds.iter().enumerate().map(|(round, factor)| Round {
        round,
        ops_per_s: median * factor,
        ..like.clone()
    });
    cell.rounds = rounds.collect();
    cell
}

fn with_flagship() -> Results {
    let steady = [1.0, 1.1, 0.9, 1.0, 1.0];
    let (strategy, peer) = (Kind::Strategy, Kind::Peer);
    results(vec![
        planted(FLAGSHIP, strategy, ("read-uniform", 1), 3e6, &steady),
        planted("weak", peer, ("read-uniform", 1), 1e6, &steady),
        planted("<strong>", peer, ("read-uniform", 1), 2e6, &steady),
        planted("limit", Kind::Floor, ("read-uniform", 1), 9e6, &steady),
        planted(FLAGSHIP, strategy, ("read-uniform", 2), 2.2e6, &steady[..2]),
        planted("weak", peer, ("read-uniform", 2), 2e6, &steady[..2]),
        // Just at the target.
        planted(FLAGSHIP, strategy, ("churn", 1), 0.9e6, &steady),
        planted("weak", peer, ("churn", 1), 1e6, &[1.0, 1.0, 1.0, 1.1, 0.9]),
        // Without a peer there is nothing to reach.
        planted(FLAGSHIP, strategy, ("ycsb-a", 8), 1e6, &steady),
        // Neither a workload nor a number of threads that has a target.
        planted(FLAGSHIP, strategy, ("ycsb-c", 1), 1e6, &steady),
        planted("weak", peer, ("ycsb-c", 1), 1e6, &steady),
        planted(FLAGSHIP, strategy, ("churn", 4), 1e6, &steady),
        planted("weak", peer, ("churn", 4), 1e6, &steady),
    ])
}

#[test]
fn each_cell_is_judged_against_its_strongest_peer() {
    let results = with_flagship();
    let rows = targets::judge(&results).unwrap();
    assert_eq!(rows.len(), TARGETS.len());
    assert_eq!(targets::count(&rows), [2, 1, 24]);

    let uniform = &rows[0].cells;
    let reached = uniform[0].reached.as_ref().unwrap();
    assert_eq!(reached.peer, "<strong>");
    assert!((reached.ratio - 1.5).abs() < 1e-9);
    // Both went up and down together, so the ratio never did.
    let (lo, hi) = reached.interval.unwrap();
    assert!((lo - 1.5).abs() < 1e-9 && (hi - 1.5).abs() < 1e-9);
    assert_eq!(uniform[0].met(), Some(true));

    let reached = uniform[1].reached.as_ref().unwrap();
    assert_eq!((uniform[1].met(), reached.interval), (Some(false), None));
    assert_eq!((uniform[2].met(), &uniform[2].reached), (None, &None));

    let churn = rows.iter().find(|row| row.workload == "churn").unwrap();
    assert_eq!(churn.cells[0].met(), Some(true));
    let (lo, hi) = churn.cells[0].reached.as_ref().unwrap().interval.unwrap();
    assert!(lo < 0.9 && hi > 0.9);
}

#[test]
fn targets_are_told_everywhere() {
    let results = with_flagship();
    let told = headlines(&results);
    for text in [
        "Targets of slotted: 27 targets, 2 met, 1 missed, 24 not measured.",
        "1.50 of 1.00 <strong>",
        "1.10 of 1.15 weak MISSED",
        "0.90 of 0.90 weak  ",
    ] {
        assert!(told.contains(text), "{text} in\n{told}");
    }
    assert_eq!(told.matches("MISSED").count(), 1);
    let rendered = render(&results).unwrap();
    for text in [
        "## Targets of slotted",
        "Of 27 targets, 2 met, 1 missed, 24 not measured.",
        "**1.10** ✗ missed<br>too few rounds for an interval<br>target 1.15<br>weak |",
        "**1.50** ✓ met<br>1.50\u{2013}1.50<br>target 1.00<br>",
        "| not measured<br>target 1.15 |",
    ] {
        assert!(rendered.markdown.contains(text), "{text}");
    }
    for text in [
        "<h2 id=\"targets\">Targets of slotted</h2>",
        "<td class=\"number fails\"><b>1.10</b><small class=\"fails\">✗ missed</small>",
        "<small>target 1.00</small><small>&lt;strong&gt;</small>",
    ] {
        assert!(rendered.html.contains(text), "{text}");
    }
    assert!(!rendered.html.contains("<strong>"));
    assert!(
        rendered
            .markdown
            .contains("1.50<br>target 1.00<br>&lt;strong> |")
    );
    assert_no_odd_figures(&rendered.markdown);
    assert_no_odd_figures(&rendered.html);
}

#[test]
fn without_the_flagship_there_are_no_targets() {
    let mut results = with_flagship();
    results.cells.retain(|cell| cell.subject != FLAGSHIP);
    assert_eq!(targets::judge(&results), None);
    let rendered = render(&results).unwrap();
    for text in [&headlines(&results), &rendered.markdown, &rendered.html] {
        assert!(!text.contains("Targets of"));
    }
    // A peer of that name would be somebody else.
    let mut namesake = planted(FLAGSHIP, Kind::Peer, ("churn", 1), 1e6, &[1.0]);
    namesake.subject = FLAGSHIP.into();
    results.cells.push(namesake);
    assert_eq!(targets::judge(&results), None);
}
