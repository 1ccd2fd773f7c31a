//! The smallest store that keeps the contract, made with nothing but this crate's public items: a
//! map behind a mutex, and a condition variable for writers of a key that is being updated. Values
//! are dropped outside the lock; keys, to keep this short, are not.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;
#[cfg(not(contexture_loom))]
use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(contexture_loom)]
use loom::sync::{Condvar, Mutex, MutexGuard};

use contexture_strategies::{
    Batch, BatchError, Change, Commit, CompareAndSetError, CreateError, Key, Options, Reentrant,
    RemoveError, Snapshot, SyncStrategy, SyncStrategyKind, UpdateError, Value, Version, Versioned,
};

/// The strategy by name, so that all that is generic over strategies can use it.
pub(crate) enum Plain {}

impl SyncStrategyKind for Plain {
    const NAME: &'static str = "plain";
    type Store<K: Key, V: Value> = PlainStore<K, V>;
}

pub(crate) struct PlainStore<K, V> {
    table: Mutex<Table<K, V>>,
    /// Notified when an update of a key is over.
    settled: Condvar,
    limit: Option<usize>,
}

struct Table<K, V> {
    entries: HashMap<K, Versioned<V>>,
    /// The keys whose update's closure is running. Nobody else may write them meanwhile.
    updating: HashSet<K>,
    /// The highest version of any removed key: whatever is created goes on above it.
    floor: u64,
}

impl<K: Key, V: Value> PlainStore<K, V> {
    fn table(&self) -> MutexGuard<'_, Table<K, V>> {
        // Keys must not panic, and no other user code runs under the lock: nothing is half-done.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table, as soon as none of these keys is being updated.
    fn settled(&self, keys: &[&K]) -> Result<MutexGuard<'_, Table<K, V>>, Reentrant> {
        let mut table = self.table();
        while keys.iter().any(|key| table.updating.contains(key)) {
            Reentrant::check()?;
            table = self
                .settled
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Ok(table)
    }

    /// Fails if there is no room for that many entries.
    fn room_for(&self, entries: usize) -> Result<(), usize> {
        match self.limit {
            Some(limit) if entries > limit => Err(limit),
            _ => Ok(()),
        }
    }
}

impl<K: Key, V: Value> Table<K, V> {
    fn version(&self, key: &K) -> Option<Version> {
        self.entries.get(key).map(Versioned::version)
    }

    /// The version that a new value of `key` is committed as.
    fn next_version(&self, key: &K) -> Version {
        let above_floor = || Version::from_u64(self.floor + 1).unwrap_or(Version::FIRST);
        self.version(key).map_or_else(above_floor, Version::next)
    }

    /// Makes changes that were found possible: each gives a key a value, or removes it. Before
    /// anyone can see them, the hook does. Returns what the keys held, to be dropped when the lock
    /// is free.
    fn commit(
        &mut self,
        changes: Vec<(K, Option<V>)>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Vec<Option<Versioned<V>>> {
        let stamped = changes.into_iter().map(|(key, value)| {
            let next = value.map(|value| Versioned::new(self.next_version(&key), value));
            (key, next)
        });
        let mut changes: Vec<_> = stamped.collect();
        let commits = changes
            .iter_mut()
            .map(|(key, next)| Commit::new(&*key, self.entries.get(key), next.as_mut()));
        let mut commits: Vec<_> = commits.collect();
        if !commits.is_empty() {
            hook(&mut commits);
        }
        drop(commits);
        let changes = changes.into_iter();
        let former = changes.map(|(key, next)| match next {
            Some(next) => self.entries.insert(key, next),
            None => self.remove(&key),
        });
        former.collect()
    }

    fn remove(&mut self, key: &K) -> Option<Versioned<V>> {
        let removed = self.entries.remove(key)?;
        self.floor = self.floor.max(removed.version().get());
        Some(removed)
    }

    /// Whether this change could be made now.
    fn check(&self, index: usize, key: &K, change: &Change<V>) -> Result<(), BatchError> {
        let current = self.version(key);
        let expected = match change {
            Change::Create(_) | Change::Require { version: None } => {
                return match current {
                    None => Ok(()),
                    Some(current) => Err(BatchError::Exists { index, current }),
                };
            }
            Change::Put(_) => return Ok(()),
            Change::CompareAndSet { expected, .. } => Some(*expected),
            Change::Remove { expected } => *expected,
            Change::Require { version } => *version,
            _ => panic!("a change that is newer than this store"),
        };
        match current {
            None => Err(BatchError::Absent { index }),
            Some(current) if expected.is_none_or(|expected| expected == current) => Ok(()),
            Some(current) => Err(BatchError::Conflict { index, current }),
        }
    }
}

impl<K: Key, V: Value> PlainStore<K, V> {
    /// Ends an update of `key`, together with a last change of the table.
    fn end_update<R>(&self, key: &K, last: impl FnOnce(&mut Table<K, V>) -> R) -> R {
        let mut table = self.table();
        table.updating.remove(key);
        // They go on when the lock is free.
        self.settled.notify_all();
        last(&mut table)
    }
}

impl<K: Key, V: Value> SyncStrategy for PlainStore<K, V> {
    type Key = K;
    type Value = V;

    fn with_options_sync(options: Options) -> Self {
        let table = Table {
            entries: HashMap::new(),
            updating: HashSet::new(),
            floor: 0,
        };
        Self {
            table: Mutex::new(table),
            settled: Condvar::new(),
            limit: options.get_limit(),
        }
    }

    fn read_sync<R>(&self, key: &K, f: impl FnOnce(&Versioned<V>) -> R) -> Option<R> {
        // The lock is free again when the closure runs.
        self.get_sync(key).map(|current| f(&current))
    }

    fn get_sync(&self, key: &K) -> Option<Versioned<V>> {
        self.table().entries.get(key).cloned()
    }

    fn create_with_sync(
        &self,
        key: K,
        value: V,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, CreateError> {
        let mut table = self.table();
        if let Some(current) = table.version(&key) {
            return Err(CreateError::Exists { current });
        }
        self.room_for(table.entries.len() + 1)
            .map_err(|limit| CreateError::Full { limit })?;
        let version = table.next_version(&key);
        table.commit(vec![(key, Some(value))], hook);
        Ok(version)
    }

    fn try_update_with_sync<E>(
        &self,
        key: &K,
        f: impl FnOnce(&Versioned<V>) -> Result<V, E>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, UpdateError<E>> {
        let mut table = self.settled(&[key])?;
        let current = table.entries.get(key).cloned();
        let current = current.ok_or(UpdateError::Absent)?;
        table.updating.insert(key.clone());
        drop(table);
        // A panic goes on when others can, too.
        let result = catch_unwind(AssertUnwindSafe(|| Reentrant::within(|| f(&current))));
        drop(current);
        match result {
            Ok(Ok(value)) => {
                let (version, _former) = self.end_update(key, |table| {
                    let version = table.next_version(key);
                    (
                        version,
                        table.commit(vec![(key.clone(), Some(value))], hook),
                    )
                });
                Ok(version)
            }
            Ok(Err(refusal)) => {
                self.end_update(key, |_| ());
                Err(UpdateError::Aborted(refusal))
            }
            Err(panic) => {
                self.end_update(key, |_| ());
                resume_unwind(panic)
            }
        }
    }

    fn compare_and_set_with_sync(
        &self,
        key: &K,
        expected: Version,
        value: V,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, CompareAndSetError> {
        let mut table = self.settled(&[key])?;
        match table.version(key) {
            None => Err(CompareAndSetError::Absent),
            Some(current) if current != expected => Err(CompareAndSetError::Conflict { current }),
            Some(_) => {
                let former = table.commit(vec![(key.clone(), Some(value))], hook);
                drop(table);
                drop(former);
                Ok(expected.next())
            }
        }
    }

    fn remove_with_sync(
        &self,
        key: &K,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Versioned<V>, RemoveError> {
        let mut table = self.settled(&[key])?;
        let current = table.version(key).ok_or(RemoveError::Absent)?;
        if expected.is_some_and(|expected| expected != current) {
            return Err(RemoveError::Conflict { current });
        }
        let mut former = table.commit(vec![(key.clone(), None)], hook);
        former.pop().flatten().ok_or(RemoveError::Absent)
    }

    fn apply_with_sync(
        &self,
        batch: Batch<K, V>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let mut named = HashSet::new();
        if let Some(index) = batch.iter().position(|(key, _)| !named.insert(key)) {
            return Err(BatchError::DuplicateKey { index });
        }
        // A condition only reads.
        let written = batch
            .iter()
            .filter(|(_, change)| !matches!(change, Change::Require { .. }));
        let written: Vec<&K> = written.map(|(key, _)| key).collect();
        let mut table = self.settled(&written)?;
        // First everything is checked, then everything is done.
        let mut entries = table.entries.len();
        for (index, (key, change)) in batch.iter().enumerate() {
            table.check(index, key, change)?;
            match (change, table.version(key)) {
                (Change::Create(_) | Change::Put(_), None) => entries += 1,
                (Change::Remove { .. }, Some(_)) => entries -= 1,
                _ => {}
            }
        }
        if entries > table.entries.len() {
            self.room_for(entries)
                .map_err(|limit| BatchError::Full { limit })?;
        }
        let mut versions = Vec::new();
        let mut changes = Vec::new();
        for (key, change) in batch {
            match change {
                Change::Create(value)
                | Change::Put(value)
                | Change::CompareAndSet { value, .. } => {
                    versions.push(Some(table.next_version(&key)));
                    changes.push((key, Some(value)));
                }
                Change::Remove { .. } => {
                    versions.push(None);
                    changes.push((key, None));
                }
                _ => versions.push(table.version(&key)),
            }
        }
        let former = table.commit(changes, hook);
        drop(table);
        drop(former);
        Ok(versions)
    }

    fn snapshot_with_sync<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<K, V>, R) {
        let table = self.table();
        let entries = table.entries.iter();
        let snapshot = entries
            .map(|(key, current)| (key.clone(), current.clone()))
            .collect();
        (snapshot, hook())
    }

    fn len_sync(&self) -> usize {
        self.table().entries.len()
    }

    fn limit_sync(&self) -> Option<usize> {
        self.limit
    }
}
