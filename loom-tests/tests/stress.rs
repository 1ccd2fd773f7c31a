//! Every strategy on real threads, with its real primitives: each scenario many times, and a
//! history of a million operations; all checked for linearizability.
//!
//! `STRESS_OPERATIONS=10000000` makes the long histories longer, or shorter under a sanitizer.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code, on real threads"
)]

mod common;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{Least, Rows};
use contexture_loom_tests::catalogue::{Shape, large, random, small};
use contexture_loom_tests::execute::execute;
use contexture_loom_tests::explore::{hide_expected, stress};
use contexture_loom_tests::history::{Event, History};
use contexture_loom_tests::linearizability::{Violation, check};
use contexture_loom_tests::operation::{Answer, Call, Key};
use contexture_loom_tests::report::{StressRow, thousandths};
use contexture_loom_tests::world::Clock;
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};
use libtest_mimic::{Arguments, Failed, Trial};

/// How much processor time it may take to check the history of a million operations.
const PATIENCE: Duration = Duration::from_secs(10);

/// The processor time that this thread has had: it makes no difference to it what else runs on
/// the machine.
#[cfg(unix)]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}

/// The time.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

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
fn long<S: StrategyKind>(whole: bool) -> Result<StressRow, Failed> {
    let threads = 8;
    let shape = Shape {
        threads,
        steps: operations() / threads,
        keys: 16,
        whole: if whole { 2 } else { 0 },
        batches: 50,
    };
    let began = Instant::now();
    let execution = execute::<S>(&random(7, shape), &Clock::ticking());
    let ran = began.elapsed();
    execution.check_journal();
    let mut history = execution.history;
    if !whole {
        // The last look at everything.
        let last = history.threads.pop();
        assert!(matches!(last.unwrap()[0].call, Call::Snapshot));
    }
    let began = processor_time();
    check(&history).map_err(|violation| violation.to_string())?;
    let checked = processor_time() - began;
    assert!(checked < PATIENCE, "checking took {checked:?}");
    let row = StressRow {
        strategy: S::NAME.to_owned(),
        history: if whole {
            "the whole store"
        } else {
            "pairs of keys"
        }
        .to_owned(),
        threads,
        operations: history.len(),
        overlapping: overlapping(&history),
        ran_seconds: thousandths(ran),
        checked_seconds: thousandths(checked),
    };

    let updated = |event: &Event| match event.answer {
        Answer::Updated { .. } => event.call.key(),
        _ => None,
    };
    rejects_if_swapped(&history, updated)?;
    if whole {
        let snapshot = |event: &Event| (event.call == Call::Snapshot).then_some(0);
        rejects_if_swapped(&history, snapshot)?;
    }
    Ok(row)
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
    let began = processor_time();
    match check(&swapped) {
        Err(Violation::NotLinearizable { .. }) => {}
        verdict => return Err(format!("two answers were swapped: {verdict:?}").into()),
    }
    let rejected = processor_time() - began;
    assert!(rejected < PATIENCE, "rejecting took {rejected:?}");
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

struct Suite {
    strategies: Vec<&'static str>,
    trials: Vec<Trial>,
    rows: Rows<StressRow>,
}

impl Suite {
    fn add<S: StrategyKind>(
        &mut self,
        name: &str,
        run: impl FnOnce() -> Result<Option<StressRow>, Failed> + Send + 'static,
    ) {
        let rows = self.rows.clone();
        let place = self.trials.len();
        self.trials
            .push(Trial::test(format!("{}::{name}", S::NAME), move || {
                if let Some(row) = run()? {
                    rows.add(place, row);
                }
                Ok(())
            }));
    }
}

impl Visitor for Suite {
    fn visit<S: StrategyKind>(&mut self) {
        self.strategies.push(S::NAME);
        self.add::<S>("small_scenarios", || small_scenarios::<S>().map(|()| None));
        self.add::<S>("large_scenarios", || large_scenarios::<S>().map(|()| None));
        self.add::<S>("long_history_of_pairs", || long::<S>(false).map(Some));
        self.add::<S>("long_history_of_the_whole_store", || {
            long::<S>(true).map(Some)
        });
    }
}

/// Guards against a build that runs nothing: this only ever grows.
const LEAST_STRATEGIES: usize = 5;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each has threads of its own, and some have time limits.
    arguments.test_threads.get_or_insert(1);
    hide_expected();
    let mut suite = Suite {
        strategies: Vec::new(),
        trials: Vec::new(),
        rows: Rows::new(),
    };
    kind::visit_all(&mut suite);

    let print = |rows: &[StressRow]| println!("\n{}", StressRow::table(rows));
    let strategies = common::whole_strategies(&arguments, &suite.strategies, LEAST_STRATEGIES);
    let least = |rows: &[StressRow]| {
        vec![Least {
            what: "operations in long histories",
            // Each thread takes a whole number of steps.
            least: 2 * strategies * (operations() - operations() % 8),
            was: rows.iter().map(|row| row.operations).sum(),
        }]
    };
    common::run(&arguments, suite.trials, &suite.rows, print, least)
}
