//! What each write does to the tables, once its locks are held and no update of its keys is
//! under way.
//!
//! Values that lost are left with, or handed back to, the caller, who drops them outside the
//! locks: a value's `Drop` is the user's code.

use std::collections::HashSet;
use std::hash::Hash;

use crate::core::Core;
use crate::core::gate::{Gate, Turn};
use crate::core::table::Table;
use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError};
use crate::faults::fault;
use crate::sync::Arc;
use crate::{Batch, Change, Commit, Version, Versioned};

/// The tables that one critical section may read and change.
pub trait Tables<K, V> {
    /// The table of keys with this hash.
    fn table(&self, hash: u64) -> &Table<K, V>;
    /// The same, to be changed.
    fn table_mut(&mut self, hash: u64) -> &mut Table<K, V>;
}

impl<K, V> Tables<K, V> for Table<K, V> {
    fn table(&self, _hash: u64) -> &Table<K, V> {
        self
    }

    fn table_mut(&mut self, _hash: u64) -> &mut Table<K, V> {
        self
    }
}

/// What a write wants to be told when it happens; taken by the call that succeeds.
pub trait Hook<K, V>: FnOnce(&mut [Commit<'_, K, V>]) {}
impl<K, V, H: FnOnce(&mut [Commit<'_, K, V>])> Hook<K, V> for H {}

fn run<K, V>(hook: &mut Option<impl Hook<K, V>>, commits: &mut [Commit<'_, K, V>]) {
    if let Some(hook) = hook.take() {
        hook(commits);
    }
}

/// `Err` with the gate of `key` if an update of it is under way and it is not this one's turn.
pub(crate) fn settled<K: Eq, V>(
    tables: &dyn Tables<K, V>,
    hash: u64,
    key: &K,
    turn: Option<&Turn>,
) -> Result<(), Arc<Gate>> {
    tables.table(hash).busy(hash, key, turn).map_or(Ok(()), Err)
}

/// Adds an entry; takes it only if that succeeds. Its version is set here.
pub(crate) fn create<K: Eq + Hash, V>(
    tables: &mut dyn Tables<K, V>,
    core: &Core,
    hash: u64,
    entry: &mut Option<(K, Versioned<V>)>,
    hook: &mut Option<impl Hook<K, V>>,
) -> Result<Version, CreateError> {
    if let Some((key, _)) = entry
        && !fault!("create-does-not-look-again")
        && let Some(current) = tables.table(hash).get(hash, key)
    {
        let current = current.version();
        return Err(CreateError::Exists { current });
    }
    let full = |limit| CreateError::Full { limit };
    core.capacity.take(1).map_err(full)?;
    let version = tables.table(hash).first_version();
    if let Some((key, mut value)) = entry.take() {
        value.stamp(version);
        run(hook, &mut [Commit::new(&key, None, Some(&mut value))]);
        insert(tables, core, hash, key, value);
    }
    Ok(version)
}

/// Commits the version that an update has made of `key`, takes it, and returns what it replaces.
pub(crate) fn commit<K: Eq, V>(
    tables: &mut dyn Tables<K, V>,
    hash: u64,
    key: &K,
    next: &mut Option<Versioned<V>>,
    hook: &mut Option<impl Hook<K, V>>,
) -> Option<Versioned<V>> {
    let mut next = next.take()?;
    let current = tables.table(hash).get(hash, key);
    run(hook, &mut [Commit::new(key, current, Some(&mut next))]);
    tables.table_mut(hash).replace(hash, key, next)
}

/// Replaces a value if it has the expected version, and returns what it replaced; takes `next`
/// only if that succeeds, and makes it the successor.
pub(crate) fn compare_and_set<K: Eq, V>(
    tables: &mut dyn Tables<K, V>,
    hash: u64,
    key: &K,
    expected: Version,
    next: &mut Option<Versioned<V>>,
    hook: &mut Option<impl Hook<K, V>>,
) -> Result<Option<Versioned<V>>, CompareAndSetError> {
    let current = tables.table(hash).get(hash, key);
    let current = current.ok_or(CompareAndSetError::Absent)?;
    if current.version() != expected && !fault!("compare-and-set-does-not-compare") {
        let current = current.version();
        return Err(CompareAndSetError::Conflict { current });
    }
    if let Some(next) = next {
        next.follow(current);
    }
    Ok(commit(tables, hash, key, next, hook))
}

/// Removes an entry and returns it.
pub(crate) fn remove<K: Eq + Hash, V>(
    tables: &mut dyn Tables<K, V>,
    core: &Core,
    hash: u64,
    key: &K,
    expected: Option<Version>,
    hook: &mut Option<impl Hook<K, V>>,
) -> Result<(K, Versioned<V>), RemoveError> {
    let before = tables.table(hash).get(hash, key);
    let current = before.ok_or(RemoveError::Absent)?.version();
    if expected.is_some_and(|expected| expected != current) {
        return Err(RemoveError::Conflict { current });
    }
    run(hook, &mut [Commit::new(key, before, None)]);
    let table = tables.table_mut(hash);
    let removed = table.remove(hash, key, |key| core.hash(key));
    core.capacity.give_back(1);
    removed.ok_or(RemoveError::Absent)
}

/// A batch with its keys hashed, every key named once.
pub(crate) struct Prepared<K, V>(Vec<(u64, K, Change<V>)>);

/// The version each key of a batch has now, in order, and what is left over to drop.
pub(crate) type Applied<K, V> = (Vec<Option<Version>>, Vec<(K, Option<Versioned<V>>)>);

impl<K: Eq + Hash, V> Prepared<K, V> {
    pub(crate) fn new(core: &Core, batch: Batch<K, V>) -> Result<Self, BatchError> {
        let changes = batch.changes;
        let mut seen = HashSet::with_capacity(changes.len());
        if let Some(index) = changes.iter().position(|(key, _)| !seen.insert(key)) {
            return Err(BatchError::DuplicateKey { index });
        }
        drop(seen);
        let hashed = changes
            .into_iter()
            .map(|(key, change)| (core.hash(&key), key, change));
        Ok(Self(hashed.collect()))
    }

    /// The hash of each key, in order.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        self.0.iter().map(|(hash, ..)| *hash).collect()
    }

    /// `Err` with the gate of a key that the batch would change while an update of it is under
    /// way.
    pub(crate) fn settled(
        &self,
        tables: &dyn Tables<K, V>,
        turn: Option<&Turn>,
    ) -> Result<(), Arc<Gate>> {
        let skipped = match fault!("batch-waits-for-its-last-key-only") {
            true => self.0.len().saturating_sub(1),
            false => 0,
        };
        self.0[skipped..]
            .iter()
            .filter(|(_, _, change)| !matches!(change, Change::Require { .. }))
            .try_for_each(|(hash, key, _)| settled(tables, *hash, key, turn))
    }

    /// Applies everything or nothing; takes the changes only if that succeeds.
    pub(crate) fn apply(
        &mut self,
        tables: &mut dyn Tables<K, V>,
        core: &Core,
        hook: &mut Option<impl Hook<K, V>>,
    ) -> Result<Applied<K, V>, BatchError> {
        let (mut added, mut gone) = (0_usize, 0_usize);
        for (index, (hash, key, change)) in self.0.iter().enumerate() {
            let current = tables.table(*hash).get(*hash, key).map(Versioned::version);
            if index == 0 || !fault!("batch-checks-only-its-first-change") {
                check(index, current, change)?;
            }
            match (change, current) {
                (Change::Create(_) | Change::Put(_), None) => added += 1,
                (Change::Remove { .. }, Some(_)) => gone += 1,
                _ => {}
            }
        }
        let full = |limit| BatchError::Full { limit };
        core.capacity
            .take(added.saturating_sub(gone))
            .map_err(full)?;
        let applied = self.commit(tables, core, hook);
        core.capacity.give_back(gone.saturating_sub(added));
        Ok(applied)
    }

    /// Makes the changes, all of which were found possible.
    fn commit(
        &mut self,
        tables: &mut dyn Tables<K, V>,
        core: &Core,
        hook: &mut Option<impl Hook<K, V>>,
    ) -> Applied<K, V> {
        let changes = std::mem::take(&mut self.0);
        let mut versions = Vec::with_capacity(changes.len());
        let mut leftovers = Vec::with_capacity(changes.len());
        let mut prepared = Vec::with_capacity(changes.len());
        for (hash, key, change) in changes {
            let table = tables.table(hash);
            let (version, next) = match change {
                Change::Create(value)
                | Change::Put(value)
                | Change::CompareAndSet { value, .. } => {
                    let next = match table.get(hash, &key) {
                        Some(current) => current.successor(value),
                        None => Versioned::new(table.first_version(), value),
                    };
                    (Some(next.version()), Some(next))
                }
                Change::Remove { .. } => (None, None),
                Change::Require { version } => {
                    versions.push(version);
                    leftovers.push((key, None));
                    continue;
                }
            };
            versions.push(version);
            prepared.push((hash, key, next));
        }
        let mut commits: Vec<_> = prepared
            .iter_mut()
            .map(|(hash, key, next)| {
                let before = tables.table(*hash).get(*hash, key);
                Commit::new(&*key, before, next.as_mut())
            })
            .collect();
        if !commits.is_empty() {
            run(hook, &mut commits);
        }
        drop(commits);
        for (hash, key, next) in prepared {
            match next {
                Some(next) if tables.table(hash).get(hash, &key).is_some() => {
                    let replaced = tables.table_mut(hash).replace(hash, &key, next);
                    leftovers.push((key, replaced));
                }
                Some(next) => insert(tables, core, hash, key, next),
                None => {
                    let table = tables.table_mut(hash);
                    let removed = table.remove(hash, &key, |key| core.hash(key));
                    leftovers.extend(removed.map(|(key, value)| (key, Some(value))));
                    leftovers.push((key, None));
                }
            }
        }
        (versions, leftovers)
    }
}

/// Whether one change of a batch is possible on a key of this version.
fn check<V>(index: usize, current: Option<Version>, change: &Change<V>) -> Result<(), BatchError> {
    let expected = match (change, current) {
        (Change::Create(_) | Change::Require { version: None }, Some(current)) => {
            return Err(BatchError::Exists { index, current });
        }
        (Change::Create(_) | Change::Put(_) | Change::Require { version: None }, _) => None,
        (_, None) => return Err(BatchError::Absent { index }),
        (Change::CompareAndSet { expected, .. }, _) => Some(*expected),
        (Change::Remove { expected } | Change::Require { version: expected }, _) => *expected,
    };
    match (expected, current) {
        (Some(expected), Some(current)) if expected != current => {
            Err(BatchError::Conflict { index, current })
        }
        _ => Ok(()),
    }
}

/// Adds an entry whose place has been taken.
fn insert<K: Eq + Hash, V>(
    tables: &mut dyn Tables<K, V>,
    core: &Core,
    hash: u64,
    key: K,
    value: Versioned<V>,
) {
    let table = tables.table_mut(hash);
    table.insert(hash, key, value, |key| core.hash(key));
}
