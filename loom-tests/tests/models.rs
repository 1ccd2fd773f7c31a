//! Every scenario on every strategy, one test each, with a table of what was explored at the end.

#![allow(
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "test code, outside the models"
)]

use std::sync::{Arc, Mutex};

use contexture_loom_tests::catalogue;
use contexture_loom_tests::explore::{Effort, Model, explore};
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};
use libtest_mimic::{Arguments, Trial};

/// Guards against a build that models nothing: both numbers only ever grow.
const LEAST_STRATEGIES: usize = 5;
const LEAST_SCENARIOS: usize = 60;

type Row = (&'static str, String, Model);

struct Models {
    effort: Effort,
    strategies: usize,
    trials: Vec<Trial>,
    table: Arc<Mutex<Vec<Row>>>,
}

impl Visitor for Models {
    fn visit<S: StrategyKind>(&mut self) {
        self.strategies += 1;
        for scenario in catalogue::small() {
            let table = Arc::clone(&self.table);
            let effort = self.effort;
            let name = format!("{}::{}", S::NAME, scenario.name());
            self.trials.push(Trial::test(name, move || {
                let model = explore::<S>(&scenario, effort);
                let row = (S::NAME, scenario.name().to_owned(), model);
                table.lock().unwrap().push(row);
                Ok(())
            }));
        }
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let mut models = Models {
        effort: match std::env::var("CONTEXTURE_MODELS").as_deref() {
            Ok("short") => Effort::SHORT,
            _ => Effort::FULL,
        },
        strategies: 0,
        trials: Vec::new(),
        table: Arc::default(),
    };
    kind::visit_all(&mut models);
    assert!(models.strategies >= LEAST_STRATEGIES);
    assert!(models.trials.len() >= LEAST_STRATEGIES * LEAST_SCENARIOS);

    let table = Arc::clone(&models.table);
    let conclusion = libtest_mimic::run(&arguments, models.trials);
    let mut table = table.lock().unwrap();
    table.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    for (s, n, m) in table.iter() {
        print!(
            "{s:13} {n:49} {:3} outcomes {:6.1}s",
            m.outcomes,
            m.took.as_secs_f64()
        );
        for e in &m.explorations {
            print!(" {}{}", e.executions, if e.exhausted { "" } else { "+" });
        }
        println!();
    }
    conclusion.exit();
}
