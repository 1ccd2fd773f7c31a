//! Every strategy on real threads, with its real primitives: each scenario many times, and a
//! history of a million operations; all checked for linearizability.
//!
//! `STRESS_OPERATIONS=10000000` makes the long histories longer, or shorter under a sanitizer.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code, on real threads"
)]

use std::time::{Duration, Instant};

use contexture_loom_tests::catalogue::{Shape, large, random, small};
use contexture_loom_tests::execute::execute;
use contexture_loom_tests::explore::stress;
use contexture_loom_tests::history::{Event, History};
use contexture_loom_tests::linearizability::{Violation, check};
use contexture_loom_tests::operation::{Answer, Call, Key};
use contexture_loom_tests::world::Clock;
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};
use libtest_mimic::{Arguments, Failed, Trial};

/// How long it may take to check the history of a million operations.
const PATIENCE: Duration = Duration::from_secs(10);

fn operations() -> usize {
    std::env::var("STRESS_OPERATIONS").map_or(1_000_000, |number| number.parse().unwrap())
}

fn small_scenarios<S: StrategyKind>() -> Result<(), Failed> {
    for scenario in small() {
        let stressed = stress::<S>(&scenario, 100);
        assert_eq!(stressed.executions, 100);
    }
    Ok(())
}

fn large_scenarios<S: StrategyKind>() -> Result<(), Failed> {
    for scenario in large() {
        let stressed = stress::<S>(&scenario, 50);
        assert_eq!(stressed.executions, 50);
    }
    Ok(())
}

/// A long history: 8 threads, keys that meet in pairs, and snapshots every now and then if
/// `whole`, so that all of it must be checked as one.
fn long<S: StrategyKind>(whole: bool) -> Result<(), Failed> {
    let threads = 8;
    let shape = Shape {
        threads,
        steps: operations() / threads,
        keys: 16,
        whole: if whole { 2 } else { 0 },
        batches: 50,
    };
    let began = Instant::now();
    let mut history = execute::<S>(&random(7, shape), &Clock::ticking()).history;
    let ran = began.elapsed();
    if !whole {
        // The last look at everything.
        let last = history.threads.pop();
        assert!(matches!(last.unwrap()[0].call, Call::Snapshot));
    }
    let began = Instant::now();
    check(&history).map_err(|violation| violation.to_string())?;
    let checked = began.elapsed();
    assert!(checked < PATIENCE, "checking took {checked:?}");
    println!(
        "{}: {} operations in {ran:.1?}, {} of them overlapping, checked in {checked:.1?}",
        S::NAME,
        history.len(),
        overlapping(&history),
    );

    let updated = |event: &Event| match event.answer {
        Answer::Updated { .. } => event.call.key(),
        _ => None,
    };
    rejects_if_swapped(&history, updated)?;
    if whole {
        let snapshot = |event: &Event| (event.call == Call::Snapshot).then_some(0);
        rejects_if_swapped(&history, snapshot)?;
    }
    Ok(())
}

/// Swaps the answers of two events of one thread, of which `kind` says the same.
fn rejects_if_swapped(
    history: &History,
    kind: impl Fn(&Event) -> Option<Key>,
) -> Result<(), Failed> {
    let mut swapped = history.clone();
    let events = &mut swapped.threads[0];
    let mut places = (events.len() / 2..).filter(|&place| kind(&events[place]).is_some());
    let one = places.next().unwrap();
    let other = places
        .find(|&place| kind(&events[place]) == kind(&events[one]))
        .unwrap();
    let answer = events[one].answer.clone();
    events[one].answer = std::mem::replace(&mut events[other].answer, answer);
    let began = Instant::now();
    match check(&swapped) {
        Err(Violation::NotLinearizable { .. }) => {}
        verdict => return Err(format!("two answers were swapped: {verdict:?}").into()),
    }
    assert!(
        began.elapsed() < PATIENCE,
        "rejected in {:?}",
        began.elapsed()
    );
    Ok(())
}

/// How many events began before one of another thread that began earlier had ended.
fn overlapping(history: &History) -> usize {
    let mut events: Vec<&Event> = history.threads.iter().flatten().collect();
    events.sort_by_key(|event| event.called);
    let mut latest = 0;
    events
        .iter()
        .filter(|event| {
            let overlaps = event.called < latest;
            latest = latest.max(event.returned);
            overlaps
        })
        .count()
}

#[derive(Default)]
struct Suite(Vec<Trial>);

impl Visitor for Suite {
    fn visit<S: StrategyKind>(&mut self) {
        let mut add = |name, run: fn() -> Result<(), Failed>| {
            self.0
                .push(Trial::test(format!("{}::{name}", S::NAME), run));
        };
        add("small_scenarios", small_scenarios::<S>);
        add("large_scenarios", large_scenarios::<S>);
        add("long_history_of_pairs", || long::<S>(false));
        add("long_history_of_the_whole_store", || long::<S>(true));
    }
}

/// Reads from inside a closure panic in strategies that await; scenarios expect that.
fn hide_expected_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let message = info.payload().downcast_ref::<String>();
        if !message.is_some_and(|message| message.contains("inside a closure")) {
            report(info);
        }
    }));
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Each has threads of its own, and some have time limits.
    arguments.test_threads.get_or_insert(1);
    let mut suite = Suite::default();
    hide_expected_panics();
    kind::visit_all(&mut suite);
    libtest_mimic::run(&arguments, suite.0).exit();
}
