//! The contract over locks that block the thread: everything a strategy that never awaits needs,
//! on top of [`Locks`].

use crate::core::changes::{self, Prepared, Tables};
use crate::core::gate::{Gate, Turn};
use crate::core::table::Claim;
use crate::core::{Core, closure};
use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError, UpdateError};
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::Arc;
use crate::{Batch, Commit, Options, Reentrant, Snapshot, SyncStrategy, Version, Versioned};

/// How a strategy guards its tables. This is all that a blocking strategy is; the contract on top
/// is the same for each.
pub trait Locks: Send + Sync + Sized + 'static {
    type Key: Key;
    type Value: Value;

    fn open(core: Core, options: &Options) -> Self;

    fn core(&self) -> &Core;

    /// The newest committed version.
    fn get(&self, hash: u64, key: &Self::Key) -> Option<Versioned<Self::Value>>;

    /// Calls `f` with the newest committed version, under no lock.
    fn read<R>(
        &self,
        hash: u64,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> R,
    ) -> Option<R> {
        self.get(hash, key).map(|current| f(&current))
    }

    /// [`Table::claim`](super::table::Table::claim), with writers of the table kept out.
    fn claim(
        &self,
        hash: u64,
        key: &Self::Key,
        turn: Option<&mut Turn>,
    ) -> Option<Result<Claim<Self::Value>, Arc<Gate>>>;

    /// Runs `f` alone on the tables of these hashes; what it changes becomes visible at once.
    fn edit<R>(
        &self,
        hashes: &[u64],
        f: impl FnOnce(&mut dyn Tables<Self::Key, Self::Value>) -> R,
    ) -> R;

    /// A snapshot, and what `hook` returns, run while no `edit` is.
    fn snapshot_with<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<Self::Key, Self::Value>, R);

    fn snapshot(&self) -> Snapshot<Self::Key, Self::Value> {
        self.snapshot_with(|| ()).0
    }

    fn len(&self) -> usize;
}

/// Runs `write` as soon as it finds no update of its keys under way: it returns the gate of one
/// if it does. It gets the turn that was waited for.
fn settle<L: Locks, R>(
    locks: &L,
    hashes: &[u64],
    mut write: impl FnMut(&mut dyn Tables<L::Key, L::Value>, Option<&Turn>) -> Result<R, Arc<Gate>>,
) -> Result<R, Reentrant> {
    let mut turn = None;
    loop {
        match locks.edit(hashes, |tables| write(tables, turn.as_ref())) {
            Ok(done) => return Ok(done),
            Err(gate) => turn = Some(Gate::turn_blocking(gate, turn.take())?),
        }
    }
}

impl<L: Locks> SyncStrategy for L {
    type Key = L::Key;
    type Value = L::Value;

    fn with_options_sync(options: Options) -> Self {
        L::open(Core::new(&options), &options)
    }

    fn read_sync<R>(&self, key: &L::Key, f: impl FnOnce(&Versioned<L::Value>) -> R) -> Option<R> {
        self.read(self.core().hash(key), key, f)
    }

    fn get_sync(&self, key: &L::Key) -> Option<Versioned<L::Value>> {
        self.get(self.core().hash(key), key)
    }

    fn create_with_sync(
        &self,
        key: L::Key,
        value: L::Value,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]),
    ) -> Result<Version, CreateError> {
        let hash = self.core().hash(&key);
        let mut hook = Some(hook);
        let mut entry = Some((key, Versioned::new(Version::FIRST, value)));
        self.edit(&[hash], |tables| {
            changes::create(tables, self.core(), hash, &mut entry, &mut hook)
        })
    }

    fn try_update_with_sync<E>(
        &self,
        key: &L::Key,
        f: impl FnOnce(&Versioned<L::Value>) -> Result<L::Value, E>,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]),
    ) -> Result<Version, UpdateError<E>> {
        let hash = self.core().hash(key);
        // Declared before the claim, so that a value that is never committed is dropped after
        // the gate is released.
        let mut next;
        let mut turn = None;
        let Claim { current, held } = loop {
            let claim = self.claim(hash, key, turn.as_mut());
            match claim.ok_or(UpdateError::Absent)? {
                Ok(claim) => break claim,
                Err(gate) => turn = Some(Gate::turn_blocking(gate, turn.take())?),
            }
        };
        let value = match closure::catch(|| f(&current)) {
            Ok(value) => value.map_err(UpdateError::Aborted)?,
            Err(panic) => closure::resume(panic, (held, current, turn)),
        };
        let held = Some(held).filter(|_| !fault!("blocking-update-commits-without-its-gate"));
        let version = current.version().next();
        next = Some(current.successor(value));
        let mut hook = Some(hook);
        let mut late = None;
        if fault!("blocking-update-tells-when-its-lock-is-free") {
            late = hook.take().zip(next.clone());
        }
        let replaced = self.edit(&[hash], |tables| {
            changes::commit(tables, hash, key, &mut next, &mut hook)
        });
        if let Some((hook, mut next)) = late {
            hook(&mut [Commit::new(key, replaced.as_ref(), Some(&mut next))]);
        }
        drop(held);
        drop(replaced);
        Ok(version)
    }

    fn compare_and_set_with_sync(
        &self,
        key: &L::Key,
        expected: Version,
        value: L::Value,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]),
    ) -> Result<Version, CompareAndSetError> {
        let hash = self.core().hash(key);
        let mut next = Some(Versioned::new(Version::FIRST, value));
        let mut hook = Some(hook);
        settle(self, &[hash], |tables, turn| {
            changes::settled(tables, hash, key, turn)?;
            Ok(changes::compare_and_set(
                tables, hash, key, expected, &mut next, &mut hook,
            ))
        })?
        .map(|_replaced| expected.next())
    }

    fn remove_with_sync(
        &self,
        key: &L::Key,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]),
    ) -> Result<Versioned<L::Value>, RemoveError> {
        let mut hook = Some(hook);
        let hash = self.core().hash(key);
        settle(self, &[hash], |tables, turn| {
            changes::settled(tables, hash, key, turn)?;
            Ok(changes::remove(
                tables,
                self.core(),
                hash,
                key,
                expected,
                &mut hook,
            ))
        })?
        .map(|(_key, removed)| removed)
    }

    fn apply_with_sync(
        &self,
        batch: Batch<L::Key, L::Value>,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]),
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let mut hook = Some(hook);
        let mut batch = Prepared::new(self.core(), batch)?;
        let hashes = batch.hashes();
        settle(self, &hashes, |tables, turn| {
            batch.settled(tables, turn)?;
            Ok(batch.apply(tables, self.core(), &mut hook))
        })?
        .map(|(versions, _leftovers)| versions)
    }

    fn snapshot_sync(&self) -> Snapshot<L::Key, L::Value> {
        self.snapshot()
    }

    fn snapshot_with_sync<R>(&self, hook: impl FnOnce() -> R) -> (Snapshot<L::Key, L::Value>, R) {
        self.snapshot_with(hook)
    }

    fn len_sync(&self) -> usize {
        self.len()
    }

    fn limit_sync(&self) -> Option<usize> {
        self.core().capacity.limit()
    }
}
