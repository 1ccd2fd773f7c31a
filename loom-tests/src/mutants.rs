//! Faults that the scenarios must find.
//!
//! Each is a `fault!` in the strategies' source, compiled by `--cfg contexture_mutants` alone, and
//! planted in a process of its own by `cargo verify mutants`, which runs one scenario on one
//! strategy and expects it to fail with this message.

/// One fault, and what must find it.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// The name of the fault.
    pub fault: &'static str,
    /// Where it is planted, below `strategies/src`.
    pub file: &'static str,
    /// What the strategy does wrong then.
    pub does: &'static str,
    /// The strategy that is explored.
    pub strategy: &'static str,
    /// The scenario that must fail.
    pub scenario: &'static str,
    /// What its message contains.
    pub expected: &'static str,
}

const NOT_LINEARIZABLE: &str = "not linearizable";
const DEADLOCK: &str = "deadlock";
const NOT_IN_TURN: &str = "closures of one key ran at the same time";
const NOT_THE_NEXT: &str = "a commit that does not follow the current version";
const TWICE: &str = "a snapshot names a key twice";
const NOT_PUBLISHED: &str = "Causality violation";
const HOOK_OF_FAILURE: &str = "its hook ran 1 times";
const NO_HOOK: &str = "its hook ran 0 times";
const NOT_ALL_CHANGES: &str = "its hook was not told of just what it writes";
const FREED_TWICE: &str = "freed twice";
const HOOK_SAW_ELSE: &str = "its hook saw [";
const WRONG_PLACE: &str = "a snapshot is not what its hook's place says";

/// All of them.
#[must_use]
#[rustfmt::skip]
pub fn all() -> Vec<Mutant> {
    let mutant = |fault, file, does, strategy, scenario, expected| {
        Mutant { fault, file, does, strategy, scenario, expected }
    };
    vec![
        // Updates that are not atomic.
        mutant("tokio-mutex-edits-a-copy", "tokio_mutex.rs",
            "commits to a copy of the table and puts it back under the lock taken again",
            "tokio-mutex", "updates_of_two_shards", NOT_LINEARIZABLE),
        mutant("tokio-rwlock-edits-a-copy", "tokio_rwlock.rs",
            "commits to a copy made under the read lock",
            "tokio-rwlock", "create_create", NOT_LINEARIZABLE),
        mutant("parking-lot-edits-a-copy", "parking_lot.rs",
            "commits to a copy made under the read lock",
            "parking-lot", "remove_remove", NOT_LINEARIZABLE),
        mutant("arc-swap-edits-without-the-lock", "arc_swap.rs",
            "loads the root, changes a copy and stores it, without keeping other writers out",
            "arc-swap", "updates_of_one_shard", NOT_LINEARIZABLE),
        mutant("arc-swap-claims-without-the-lock", "arc_swap.rs",
            "takes a key's gate with a version that a writer is just replacing",
            "arc-swap", "update_compare_and_set", NOT_THE_NEXT),
        mutant("blocking-update-commits-without-its-gate", "core/blocking.rs",
            "lets go of the key between the closure and the commit",
            "sharded", "update_update", NOT_THE_NEXT),
        mutant("awaiting-update-commits-without-its-gate", "core/awaiting.rs",
            "lets go of the key between the closure and the commit",
            "tokio-rwlock", "update_remove", NOT_LINEARIZABLE),
        mutant("gate-lets-two-in", "core/gate.rs",
            "runs the closures of two updates at once",
            "parking-lot", "update_update", NOT_THE_NEXT),

        // Checks that are missing or come too early.
        mutant("writers-ignore-a-running-update", "core/table.rs",
            "a remove or compare-and-set does not check again whether an update is under way",
            "tokio-mutex", "update_remove", NOT_LINEARIZABLE),
        mutant("batch-waits-for-its-last-key-only", "core/changes.rs",
            "a batch does not check again whether updates of its other keys are under way",
            "sharded", "batch_against_update", NOT_THE_NEXT),
        mutant("turn-of-another-key-is-enough", "core/table.rs",
            "a batch that has waited for one key writes another whose update is under way",
            "parking-lot", "batch_against_updates_of_both_keys", NOT_THE_NEXT),
        mutant("batch-checks-only-its-first-change", "core/changes.rs",
            "a batch is applied though its second condition does not hold",
            "arc-swap", "moving_batch_against_create", NOT_LINEARIZABLE),
        mutant("create-does-not-look-again", "core/changes.rs",
            "a create does not check under the lock whether the key is there",
            "sharded", "create_create", TWICE),
        mutant("compare-and-set-does-not-compare", "core/changes.rs",
            "a compare-and-set succeeds whatever the version is",
            "tokio-rwlock", "compare_and_set_compare_and_set", NOT_LINEARIZABLE),
        mutant("versions-start-over-after-a-remove", "core/table.rs",
            "a key that is created again has versions it had before",
            "sharded", "stale_compare_and_set_against_recreation", NOT_LINEARIZABLE),
        mutant("limit-is-checked-before-it-is-taken", "core/capacity.rs",
            "two creates in different shards both find the last place free",
            "sharded", "two_creates_at_the_limit", NOT_LINEARIZABLE),
        mutant("limit-is-off-by-one", "core/capacity.rs",
            "one entry more than the limit fits",
            "arc-swap", "two_creates_at_the_limit", NOT_LINEARIZABLE),

        // Looks at the whole store that are of no single instant.
        mutant("snapshot-is-taken-shard-by-shard", "sharded.rs",
            "a snapshot locks one shard after the other",
            "sharded", "snapshot_without_hook_against_batch", NOT_LINEARIZABLE),
        mutant("entries-are-counted-shard-by-shard", "sharded.rs",
            "a count locks one shard after the other",
            "sharded", "len_against_a_move", NOT_LINEARIZABLE),
        mutant("batch-locks-in-descending-order", "sharded.rs",
            "a batch takes its locks in the order opposite to that of a snapshot",
            "sharded", "snapshot_against_batch", DEADLOCK),

        // Hooks that run at another instant than what they tell of.
        mutant("create-tells-before-it-looks", "core/changes.rs",
            "the hook of a create runs though the key is there",
            "sharded", "create_create", HOOK_OF_FAILURE),
        mutant("batch-tells-nobody", "core/changes.rs",
            "a batch does not run its hook",
            "arc-swap", "batch_against_reads", NO_HOOK),
        mutant("batch-tells-of-its-first-change", "core/changes.rs",
            "the hook of a batch gets one change instead of all",
            "tokio-mutex", "batch_against_update", NOT_ALL_CHANGES),
        mutant("blocking-update-tells-when-its-lock-is-free", "core/blocking.rs",
            "the hook of an update runs when others can see the update",
            "sharded", "snapshot_against_updates_in_order", WRONG_PLACE),
        mutant("awaiting-update-tells-before-it-has-the-lock", "core/awaiting.rs",
            "the hook of an update runs before the update waits for the lock",
            "tokio-rwlock", "snapshot_against_updates_in_order", WRONG_PLACE),
        mutant("parking-lot-marks-without-the-lock", "parking_lot.rs",
            "the hook of a snapshot runs after the lock is released",
            "parking-lot", "snapshot_against_updates_in_order", WRONG_PLACE),
        mutant("arc-swap-marks-without-the-lock", "arc_swap.rs",
            "the hook of a snapshot runs while another writer's hook does",
            "arc-swap", "snapshot_against_updates_in_order", WRONG_PLACE),

        // Waiters who are forgotten.
        mutant("release-wakes-nobody", "core/gate.rs",
            "an update that ends wakes no waiter",
            "sharded", "update_update", DEADLOCK),
        mutant("waiter-queues-without-looking", "core/gate.rs",
            "a waiter queues at a gate that has just become free",
            "parking-lot", "update_update", DEADLOCK),
        mutant("called-mark-stays", "core/gate.rs",
            "a gate forgets that the waiter it has called has arrived",
            "parking-lot", "update_update_update", DEADLOCK),
        mutant("wake-up-is-lost-with-its-waiter", "core/gate.rs",
            "a waiter that is woken and then dropped wakes nobody else",
            "tokio-mutex", "dropped_update_passes_its_turn_on", DEADLOCK),
        mutant("handed-gate-is-not-passed-on", "core/gate.rs",
            "a waiter that is handed the gate and then dropped keeps it",
            "tokio-mutex", "dropped_update_passes_its_turn_on", DEADLOCK),
        mutant("waker-is-not-renewed", "core/gate.rs",
            "a waiter whose task has changed wakes the former task",
            "tokio-mutex", "update_that_changes_its_task_against_update", DEADLOCK),
        mutant("closures-are-not-marked", "core/closure.rs",
            "an update waits for its own closure",
            "parking-lot", "update_inside_update_of_the_same_key", DEADLOCK),

        mutant("panicking-update-keeps-its-gate", "core/closure.rs",
            "an update whose closure panics never lets go of the key",
            "arc-swap", "panic_update", DEADLOCK),

        // The slots of `slotted`.
        mutant("slot-is-filled-before-it-is-found", "slotted/mod.rs",
            "a key is there for who still has the tag of a former slot, and not for others",
            "slotted", "read_then_compare_and_set_against_recreation", NOT_LINEARIZABLE),
        mutant("index-shrinks-to-nothing", "slotted/index.rs",
            "an index that is replaced is not filled",
            "slotted", "removes_of_different_versions_in_one_shard", NOT_LINEARIZABLE),
        mutant("brief-is-not-waited-for", "core/gate.rs",
            "an update begins in the middle of a compare-and-set",
            "slotted", "updates_compare_and_sets", FREED_TWICE),
        mutant("slotted-compare-and-set-does-not-compare", "slotted/mod.rs",
            "a compare-and-set replaces whatever is there",
            "slotted", "update_compare_and_set", NOT_LINEARIZABLE),
        mutant("slotted-versions-start-over-after-a-remove", "slotted/mod.rs",
            "a key that is created again has versions that it had before",
            "slotted", "create_remove", NOT_LINEARIZABLE),
        mutant("batch-lands-part-by-part", "slotted/batch.rs",
            "a batch publishes its changes one by one",
            "slotted", "batch_against_reads", NOT_LINEARIZABLE),
        mutant("slotted-batch-ignores-running-updates", "slotted/batch.rs",
            "a batch writes keys whose updates are under way",
            "slotted", "batch_against_update", NOT_PUBLISHED),
        mutant("condition-lets-others-commit", "slotted/batch.rs",
            "a batch looks at a condition and lets the update of its key commit before itself",
            "slotted", "requirement_against_update", HOOK_SAW_ELSE),

        // Its snapshots.
        mutant("snapshots-close-nothing", "slotted/passage.rs",
            "a snapshot begins in the middle of commits",
            "slotted", "snapshot_against_batch", WRONG_PLACE),
        mutant("closed-passage-is-passed", "slotted/passage.rs",
            "a commit goes on though a batch has closed the passage",
            "slotted", "requirement_against_update", HOOK_SAW_ELSE),
        mutant("nobody-is-let-out", "slotted/passage.rs",
            "who closes the passage does not wait for those who pass",
            "slotted", "requirement_against_update", HOOK_SAW_ELSE),
        mutant("passing-without-fence", "slotted/passage.rs",
            "who passes may be overlooked by the one who closes the passage",
            "slotted", "requirement_against_update", HOOK_SAW_ELSE),
        mutant("closing-without-fence", "slotted/passage.rs",
            "who closes the passage may overlook one who passes",
            "slotted", "requirement_against_update", HOOK_SAW_ELSE),
        mutant("nothing-is-kept-for-snapshots", "slotted/passage.rs",
            "a commit replaces a version that a snapshot still needs",
            "slotted", "snapshot_against_batch", NOT_LINEARIZABLE),
        mutant("snapshots-see-later-versions", "slotted/slot.rs",
            "a snapshot has what was committed after it",
            "slotted", "snapshot_against_batch", NOT_LINEARIZABLE),

        // Its reclamation.
        mutant("protect-says-nothing", "slotted/reclaim/domain.rs",
            "a version is shown to a closure without protection",
            "slotted", "reads_never_go_back", NOT_PUBLISHED),
        mutant("what-is-lent-is-not-looked-at", "handle.rs",
            "a version is freed though a handle of it was lent",
            "slotted", "kept_handle_against_updates", NOT_PUBLISHED),
        mutant("gate-is-released-without-pin", "slotted/latch.rs",
            "who releases a gate looks at a slot that is taken away meanwhile",
            "slotted", "update_remove", NOT_PUBLISHED),
        mutant("nobody-is-waited-for", "slotted/reclaim/domain.rs",
            "what was unlinked is freed though threads are pinned",
            "slotted", "update_remove", NOT_PUBLISHED),
        mutant("pin-without-fence", "slotted/reclaim/domain.rs",
            "who pins may be overlooked by the one who frees",
            "slotted", "update_remove", NOT_PUBLISHED),
        mutant("watch-without-fence", "slotted/reclaim/domain.rs",
            "who frees may overlook one who is pinned",
            "slotted", "update_remove", NOT_PUBLISHED),

        // Memory orderings.
        mutant("gate-taken-relaxed", "core/gate.rs",
            "taking a gate does not synchronise with its last release",
            "sharded", "refuse_refuse", NOT_IN_TURN),
        mutant("gate-released-relaxed", "core/gate.rs",
            "releasing a gate publishes nothing",
            "arc-swap", "panic_panic", NOT_IN_TURN),
        mutant("arc-swap-model-publishes-relaxed", "sync/model/arc_swap.rs",
            "a pointer is swapped in without publishing what it points to",
            "arc-swap", "create_read", NOT_PUBLISHED),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Every `fault!` and `ordering!` in the strategies' source, with its file.
    fn planted(folder: &Path, root: &Path, faults: &mut BTreeSet<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                planted(&path, root, faults);
            } else if path.file_name() != Some("faults.rs".as_ref()) {
                let source = fs::read_to_string(&path).unwrap();
                let file = path.strip_prefix(root).unwrap().to_str().unwrap();
                for start in ["fault!(\"", " unless \""] {
                    let names = source.split(start).skip(1);
                    let names = names.map(|rest| rest.split('"').next().unwrap());
                    faults.extend(names.map(|name| (name.to_owned(), file.to_owned())));
                }
            }
        }
    }

    #[test]
    fn every_fault_has_a_scenario_that_must_find_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../strategies/src");
        let mut faults = BTreeSet::new();
        planted(&root, &root, &mut faults);
        let listed = all().into_iter();
        let listed: BTreeSet<_> = listed
            .map(|mutant| (mutant.fault.to_owned(), mutant.file.to_owned()))
            .collect();
        assert_eq!(faults, listed);
        assert!(listed.len() >= 35);
    }

    #[test]
    fn every_scenario_named_exists() {
        let scenarios: BTreeSet<_> = crate::catalogue::small()
            .iter()
            .map(|scenario| scenario.name().to_owned())
            .collect();
        for mutant in all() {
            assert!(scenarios.contains(mutant.scenario), "{mutant:?}");
        }
    }
}
