//! Copy-on-write of the whole store behind one atomic pointer.

use std::hash::BuildHasher;
use std::sync::Arc;

use crate::core::blocking::Locks;
use crate::core::changes::Tables;
use crate::core::gate::{Gate, Turn};
use crate::core::root::Root;
use crate::core::table::{Claim, MAX_TABLES, Table, table_index};
use crate::core::{Core, store_traits};
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::{self, Mutex};
use crate::{Options, Snapshot, Versioned};

/// Readers follow one atomic pointer to an immutable map; writers, one at a time, publish a new
/// map that shares all it can with the old one.
///
/// The map is a list of about √n tables of about √n entries each, so a write copies about 2√n
/// handles instead of n.
///
/// # Which one should you use?
///
/// Reads take no lock at all, and a snapshot is one pointer whatever the size. In exchange all
/// writers queue for one lock, and each copies; at ten thousand entries a write costs several
/// times as much as in [`Sharded`](crate::Sharded). Use it for configuration-like stores: few
/// contexts, read all the time, written now and then, snapshots often.
///
/// # Progress
///
/// `read`, `get`, `len` and `snapshot` are lock-free and never wait for writers; a `read` closure
/// may take its time. Writers block on one lock while another copies and publishes, and wait
/// while an update's closure runs on the same key; `snapshot_with` blocks on that lock as well.
/// Closures run under no lock.
pub struct ArcSwap<K, V> {
    core: Core,
    root: sync::ArcSwap<Root<K, V>>,
    /// Held by whoever publishes a new root, from reading the old one on.
    writer: Mutex<()>,
}

store_traits!(ArcSwap, core);

impl<K: Key, V: Value> Locks for ArcSwap<K, V> {
    type Key = K;
    type Value = V;

    fn open(core: Core, _options: &Options) -> Self {
        let tables = (0..MIN_TABLES).map(|_| Table::default());
        let root = Root::new(tables, core.hasher.clone());
        Self {
            core,
            root: sync::ArcSwap::new(Arc::new(root)),
            writer: Mutex::default(),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn get(&self, hash: u64, key: &K) -> Option<Versioned<V>> {
        self.root.load().table(hash).get(hash, key).cloned()
    }

    fn read<R>(&self, hash: u64, key: &K, f: impl FnOnce(&Versioned<V>) -> R) -> Option<R> {
        self.root.load().table(hash).get(hash, key).map(f)
    }

    fn claim(
        &self,
        hash: u64,
        key: &K,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<V>, sync::Arc<Gate>>> {
        let _writer = (!fault!("arc-swap-claims-without-the-lock")).then(|| self.writer.lock());
        self.root.load().table(hash).claim(hash, key, turn)
    }

    fn edit<R>(&self, _hashes: &[u64], f: impl FnOnce(&mut dyn Tables<K, V>) -> R) -> R {
        let writer = (!fault!("arc-swap-edits-without-the-lock")).then(|| self.writer.lock());
        let mut draft = Draft::new(self.root.load_full());
        let result = f(&mut draft);
        let old = draft.finish().map(|root| self.root.swap(Arc::new(root)));
        drop(writer);
        // These may be the last owners of many keys and versions: let go of them outside the lock.
        drop((old, draft));
        result
    }

    /// Blocks on the writer lock, unlike [`snapshot`](Locks::snapshot): a commit's hook runs before
    /// its root is published, so without the lock there is no telling whether it is in this one.
    fn snapshot_with<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<K, V>, R) {
        let _writer = (!fault!("arc-swap-marks-without-the-lock")).then(|| self.writer.lock());
        (self.snapshot(), hook())
    }

    fn snapshot(&self) -> Snapshot<K, V> {
        Snapshot::new(self.root.load_full())
    }

    fn len(&self) -> usize {
        self.root.load().len
    }
}

const MIN_TABLES: usize = 16;

/// A root in the making: the tables of `base`, copied one by one as they are changed.
struct Draft<K, V> {
    base: Arc<Root<K, V>>,
    /// Empty as long as nothing has been changed.
    tables: Box<[Arc<Table<K, V>>]>,
    /// What was made of the tables, if it then had to be spread anew: kept to be dropped later.
    outgrown: Option<Root<K, V>>,
}

impl<K: Key, V: Value> Draft<K, V> {
    fn new(base: Arc<Root<K, V>>) -> Self {
        Self {
            base,
            tables: Box::default(),
            outgrown: None,
        }
    }

    /// The new root, if anything was changed.
    fn finish(&mut self) -> Option<Root<K, V>> {
        if self.tables.is_empty() {
            return None;
        }
        let tables = std::mem::take(&mut self.tables);
        let before = self.base.tables.iter();
        let changed = before
            .zip(&tables)
            .filter(|(old, new)| !Arc::ptr_eq(old, new));
        let (lost, won) = changed.fold((0, 0), |(lost, won), (old, new)| {
            (lost + old.len(), won + new.len())
        });
        let root = Root {
            len: self.base.len + won - lost,
            tables,
            hasher: self.base.hasher.clone(),
        };
        match resized(&root) {
            None => Some(root),
            Some(resized) => {
                self.outgrown = Some(root);
                Some(resized)
            }
        }
    }
}

/// The same store in about √n tables, if it has outgrown or stopped filling those it has.
fn resized<K: Key, V>(root: &Root<K, V>) -> Option<Root<K, V>> {
    let fitting = root.len.isqrt().next_power_of_two();
    let fitting = fitting.clamp(MIN_TABLES, MAX_TABLES);
    let tables = root.tables.len();
    // Only ever by a factor of four downwards, lest a store at the edge goes back and forth.
    if fitting <= tables && tables <= 4 * fitting {
        return None;
    }
    let tables = root.tables.iter().map(|table| &**table);
    let spread = Table::spread(tables, fitting, |key| root.hasher.hash_one(key));
    Some(Root::new(spread, root.hasher.clone()))
}

impl<K: Key, V: Value> Tables<K, V> for Draft<K, V> {
    fn table(&self, hash: u64) -> &Table<K, V> {
        match &*self.tables {
            [] => self.base.table(hash),
            tables => &tables[table_index(hash, tables.len())],
        }
    }

    fn table_mut(&mut self, hash: u64) -> &mut Table<K, V> {
        if self.tables.is_empty() {
            self.tables = self.base.tables.clone();
        }
        let index = table_index(hash, self.tables.len());
        Arc::make_mut(&mut self.tables[index])
    }
}
