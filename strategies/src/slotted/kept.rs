//! What commits replace while a snapshot is being taken that must still have it.

use crossbeam_utils::CachePadded;

use super::reclaim::record;
use crate::Versioned;
use crate::sync::Mutex;

/// A list for each thread, about: most commits have nothing to keep, and those that do are not to
/// wait for each other.
pub(crate) struct Kept<K, V>(Box<[List<K, V>]>);

type List<K, V> = CachePadded<Mutex<Vec<(u64, K, Versioned<V>)>>>;

impl<K, V> Kept<K, V> {
    /// Empty lists, a power of two of them.
    pub(crate) fn new(lists: usize) -> Self {
        debug_assert!(lists.is_power_of_two());
        Self((0..lists).map(|_| CachePadded::default()).collect())
    }

    /// Keeps what a key held.
    #[cold]
    pub(crate) fn keep(&self, hash: u64, key: K, version: Versioned<V>) {
        let list = &self.0[record().number & (self.0.len() - 1)];
        list.lock().push((hash, key, version));
    }

    /// Takes everything that was kept.
    pub(crate) fn take(&self) -> Vec<(u64, K, Versioned<V>)> {
        let lists = self.0.iter();
        lists
            .flat_map(|list| std::mem::take(&mut *list.lock()))
            .collect()
    }
}
