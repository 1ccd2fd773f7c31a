//! A stable slot for each key, read without writing anything that others read.

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "contexture: the strategy `slotted` counts in words of 64 bits. On this target, turn the feature \
     `slotted` off and use another one, for example `sharded`"
);

mod batch;
mod index;
mod kept;
mod latch;
mod passage;
mod reclaim;
mod slot;

use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use self::batch::Flight;
use self::index::{Index, Lines};
use self::kept::Kept;
use self::latch::Hold;
use self::passage::{Instant, Passage};
use self::reclaim::{Garbage, Retired, debts, pin};
use self::slot::{Borrowed, Slot};
use crate::core::changes::{Hook, Prepared, tell};
use crate::core::gate::{Gate, Turn};
use crate::core::table::{MAX_TABLES, Table, table_index};
use crate::core::{Core, closure, store_traits};
use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError, UpdateError};
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::{self, Mutex, MutexGuard};
use crate::{Batch, Commit, Options, Reentrant, Snapshot, SyncStrategy, Version, Versioned};

/// Each key has a slot that stays where it is and points to the key's newest version; readers find it
/// through an index that changes only when keys are created and removed, and follow its pointer
/// without writing anything that another thread reads.
///
/// # Which one should you use?
///
/// Wherever several threads read, and above all if they read the same keys: reads scale as if there
/// were no writers, and writers of different keys do not meet.
///
/// # Progress
///
/// `read` and `get` are lock-free and never wait: not for writers, and not for each other. A closure of
/// a `read` may take its time; it keeps one version alive, and holds nobody up.
///
/// A write blocks while an update's closure runs on its key, and for the instant of another commit of
/// the key. `create`, `remove`, and batches lock the shards of their keys in the index, which no read
/// or update needs; `len` locks all of them. A snapshot lets the commits that are under way end and
/// keeps others out for the instant in which it is taken, which does not depend on the size of the
/// store; it collects its versions while all go on. Snapshots take turns.
///
/// # Memory
///
/// A version that was replaced is freed when nobody can be reading it: within about a tenth of a
/// millisecond of writing to the store, or when the store is dropped.
pub struct Slotted<K, V> {
    core: Core,
    /// A power of two of them.
    shards: Box<[CachePadded<Shard<K, V>>]>,
    passage: Passage,
    kept: Kept<K, V>,
    garbage: Garbage<Discarded<K, V>>,
}

store_traits!(Slotted, core);

/// The slots of some keys.
struct Shard<K, V> {
    index: Index<K, V>,
    changes: Mutex<Changes>,
}

/// Held by whoever adds slots and takes them out.
#[derive(Default)]
struct Changes {
    /// How many slots there are.
    len: usize,
    /// At least every version that any removed key ever had.
    floor: u64,
}

impl Changes {
    /// The version that a key is created with.
    fn first_version(&self) -> Version {
        Version::above(self.floor)
    }

    /// A key of this version was removed.
    fn lose(&mut self, version: Version) {
        self.len -= 1;
        if !fault!("slotted-versions-start-over-after-a-remove") {
            self.floor = self.floor.max(version.get());
        }
    }
}

/// What is no longer part of the store.
enum Discarded<K, V> {
    Version(Versioned<V>),
    Slot(Owned<Slot<K, V>>),
    Lines(Lines<K, V>),
    Flight(Owned<Flight<V>>),
}

// SAFETY: it is what the store was made of, and that can be sent if keys and values can.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Discarded<K, V> {}

/// What came out of a box, while others may still look at it.
struct Owned<T>(NonNull<T>);

impl<T> Owned<T> {
    fn new(value: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(value))))
    }

    fn as_ref(&self) -> &T {
        // SAFETY: it is freed only when this is dropped.
        unsafe { self.0.as_ref() }
    }

    /// The pointer, for who sees to it that it is freed.
    fn into_raw(self) -> NonNull<T> {
        let pointer = self.0;
        std::mem::forget(self);
        pointer
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: it came out of a box, and who drops this knows that nobody looks at it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<K, V> Retired for Discarded<K, V> {
    fn address(&self) -> *const () {
        match self {
            Self::Version(version) => std::ptr::from_ref(version.node()).cast(),
            _ => std::ptr::null(),
        }
    }

    fn end(&self) {
        match self {
            Self::Version(version) if version.is_last() => version.node().life.end(),
            Self::Version(_) => {}
            Self::Slot(slot) => {
                slot.as_ref().life.end();
                slot.as_ref().latch.life.end();
            }
            // SAFETY: they are freed below.
            Self::Lines(lines) => unsafe { lines.life() }.end(),
            Self::Flight(flight) => flight.as_ref().life.end(),
        }
    }
}

impl<K, V> Drop for Discarded<K, V> {
    fn drop(&mut self) {
        if let Self::Lines(lines) = self {
            // SAFETY: they were replaced in the index, and nobody looks at them any more.
            unsafe { lines.free() };
        }
    }
}

/// An update's exclusive right to commit the next version of one key. The slot stays for as long as
/// it is held.
struct Claim<'a, K, V> {
    slot: &'a Slot<K, V>,
    _hold: Hold<'a>,
}

/// Waits at a gate that was found taken, if it still is.
fn wait(gate: Option<sync::Arc<Gate>>, turn: &mut Option<Turn>) -> Result<(), Reentrant> {
    if let Some(gate) = gate {
        *turn = Some(Gate::turn_blocking(gate, turn.take())?);
    }
    Ok(())
}

impl<K: Key, V: Value> Slotted<K, V> {
    fn shard(&self, hash: u64) -> &Shard<K, V> {
        &self.shards[table_index(hash, self.shards.len())]
    }

    /// Claims the next version of `key`. `Err` with what to [wait] at if another update has it; `None`
    /// if there is no such key.
    #[allow(clippy::type_complexity, reason = "it is taken apart at once")]
    fn claim(
        &self,
        hash: u64,
        key: &K,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<'_, K, V>, Option<sync::Arc<Gate>>>> {
        let pin = pin();
        let slot = self.shard(hash).index.find(hash, key, &pin)?;
        // SAFETY: it stays for as long as the thread is pinned or its latch is held. Whoever drops the
        // claim does not look at it any more.
        let slot = unsafe { &*std::ptr::from_ref(slot) };
        let Some(hold) = slot.latch.hold(turn) else {
            return Some(Err(slot.latch.to_wait_at()));
        };
        // Otherwise it was removed after it had been found.
        slot.current()?;
        Some(Ok(Claim { slot, _hold: hold }))
    }

    /// Replaces what a slot holds, for the one who has it; takes `next` when it is certain. What is
    /// returned is to be retired.
    fn commit(
        &self,
        slot: &Slot<K, V>,
        next: &mut Option<Versioned<V>>,
        hook: &mut Option<impl Hook<K, V>>,
    ) -> Option<Discarded<K, V>> {
        let current = slot.current()?;
        debug_assert!(
            next.as_ref()
                .is_none_or(|next| current.version() < next.version()),
            "a commit that does not follow the current version"
        );
        let passing = self.passage.pass();
        let commit = Commit::new(&slot.key, Some(&current), next.as_mut());
        tell(hook, &mut [commit]);
        self.keep(&passing, slot, &current);
        let next = next.take().map(Versioned::into_raw);
        slot.publish(next, passing.era());
        // SAFETY: it is no longer in the slot, for which it counted as a handle.
        let replaced = unsafe { Versioned::from_raw(current.as_raw()) };
        Some(Discarded::Version(replaced))
    }

    /// Keeps what a slot holds for the snapshot that is being taken, if one is and it needs that.
    fn keep(&self, instant: &impl Instant, slot: &Slot<K, V>, current: &Versioned<V>) {
        if instant.is_walked() && slot.era() < instant.era() {
            let (key, version) = (slot.key.clone(), current.clone());
            self.kept.keep(slot.hash, key, version);
        }
    }

    /// The locks of these shards, ascending and each once: every holder of several takes them in
    /// this order.
    fn lock_shards(&self, mut indices: Vec<usize>) -> Vec<(usize, MutexGuard<'_, Changes>)> {
        indices.sort_unstable();
        indices.dedup();
        let locked = indices
            .into_iter()
            .map(|index| (index, self.shards[index].changes.lock()));
        locked.collect()
    }
}

impl<K: Key, V: Value> SyncStrategy for Slotted<K, V> {
    type Key = K;
    type Value = V;

    fn with_options_sync(options: Options) -> Self {
        let shards = options.shards.unwrap_or_else(sync::default_shards);
        let shards = shards.clamp(1, MAX_TABLES).next_power_of_two();
        let lists = sync::lists().next_power_of_two();
        let shard = |_| {
            CachePadded::new(Shard {
                index: Index::default(),
                changes: Mutex::default(),
            })
        };
        Self {
            core: Core::new(&options),
            shards: (0..shards).map(shard).collect(),
            passage: Passage::default(),
            kept: Kept::new(lists),
            garbage: Garbage::new(lists),
        }
    }

    #[inline]
    fn read_sync<R>(&self, key: &K, f: impl FnOnce(&Versioned<V>) -> R) -> Option<R> {
        let hash = self.core.hash(key);
        let pin = pin();
        let slot = self.shard(hash).index.find(hash, key, &pin)?;
        let version = slot.look(&pin)?;
        match pin.protect(version) {
            Ok(protected) => {
                protected.as_ref().life.used();
                // SAFETY: it is protected until that is dropped.
                let borrowed = unsafe { Borrowed::new(version) };
                let result = f(&borrowed);
                protected.as_ref().life.used();
                Some(result)
            }
            Err(pin) => {
                // SAFETY: it is not freed while the thread is pinned.
                let borrowed = unsafe { Borrowed::new(version) };
                let version = Versioned::clone(&borrowed);
                drop(pin);
                Some(f(&version))
            }
        }
    }

    fn get_sync(&self, key: &K) -> Option<Versioned<V>> {
        let hash = self.core.hash(key);
        let pin = pin();
        let slot = self.shard(hash).index.find(hash, key, &pin)?;
        let version = slot.look(&pin)?;
        if let Some(place) = pin.free_place() {
            // SAFETY: garbage is not freed while it is lent, and the store pays when it is dropped.
            return Some(unsafe { Versioned::lent(place, version) });
        }
        // SAFETY: it is not freed while the thread is pinned.
        let version = unsafe { Borrowed::new(version) };
        Some(Versioned::clone(&version))
    }

    fn create_with_sync(
        &self,
        key: K,
        value: V,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, CreateError> {
        let hash = self.core.hash(&key);
        let mut hook = Some(hook);
        let mut next = Versioned::new(Version::FIRST, value);
        let slot = Owned::new(Slot::new(hash, key));
        let shard = self.shard(hash);
        let mut changes = shard.changes.lock();
        if let Some(current) = shard.version(hash, &slot.as_ref().key) {
            // Neither key nor value may be dropped under the lock.
            drop(changes);
            return Err(CreateError::Exists { current });
        }
        let place = match self.core.capacity.take(1) {
            Ok(place) => place,
            Err(limit) => {
                drop(changes);
                return Err(CreateError::Full { limit });
            }
        };
        let version = changes.first_version();
        next.stamp(version);
        let passing = self.passage.pass();
        let key = &slot.as_ref().key;
        tell(&mut hook, &mut [Commit::new(key, None, Some(&mut next))]);
        place.keep();
        let outgrown = shard.index.make_room(changes.len, changes.len + 1);
        changes.len += 1;
        let slot = slot.into_raw();
        // First this: one who still has the tag of a slot that was there before may come upon this one
        // earlier than others can. The key is there for all when the slot holds something.
        if !fault!("slot-is-filled-before-it-is-found") {
            shard.index.insert(slot);
        }
        // SAFETY: it is not freed before it is taken out again.
        unsafe { slot.as_ref() }.publish(Some(next.into_raw()), passing.era());
        if fault!("slot-is-filled-before-it-is-found") {
            shard.index.insert(slot);
        }
        drop(passing);
        drop(changes);
        if let Some(lines) = outgrown {
            self.garbage.retire([Discarded::Lines(lines)]);
        }
        Ok(version)
    }

    fn try_update_with_sync<E>(
        &self,
        key: &K,
        f: impl FnOnce(&Versioned<V>) -> Result<V, E>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, UpdateError<E>> {
        let hash = self.core.hash(key);
        // Declared before the claim, so that a value that is never committed is dropped after
        // the gate is released.
        let mut next;
        let mut turn = None;
        let claim = loop {
            let claim = self.claim(hash, key, turn.as_mut());
            match claim.ok_or(UpdateError::Absent)? {
                Ok(claim) => break claim,
                Err(gate) => wait(gate, &mut turn)?,
            }
        };
        let slot = claim.slot;
        let current = slot.current().ok_or(UpdateError::Absent)?;
        let value = match closure::catch(|| f(&current)) {
            Ok(value) => value.map_err(UpdateError::Aborted)?,
            Err(panic) => closure::resume(panic, (claim, turn)),
        };
        let version = current.version().next();
        next = Some(current.successor(value));
        let replaced = self.commit(slot, &mut next, &mut Some(hook));
        drop((claim, turn));
        self.garbage.retire(replaced);
        Ok(version)
    }

    fn compare_and_set_with_sync(
        &self,
        key: &K,
        expected: Version,
        value: V,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Version, CompareAndSetError> {
        let hash = self.core.hash(key);
        let mut next = Some(Versioned::new(Version::FIRST, value));
        let mut hook = Some(hook);
        let mut turn = None;
        let replaced = loop {
            let pin = pin();
            let slot = self.shard(hash).index.find(hash, key, &pin);
            let slot = slot.ok_or(CompareAndSetError::Absent)?;
            let Some(brief) = slot.latch.brief(turn.as_ref()) else {
                let gate = slot.latch.to_wait_at();
                drop(pin);
                wait(gate, &mut turn)?;
                continue;
            };
            let current = slot.current().ok_or(CompareAndSetError::Absent)?;
            if current.version() != expected && !fault!("slotted-compare-and-set-does-not-compare")
            {
                let current = current.version();
                return Err(CompareAndSetError::Conflict { current });
            }
            if let Some(next) = &mut next {
                next.follow(&current);
            }
            let replaced = self.commit(slot, &mut next, &mut hook);
            drop(brief);
            break replaced;
        };
        drop(turn);
        self.garbage.retire(replaced);
        Ok(expected.next())
    }

    fn remove_with_sync(
        &self,
        key: &K,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Versioned<V>, RemoveError> {
        let hash = self.core.hash(key);
        let shard = self.shard(hash);
        let mut hook = Some(hook);
        let mut turn = None;
        loop {
            let mut changes = shard.changes.lock();
            let pin = pin();
            let slot = shard.index.find(hash, key, &pin);
            let slot = slot.ok_or(RemoveError::Absent)?;
            let Some(brief) = slot.latch.brief(turn.as_ref()) else {
                let gate = slot.latch.to_wait_at();
                drop((pin, changes));
                wait(gate, &mut turn)?;
                continue;
            };
            let current = slot.current().ok_or(RemoveError::Absent)?;
            if expected.is_some_and(|expected| expected != current.version()) {
                let current = current.version();
                return Err(RemoveError::Conflict { current });
            }
            let removed = Versioned::clone(&current);
            let replaced = self.commit(slot, &mut None, &mut hook);
            let slot = NonNull::from(slot);
            shard.index.remove(slot);
            changes.lose(removed.version());
            let outgrown = shard.index.make_room(changes.len, changes.len);
            self.core.capacity.give_back(1);
            drop(brief);
            drop(pin);
            drop(changes);
            let slot = Discarded::Slot(Owned(slot));
            let lines = outgrown.map(Discarded::Lines);
            self.garbage
                .retire(replaced.into_iter().chain([slot]).chain(lines));
            return Ok(removed);
        }
    }

    fn apply_with_sync(
        &self,
        batch: Batch<K, V>,
        hook: impl FnOnce(&mut [Commit<'_, K, V>]),
    ) -> Result<Vec<Option<Version>>, BatchError> {
        self.apply_prepared(Prepared::new(&self.core, batch)?, hook)
    }

    fn snapshot_with_sync<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<K, V>, R) {
        let (walk, at) = self.passage.walk(hook);
        let mut tables: Vec<Table<K, V>> = Vec::with_capacity(self.shards.len());
        for shard in &self.shards {
            let pin = pin();
            let (at_most, slots) = shard.index.iter(&pin);
            let mut table = Table::with_capacity(at_most);
            for slot in slots {
                if let Some(version) = slot.look_back(|era| walk.is_after(era), &pin) {
                    let key = slot.key.clone();
                    table.insert(slot.hash, key, version, |key| self.core.hash(key));
                }
            }
            tables.push(table);
        }
        walk.end();
        // The walk may have come to a slot before its commit did.
        for (hash, key, version) in self.kept.take() {
            let table = &mut tables[table_index(hash, self.shards.len())];
            if table.get(hash, &key).is_none() {
                table.insert(hash, key, version, |key| self.core.hash(key));
            }
        }
        drop(walk);
        (self.core.snapshot(tables), at)
    }

    fn len_sync(&self) -> usize {
        let locked = self.lock_shards((0..self.shards.len()).collect());
        locked.iter().map(|(_, changes)| changes.len).sum()
    }

    fn limit_sync(&self) -> Option<usize> {
        self.core.capacity.limit()
    }
}

impl<K: Key, V: Value> Shard<K, V> {
    /// The version of a key that is there.
    fn version(&self, hash: u64, key: &K) -> Option<Version> {
        let pin = pin();
        let version = self.index.find(hash, key, &pin)?.look(&pin)?;
        // SAFETY: it is not freed while the thread is pinned.
        let version = unsafe { Borrowed::new(version) };
        Some(version.version())
    }
}

impl<K, V> Drop for Slotted<K, V> {
    fn drop(&mut self) {
        // Nobody else has the store, so no more is lent of what is in it.
        let debts = debts();
        let settle = |version: &Versioned<V>| {
            for place in &debts {
                version.pay(place);
            }
        };
        for shard in &self.shards {
            for slot in shard.index.slots() {
                // SAFETY: nobody else has the store, and what is in an index is not retired.
                let mut slot = unsafe { Box::from_raw(slot.as_ptr()) };
                slot.take().inspect(settle);
            }
        }
        for discarded in self.garbage.iter_mut() {
            if let Discarded::Version(version) = discarded {
                settle(version);
            }
        }
    }
}
