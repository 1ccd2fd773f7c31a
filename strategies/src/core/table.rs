//! A map of versioned values without any synchronisation: the sequential meaning of the
//! contract's single-key operations.

use hashbrown::HashTable;

use crate::core::gate::{Gate, Held, Turn};
use crate::faults::fault;
use crate::sync::Arc;
use crate::{Version, Versioned};

/// The entries of a store, or of one shard of it.
///
/// Callers hash keys, so that a key is hashed once per operation even where shards are picked by
/// hash, too.
///
/// Invariant: `floor` is at least every version that any removed key ever had. So a key that is
/// created again starts above all its former versions, at the price of one comparison per remove
/// and nothing per update.
pub struct Table<K, V> {
    entries: HashTable<(K, Versioned<V>)>,
    floor: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            floor: 0,
        }
    }
}

/// A copy of the handles; the values are shared.
impl<K: Clone, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            floor: self.floor,
        }
    }
}

/// Which of `tables` (a power of two, at most 65,536) holds the keys of this hash. Uses bits that
/// the tables themselves do not look at.
pub(crate) fn table_index(hash: u64, tables: usize) -> usize {
    (hash >> 32) as usize & (tables - 1)
}

/// The most tables that [`table_index`] can tell apart without taking bits from the tables.
pub(crate) const MAX_TABLES: usize = 1 << 16;

/// An update's exclusive right to commit the next version of one key.
pub struct Claim<V> {
    pub(crate) current: Versioned<V>,
    /// Dropping it lets the next writer of the key go on.
    pub(crate) held: Held,
}

impl<K: Eq, V> Table<K, V> {
    /// An empty table with room for so many entries.
    #[cfg(feature = "slotted")]
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self {
            entries: HashTable::with_capacity(entries),
            floor: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Versioned<V>)> {
        self.entries.iter().map(|(key, current)| (key, current))
    }

    pub(crate) fn get(&self, hash: u64, key: &K) -> Option<&Versioned<V>> {
        self.entries
            .find(hash, |(other, _)| other == key)
            .map(|(_, current)| current)
    }

    /// The entries of `tables`, spread anew over `count` tables as
    /// [`table_index`] says.
    #[cfg(feature = "arc-swap")]
    pub(crate) fn spread<'a>(
        tables: impl Iterator<Item = &'a Self> + Clone,
        count: usize,
        hash: impl Fn(&K) -> u64,
    ) -> Vec<Self>
    where
        K: Clone + 'a,
        V: 'a,
    {
        // Which removed key was in which table is not known: all take the highest floor.
        let floor = tables.clone().map(|table| table.floor).max().unwrap_or(0);
        let empty = || Self {
            entries: HashTable::new(),
            floor,
        };
        let mut spread: Vec<Self> = std::iter::repeat_with(empty).take(count).collect();
        for (key, value) in tables.flat_map(Self::iter) {
            let hashed = hash(key);
            let table = &mut spread[table_index(hashed, count)];
            table.insert(hashed, key.clone(), value.clone(), &hash);
        }
        spread
    }

    /// The gate of `key` if an update of it is under way, or somebody else's turn: then nobody
    /// else may write it now.
    pub(crate) fn busy(&self, hash: u64, key: &K, turn: Option<&Turn>) -> Option<Arc<Gate>> {
        let gate = self.get(hash, key)?.gate_if_any()?;
        let held = gate.is_held() && !fault!("writers-ignore-a-running-update");
        let free = !held
            || turn.is_some_and(|turn| turn.holds(gate) || fault!("turn-of-another-key-is-enough"));
        (!free).then(|| Arc::clone(gate))
    }

    /// Claims the next version of `key`. `Err` with the gate if another update has it; `None` if
    /// there is no such key.
    ///
    /// Whoever calls must keep writers of this table out meanwhile, other claimants need not be.
    pub(crate) fn claim(
        &self,
        hash: u64,
        key: &K,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<V>, Arc<Gate>>> {
        let current = self.get(hash, key)?;
        Some(match Gate::try_hold(current.gate(), turn) {
            Some(held) => Ok(Claim {
                current: current.clone(),
                held,
            }),
            None => Err(Arc::clone(current.gate())),
        })
    }

    /// Replaces what `key` holds and returns it, if the key is there; takes `next` only then, after
    /// `first` has seen both.
    pub(crate) fn replace(
        &mut self,
        hash: u64,
        key: &K,
        next: &mut Option<Versioned<V>>,
        first: impl FnOnce(&Versioned<V>, &mut Versioned<V>),
    ) -> Option<Versioned<V>> {
        let (_, current) = self.entries.find_mut(hash, |(other, _)| other == key)?;
        let committed = next.as_mut()?;
        debug_assert!(
            current.version() < committed.version(),
            "a commit that does not follow the current version"
        );
        first(current, committed);
        next.take().map(|next| std::mem::replace(current, next))
    }

    /// The version that a key not in the table would be created with.
    pub(crate) fn first_version(&self) -> Version {
        Version::above(self.floor)
    }

    /// Adds `key`, which must not be there, with [`first_version`](Self::first_version).
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        key: K,
        value: Versioned<V>,
        hasher: impl Fn(&K) -> u64,
    ) {
        self.entries
            .insert_unique(hash, (key, value), |(key, _)| hasher(key));
    }

    /// Removes `key` and returns what it held, key included, for the caller to drop outside its
    /// locks. Gives memory back when most of the table is unused.
    pub(crate) fn remove(
        &mut self,
        hash: u64,
        key: &K,
        hasher: impl Fn(&K) -> u64,
    ) -> Option<(K, Versioned<V>)> {
        let entry = self.entries.find_entry(hash, |(other, _)| other == key);
        let (removed, _) = entry.ok()?.remove();
        if !fault!("versions-start-over-after-a-remove") {
            self.floor = self.floor.max(removed.1.version().get());
        }
        let len = self.entries.len();
        if self.entries.capacity() > 8 * len.max(8) {
            self.entries.shrink_to(2 * len, |(key, _)| hasher(key));
        }
        Some(removed)
    }
}

// Gates are of loom or shuttle there, and do not work outside of a model.
#[cfg(all(test, not(any(contexture_loom, contexture_shuttle))))]
mod tests {
    use super::*;

    const HASHER: fn(&u64) -> u64 = |key| key.wrapping_mul(0x9E37_79B9_7F4A_7C15);

    fn table(keys: u64) -> Table<u64, ()> {
        let mut table = Table::default();
        for key in 0..keys {
            let value = Versioned::new(table.first_version(), ());
            table.insert(HASHER(&key), key, value, HASHER);
        }
        table
    }

    #[test]
    fn memory_returns_after_mass_removal() {
        let mut table = table(10_000);
        let full = table.entries.capacity();
        for key in 0..9_990 {
            assert!(table.remove(HASHER(&key), &key, HASHER).is_some());
        }
        assert_eq!(table.len(), 10);
        assert!(table.entries.capacity() < full / 50);
        assert!((9_990..10_000).all(|key| table.get(HASHER(&key), &key).is_some()));
    }

    #[test]
    fn a_removed_keys_versions_are_never_handed_out_again() {
        let mut table = table(1);
        let mut next = Some(table.get(HASHER(&0), &0).unwrap().successor(()));
        let replaced = table.replace(HASHER(&0), &0, &mut next, |_, _| ());
        assert!(replaced.is_some());
        table.remove(HASHER(&0), &0, HASHER);
        assert_eq!(table.first_version().get(), 3);
    }
}
