//! A strategy of one's own, held to the contract by the same scenarios: what a crate that
//! implements `Strategy` or `SyncStrategy` puts into its tests.
//!
//! The store takes its locks from loom under `--cfg contexture_loom` and from std otherwise, and
//! knows nothing of scenarios. With loom every interleaving is explored, `cargo loom` does it;
//! without, `cargo test -p contexture-loom-tests --example own_strategy` runs each scenario on real
//! threads.

use contexture_loom_tests::catalogue;
use contexture_loom_tests::scenario::Scenario;
use libtest_mimic::{Arguments, Trial};

#[path = "../../strategies/tests/implement/store.rs"]
#[allow(
    clippy::disallowed_types,
    reason = "std's without loom, loom's with it"
)]
mod store;

use store::Plain;

#[cfg(contexture_loom)]
fn check(scenario: &Scenario) {
    use contexture_loom_tests::explore::{Effort, explore};

    let model = explore::<Plain>(scenario, Effort::SHORT);
    assert!(!model.explorations.is_empty());
}

#[cfg(not(contexture_loom))]
fn check(scenario: &Scenario) {
    use contexture_loom_tests::explore::stress;

    let stressed = stress::<Plain>(scenario, 20);
    assert_eq!(stressed.executions, 20);
}

fn main() {
    let arguments = Arguments::from_args();
    let scenarios = catalogue::small().into_iter();
    let trials = scenarios.map(|scenario| {
        let name = format!("plain::{}", scenario.name());
        Trial::test(name, move || {
            check(&scenario);
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
