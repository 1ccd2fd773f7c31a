//! Many tables, each behind a lock of its own.

use crossbeam_utils::CachePadded;

use crate::core::blocking::Locks;
use crate::core::changes::Tables;
use crate::core::gate::{Gate, Turn};
use crate::core::table::{Claim, MAX_TABLES, Table, table_index};
use crate::core::{Core, store_traits};
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::{self, Arc, RwLock, RwLockWriteGuard};
use crate::{Options, Snapshot, Versioned};

/// Keys are spread by hash over many tables, each behind a [`parking_lot::RwLock`] on a cache
/// line of its own; operations on different shards do not meet.
///
/// # Which one should you use?
///
/// The default, and the best of the locks at everything but two things: reads of one hot key
/// from many threads still write that shard's lock, and snapshots and batches lock several
/// shards. For nearly only reads of few contexts take [`ArcSwap`](crate::ArcSwap).
///
/// # Progress
///
/// As [`ParkingLot`](crate::ParkingLot), per shard: an operation blocks on the locks of its own
/// keys' shards. A batch locks the shards of its keys and a snapshot or `len` all of them, always
/// in ascending order, so that they are of one instant and cannot deadlock.
pub struct Sharded<K, V> {
    core: Core,
    /// A power of two of them.
    shards: Box<[Shard<K, V>]>,
}

type Shard<K, V> = CachePadded<RwLock<Table<K, V>>>;

store_traits!(Sharded, core);

impl<K: Key, V: Value> Sharded<K, V> {
    fn shard(&self, hash: u64) -> &RwLock<Table<K, V>> {
        &self.shards[table_index(hash, self.shards.len())]
    }

    /// Calls `f` with all tables at one instant.
    fn view_all<R>(&self, f: impl FnOnce(&[sync::RwLockReadGuard<'_, Table<K, V>>]) -> R) -> R {
        // Ascending, as in `edit`.
        let guards: Vec<_> = self.shards.iter().map(|shard| shard.read()).collect();
        f(&guards)
    }
}

impl<K: Key, V: Value> Locks for Sharded<K, V> {
    type Key = K;
    type Value = V;

    fn open(core: Core, options: &Options) -> Self {
        let shards = options.shards.unwrap_or_else(sync::default_shards);
        let shards = shards.clamp(1, MAX_TABLES).next_power_of_two();
        let shards = (0..shards).map(|_| CachePadded::default()).collect();
        Self { core, shards }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn get(&self, hash: u64, key: &K) -> Option<Versioned<V>> {
        self.shard(hash).read().get(hash, key).cloned()
    }

    fn claim(
        &self,
        hash: u64,
        key: &K,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<V>, Arc<Gate>>> {
        self.shard(hash).read().claim(hash, key, turn)
    }

    fn edit<R>(&self, hashes: &[u64], f: impl FnOnce(&mut dyn Tables<K, V>) -> R) -> R {
        if let &[hash] = hashes {
            return f(&mut *self.shard(hash).write());
        }
        let mut indices: Vec<usize> = hashes
            .iter()
            .map(|&hash| table_index(hash, self.shards.len()))
            .collect();
        // Ascending and each once: every holder of several shards takes them in this order.
        indices.sort_unstable();
        indices.dedup();
        if fault!("batch-locks-in-descending-order") {
            indices.reverse();
        }
        let guards = indices
            .iter()
            .map(|&index| (index, self.shards[index].write()));
        let mut guards: Vec<_> = guards.collect();
        if fault!("batch-locks-in-descending-order") {
            guards.reverse();
        }
        f(&mut Locked {
            guards,
            shards: self.shards.len(),
        })
    }

    fn snapshot_with<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<K, V>, R) {
        let (tables, at): (Vec<Table<K, V>>, R) = if fault!("snapshot-is-taken-shard-by-shard") {
            let shards = self.shards.iter();
            let tables = shards.map(|shard| Table::clone(&shard.read())).collect();
            (tables, hook())
        } else {
            self.view_all(|tables| {
                let copies = tables.iter().map(|table| Table::clone(table));
                (copies.collect(), hook())
            })
        };
        (self.core.snapshot(tables), at)
    }

    fn len(&self) -> usize {
        if fault!("entries-are-counted-shard-by-shard") {
            return self.shards.iter().map(|shard| shard.read().len()).sum();
        }
        self.view_all(|tables| tables.iter().map(|table| table.len()).sum())
    }
}

/// Several shards, locked.
struct Locked<'a, K, V> {
    /// Ascending.
    guards: Vec<(usize, RwLockWriteGuard<'a, Table<K, V>>)>,
    shards: usize,
}

impl<K, V> Locked<'_, K, V> {
    fn position(&self, hash: u64) -> usize {
        let index = table_index(hash, self.shards);
        self.guards.partition_point(|(other, _)| *other < index)
    }
}

impl<K, V> Tables<K, V> for Locked<'_, K, V> {
    fn table(&self, hash: u64) -> &Table<K, V> {
        &self.guards[self.position(hash)].1
    }

    fn table_mut(&mut self, hash: u64) -> &mut Table<K, V> {
        let position = self.position(hash);
        &mut self.guards[position].1
    }
}
