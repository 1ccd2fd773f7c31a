//! Running one scenario on one strategy through all its interleavings.

#![allow(
    clippy::disallowed_types,
    reason = "counts executions from outside the model, where loom must not look"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use contexture_strategies::Variant;
use loom::model::Builder;

/// A scenario, made for one strategy.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// One execution. Says in a few words what came of it.
    pub run: fn() -> String,
    /// Every outcome that the contract allows. All must be seen, and no other.
    pub outcomes: &'static [&'static str],
}

/// What one exploration saw.
#[derive(Debug, Clone, Copy)]
pub struct Exploration {
    /// How often a thread was preempted at most.
    pub bound: usize,
    /// Which variant of the model it was.
    pub variant: Variant,
    /// How many executions there were.
    pub executions: usize,
    /// Whether these were all there are within the bound; if not, the exploration was capped.
    pub exhausted: bool,
}

/// Low bounds first: most faults show there at once, where a high bound could be capped before it
/// gets to them.
const BOUNDS: [usize; 3] = [1, 2, 3];

/// Executions after which an exploration is capped.
const CAP: usize = 20_000;

/// Explores each variant of a scenario at each bound in turn.
///
/// # Panics
///
/// If an execution fails, deadlocks or ends otherwise than the contract allows, or if an allowed
/// outcome was never seen: then the scenario does not explore what it says.
pub fn explore(scenario: Scenario) -> Vec<Exploration> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let mut explorations = Vec::new();
    for variant in Variant::ALL {
        variant.choose();
        for bound in BOUNDS {
            let executions = explore_once(scenario, bound, &seen);
            explorations.push(Exploration {
                bound,
                variant,
                executions,
                // loom ends a capped exploration without a word, just before the cap.
                exhausted: executions + 1 < CAP,
            });
        }
    }
    let seen = seen.lock().unwrap();
    for &outcome in scenario.outcomes {
        assert!(seen.contains(outcome), "never seen: {outcome}");
    }
    let most = explorations
        .iter()
        .map(|exploration| exploration.executions);
    assert!(most.max() > Some(1), "there was nothing to explore");
    explorations
}

/// Returns the number of executions.
fn explore_once(scenario: Scenario, bound: usize, seen: &Arc<Mutex<BTreeSet<String>>>) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let mut builder = Builder::new();
    builder.preemption_bound = Some(bound);
    builder.max_permutations = Some(CAP);
    builder.max_branches = 10_000;
    builder.check({
        let (seen, executions) = (Arc::clone(seen), Arc::clone(&executions));
        move || {
            executions.fetch_add(1, Ordering::Relaxed);
            let outcome = (scenario.run)();
            assert!(
                scenario.outcomes.contains(&&*outcome),
                "the contract does not allow this outcome: {outcome}"
            );
            seen.lock().unwrap().insert(outcome);
        }
    });
    executions.load(Ordering::Relaxed)
}
