//! A strategy of one's own, held to the contract by the same scenarios: what a crate that
//! implements `Strategy` or `SyncStrategy` puts into its tests.
//!
//! The store takes its locks from loom under `--cfg contexture_loom` and from std otherwise, and
//! knows nothing of scenarios. With loom every interleaving is explored, `cargo loom` does it;
//! without, `cargo run -p contexture-loom-tests --example own_strategy` runs each scenario on real
//! threads.

use contexture_loom_tests::catalogue;

#[path = "../../strategies/tests/implement/store.rs"]
#[allow(clippy::disallowed_types, reason = "std's without loom, loom's with it")]
mod store;

use store::Plain;

#[cfg(contexture_loom)]
fn main() {
    use contexture_loom_tests::explore::{Effort, explore};

    let scenarios = catalogue::small();
    let mut executions = 0;
    for scenario in &scenarios {
        let model = explore::<Plain>(scenario, Effort::SHORT);
        let explorations = model.explorations.iter();
        executions += explorations.map(|one| one.executions).sum::<usize>();
    }
    println!(
        "a strategy of one's own: {} scenarios, {executions} executions",
        scenarios.len()
    );
    assert!(executions > 1_000, "nothing was explored");
}

#[cfg(not(contexture_loom))]
fn main() {
    use contexture_loom_tests::explore::stress;

    for scenario in catalogue::small().iter().chain(&catalogue::large()) {
        let stressed = stress::<Plain>(scenario, 20);
        println!("{}: {} outcomes", scenario.name(), stressed.outcomes);
    }
}
