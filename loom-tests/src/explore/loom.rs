//! Every interleaving, within bounds.

#![allow(
    clippy::disallowed_types,
    reason = "counts executions from outside the model, where loom must not look"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contexture_strategies::{StrategyKind, Variant};
use loom::model::Builder;

use crate::execute::execute;
use crate::scenario::Scenario;
use crate::world::Clock;

/// How thoroughly a scenario is explored.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// In which ways, one after the other, and in each with which bounds on preemptions. Bounds
    /// rise: most faults show at a low one at once, where a high one could be capped before it
    /// gets to them.
    pub passes: &'static [(Pass, &'static [usize])],
    /// Executions after which an exploration is capped.
    pub cap: usize,
    /// If the highest bound took at most so many executions, the scenario is explored without
    /// any bound as well.
    pub unbounded: usize,
}

impl Effort {
    /// All there is.
    pub const FULL: Self = Self {
        passes: &[
            (Pass::UNORDERED, &[1, 2, 3]),
            (Pass::PLAIN, &[1, 2, 3]),
            (Pass::WRITES, &[1, 2, 3]),
            (Pass::IMPATIENT, &[1, 2, 3]),
        ],
        cap: 20_000,
        unbounded: 175,
    };

    /// What finds most faults in a fraction of the time.
    pub const SHORT: Self = Self {
        passes: &[(Pass::UNORDERED, &[1, 2]), (Pass::IMPATIENT, &[1, 2, 3])],
        cap: 20_000,
        unbounded: 0,
    };
}

/// One way of exploring a scenario.
///
/// No single way sees everything. loom does not explore every order of a load and a later store
/// of the same atomic ([issue 392](https://github.com/tokio-rs/loom/issues/392)); with loads
/// performed as writes it does, but then none is ever stale. A clock is needed to know what came
/// first in time, but adds order of its own, which could hide that the strategy lacks some.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Its name in reports.
    pub name: &'static str,
    /// Whether events have times.
    clock: bool,
    variant: Variant,
}

impl Pass {
    const UNORDERED: Self = Self {
        name: "unclocked",
        clock: false,
        variant: Variant::PLAIN,
    };
    const PLAIN: Self = Self {
        name: "plain",
        clock: true,
        variant: Variant::PLAIN,
    };
    const WRITES: Self = Self {
        name: "loads as writes",
        clock: true,
        variant: Variant::ALL[1],
    };
    const IMPATIENT: Self = Self {
        name: "impatient",
        clock: true,
        variant: Variant::ALL[2],
    };
}

/// A scenario on a strategy, explored.
#[derive(Debug, Clone)]
pub struct Model {
    /// What each pass and bound explored.
    pub explorations: Vec<Exploration>,
    /// How many different outcomes there were.
    pub outcomes: usize,
    /// How long it took.
    pub took: Duration,
}

/// What one exploration saw.
#[derive(Debug, Clone, Copy)]
pub struct Exploration {
    /// The name of the pass.
    pub pass: &'static str,
    /// How often threads were preempted at most; `None` for as often as possible.
    pub bound: Option<usize>,
    /// How many executions there were.
    pub executions: usize,
    /// Whether these were all there are within the bound; if not, the exploration was capped.
    pub exhausted: bool,
}

/// Explores a scenario on a strategy.
///
/// # Panics
///
/// If an execution is not linearizable, fails, deadlocks or ends otherwise than the contract
/// allows, or if an outcome that it requires was never seen: then the scenario does not explore
/// what it says.
#[must_use]
pub fn explore<S: StrategyKind>(scenario: &Scenario, effort: Effort) -> Model {
    let began = Instant::now();
    let outcomes = scenario.outcomes(S::AWAITS);
    let explorer = Arc::new(Explorer {
        allowed: outcomes
            .required
            .union(&outcomes.optional)
            .cloned()
            .collect(),
        seen: Mutex::default(),
        scenarios: (0..scenario.threads.len().max(1))
            .map(|first| Scenario {
                first,
                ..scenario.clone()
            })
            .collect(),
    });
    let mut explorations = Vec::new();
    for &(pass, bounds) in effort.passes {
        pass.variant.choose();
        let mut last = usize::MAX;
        for &bound in bounds {
            let exploration = explorer.run::<S>(0, pass, Some(bound), effort.cap);
            last = exploration.executions;
            explorations.push(exploration);
        }
        if last <= effort.unbounded {
            explorations.push(explorer.run::<S>(0, pass, None, effort.cap));
        }
    }
    // loom begins with the first thread and comes to its earliest preemptions last. If the cap has
    // kept it from them, it looks again with each of the other threads as the first.
    let capped = |explorations: &[Exploration]| explorations.iter().any(|it| !it.exhausted);
    for first in 1..explorer.scenarios.len() {
        if !capped(&explorations) || outcomes.missing(&explorer.seen()).is_empty() {
            break;
        }
        for &(pass, bounds) in effort.passes {
            pass.variant.choose();
            let runs = bounds
                .iter()
                .map(|&bound| explorer.run::<S>(first, pass, Some(bound), effort.cap));
            explorations.extend(runs);
        }
    }
    let seen = explorer.seen();
    let missing = outcomes.missing(&seen);
    assert!(missing.is_empty(), "never seen: {missing:#?}");
    let most = explorations
        .iter()
        .map(|exploration| exploration.executions);
    assert!(
        most.max() > Some(1) || scenario.threads.len() < 2,
        "there was nothing to explore"
    );
    Model {
        explorations,
        outcomes: seen.len(),
        took: began.elapsed(),
    }
}

struct Explorer {
    /// The same, with each of its threads as the first.
    scenarios: Vec<Scenario>,
    allowed: BTreeSet<String>,
    seen: Mutex<BTreeSet<String>>,
}

impl Explorer {
    fn seen(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<S: StrategyKind>(
        self: &Arc<Self>,
        first: usize,
        pass: Pass,
        bound: Option<usize>,
        cap: usize,
    ) -> Exploration {
        let executions = Arc::new(AtomicUsize::new(0));
        let mut builder = Builder::new();
        builder.preemption_bound = bound;
        // loom looks at its cap every so many executions only, at each multiple of 20,000 unless
        // told otherwise; and at a time limit that the environment may set, which would end an
        // exploration without a word, too.
        builder.max_permutations = Some(cap);
        builder.checkpoint_interval = cap;
        builder.max_duration = None;
        builder.max_branches = 50_000;
        builder.check({
            let (explorer, executions) = (Arc::clone(self), Arc::clone(&executions));
            move || {
                executions.fetch_add(1, Ordering::Relaxed);
                explorer.execute::<S>(first, pass);
            }
        });
        let executions = executions.load(Ordering::Relaxed);
        Exploration {
            pass: pass.name,
            bound,
            executions,
            // loom ends a capped exploration without a word, just before the cap.
            exhausted: executions + 1 < cap,
        }
    }

    fn execute<S: StrategyKind>(&self, first: usize, pass: Pass) {
        let clock = if pass.clock {
            Clock::ticking()
        } else {
            Clock::standing()
        };
        let execution = execute::<S>(&self.scenarios[first], &clock);
        execution.check();
        let outcome = execution.outcome;
        assert!(
            self.allowed.contains(&outcome),
            "the contract does not allow this outcome: {outcome}\n{}",
            execution.history
        );
        self.seen().insert(outcome);
    }
}
