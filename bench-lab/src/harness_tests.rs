#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::*;
use crate::documents::Target;
use crate::requirements::Size;
use crate::settings::{PROFILES, Settings};
use crate::subjects::{About, Body, Kind, catalog};
use crate::verification::Verification;
use crate::workload::WORKLOADS;

/// Counts updates and may go wrong in one of several ways.
struct Planted {
    fault: Fault,
    updates: AtomicU64,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    LosesUpdates,
    StopsEarly,
    NeverStarts,
    StartsLate,
    Refuses,
    Panics,
}

impl Subject for Planted {
    fn work(&self, worker: &mut Worker<'_>) {
        let first = worker.index() == 0;
        match self.fault {
            Fault::NeverStarts if first => return,
            Fault::StartsLate if first => thread::sleep(Duration::from_millis(40)),
            Fault::Panics if first => panic!("planted"),
            _ => {}
        }
        let mut blocks = 0;
        while let Some(block) = worker.next_block() {
            let mut tally = Tally::default();
            let timer = worker.start_timer();
            for operation in block.untimed.iter().chain([&block.timed]) {
                let effective = self.fault != Fault::LosesUpdates || blocks % 2 == 0;
                if operation.is_update() && effective {
                    self.updates.fetch_add(1, Ordering::Relaxed);
                }
                tally.count(*operation, self.fault != Fault::Refuses);
            }
            worker.finish(block.timed, timer, tally);
            blocks += 1;
            if self.fault == Fault::StopsEarly && first && blocks == 3 {
                return;
            }
        }
    }

    fn updates(&self, _targets: &[Target]) -> u64 {
        self.updates.load(Ordering::Relaxed)
    }
}

fn planted<const FAULT: u8>(_: &Dataset, _: usize) -> Result<Box<dyn Subject>, LabError> {
    let fault = [
        Fault::None,
        Fault::LosesUpdates,
        Fault::StopsEarly,
        Fault::NeverStarts,
        Fault::StartsLate,
        Fault::Refuses,
        Fault::Panics,
    ][FAULT as usize];
    Ok(Box::new(Planted {
        fault,
        updates: AtomicU64::new(0),
    }))
}

fn entry<const FAULT: u8>() -> Entry {
    let about = About {
        name: "planted",
        kind: Kind::Peer,
        body: Body::InPlace,
        verification: Verification::NONE,
        note: "",
    };
    Entry {
        about,
        fill: planted::<FAULT>,
    }
}

fn settings(subjects: Vec<Entry>, workload: &str, threads: usize) -> Settings {
    Settings {
        profile: &PROFILES[0],
        subjects,
        workloads: WORKLOADS.iter().filter(|w| w.name == workload).collect(),
        threads: vec![threads],
        contexts: 20,
        seed: 1,
        rounds: 3,
        round: Duration::from_millis(5),
        requirements: Size::Off,
    }
}

fn try_measure(settings: &Settings) -> Result<Measured, LabError> {
    let dataset = Dataset::load(None).unwrap().spread(settings.contexts);
    let stop = AtomicBool::new(false);
    measure(settings, &dataset, &Progress::silent(), &stop)
}

fn measure_planted<const FAULT: u8>() -> Measured {
    try_measure(&settings(vec![entry::<FAULT>()], "ycsb-a", 2)).unwrap()
}

#[test]
fn a_sound_subject_passes() {
    let measured = measure_planted::<0>();
    assert!(measured.self_test.passed(), "{:?}", measured.self_test);
    let check = &measured.self_test.effective_updates;
    assert!(check.acknowledged > 0);
    assert_eq!(check.acknowledged, check.effective);
    let cell = &measured.cells[0];
    assert_eq!(cell.rounds.len(), 3);
    assert!(cell.throughput.lo.unwrap() <= cell.throughput.median);
    assert!(cell.latency_ns.read.is_some() && cell.latency_ns.update.is_some());
}

#[test]
fn lost_updates_fail_the_run() {
    let test = measure_planted::<1>().self_test;
    assert_eq!(test.effective_updates.outcome, Outcome::Fail);
    assert_eq!(test.worker_overlap.outcome, Outcome::Pass);
    assert!(test.effective_updates.effective < test.effective_updates.acknowledged);
    let failure = test.failures().next().unwrap();
    assert!(failure.starts_with("planted with 2 threads under ycsb-a: "));
}

#[test]
fn a_worker_that_stops_early_or_never_starts_fails_the_run() {
    for test in [
        measure_planted::<2>().self_test,
        measure_planted::<3>().self_test,
    ] {
        assert_eq!(test.worker_overlap.outcome, Outcome::Fail);
        assert!(test.worker_overlap.minimum_share < REQUIRED_OVERLAP);
    }
}

#[test]
fn the_window_waits_for_a_worker_that_starts_late() {
    let measured = measure_planted::<4>();
    assert!(measured.self_test.passed(), "{:?}", measured.self_test);
    assert!(measured.cells[0].fairness.unwrap() > 0.5, "both worked");
}

#[test]
fn refused_operations_fail_the_run() {
    let test = measure_planted::<5>().self_test;
    assert_eq!(test.effective_updates.outcome, Outcome::Fail);
    assert!(test.effective_updates.failed_operations > 0);
}

#[test]
fn a_panic_is_an_error_and_nobody_waits_for_ever() {
    let error = try_measure(&settings(vec![entry::<6>()], "ycsb-a", 2)).unwrap_err();
    assert_eq!(error.to_string(), "planted panicked: planted");
}

#[test]
fn every_subject_has_one_turn_a_round() {
    let mut orders = Vec::new();
    for round in 0..20 {
        let mut turns = order(8, 1, 2, round);
        orders.push(turns.clone());
        turns.sort_unstable();
        assert_eq!(turns, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
    assert_eq!(order(8, 1, 2, 3), orders[3], "the seed decides");
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 15, "orders differ from round to round");
}

#[test]
fn all_real_subjects_are_sound_under_a_mixed_load() {
    let subjects = catalog();
    let names: Vec<_> = subjects.iter().map(|entry| entry.about.name).collect();
    let measured = try_measure(&settings(subjects, "ycsb-a", 3)).unwrap();
    assert!(measured.self_test.passed(), "{:?}", measured.self_test);
    let measured_names: Vec<_> = measured.cells.iter().map(|cell| &*cell.subject).collect();
    assert_eq!(measured_names, names);
    for round in 0..3 {
        let mut turns: Vec<_> = measured
            .cells
            .iter()
            .map(|c| c.rounds[round].turn)
            .collect();
        turns.sort_unstable();
        assert!(turns.into_iter().eq(0..names.len()));
    }
}

#[test]
fn stopped_at_once_there_is_nothing_and_it_says_so() {
    let settings = settings(vec![entry::<0>()], "ycsb-a", 1);
    let dataset = Dataset::load(None).unwrap().spread(settings.contexts);
    let stop = AtomicBool::new(true);
    let measured = measure(&settings, &dataset, &Progress::silent(), &stop).unwrap();
    assert!(measured.interrupted && measured.cells.is_empty());
}
