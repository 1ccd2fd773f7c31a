//! The whole store at one point in time.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::Versioned;
use crate::core::root::Root;

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
