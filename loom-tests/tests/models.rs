//! Every scenario on every strategy, one test each, with a table of what was explored at the end.

#![allow(
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "test code, outside the models"
)]

use std::sync::{Arc, Mutex};

use contexture_loom_tests::explore::{Exploration, explore};
use contexture_loom_tests::scenarios;
use contexture_strategies::kind::{self, Visitor};
use contexture_strategies::{StrategyKind, Variant};
use libtest_mimic::{Arguments, Trial};

/// Guards against a build that models nothing: both numbers only ever grow.
const LEAST_STRATEGIES: usize = 5;
const LEAST_SCENARIOS: usize = 21;

/// One line of the table: strategy, scenario and what each bound explored.
type Row = (&'static str, &'static str, Vec<Exploration>);

#[derive(Default)]
struct Models {
    strategies: usize,
    trials: Vec<Trial>,
    table: Arc<Mutex<Vec<Row>>>,
}

impl Visitor for Models {
    fn visit<S: StrategyKind>(&mut self) {
        self.strategies += 1;
        for scenario in scenarios::all::<S>() {
            let table = Arc::clone(&self.table);
            let name = format!("{}::{}", S::NAME, scenario.name);
            self.trials.push(Trial::test(name, move || {
                let explorations = explore(scenario);
                let row = (S::NAME, scenario.name, explorations);
                table.lock().unwrap().push(row);
                Ok(())
            }));
        }
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let mut models = Models::default();
    kind::visit_all(&mut models);
    assert!(
        models.strategies >= LEAST_STRATEGIES,
        "only {} strategies were built",
        models.strategies
    );
    assert!(
        models.trials.len() >= LEAST_STRATEGIES * LEAST_SCENARIOS,
        "only {} models",
        models.trials.len()
    );

    let table = Arc::clone(&models.table);
    let conclusion = libtest_mimic::run(&arguments, models.trials);
    print(&mut table.lock().unwrap());
    conclusion.exit();
}

fn print(table: &mut [Row]) {
    if table.is_empty() {
        return;
    }
    table.sort_by_key(|(strategy, scenario, _)| (*strategy, *scenario));
    println!("Executions at preemption bounds 1, 2, 3: with plain loads / with loads as writes /");
    println!("with loads as writes and impatient waiters.");
    println!("Level: protocol, primitives trusted. '+': capped, not exhausted.\n");
    let mut total = 0;
    let mut capped = 0;
    for (strategy, scenario, explorations) in table.iter() {
        print!("{strategy:13} {scenario:49}");
        for exploration in explorations {
            total += exploration.executions;
            capped += usize::from(!exploration.exhausted);
            if exploration.variant != Variant::PLAIN && exploration.bound == 1 {
                print!(" /");
            }
            let mark = if exploration.exhausted { ' ' } else { '+' };
            print!(" {:6}{mark}", exploration.executions);
        }
        println!();
    }
    let models = table.len();
    println!("\n{models} models, {total} executions, {capped} explorations capped");
}
