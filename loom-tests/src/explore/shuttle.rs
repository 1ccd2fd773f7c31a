//! Random interleavings, of scenarios that have too many for loom. shuttle knows no weak memory,
//! and none of loom's reductions: what one of the two misses, the other may find.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use contexture_strategies::{StrategyKind, Variant};

use crate::execute::execute;
use crate::scenario::Scenario;
use crate::world::Clock;

/// How the next thread to run is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// At random.
    Random,
    /// Probabilistic concurrency testing: by random priorities that change at so many points,
    /// which finds each bug that needs so many ordering constraints with a known probability.
    Pct(usize),
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => write!(f, "random"),
            Self::Pct(depth) => write!(f, "PCT {depth}"),
        }
    }
}

/// A scenario on a strategy, sampled.
#[derive(Debug, Clone, Copy)]
pub struct Sampled {
    /// How many executions there were.
    pub executions: usize,
    /// How many events they had together.
    pub events: usize,
    /// How many different outcomes there were.
    pub outcomes: usize,
}

/// Runs a scenario so often in random interleavings; half of them with impatient waiters.
/// `allowed` are the outcomes that the contract allows, where they are known.
///
/// # Panics
///
/// If an execution is not linearizable, fails or deadlocks, or if its outcome is not allowed.
#[must_use]
#[allow(
    clippy::disallowed_types,
    reason = "counts from outside the model, where shuttle must not look"
)]
pub fn sample<S: StrategyKind>(
    scenario: &Scenario,
    scheduler: Scheduler,
    times: usize,
    allowed: Option<&BTreeSet<String>>,
) -> Sampled {
    use std::sync::{Mutex, PoisonError};

    let allowed = allowed.cloned().map(Arc::new);
    let counted = Arc::new(Mutex::new((0, 0, BTreeSet::new())));
    for variant in [Variant::PLAIN, Variant::ALL[2]] {
        let (scenario, allowed) = (scenario.clone(), allowed.clone());
        let counted = Arc::clone(&counted);
        let run = move || {
            variant.choose();
            let execution = execute::<S>(&scenario, &Clock::ticking());
            execution.check();
            let outcome = execution.outcome;
            assert!(
                allowed
                    .as_ref()
                    .is_none_or(|allowed| allowed.contains(&outcome)),
                "the contract does not allow this outcome: {outcome}\n{}",
                execution.history
            );
            let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            counted.0 += 1;
            counted.1 += execution.history.len();
            counted.2.insert(outcome);
        };
        match scheduler {
            Scheduler::Random => shuttle::check_random(run, times / 2),
            Scheduler::Pct(depth) => shuttle::check_pct(run, times / 2, depth),
        }
    }
    let counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
    let (executions, events, ref outcomes) = *counted;
    Sampled {
        executions,
        events,
        outcomes: outcomes.len(),
    }
}
