//! Tables that no longer change, each shared by all roots that agree on it.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use crate::Versioned;
use crate::core::table::{Table, table_index};
use crate::sync::Hasher;

/// A whole store at one point in time: keys are spread over the tables by hash.
///
/// Invariant: the number of tables is a power of two, and a key is in the table that
/// [`table_index`] names.
pub(crate) struct Root<K, V> {
    pub(crate) tables: Box<[Arc<Table<K, V>>]>,
    pub(crate) hasher: Hasher,
    pub(crate) len: usize,
}

impl<K: Eq + Hash, V> Root<K, V> {
    pub(crate) fn new(tables: impl IntoIterator<Item = Table<K, V>>, hasher: Hasher) -> Self {
        let tables: Box<[_]> = tables.into_iter().map(Arc::new).collect();
        debug_assert!(tables.len().is_power_of_two());
        Self {
            len: tables.iter().map(|table| table.len()).sum(),
            tables,
            hasher,
        }
    }

    pub(crate) fn table(&self, hash: u64) -> &Table<K, V> {
        &self.tables[table_index(hash, self.tables.len())]
    }

    pub(crate) fn get(&self, key: &K) -> Option<&Versioned<V>> {
        let hash = self.hasher.hash_one(key);
        self.table(hash).get(hash, key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Versioned<V>)> {
        self.tables.iter().flat_map(|table| table.iter())
    }
}
