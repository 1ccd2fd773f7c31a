//! Small scenarios, which loom explores: two or three threads of one or two steps, and the
//! outcomes that the contract requires and allows are found by trying every order.

use crate::operation::Expect::{Initial, Seen};
use crate::operation::Step::{
    Apply, CompareAndSet, Create, Get, Keep, Len, Panic, Read, Refuse, Remove, Snapshot,
    SnapshotWithoutHook, Update,
};
use crate::operation::Write;
use crate::scenario::Scenario;

/// All of them.
#[must_use]
pub fn small() -> Vec<Scenario> {
    let chapters = [
        one_key(),
        three_threads(),
        recreation(),
        two_keys(),
        batches(),
        whole_store(),
        limit(),
        closures(),
        calls_from_closures(),
        calls_from_reads(),
        kept_handles(),
        replaced_memory(),
        cancellation(),
    ];
    chapters.into_iter().flatten().collect()
}

/// A store with key 1.
fn one(name: &'static str) -> Scenario {
    Scenario::new(name).entries([(1, 0)])
}

/// A store with keys 1 and 2.
fn two(name: &'static str) -> Scenario {
    Scenario::new(name).entries([(1, 0), (2, 0)])
}

/// Two threads that meet at one key.
fn one_key() -> Vec<Scenario> {
    vec![
        Scenario::new("create_create")
            .thread([Create(1, 5)])
            .thread([Create(1, 6)]),
        Scenario::new("create_read")
            .thread([Create(1, 5)])
            .thread([Read(1), Get(1)]),
        one("create_remove")
            .thread([Create(1, 5)])
            .thread([Remove(1, None)]),
        one("update_update")
            .thread([Update(1, 5)])
            .thread([Update(1, 6)]),
        one("update_compare_and_set")
            .thread([Update(1, 5)])
            .thread([CompareAndSet(1, Initial, 7)]),
        one("update_remove")
            .thread([Update(1, 5)])
            .thread([Remove(1, None)]),
        one("update_remove_of_a_version")
            .thread([Update(1, 5)])
            .thread([Remove(1, Some(Initial))]),
        one("compare_and_set_compare_and_set")
            .thread([CompareAndSet(1, Initial, 5)])
            .thread([CompareAndSet(1, Initial, 6)]),
        one("updates_compare_and_sets")
            .thread([Update(1, 5), Update(1, 6)])
            .thread([CompareAndSet(1, Initial, 7), CompareAndSet(1, Seen, 8)]),
        one("compare_and_set_remove")
            .thread([CompareAndSet(1, Initial, 5)])
            .thread([Remove(1, None)]),
        one("remove_remove")
            .thread([Remove(1, None)])
            .thread([Remove(1, None)]),
        one("read_remove")
            .thread([Read(1)])
            .thread([Remove(1, None)]),
        one("reads_never_go_back")
            .thread([Read(1), Get(1)])
            .thread([Update(1, 5)]),
        one("gets_never_go_back")
            .thread([Get(1), Get(1)])
            .thread([Update(1, 5), Update(1, 6)]),
        one("read_then_compare_and_set_against_update")
            .thread([Get(1), CompareAndSet(1, Seen, 5)])
            .thread([Update(1, 6)]),
    ]
}

fn three_threads() -> Vec<Scenario> {
    vec![
        one("update_update_update")
            .thread([Update(1, 5)])
            .thread([Update(1, 6)])
            .thread([Update(1, 7)]),
        one("update_remove_create")
            .thread([Update(1, 5)])
            .thread([Remove(1, None)])
            .thread([Create(1, 6)]),
        one("update_remove_read")
            .thread([Update(1, 5)])
            .thread([Remove(1, None)])
            .thread([Read(1)]),
        one("update_compare_and_set_get")
            .thread([Update(1, 5)])
            .thread([CompareAndSet(1, Initial, 6)])
            .thread([Get(1)]),
        Scenario::new("create_create_remove")
            .thread([Create(1, 5)])
            .thread([Create(1, 6)])
            .thread([Remove(1, None)]),
    ]
}

/// A key that is removed and created again, while others still hold its old version.
fn recreation() -> Vec<Scenario> {
    vec![
        one("update_against_recreation")
            .thread([Update(1, 5)])
            .thread([Remove(1, None), Create(1, 6)]),
        one("stale_compare_and_set_against_recreation")
            .thread([CompareAndSet(1, Initial, 5)])
            .thread([Remove(1, None), Create(1, 6)]),
        one("read_then_compare_and_set_against_recreation")
            .thread([Get(1), CompareAndSet(1, Seen, 5)])
            .thread([Remove(1, None), Create(1, 6)]),
        one("stale_remove_against_recreation")
            .thread([Remove(1, Some(Initial))])
            .thread([Remove(1, None), Create(1, 6)]),
        Scenario::new("removes_of_different_versions_in_one_shard")
            .entries([(1, 0), (3, 0)])
            .thread([Update(1, 5), Remove(1, None), Create(1, 6)])
            .thread([Remove(3, None)]),
        one("recreation_against_recreation")
            .thread([Remove(1, None), Create(1, 5)])
            .thread([Remove(1, None), Create(1, 6)]),
        one("stale_batch_against_recreation")
            .thread([Apply(vec![
                (1, Write::CompareAndSet(Initial, 5)),
                (2, Write::Put(5)),
            ])])
            .thread([Remove(1, None), Create(1, 6)]),
    ]
}

/// Two threads and two keys; the last four are litmus tests of the memory model.
fn two_keys() -> Vec<Scenario> {
    vec![
        two("updates_of_two_shards")
            .thread([Update(1, 5)])
            .thread([Update(2, 6)]),
        Scenario::new("updates_of_one_shard")
            .entries([(1, 0), (3, 0)])
            .thread([Update(1, 5)])
            .thread([Update(3, 6)]),
        Scenario::new("remove_against_create_in_one_shard")
            .entries([(1, 0)])
            .thread([Remove(1, None)])
            .thread([Create(3, 6), Read(1)]),
        two("store_buffering")
            .thread([Update(1, 5), Read(2)])
            .thread([Update(2, 6), Read(1)]),
        Scenario::new("store_buffering_of_creates")
            .thread([Create(1, 5), Read(2)])
            .thread([Create(2, 6), Read(1)]),
        two("message_passing")
            .thread([Update(1, 5), Update(2, 6)])
            .thread([Read(2), Read(1)]),
        one("message_passing_of_remove_and_create")
            .thread([Remove(1, None), Create(2, 6)])
            .thread([Read(2), Read(1)]),
    ]
}

fn batches() -> Vec<Scenario> {
    let put = |first, second, number| {
        Apply(vec![
            (first, Write::Put(number)),
            (second, Write::Put(number)),
        ])
    };
    vec![
        two("batch_against_reads")
            .thread([put(1, 2, 5)])
            .thread([Read(1), Read(2)]),
        two("batch_against_reads_in_reverse")
            .thread([put(1, 2, 5)])
            .thread([Read(2), Read(1)]),
        two("batch_against_batch_in_reverse")
            .thread([put(1, 2, 5)])
            .thread([put(2, 1, 6)]),
        two("batch_against_update")
            .thread([put(1, 2, 5)])
            .thread([Update(1, 6)]),
        two("batch_against_update_of_its_second_key")
            .thread([put(1, 2, 5)])
            .thread([Update(2, 6)]),
        two("batch_against_updates_of_both_keys")
            .thread([put(1, 2, 5)])
            .thread([Update(1, 6)])
            .thread([Update(2, 7)]),
        two("conditional_batch_against_update")
            .thread([Apply(vec![
                (1, Write::CompareAndSet(Initial, 5)),
                (2, Write::Put(5)),
            ])])
            .thread([Update(1, 6)]),
        two("requirement_against_update")
            .thread([Apply(vec![
                (1, Write::Require(Some(Initial))),
                (2, Write::Put(5)),
            ])])
            .thread([Update(1, 6)]),
        two("write_skew")
            .thread([Apply(vec![
                (1, Write::Require(Some(Initial))),
                (2, Write::Put(5)),
            ])])
            .thread([Apply(vec![
                (2, Write::Require(Some(Initial))),
                (1, Write::Put(6)),
            ])]),
        two("requirement_against_remove")
            .thread([Apply(vec![
                (1, Write::Require(Some(Initial))),
                (2, Write::Put(5)),
            ])])
            .thread([Remove(1, None)]),
        two("conditional_remove_in_a_batch_against_update")
            .thread([Apply(vec![
                (1, Write::Remove(Some(Initial))),
                (2, Write::Put(5)),
            ])])
            .thread([Update(1, 6)]),
        two("remove_in_a_batch_against_remove")
            .thread([Apply(vec![(1, Write::Remove(None)), (2, Write::Put(5))])])
            .thread([Remove(1, None)]),
        one("moving_batch_against_create")
            .thread([Apply(vec![(1, Write::Remove(None)), (2, Write::Create(5))])])
            .thread([Create(2, 6)]),
        one("requirement_of_absence_against_create")
            .thread([Apply(vec![(2, Write::Require(None)), (1, Write::Put(5))])])
            .thread([Create(2, 6)]),
    ]
}

/// Snapshots and counts against all that changes the store.
fn whole_store() -> Vec<Scenario> {
    vec![
        two("snapshot_against_batch")
            .thread([Apply(vec![
                (1, Write::Put(5)),
                (2, Write::Put(5)),
                (3, Write::Create(5)),
            ])])
            .thread([Snapshot]),
        two("snapshot_against_updates_in_order")
            .thread([Update(1, 5), Update(2, 6)])
            .thread([Snapshot]),
        two("snapshot_against_updates_in_reverse")
            .thread([Update(2, 5), Update(1, 6)])
            .thread([Snapshot]),
        two("snapshot_against_removes")
            .thread([Remove(1, None), Remove(2, None)])
            .thread([Snapshot]),
        Scenario::new("snapshot_against_creates")
            .thread([Create(2, 5), Create(1, 6)])
            .thread([Snapshot]),
        two("two_snapshots_agree_on_the_order")
            .thread([Update(1, 5)])
            .thread([Update(2, 6)])
            .thread([Snapshot, Snapshot]),
        two("snapshot_without_hook_against_batch")
            .thread([Apply(vec![(1, Write::Put(5)), (2, Write::Put(5))])])
            .thread([SnapshotWithoutHook]),
        two("snapshot_without_hook_against_updates_in_order")
            .thread([Update(1, 5), Update(2, 6)])
            .thread([SnapshotWithoutHook]),
        two("snapshots_with_and_without_hook_agree")
            .thread([Update(1, 5), Update(2, 6)])
            .thread([Snapshot, SnapshotWithoutHook]),
        one("len_against_create_and_remove")
            .thread([Create(2, 5), Remove(1, None)])
            .thread([Len]),
        one("len_against_a_move")
            .thread([Apply(vec![(1, Write::Remove(None)), (2, Write::Create(5))])])
            .thread([Len, Len]),
    ]
}

fn limit() -> Vec<Scenario> {
    vec![
        Scenario::new("two_creates_at_the_limit")
            .limit(1)
            .thread([Create(1, 5)])
            .thread([Create(2, 6)]),
        one("create_at_the_limit_against_remove")
            .limit(1)
            .thread([Create(2, 5)])
            .thread([Remove(1, None), Snapshot]),
        one("create_at_the_limit_against_recreation")
            .limit(1)
            .thread([Create(2, 5)])
            .thread([Remove(1, None), Create(1, 6)]),
        one("batch_at_the_limit_against_create")
            .limit(2)
            .thread([Create(2, 5)])
            .thread([Apply(vec![
                (1, Write::Remove(None)),
                (3, Write::Create(6)),
                (4, Write::Create(6)),
            ])]),
        one("create_of_an_entry_at_the_limit")
            .limit(1)
            .thread([Create(1, 5)])
            .thread([Remove(1, None), Create(2, 6)]),
        one("move_at_the_limit_against_create")
            .limit(1)
            .thread([Apply(vec![(1, Write::Remove(None)), (3, Write::Create(5))])])
            .thread([Create(2, 6)]),
        one("batch_of_old_and_new_at_the_limit")
            .limit(2)
            .thread([
                Apply(vec![
                    (1, Write::CompareAndSet(Initial, 5)),
                    (2, Write::Put(5)),
                ]),
                Create(3, 5),
            ])
            .thread([Create(3, 6)]),
        two("batch_that_makes_room")
            .limit(2)
            .thread([
                Apply(vec![
                    (1, Write::Remove(Some(Initial))),
                    (2, Write::Remove(None)),
                ]),
                Create(4, 5),
            ])
            .thread([Create(1, 6), Create(3, 6)]),
        two("batch_that_is_refused_takes_no_room")
            .limit(3)
            .thread([
                Apply(vec![
                    (3, Write::Create(5)),
                    (2, Write::CompareAndSet(Initial, 5)),
                ]),
                Create(4, 5),
            ])
            .thread([Update(2, 6)]),
        one("shrinking_batch_against_create")
            .entries([(2, 0)])
            .limit(2)
            .thread([Create(3, 5)])
            .thread([Apply(vec![
                (1, Write::Remove(None)),
                (2, Write::Remove(None)),
            ])]),
    ]
}

/// Closures that refuse or panic: nothing changes, and the next one has its turn.
fn closures() -> Vec<Scenario> {
    vec![
        one("refuse_refuse")
            .closures_in_turn()
            .thread([Refuse(1)])
            .thread([Refuse(1)]),
        one("panic_panic")
            .closures_in_turn()
            .thread([Panic(1)])
            .thread([Panic(1)]),
        one("panic_update")
            .closures_in_turn()
            .thread([Panic(1)])
            .thread([Update(1, 5)]),
        one("refuse_update_in_turn")
            .closures_in_turn()
            .thread([Refuse(1), Update(1, 5)])
            .thread([Update(1, 6)]),
        one("refusals_in_a_row")
            .closures_in_turn()
            .thread([Refuse(1), Refuse(1), Refuse(1)])
            .thread([Refuse(1), Refuse(1)]),
        one("waiting_refusal_against_recreation")
            .closures_in_turn()
            .thread([Refuse(1)])
            .thread([Refuse(1)])
            .thread([Remove(1, None), Create(1, 0), Refuse(1)]),
        one("panic_then_update_against_update")
            .closures_in_turn()
            .thread([Panic(1), Update(1, 5)])
            .thread([Update(1, 6)]),
        one("refuse_remove")
            .thread([Refuse(1)])
            .thread([Remove(1, None)]),
        one("panic_remove")
            .thread([Panic(1)])
            .thread([Remove(1, None)]),
        one("panic_compare_and_set")
            .thread([Panic(1)])
            .thread([CompareAndSet(1, Initial, 5)]),
        two("panic_batch")
            .thread([Panic(1)])
            .thread([Apply(vec![(1, Write::Put(5)), (2, Write::Put(5))])]),
    ]
}

/// Calls of the store from within an update's closure.
fn calls_from_closures() -> Vec<Scenario> {
    vec![
        one("get_inside_update")
            .thread([Get(1).inside(1, 5)])
            .thread([Update(1, 6)]),
        one("update_inside_update_of_the_same_key")
            .thread([Update(1, 7).inside(1, 5)])
            .thread([Read(1)]),
        two("crosswise_updates_inside_updates")
            .thread([Update(2, 5).inside(1, 6)])
            .thread([Update(1, 7).inside(2, 8)]),
        one("create_inside_update")
            .thread([Create(2, 7).inside(1, 5)])
            .thread([Create(2, 6)]),
        two("snapshot_inside_update")
            .thread([Snapshot.inside(1, 5)])
            .thread([Update(2, 6)]),
        two("remove_inside_update")
            .thread([Remove(2, None).inside(1, 5)])
            .thread([Update(1, 6)]),
    ]
}

/// Calls of the store from within a read's closure, which may take its time: what it reads stays.
fn calls_from_reads() -> Vec<Scenario> {
    vec![
        two("read_inside_read_against_updates")
            .thread([Read(2).inside_read(1)])
            .thread([Update(1, 5), Update(2, 6)]),
        one("read_inside_read_of_the_same_key")
            .thread([Read(1).inside_read(1)])
            .thread([Update(1, 5)]),
        two("get_inside_read_against_updates")
            .thread([Get(2).inside_read(1)])
            .thread([Update(1, 5), Update(2, 6)]),
        two("absent_inside_read_against_update")
            .thread([Read(3).inside_read(1), Read(2)])
            .thread([Update(1, 5)]),
    ]
}

/// Handles that outlive what they are handles of.
fn kept_handles() -> Vec<Scenario> {
    vec![
        one("kept_handle_against_updates")
            .thread([Keep(1), Read(1)])
            .thread([Update(1, 5), Update(1, 6)]),
        one("kept_handles_against_remove")
            .thread([Keep(1), Keep(1)])
            .thread([Remove(1, None), Create(1, 6)]),
        two("kept_handles_of_two_keys_against_batch")
            .thread([Keep(1), Keep(2)])
            .thread([Apply(vec![(1, Write::Put(5)), (2, Write::Remove(None))])]),
    ]
}

/// What strategies keep keys in is replaced when it grows or shrinks, or serves another key.
fn replaced_memory() -> Vec<Scenario> {
    vec![
        one("read_against_growth")
            .thread([Read(1), Read(3)])
            .thread([Create(3, 5), Create(5, 6)]),
        Scenario::new("read_against_shrinkage")
            .entries([(1, 0), (3, 0), (5, 0)])
            .thread([Read(1), Read(3)])
            .thread([Remove(3, None), Remove(5, None)]),
        Scenario::new("update_against_growth")
            .entries([(1, 0)])
            .thread([Update(1, 5)])
            .thread([Create(3, 5), Create(5, 6)]),
        Scenario::new("read_against_a_key_in_the_place_of_another")
            .entries([(1, 0), (3, 0)])
            .thread([Read(1), Read(3)])
            .thread([Remove(1, None), Create(5, 6), Update(5, 7)]),
        Scenario::new("snapshot_against_a_key_in_the_place_of_another")
            .entries([(1, 0), (3, 0)])
            .thread([Snapshot])
            .thread([Remove(1, None), Create(5, 6), Update(3, 7)]),
    ]
}

/// Futures that are dropped before they are done. Strategies that never await are always done.
fn cancellation() -> Vec<Scenario> {
    vec![
        one("never_polled_update")
            .thread([Update(1, 5).drop_after(0)])
            .thread([Update(1, 6)]),
        one("dropped_update_against_update")
            .thread([Update(1, 5).drop_after(1)])
            .thread([Update(1, 6)]),
        one("dropped_update_passes_its_turn_on")
            .closures_in_turn()
            .thread([Update(1, 5)])
            .thread([Update(1, 6).drop_after(2)])
            .thread([Refuse(1)]),
        one("update_that_changes_its_task_against_update")
            .thread([Update(1, 5).moved()])
            .thread([Update(1, 6)]),
        one("remove_that_changes_its_task_against_update")
            .thread([Remove(1, None).moved()])
            .thread([Update(1, 6)]),
        one("dropped_refusal_against_update")
            .thread([Refuse(1).drop_after(2)])
            .thread([Update(1, 6)]),
        one("dropped_compare_and_set_against_update")
            .thread([CompareAndSet(1, Initial, 5).drop_after(1)])
            .thread([Update(1, 6)]),
        one("dropped_remove_against_update")
            .thread([Remove(1, None).drop_after(2)])
            .thread([Update(1, 6)]),
        Scenario::new("dropped_create_against_create")
            .thread([Create(1, 5).drop_after(1), Create(1, 7)])
            .thread([Create(1, 6)]),
        two("dropped_batch_against_update")
            .thread([Apply(vec![(1, Write::Put(5)), (2, Write::Put(5))]).drop_after(2)])
            .thread([Update(1, 6)]),
        one("dropped_snapshot_against_update")
            .thread([Snapshot.drop_after(1), Update(1, 5)])
            .thread([Update(1, 6)]),
        one("dropped_len_against_create")
            .thread([Len.drop_after(1)])
            .thread([Create(2, 6)]),
    ]
}
