//! Every scenario on every strategy in every interleaving, within bounds: one test each, with a
//! table of what was explored at the end.
//!
//! `CONTEXTURE_MODELS=short` explores less, in a fraction of the time.

#![allow(
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "test code, outside the models"
)]

mod common;

use std::process::ExitCode;

use common::{Least, Rows};
use contexture_loom_tests::catalogue;
use contexture_loom_tests::explore::{Effort, explore, hide_expected};
use contexture_loom_tests::report::{Explored, ModelRow, StrategyRow};
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};
use libtest_mimic::{Arguments, Trial};

/// Guards against a build that models nothing: these numbers only ever grow.
const LEAST_STRATEGIES: usize = 6;
const LEAST_SCENARIOS: usize = 110;
/// Of each strategy: models exhausted at bound 2 or higher in every pass, and executions.
const LEAST_EXHAUSTED: usize = 70;
const LEAST_EXECUTIONS: usize = 600_000;
const LEAST_EXECUTIONS_SHORT: usize = 180_000;

struct Models {
    effort: Effort,
    strategies: Vec<&'static str>,
    trials: Vec<Trial>,
    rows: Rows<ModelRow>,
}

impl Visitor for Models {
    fn visit<S: StrategyKind>(&mut self) {
        self.strategies.push(S::NAME);
        for scenario in catalogue::small() {
            let effort = self.effort;
            let rows = self.rows.clone();
            let place = self.trials.len();
            let name = format!("{}::{}", S::NAME, scenario.name());
            self.trials.push(Trial::test(name, move || {
                let model = explore::<S>(&scenario, effort);
                rows.add(place, ModelRow::new(S::NAME, scenario.name(), &model));
                Ok(())
            }));
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let (effort, least_executions) = match std::env::var("CONTEXTURE_MODELS").as_deref() {
        Err(_) | Ok("full") => (Effort::FULL, LEAST_EXECUTIONS),
        Ok("short") => (Effort::SHORT, LEAST_EXECUTIONS_SHORT),
        Ok(other) => {
            eprintln!("error: CONTEXTURE_MODELS is `{other}`; there are: full, short");
            return ExitCode::from(2);
        }
    };
    hide_expected();
    let mut models = Models {
        effort,
        strategies: Vec::new(),
        trials: Vec::new(),
        rows: Rows::new(),
    };
    kind::visit_all(&mut models);

    let print = |models: &[ModelRow]| {
        println!("\n{}", ModelRow::table(models));
        println!("{}", StrategyRow::table(&StrategyRow::of(models)));
        println!("{}", Explored::by(models).sentences());
    };
    let strategies = common::whole_strategies(&arguments, &models.strategies, LEAST_STRATEGIES);
    let least = |models: &[ModelRow]| {
        let explored = Explored::by(models);
        let least = |what, of_each: usize, was| Least {
            what,
            least: strategies * of_each,
            was,
        };
        vec![
            least("strategies", 1, StrategyRow::of(models).len()),
            least("models", LEAST_SCENARIOS, explored.models),
            least("executions", least_executions, explored.executions),
            least(
                "models exhausted at bound 2 or higher in every pass",
                LEAST_EXHAUSTED,
                explored.exhausted_at_two,
            ),
        ]
    };
    common::run(&arguments, models.trials, &models.rows, print, least)
}
