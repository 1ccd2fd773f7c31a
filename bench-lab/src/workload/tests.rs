#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use super::*;

fn plan(name: &str, contexts: usize) -> Plan {
    Plan::new(*Workload::find(name).unwrap(), contexts, 4, 3, 42)
}

#[test]
fn zipf_has_its_shape() {
    let contexts = 1_000;
    let plan = plan("ycsb-c", contexts);
    let mut counts = vec![0_u32; contexts];
    for operation in plan.operations(0, 0, 0) {
        counts[operation.entry()] += 1;
    }
    let most_popular_is_first = plan.by_popularity[0] == 0;
    assert!(!most_popular_is_first, "ranks are scrambled over keys");
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let harmonic: f64 = (1..=contexts).map(|n| (n as f64).powf(-0.99)).sum();
    for rank in [1_usize, 2, 10] {
        let expected = SEQUENCE as f64 * (rank as f64).powf(-0.99) / harmonic;
        let found = f64::from(counts[rank - 1]);
        assert!(
            (found / expected - 1.0).abs() < 0.1,
            "{rank}: {found} {expected}"
        );
    }
}

#[test]
fn mixes_are_what_they_say() {
    for workload in WORKLOADS {
        let plan = Plan::new(*workload, 100, 4, 3, 7);
        let operations = plan.operations(1, 2, 0);
        let percent = |action| {
            let found = operations.iter().filter(|op| op.action() == action);
            found.count() as f64 * 100.0 / operations.len() as f64
        };
        let expected = match workload.mix {
            Mix::Updates(updates) => [
                (Action::Update, f64::from(updates)),
                (Action::Read, f64::from(100 - updates)),
            ],
            Mix::Gets => [(Action::Get, 100.0), (Action::Update, 0.0)],
            Mix::Churn => [(Action::Remove, 50.0), (Action::Create, 50.0)],
        };
        for (action, share) in expected {
            assert!((percent(action) - share).abs() < 1.0, "{}", workload.name);
        }
        if workload.keys == Choice::One {
            assert!(operations.iter().all(|op| op.entry() == 3));
        }
    }
}

#[test]
fn what_is_removed_is_created_next_and_belongs_to_one_worker() {
    let workload = Workload::find("churn").unwrap();
    for (contexts, workers) in [(100, 3), (2, 8)] {
        let plan = Plan::new(*workload, contexts, workers, 0, 7);
        let entries = contexts..contexts + workload.extra(contexts, workers);
        let mut owned = HashSet::new();
        for worker in 0..workers {
            // Over its end the sequence goes on with its beginning, in step with the pairs.
            let operations = plan.operations(1, worker, 2);
            let mut own = HashSet::new();
            for pair in operations.chunks(2) {
                assert_eq!(pair[0].action(), Action::Remove);
                assert_eq!(pair[1].action(), Action::Create);
                assert_eq!(pair[0].entry(), pair[1].entry());
                own.insert(pair[0].entry());
            }
            for entry in own {
                assert!(entries.contains(&entry));
                assert!(owned.insert(entry), "{entry} belongs to two workers");
            }
        }
        assert_eq!(owned.len(), entries.len(), "every one has its turn");
    }
    assert_eq!(Workload::find("ycsb-a").unwrap().extra(100, 3), 0);
}

#[test]
fn sequences_depend_on_seed_round_and_worker_only() {
    for name in ["ycsb-a", "churn"] {
        let plan_a = plan(name, 100);
        assert_eq!(
            plan_a.operations(1, 1, 5),
            plan(name, 100).operations(1, 1, 5)
        );
        assert_ne!(plan_a.operations(1, 1, 0), plan_a.operations(2, 1, 0));
        assert_ne!(plan_a.operations(1, 1, 0), plan_a.operations(1, 2, 0));
        let operations = plan_a.operations(0, 0, 9);
        assert_eq!(operations[..9], operations[SEQUENCE..]);
    }
}

#[test]
fn one_context_is_enough_for_every_workload() {
    for workload in WORKLOADS {
        let plan = Plan::new(*workload, 1, 1, 0, 7);
        let entries = 1 + workload.extra(1, 1);
        let operations = plan.operations(0, 0, 0);
        assert!(operations.iter().all(|op| op.entry() < entries));
    }
}
