//! What happens on real threads, with the real primitives.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contexture_strategies::StrategyKind;

use crate::execute::execute;
use crate::scenario::Scenario;
use crate::world::Clock;

/// A scenario on a strategy, run on real threads.
#[derive(Debug, Clone, Copy)]
pub struct Stressed {
    /// How many executions there were.
    pub executions: usize,
    /// How many events they had together.
    pub events: usize,
    /// How many different outcomes there were.
    pub outcomes: usize,
    /// How long it took to run them.
    pub ran: Duration,
    /// How long it took to check them.
    pub checked: Duration,
}

/// Runs a scenario so often and checks each execution.
///
/// # Panics
///
/// If an execution is not linearizable, or fails; and if this is compiled for an explorer, outside
/// of which its primitives do not work.
#[must_use]
pub fn stress<S: StrategyKind>(scenario: &Scenario, times: usize) -> Stressed {
    let mut stressed = Stressed {
        executions: times,
        events: 0,
        outcomes: 0,
        ran: Duration::ZERO,
        checked: Duration::ZERO,
    };
    let mut outcomes = BTreeSet::new();
    for _ in 0..times {
        let began = Instant::now();
        let execution = execute::<S>(scenario, &Clock::ticking());
        stressed.ran += began.elapsed();
        stressed.events += execution.history.len();
        let began = Instant::now();
        execution.check();
        stressed.checked += began.elapsed();
        outcomes.insert(execution.outcome);
    }
    stressed.outcomes = outcomes.len();
    stressed
}
