//! One table behind one parking_lot RwLock.

use crate::core::blocking::Locks;
use crate::core::changes::Tables;
use crate::core::gate::{Gate, Turn};
use crate::core::table::{Claim, Table};
use crate::core::{Core, store_traits};
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::{Arc, RwLock};
use crate::{Options, Snapshot, Versioned};

/// The whole store behind one [`parking_lot::RwLock`], held for a look-up or a pointer swap at a
/// time.
///
/// # Which one should you use?
///
/// With one or two threads this is the fastest of the locks and the simplest of all. With more,
/// every read writes the one lock's counter twice: reads stop scaling and writers wait for them.
/// Then use [`Sharded`](crate::Sharded).
///
/// # Progress
///
/// Reads block on the lock only while a writer swaps a pointer; writers block on it for each
/// other and for readers' look-ups, and wait while an update's closure runs on the same key.
/// Closures run under no lock. Snapshots hold writers up while they copy a handle of each entry;
/// a create that outgrows the table, or a remove that leaves most of it empty, holds everyone up
/// while it moves the entries: amortised O(1), but tens of milliseconds at a million entries.
pub struct ParkingLot<K, V> {
    core: Core,
    table: RwLock<Table<K, V>>,
}

store_traits!(ParkingLot, core);

impl<K: Key, V: Value> Locks for ParkingLot<K, V> {
    type Key = K;
    type Value = V;

    fn open(core: Core, _options: &Options) -> Self {
        let table = RwLock::default();
        Self { core, table }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn get(&self, hash: u64, key: &K) -> Option<Versioned<V>> {
        self.table.read().get(hash, key).cloned()
    }

    fn claim(
        &self,
        hash: u64,
        key: &K,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<V>, Arc<Gate>>> {
        self.table.read().claim(hash, key, turn)
    }

    fn edit<R>(&self, _hashes: &[u64], f: impl FnOnce(&mut dyn Tables<K, V>) -> R) -> R {
        if fault!("parking-lot-edits-a-copy") {
            let mut copy = Table::clone(&self.table.read());
            let result = f(&mut copy);
            *self.table.write() = copy;
            return result;
        }
        f(&mut *self.table.write())
    }

    fn snapshot_with<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<K, V>, R) {
        let table = self.table.read();
        let copy = Table::clone(&table);
        if fault!("parking-lot-marks-without-the-lock") {
            drop(table);
            return (self.core.snapshot([copy]), hook());
        }
        let at = hook();
        drop(table);
        (self.core.snapshot([copy]), at)
    }

    fn len(&self) -> usize {
        self.table.read().len()
    }
}
