//! What each write does to the tables, once its locks are held and no update of its keys is
//! under way.
//!
//! Values that lost are left with, or handed back to, the caller, who drops them outside the
//! locks: a value's `Drop` is the user's code.

use std::collections::HashSet;
use std::hash::Hash;

use crate::core::Core;
use crate::core::capacity::Places;
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
///
/// It is told when nothing can go wrong any more and nothing has changed yet. What it is told of
/// stays with the caller meanwhile: if it panics, though it must not, nothing has happened, and
/// values are dropped outside the locks as always.
pub trait Hook<K, V>: FnOnce(&mut [Commit<'_, K, V>]) {}
impl<K, V, H: FnOnce(&mut [Commit<'_, K, V>])> Hook<K, V> for H {}

/// Tells the hook, unless it has been told.
pub(crate) fn tell<K, V>(hook: &mut Option<impl Hook<K, V>>, commits: &mut [Commit<'_, K, V>]) {
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
    if fault!("create-tells-before-it-looks")
        && let Some((key, value)) = entry
    {
        tell(hook, &mut [Commit::new(key, None, Some(value))]);
    }
    if let Some((key, _)) = entry
        && !fault!("create-does-not-look-again")
        && let Some(current) = tables.table(hash).get(hash, key)
    {
        let current = current.version();
        return Err(CreateError::Exists { current });
    }
    let full = |limit| CreateError::Full { limit };
    let place = core.capacity.take(1).map_err(full)?;
    let version = tables.table(hash).first_version();
    if let Some((key, value)) = entry {
        value.stamp(version);
        tell(hook, &mut [Commit::new(key, None, Some(value))]);
    }
    place.keep();
    if let Some((key, value)) = entry.take() {
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
    let table = tables.table_mut(hash);
    table.replace(hash, key, next, |current, next| {
        tell(hook, &mut [Commit::new(key, Some(current), Some(next))]);
    })
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
    tell(hook, &mut [Commit::new(key, before, None)]);
    let table = tables.table_mut(hash);
    let removed = table.remove(hash, key, |key| core.hash(key));
    core.capacity.give_back(1);
    removed.ok_or(RemoveError::Absent)
}

/// A batch with its keys hashed, every key named once. Its values are allocated; they learn their
/// versions under the locks.
pub(crate) struct Prepared<K, V>(pub(crate) Vec<(u64, K, Change<Versioned<V>>)>);

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
        let allocated = |value| Versioned::new(Version::FIRST, value);
        let hashed = changes
            .into_iter()
            .map(|(key, change)| (core.hash(&key), key, change.map(allocated)));
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

    /// Finds out whether everything is possible on what there is, and gives the values their
    /// versions. `current` is what a key holds, `first` the version that one which holds nothing would
    /// be created with.
    pub(crate) fn decide<'a>(
        &mut self,
        current: impl Fn(usize, u64, &K) -> Option<&'a Versioned<V>>,
        first: impl Fn(u64) -> Version,
    ) -> Result<Decided, BatchError>
    where
        V: 'a,
    {
        let mut decided = Decided {
            versions: Vec::with_capacity(self.0.len()),
            added: 0,
            gone: 0,
        };
        for (index, (hash, key, change)) in self.0.iter_mut().enumerate() {
            let current = current(index, *hash, key);
            if index == 0 || !fault!("batch-checks-only-its-first-change") {
                check(index, current.map(Versioned::version), change)?;
            }
            decided.versions.push(match (change.value_mut(), current) {
                (Some(next), Some(current)) => {
                    next.follow(current);
                    Some(next.version())
                }
                (Some(next), None) => {
                    decided.added += 1;
                    next.stamp(first(*hash));
                    Some(next.version())
                }
                (None, current) => match change {
                    Change::Require { version } => *version,
                    _ => {
                        decided.gone += usize::from(current.is_some());
                        None
                    }
                },
            });
        }
        Ok(decided)
    }

    /// Applies everything or nothing; takes the changes only if that succeeds. To be called once.
    pub(crate) fn apply(
        &mut self,
        tables: &mut dyn Tables<K, V>,
        core: &Core,
        hook: &mut Option<impl Hook<K, V>>,
    ) -> Result<Applied<K, V>, BatchError> {
        let decided = self.decide(
            |_, hash, key| tables.table(hash).get(hash, key),
            |hash| tables.table(hash).first_version(),
        )?;
        let places = decided.take_places(core)?;
        self.tell(|_, hash, key| tables.table(hash).get(hash, key), hook);
        places.keep();
        let leftovers = self.commit(tables, core);
        decided.give_back_places(core);
        Ok((decided.versions, leftovers))
    }

    /// Tells the hook of all changes, if there are any. Conditions are none.
    pub(crate) fn tell<'a>(
        &'a mut self,
        current: impl Fn(usize, u64, &K) -> Option<&'a Versioned<V>>,
        hook: &mut Option<impl Hook<K, V>>,
    ) {
        let changes = self.0.iter_mut().enumerate();
        let changes =
            changes.filter(|(_, (_, _, change))| !matches!(change, Change::Require { .. }));
        let mut commits: Vec<_> = changes
            .map(|(index, (hash, key, change))| {
                let before = current(index, *hash, key);
                Commit::new(&*key, before, change.value_mut())
            })
            .collect();
        if fault!("batch-tells-nobody") {
            commits.clear();
        }
        if fault!("batch-tells-of-its-first-change") {
            commits.truncate(1);
        }
        if !commits.is_empty() {
            tell(hook, &mut commits);
        }
    }

    /// Makes the changes, all of which were found possible.
    fn commit(
        &mut self,
        tables: &mut dyn Tables<K, V>,
        core: &Core,
    ) -> Vec<(K, Option<Versioned<V>>)> {
        let mut leftovers = Vec::with_capacity(self.0.len());
        for (hash, key, change) in std::mem::take(&mut self.0) {
            match change {
                Change::Create(next)
                | Change::Put(next)
                | Change::CompareAndSet { value: next, .. } => {
                    let mut next = Some(next);
                    let table = tables.table_mut(hash);
                    let replaced = table.replace(hash, &key, &mut next, |_, _| ());
                    match next {
                        Some(next) => insert(tables, core, hash, key, next),
                        None => leftovers.push((key, replaced)),
                    }
                }
                Change::Remove { .. } => {
                    let table = tables.table_mut(hash);
                    let removed = table.remove(hash, &key, |key| core.hash(key));
                    leftovers.extend(removed.map(|(key, value)| (key, Some(value))));
                    leftovers.push((key, None));
                }
                Change::Require { .. } => leftovers.push((key, None)),
            }
        }
        leftovers
    }
}

/// What a batch that is possible comes to.
pub(crate) struct Decided {
    /// The version each key will have, in order.
    pub(crate) versions: Vec<Option<Version>>,
    added: usize,
    gone: usize,
}

impl Decided {
    /// The places that it needs beyond those that it frees.
    pub(crate) fn take_places<'a>(&self, core: &'a Core) -> Result<Places<'a>, BatchError> {
        let places = core.capacity.take(self.added.saturating_sub(self.gone));
        places.map_err(|limit| BatchError::Full { limit })
    }

    /// Gives back the places that it frees beyond those that it needs, once it is committed.
    pub(crate) fn give_back_places(&self, core: &Core) {
        core.capacity
            .give_back(self.gone.saturating_sub(self.added));
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
