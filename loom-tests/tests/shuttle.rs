//! Every scenario on every strategy in random interleavings: the small ones again, which loom
//! explores, and those that are too large for it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code, outside the models"
)]

mod common;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use common::{Least, Rows};
use contexture_loom_tests::catalogue::{large, small};
use contexture_loom_tests::explore::{Scheduler, hide_expected, sample};
use contexture_loom_tests::report::{ShuttleRow, thousandths};
use contexture_loom_tests::scenario::Scenario;
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};
use libtest_mimic::{Arguments, Trial};

/// How often a small scenario runs on each strategy.
const SMALL: usize = 1_000;
/// How often a large one does, with each scheduler.
const LARGE: usize = 2_000;
/// How many constraints on the order a fault may need that PCT is sure to find in time.
const DEPTH: usize = 3;

/// Guards against a build that runs nothing: these numbers only ever grow.
const LEAST_STRATEGIES: usize = 5;
const LEAST_SMALL: usize = 110;
const LEAST_LARGE: usize = 12;

struct Samples {
    strategies: Vec<&'static str>,
    trials: Vec<Trial>,
    rows: Rows<ShuttleRow>,
}

impl Samples {
    fn add<S: StrategyKind>(&mut self, scenario: Scenario, scheduler: Scheduler, small: bool) {
        let rows = self.rows.clone();
        let place = self.trials.len();
        let name = format!("{}::{}::{scheduler}", S::NAME, scenario.name()).replace(' ', "_");
        self.trials.push(Trial::test(name, move || {
            let allowed = small.then(|| {
                let outcomes = scenario.outcomes(S::AWAITS);
                outcomes
                    .required
                    .union(&outcomes.optional)
                    .cloned()
                    .collect::<BTreeSet<_>>()
            });
            let times = if small { SMALL } else { LARGE };
            let began = Instant::now();
            let sampled = sample::<S>(&scenario, scheduler, times, allowed.as_ref());
            let row = ShuttleRow {
                strategy: S::NAME.to_owned(),
                scenario: scenario.name().to_owned(),
                scheduler: scheduler.to_string(),
                executions: sampled.executions,
                events: sampled.events,
                outcomes: sampled.outcomes,
                allowed: allowed.map(|allowed| allowed.len()),
                seconds: thousandths(began.elapsed()),
            };
            rows.add(place, row);
            Ok(())
        }));
    }
}

impl Visitor for Samples {
    fn visit<S: StrategyKind>(&mut self) {
        self.strategies.push(S::NAME);
        for scenario in small() {
            self.add::<S>(scenario, Scheduler::Random, true);
        }
        for scenario in large() {
            self.add::<S>(scenario.clone(), Scheduler::Random, false);
            self.add::<S>(scenario, Scheduler::Pct(DEPTH), false);
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    hide_expected();
    let mut samples = Samples {
        strategies: Vec::new(),
        trials: Vec::new(),
        rows: Rows::new(),
    };
    kind::visit_all(&mut samples);

    let print = |rows: &[ShuttleRow]| println!("\n{}", ShuttleRow::table(rows));
    let strategies = common::whole_strategies(&arguments, &samples.strategies, LEAST_STRATEGIES);
    let least = |rows: &[ShuttleRow]| {
        let executions = |small: bool| {
            let rows = rows.iter().filter(|row| row.allowed.is_some() == small);
            rows.map(|row| row.executions).sum()
        };
        vec![
            Least {
                what: "executions of small scenarios",
                least: strategies * LEAST_SMALL * SMALL,
                was: executions(true),
            },
            Least {
                what: "executions of large scenarios",
                least: strategies * LEAST_LARGE * LARGE * 2,
                was: executions(false),
            },
        ]
    };
    common::run(&arguments, samples.trials, &samples.rows, print, least)
}
