//! The conformance suite: every clause of the contract, on every strategy that is enabled, on
//! both of tokio's runtimes.
//!
//! A case is written once, generic over the strategy; its name is `strategy::runtime::case`.
//! `CONFORMANCE_REPEAT=100` runs each case a hundred times in a row.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code; loom does not run it"
)]

mod batches;
mod cancellation;
mod closures;
mod concurrent;
mod hooks;
mod journals;
mod model;
#[path = "../implement/store.rs"]
mod outside;
mod runtime;
mod sequential;
mod synchronous;

use contexture_strategies::kind::{self, SyncVisitor, Visitor};
use contexture_strategies::{StrategyKind, SyncStrategyKind};
use libtest_mimic::{Arguments, Trial};
use runtime::Flavour;

/// The number of cases that the contract is held to by; it only ever grows.
const LEAST_CASES: usize = 74;

/// One case, for one strategy.
pub(crate) type Case = (&'static str, fn(Flavour));

/// A list of [`Case`]s from generic async functions.
macro_rules! cases {
    ($strategy:ident: $($module:ident::$case:ident),* $(,)?) => {
        vec![$((
            stringify!($case),
            (|flavour: $crate::runtime::Flavour| flavour.run($module::$case::<$strategy>)) as fn(_),
        )),*]
    };
}

fn cases<S: StrategyKind>() -> Vec<Case> {
    cases![S:
        sequential::an_absent_key_reads_as_none,
        sequential::read_sees_value_and_version,
        sequential::a_handle_outlives_update_remove_and_store,
        sequential::create_refuses_an_existing_key,
        sequential::update_commits_exactly_one_version_further,
        sequential::update_refuses_an_absent_key,
        sequential::compare_and_set_wants_the_current_version,
        sequential::compare_and_set_fails_after_remove_and_create,
        sequential::versions_never_repeat_across_removes,
        sequential::versions_never_repeat_across_growth_and_shrinkage,
        sequential::remove_returns_what_it_held,
        sequential::remove_wants_the_expected_version,
        sequential::the_limit_refuses_and_a_remove_makes_room,
        sequential::a_limit_of_zero_refuses_everything,
        sequential::len_counts_entries,
        sequential::a_snapshot_never_changes,
        sequential::snapshot_get_and_iter_agree,
        sequential::ten_thousand_keys_come_and_go,
        sequential::every_value_is_dropped_exactly_once,
        batches::a_batch_reports_the_version_of_each_key,
        batches::a_batch_that_fails_changes_nothing,
        batches::every_reason_to_refuse_a_batch_is_named,
        batches::a_batch_may_name_a_key_only_once,
        batches::an_empty_batch_succeeds,
        batches::a_full_store_takes_a_batch_that_adds_no_entry,
        batches::a_batch_over_the_limit_changes_nothing,
        batches::a_batch_creates_above_removed_versions,
        batches::require_guards_without_changing,
        model::any_sequence_agrees_with_the_model,
        concurrent::no_update_is_lost,
        concurrent::updates_of_a_hot_key_run_each_closure_once,
        concurrent::no_writer_starves_behind_a_busy_one,
        concurrent::one_of_eight_creators_wins,
        concurrent::the_limit_holds_against_64_creators,
        concurrent::the_limit_holds_against_batches_and_removes,
        concurrent::remove_succeeds_once,
        concurrent::compare_and_set_has_one_winner_a_version,
        concurrent::a_stale_compare_and_set_never_hits_a_recreated_key,
        concurrent::a_readers_versions_never_go_back,
        concurrent::a_snapshot_has_all_that_was_acknowledged_before_it,
        concurrent::a_snapshot_during_batches_never_shows_half,
        concurrent::reads_in_batch_order_never_see_half,
        concurrent::transfers_keep_the_sum,
        concurrent::len_is_of_one_instant,
        closures::a_panicking_update_changes_nothing,
        closures::a_panicking_read_harms_nobody,
        closures::an_aborted_update_changes_nothing,
        closures::a_running_update_does_not_hold_up_other_keys,
        closures::a_running_update_does_not_hold_up_reads_of_its_key,
        closures::a_running_read_does_not_hold_up_writers,
        closures::writers_of_the_key_wait_for_a_running_update,
        closures::every_call_from_an_update_closure_does_what_it_should,
        closures::every_call_from_a_read_closure_does_what_it_should,
        closures::a_waiting_future_polled_in_a_closure_is_refused,
        closures::crosswise_updates_do_not_deadlock,
        closures::crosswise_updates_of_two_stores_do_not_deadlock,
        closures::a_values_drop_may_call_the_store,
        cancellation::a_future_that_is_never_polled_does_nothing,
        cancellation::a_writer_dropped_while_it_waits_changes_nothing,
        cancellation::a_dropped_waiter_passes_its_turn_on,
        cancellation::an_uncommitted_value_may_write_its_key_when_dropped,
        cancellation::futures_dropped_anywhere_leave_before_or_after,
        cancellation::aborted_tasks_leave_before_or_after,
        hooks::a_hook_sees_key_before_and_after_once,
        hooks::a_hook_runs_before_anyone_sees_the_write,
        hooks::what_a_hook_sees_is_what_is_committed,
        hooks::no_hook_runs_for_a_write_that_fails,
        hooks::no_hook_runs_for_a_closure_that_panics,
        hooks::a_hook_can_fill_in_the_value,
        hooks::a_value_that_is_shared_or_removed_cannot_be_filled_in,
        hooks::the_hook_of_a_batch_gets_all_changes_in_order,
        hooks::a_batch_without_a_change_runs_no_hook,
        hooks::a_panicking_hook_changes_nothing,
        journals::hooks_of_a_key_run_in_the_order_of_its_versions,
        journals::a_snapshot_holds_the_writes_whose_hooks_ran_before_its_own,
        journals::a_dropped_future_ran_its_hook_if_it_wrote,
    ]
}

fn sync_cases<S: SyncStrategyKind>() -> Vec<Case> {
    vec![
        ("no_update_is_lost_without_a_runtime", |_| {
            synchronous::no_update_is_lost_without_a_runtime::<S>();
        }),
        ("closures_need_not_be_send", |_| {
            synchronous::closures_need_not_be_send::<S>();
        }),
        ("hooks_need_not_be_send", |_| {
            synchronous::hooks_need_not_be_send::<S>();
        }),
        ("both_forms_are_one_store", |_| {
            synchronous::both_forms_are_one_store::<S>();
        }),
    ]
}

#[derive(Default)]
struct Suite {
    trials: Vec<Trial>,
}

impl Suite {
    fn add(&mut self, strategy: &str, flavour: Flavour, cases: Vec<Case>) {
        for (name, case) in cases {
            let name = format!("{strategy}::{}::{name}", flavour.name());
            let run = move || (0..runtime::repeats()).for_each(|_| case(flavour));
            self.trials.push(Trial::test(name, move || {
                run();
                Ok(())
            }));
        }
    }
}

impl Visitor for Suite {
    fn visit<S: StrategyKind>(&mut self) {
        let cases = cases::<S>();
        assert!(cases.len() >= LEAST_CASES, "only {} cases", cases.len());
        for flavour in Flavour::ALL {
            self.add(S::NAME, flavour, cases.clone());
        }
    }
}

impl SyncVisitor for Suite {
    fn visit<S: SyncStrategyKind>(&mut self) {
        self.add(S::NAME, Flavour::NoRuntime, sync_cases::<S>());
    }
}

fn main() {
    let arguments = Arguments::from_args();
    runtime::hide_expected_panics();
    let mut suite = Suite::default();
    kind::visit_all(&mut suite);
    kind::visit_sync(&mut suite);
    // One that is implemented outside the crate, to show that it can be.
    Visitor::visit::<outside::Plain>(&mut suite);
    SyncVisitor::visit::<outside::Plain>(&mut suite);
    libtest_mimic::run(&arguments, suite.trials).exit();
}
