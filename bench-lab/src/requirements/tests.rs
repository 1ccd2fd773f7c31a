#![allow(clippy::unwrap_used)]

use super::*;
use crate::results::Latency;
use crate::results::requirements::{Decision, Memory, Timed, Verdict};

fn full() -> Scale {
    Size::Full.scale().unwrap()
}

fn latency(nanos: u64) -> Option<Latency> {
    Some(Latency {
        p50: 1,
        p99: 2,
        p999: Some(nanos),
        max: nanos,
        samples: 1_000,
    })
}

fn memory(bytes: u64) -> Option<Memory> {
    Some(Memory {
        min: 1,
        median: 2,
        max: bytes,
        before: 3,
        samples: 3,
    })
}

/// A strategy of which everything took so many milliseconds and megabytes.
fn observed(update: u64, snapshot: u64, rollback: u64, megabytes: u64) -> Observed {
    let latency = |millis| latency(millis * 1_000_000);
    Observed {
        subject: "ours".into(),
        latency_ns: Timed {
            update: latency(update),
            update_beside_snapshots: latency(update),
            snapshot: latency(snapshot),
            snapshot_beside_updates: latency(snapshot),
            rollback: latency(rollback),
        },
        memory_bytes: Memories {
            one_field: memory(megabytes * 1_000_000),
            whole_document: memory(megabytes * 2_000_000),
        },
    }
}

/// The names of the verdicts that came to a decision.
fn with(decision: Decision, verdicts: &[Verdict]) -> Vec<&str> {
    let verdicts = verdicts.iter().filter(|it| it.decision == decision);
    verdicts.map(|it| &*it.requirement).collect()
}

#[test]
fn what_is_within_its_limit_holds() {
    let verdicts = judge(&full(), &[observed(49, 99, 199, 100)]);
    assert_eq!(with(Decision::Holds, &verdicts).len(), 6);
    assert_eq!(
        with(Decision::Told, &verdicts),
        ["memory, all values change"]
    );
}

#[test]
fn what_is_above_its_limit_fails_alone() {
    let update = ["update", "update beside snapshots"];
    let snapshot = ["snapshot", "snapshot beside updates"];
    for (figures, names) in [
        (observed(50, 99, 199, 100), &update[..]),
        (observed(49, 100, 199, 100), &snapshot[..]),
        (observed(49, 99, 200, 100), &["rollback"]),
        (observed(49, 99, 199, 101), &["memory, one field changes"]),
    ] {
        let verdicts = judge(&full(), &[observed(1, 1, 1, 1), figures]);
        assert_eq!(with(Decision::Fails, &verdicts), names);
    }
}

#[test]
fn updates_may_be_slow_once_in_a_thousand_but_no_snapshot_and_no_rollback() {
    let slow_once = |latency: &mut Option<Latency>| {
        let latency = latency.as_mut().unwrap();
        (latency.p999, latency.max) = (Some(2), 1_000_000_000);
    };
    let mut observed = observed(1, 1, 1, 1);
    let timed = &mut observed.latency_ns;
    slow_once(&mut timed.update);
    slow_once(&mut timed.snapshot);
    slow_once(&mut timed.rollback);
    let verdicts = judge(&full(), &[observed]);
    assert_eq!(with(Decision::Fails, &verdicts), ["snapshot", "rollback"]);
}

#[test]
fn less_than_everything_proves_that_it_fails_and_not_that_it_holds() {
    let small = Size::Small.scale().unwrap();
    let verdicts = judge(&small, &[observed(1, 1, 200, 1)]);
    assert_eq!(with(Decision::Holds, &verdicts), [""; 0]);
    assert_eq!(with(Decision::Fails, &verdicts), ["rollback"]);
    assert_eq!(with(Decision::Undecided, &verdicts).len(), 5);
}

#[test]
fn what_was_not_measured_is_undecided() {
    let mut observed = observed(1, 1, 1, 1);
    observed.memory_bytes.one_field = None;
    observed.latency_ns.rollback = None;
    observed.latency_ns.update.as_mut().unwrap().p999 = None;
    let verdicts = judge(&full(), &[observed]);
    let undecided = ["update", "rollback", "memory, one field changes"];
    assert_eq!(with(Decision::Undecided, &verdicts), undecided);
    for verdict in &verdicts {
        let undecided = verdict.decision == Decision::Undecided;
        assert_eq!(verdict.measured.is_none(), undecided);
    }
}

/// So little that it takes no time, with more tasks than contexts for some.
fn tiny() -> Scale {
    Scale {
        full: false,
        contexts: 5,
        history: 3,
        tasks: 8,
        updates: 1_100,
        snapshots: 4,
        rollbacks: 5,
        ..full()
    }
}

struct EveryStrategy<F>(F);

impl<F: FnMut(&'static str, load::Load)> Visitor for EveryStrategy<F> {
    fn visit<S: StrategyKind>(&mut self) {
        let stop = Arc::new(AtomicBool::new(false));
        let load = load::measure::<S>(&tiny(), 1, &stop).unwrap();
        (self.0)(S::NAME, load.expect("nobody stopped it"));
    }
}

#[test]
fn everything_is_timed_on_every_strategy_and_every_write_takes_effect() {
    let mut names = Vec::new();
    visit_all(&mut EveryStrategy(|name, load: load::Load| {
        names.push(name);
        let timed = &load.timed;
        let samples = |latency: &Option<Latency>| latency.as_ref().unwrap().samples;
        let updates = samples(&timed.update);
        assert!((1_100..1_100 + 8).contains(&updates), "{name}");
        let beside = samples(&timed.update_beside_snapshots);
        assert!(beside >= 8, "{name}: every task was at it");
        assert_eq!(samples(&timed.snapshot), 4, "{name}");
        assert_eq!(samples(&timed.snapshot_beside_updates), 4, "{name}");
        assert_eq!(samples(&timed.rollback), 5, "{name}");
        let filling = 5 * 3;
        assert_eq!(load.tally.acknowledged, filling + updates + beside + 5);
        assert_eq!(load.effective, load.tally.acknowledged, "{name}");
    }));
    assert_eq!(names.len(), 6);
}

#[test]
fn stopped_there_is_nothing() {
    struct Stopped;
    impl Visitor for Stopped {
        fn visit<S: StrategyKind>(&mut self) {
            let stop = Arc::new(AtomicBool::new(true));
            assert!(load::measure::<S>(&tiny(), 1, &stop).unwrap().is_none());
        }
    }
    visit_all(&mut Stopped);
}

#[test]
fn a_process_that_fails_or_says_something_else_is_an_error() {
    let scale = Size::Small.scale().unwrap();
    let said = |program: &str| {
        let path = std::path::Path::new(program);
        let outcome = memory::measure(path, "ours", Replace::OneField, &scale, 1);
        outcome.unwrap_err().to_string()
    };
    assert!(said("/no/such/program").starts_with("ours: memory cannot be measured: "));
    if cfg!(unix) {
        assert!(said("false").contains("exit status: 1: it said nothing"));
        assert!(said("echo").contains("it said \"memory-of ours one-field small 1"));
    }
}

#[test]
fn the_process_that_grew_most_is_judged() {
    let growth = |before, after| memory::Growth { before, after };
    assert_eq!(memory::summary(&[]), None);
    let processes = [growth(10, 40), growth(5, 55), growth(9, 8), growth(1, 21)];
    let expected = Memory {
        min: 0,
        median: 20,
        max: 50,
        before: 5,
        samples: 4,
    };
    assert_eq!(memory::summary(&processes), Some(expected));
}

#[test]
fn names_are_found() {
    for size in Size::ALL {
        assert_eq!(Size::find(size.name()).unwrap(), size);
    }
    let message = Size::find("large").unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown size of requirements `large`; there are: off, small, full"
    );
    for replace in Replace::ALL {
        assert_eq!(Replace::find(replace.name()).unwrap(), replace);
    }
}
