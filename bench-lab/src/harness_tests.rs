#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::*;
use crate::documents::Sample;
use crate::keys::Keys;
use crate::requirements::Size;
use crate::settings::{PROFILES, Settings};
use crate::subjects::{About, Body, Kind, catalog};
use crate::verification::Verification;
use crate::workload::WORKLOADS;

/// Counts updates and may go wrong in one of several ways.
struct Planted {
    fault: Fault,
    entries: usize,
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
    LosesEntries,
    TakesHalfSnapshots,
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
            if worker.snapshot_is_due() {
                let timer = worker.start_timer();
                worker.finish_snapshot(timer, self.fault != Fault::TakesHalfSnapshots);
            }
            blocks += 1;
            if self.fault == Fault::StopsEarly && first && blocks == 3 {
                return;
            }
        }
    }

    fn audit(&self) -> Audit {
        let lost = usize::from(self.fault == Fault::LosesEntries);
        Audit {
            entries: self.entries - lost,
            updates: self.updates.load(Ordering::Relaxed),
        }
    }
}

fn planted<const FAULT: u8>(dataset: &Dataset, _: usize) -> Result<Box<dyn Subject>, String> {
    let fault = [
        Fault::None,
        Fault::LosesUpdates,
        Fault::StopsEarly,
        Fault::NeverStarts,
        Fault::StartsLate,
        Fault::Refuses,
        Fault::Panics,
        Fault::LosesEntries,
        Fault::TakesHalfSnapshots,
    ][FAULT as usize];
    Ok(Box::new(Planted {
        fault,
        entries: dataset.entries(),
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
        keys: Keys::String,
        documents: None,
        sample: Sample::Webhooks,
        seed: 1,
        rounds: 3,
        round: Duration::from_millis(5),
        requirements: Size::Off,
    }
}

fn measure_snapshots<const FAULT: u8>() -> Measured {
    try_measure(&settings(vec![entry::<FAULT>()], "snapshot-under-load", 2)).unwrap()
}

fn try_measure(settings: &Settings) -> Result<Measured, LabError> {
    let dataset = settings.dataset(None).unwrap();
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
fn entries_that_are_lost_fail_the_run() {
    let test = measure_planted::<7>().self_test;
    assert_eq!(test.effective_updates.outcome, Outcome::Fail);
    assert_eq!(
        test.failures().next().unwrap(),
        "planted with 2 threads under ycsb-a: there should be 20 entries, there are 19"
    );
}

#[test]
fn snapshots_are_counted_and_timed_where_they_are_due_only() {
    let measured = measure_snapshots::<0>();
    assert!(measured.self_test.passed(), "{:?}", measured.self_test);
    let cell = &measured.cells[0];
    let taken = cell.rounds.iter().map(|round| round.snapshots.unwrap());
    let taken: u64 = taken.sum();
    // 3 rounds of 5 ms, one due each: fewer on a busy machine, never more but for the edges.
    assert!((1..=18).contains(&taken), "{taken}");
    assert_eq!(cell.latency_ns.snapshot.as_ref().unwrap().samples, taken);
    let without = &measure_planted::<0>().cells[0];
    assert!(without.rounds.iter().all(|round| round.snapshots.is_none()));
    assert_eq!(without.latency_ns.snapshot, None);
}

#[test]
fn snapshots_that_lack_entries_fail_the_run() {
    let test = measure_snapshots::<8>().self_test;
    assert_eq!(test.effective_updates.outcome, Outcome::Fail);
    assert!(test.failures().any(|line| line.ends_with(" failed")));
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

/// Runs every real subject under a workload and returns their cells, in order.
fn measure_all(workload: &str, threads: usize, keys: Keys) -> Vec<Cell> {
    let subjects = catalog();
    let names: Vec<_> = subjects.iter().map(|entry| entry.about.name).collect();
    let mut settings = settings(subjects, workload, threads);
    settings.keys = keys;
    let measured = try_measure(&settings).unwrap();
    assert!(measured.self_test.passed(), "{:?}", measured.self_test);
    let measured_names: Vec<_> = measured.cells.iter().map(|cell| &*cell.subject).collect();
    assert_eq!(measured_names, names);
    measured.cells
}

fn assert_timed(cells: &[Cell], actions: &[Action]) {
    for cell in cells {
        let timed: Vec<_> = cell.latency_ns.each().map(|(action, _)| action).collect();
        assert!(timed.iter().all(|action| actions.contains(action)));
        // A subject that is slow, in a test, may have got no further than a block.
        assert!(
            !timed.is_empty() || cell.throughput.median < 1e5,
            "{cell:?}"
        );
    }
    for action in actions {
        let mut timed = cells.iter().flat_map(|cell| cell.latency_ns.each());
        assert!(timed.any(|(timed, _)| timed == *action), "{action:?}");
    }
}

#[test]
fn all_real_subjects_are_sound_under_a_mixed_load() {
    let cells = measure_all("ycsb-a", 3, Keys::String);
    assert_timed(&cells, &[Action::Read, Action::Update]);
    for round in 0..3 {
        let mut turns: Vec<_> = cells.iter().map(|c| c.rounds[round].turn).collect();
        turns.sort_unstable();
        assert!(turns.into_iter().eq(0..cells.len()));
    }
}

#[test]
fn all_real_subjects_are_sound_with_numbers_as_keys() {
    for workload in ["ycsb-a", "churn"] {
        measure_all(workload, 2, Keys::U64);
    }
}

#[test]
fn all_real_subjects_hand_out_documents() {
    assert_timed(&measure_all("get-hot", 2, Keys::String), &[Action::Get]);
}

#[test]
fn all_real_subjects_have_every_entry_again_after_churn() {
    for threads in [1, 3] {
        let cells = measure_all("churn", threads, Keys::String);
        assert_timed(&cells, &[Action::Create, Action::Remove]);
    }
}

#[test]
fn all_real_subjects_take_snapshots_of_all_entries() {
    let cells = measure_all("snapshot-under-load", 2, Keys::String);
    let actions = [Action::Read, Action::Update, Action::Snapshot];
    assert_timed(&cells, &actions);
    assert!(cells.iter().all(|cell| cell.rounds[0].snapshots.is_some()));
}

#[test]
fn stopped_at_once_there_is_nothing_and_it_says_so() {
    let settings = settings(vec![entry::<0>()], "ycsb-a", 1);
    let dataset = settings.dataset(None).unwrap();
    let stop = AtomicBool::new(true);
    let measured = measure(&settings, &dataset, &Progress::silent(), &stop).unwrap();
    assert!(measured.interrupted && measured.cells.is_empty());
}
