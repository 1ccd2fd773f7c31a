//! What is written in two places agrees: the contract names cases that exist, and
//! a strategy is registered if and only if it has a feature, so none can be forgotten by the
//! conformance suite, the models or the lab.

#![allow(clippy::unwrap_used, reason = "test code")]

use contexture_strategies::kind::{self, Visitor};
use contexture_strategies::{StrategyKind, SyncStrategyKind};

struct Names(Vec<&'static str>);

impl Visitor for Names {
    fn visit<S: StrategyKind>(&mut self) {
        self.0.push(S::NAME);
    }
}

impl kind::SyncVisitor for Names {
    fn visit<S: SyncStrategyKind>(&mut self) {
        self.0.push(<S as SyncStrategyKind>::NAME);
    }
}

/// The members of `all-strategies`, of which one a strategy is to be found in the registry.
fn all_strategies() -> Vec<&'static str> {
    let manifest = include_str!("../Cargo.toml");
    let list = manifest.split("all-strategies = [").nth(1).unwrap();
    let names = list.split(']').next().unwrap().split(',');
    names.map(|name| name.trim().trim_matches('"')).collect()
}

#[test]
#[cfg(feature = "all-strategies")]
fn every_feature_is_a_registered_strategy() {
    let mut registered = Names(Vec::new());
    kind::visit_all(&mut registered);
    assert_eq!(registered.0, all_strategies());
}

#[test]
fn strategies_without_await_are_strategies() {
    let (mut all, mut sync) = (Names(Vec::new()), Names(Vec::new()));
    kind::visit_all(&mut all);
    kind::visit_sync(&mut sync);
    assert!(!all.0.is_empty());
    assert!(sync.0.iter().all(|name| all.0.contains(name)));
    assert!(all.0.iter().all(|name| all_strategies().contains(name)));
}

/// What looks like the name of a case in the contract, and is a method's.
const METHODS: [&str; 3] = ["compare_and_set", "compare_and_set_with", "try_update_with"];

#[test]
fn the_contract_names_cases_that_exist() {
    let contract = include_str!("../../specs/contract.md");
    let suite = include_str!("conformance/main.rs");
    let named: Vec<&str> = contract
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.matches('_').count() >= 2)
        .filter(|code| {
            code.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
        .filter(|code| !METHODS.contains(code))
        .collect();
    assert!(named.len() >= 30, "only {} cases are named", named.len());
    for case in named {
        assert!(
            suite.contains(&format!("::{case},")) || suite.contains(&format!("(\"{case}\", ")),
            "there is no case {case}"
        );
    }
}
