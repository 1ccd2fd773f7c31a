//! The whole store at one point in time.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use crate::core::root::Root;
use crate::core::table::Table;
use crate::{Versioned, sync};

/// A store as it was at one instant.
///
/// It shares its versions with the store, never changes and never blocks a writer. Clones share
/// everything. Iteration order is arbitrary.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<&str, u32>::new_sync();
/// store.create_sync("a", 1).unwrap();
/// let before = store.snapshot_sync();
/// store.update_sync(&"a", |n| **n + 1).unwrap();
/// store.create_sync("b", 1).unwrap();
/// assert_eq!(before.len(), 1);
/// assert_eq!(**before.get(&"a").unwrap(), 1);
/// ```
#[must_use]
pub struct Snapshot<K, V>(Arc<Root<K, V>>);

impl<K: Eq + Hash, V> Snapshot<K, V> {
    pub(crate) fn new(root: Arc<Root<K, V>>) -> Self {
        Self(root)
    }

    /// The version of `key` at that instant; `None` if it was not there.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&Versioned<V>> {
        self.0.get(key)
    }

    /// Every key with its version at that instant.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Versioned<V>)> {
        self.0.iter()
    }

    /// How many entries there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A snapshot of these entries, for implementors of a [`Strategy`](crate::Strategy); a store makes
/// its own. Of a key that is named twice the last version counts.
///
/// ```
/// use contexture_strategies::{Snapshot, Version, Versioned};
///
/// let entries = [("a", 1), ("b", 2), ("a", 3)];
/// let snapshot: Snapshot<_, _> = entries
///     .map(|(key, value)| (key, Versioned::new(Version::FIRST, value)))
///     .into_iter()
///     .collect();
/// assert_eq!((snapshot.len(), **snapshot.get(&"a").unwrap()), (2, 3));
/// ```
impl<K: Eq + Hash, V> FromIterator<(K, Versioned<V>)> for Snapshot<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, Versioned<V>)>>(entries: T) -> Self {
        let hasher = sync::hasher();
        let hash = |key: &K| hasher.hash_one(key);
        let mut table = Table::default();
        for (key, value) in entries {
            let hashed = hash(&key);
            table.remove(hashed, &key, hash);
            table.insert(hashed, key, value, hash);
        }
        Self::new(Arc::new(Root::new([table], hasher)))
    }
}

/// Every key with its version, as [`Snapshot::iter`] has them, in a type with a name.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<&str, u32>::new_sync();
/// store.create_sync("a", 1).unwrap();
/// for (key, value) in &store.snapshot_sync() {
///     println!("{key} = {} at {}", **value, value.version());
/// }
/// ```
impl<'a, K, V> IntoIterator for &'a Snapshot<K, V>
where
    K: Eq + Hash + Send + Sync,
    V: Send + Sync,
{
    type Item = (&'a K, &'a Versioned<V>);
    type IntoIter = SnapshotIter<'a, K, V>;

    fn into_iter(self) -> SnapshotIter<'a, K, V> {
        SnapshotIter(Box::new(self.iter()))
    }
}

/// The entries of a [`Snapshot`], one after the other; made by its `into_iter`.
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct SnapshotIter<'a, K, V>(
    Box<dyn Iterator<Item = (&'a K, &'a Versioned<V>)> + Send + Sync + 'a>,
);

impl<'a, K, V> Iterator for SnapshotIter<'a, K, V> {
    type Item = (&'a K, &'a Versioned<V>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> fmt::Debug for SnapshotIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotIter").finish_non_exhaustive()
    }
}

impl<K, V> Clone for Snapshot<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + fmt::Debug, V: fmt::Debug> fmt::Debug for Snapshot<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
