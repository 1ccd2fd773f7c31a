//! The contract over a lock that is awaited: everything the tokio strategies need, on top of
//! [`AsyncLock`]. The same protocol as [`blocking`](super::blocking), in the other colour.

use std::future::Future;

use crate::core::changes::{self, Prepared};
use crate::core::gate::{Gate, Turn};
use crate::core::table::{Claim, Table};
use crate::core::{Core, closure};
use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError, UpdateError};
use crate::faults::fault;
use crate::strategy::{Key, Strategy, Value};
use crate::sync::Arc;
use crate::{Batch, Commit, Options, Reentrant, Snapshot, Version, Versioned};

/// A lock around one table, held only while the given function runs.
pub trait AsyncLock: Send + Sync + 'static {
    type Key: Key;
    type Value: Value;

    fn new(table: Table<Self::Key, Self::Value>) -> Self;

    /// Runs `f` on the table with writers kept out.
    fn view<R: Send>(
        &self,
        f: impl FnOnce(&Table<Self::Key, Self::Value>) -> R + Send,
    ) -> impl Future<Output = R> + Send;

    /// Runs `f` alone on the table.
    fn edit<R: Send>(
        &self,
        f: impl FnOnce(&mut Table<Self::Key, Self::Value>) -> R + Send,
    ) -> impl Future<Output = R> + Send;
}

/// Panics inside a closure: a read has no error to return, and a closure cannot await.
#[track_caller]
fn assert_outside() {
    if let Err(reentrant) = closure::check_outside() {
        panic!("{reentrant}");
    }
}

/// One table behind one awaited lock.
pub(crate) struct Awaiting<L> {
    pub(crate) core: Core,
    lock: L,
}

impl<L: AsyncLock> Awaiting<L> {
    /// The newest committed version.
    async fn newest(&self, key: &L::Key) -> Option<Versioned<L::Value>> {
        assert_outside();
        let hash = self.core.hash(key);
        self.lock.view(|table| table.get(hash, key).cloned()).await
    }

    /// Runs `write` as soon as it finds no update of its keys under way: it returns the gate of
    /// one if it does. It gets the turn that was waited for.
    async fn settle<R: Send>(
        &self,
        mut write: impl FnMut(&mut Table<L::Key, L::Value>, Option<&Turn>) -> Result<R, Arc<Gate>>
        + Send,
    ) -> Result<R, Reentrant> {
        closure::check_outside()?;
        let mut turn: Option<Turn> = None;
        loop {
            match self.lock.edit(|table| write(table, turn.as_ref())).await {
                Ok(done) => return Ok(done),
                Err(gate) => turn = Some(Gate::turn(gate, turn.take()).await?),
            }
        }
    }
}

impl<L: AsyncLock> Strategy for Awaiting<L> {
    type Key = L::Key;
    type Value = L::Value;

    fn with_options(options: Options) -> Self {
        Self {
            core: Core::new(&options),
            lock: L::new(Table::default()),
        }
    }

    async fn read<R: Send>(
        &self,
        key: &L::Key,
        f: impl FnOnce(&Versioned<L::Value>) -> R + Send,
    ) -> Option<R> {
        let current = self.newest(key).await?;
        Some(closure::run(|| f(&current)))
    }

    async fn get(&self, key: &L::Key) -> Option<Versioned<L::Value>> {
        self.newest(key).await
    }

    async fn create_with(
        &self,
        key: L::Key,
        value: L::Value,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]) + Send,
    ) -> Result<Version, CreateError> {
        closure::check_outside()?;
        let hash = self.core.hash(&key);
        let mut hook = Some(hook);
        let mut entry = Some((key, Versioned::new(Version::FIRST, value)));
        self.lock
            .edit(|table| changes::create(table, &self.core, hash, &mut entry, &mut hook))
            .await
    }

    async fn try_update_with<E: Send>(
        &self,
        key: &L::Key,
        f: impl FnOnce(&Versioned<L::Value>) -> Result<L::Value, E> + Send,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]) + Send,
    ) -> Result<Version, UpdateError<E>> {
        closure::check_outside()?;
        let hash = self.core.hash(key);
        // Declared before the claim, so that a value that is never committed is dropped after
        // the gate is released.
        let mut next;
        let mut turn: Option<Turn> = None;
        let Claim { current, held } = loop {
            let claim = self
                .lock
                .view(|table| table.claim(hash, key, turn.as_mut()));
            match claim.await.ok_or(UpdateError::Absent)? {
                Ok(claim) => break claim,
                Err(gate) => turn = Some(Gate::turn(gate, turn.take()).await?),
            }
        };
        let value = match closure::catch(|| f(&current)) {
            Ok(value) => value.map_err(UpdateError::Aborted)?,
            Err(panic) => closure::resume(panic, (held, current, turn)),
        };
        let held = Some(held).filter(|_| !fault!("awaiting-update-commits-without-its-gate"));
        let version = current.version().next();
        next = Some(current.successor(value));
        let mut hook = Some(hook);
        if fault!("awaiting-update-tells-before-it-has-the-lock") {
            let commit = Commit::new(key, Some(&current), next.as_mut());
            changes::tell(&mut hook, &mut [commit]);
        }
        let replaced = self
            .lock
            .edit(|table| changes::commit(table, hash, key, &mut next, &mut hook))
            .await;
        drop(held);
        drop(replaced);
        Ok(version)
    }

    async fn compare_and_set_with(
        &self,
        key: &L::Key,
        expected: Version,
        value: L::Value,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]) + Send,
    ) -> Result<Version, CompareAndSetError> {
        let hash = self.core.hash(key);
        let mut next = Some(Versioned::new(Version::FIRST, value));
        let mut hook = Some(hook);
        self.settle(|table, turn| {
            changes::settled(table, hash, key, turn)?;
            Ok(changes::compare_and_set(
                table, hash, key, expected, &mut next, &mut hook,
            ))
        })
        .await?
        .map(|_replaced| expected.next())
    }

    async fn remove_with(
        &self,
        key: &L::Key,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]) + Send,
    ) -> Result<Versioned<L::Value>, RemoveError> {
        let mut hook = Some(hook);
        let hash = self.core.hash(key);
        self.settle(|table, turn| {
            changes::settled(table, hash, key, turn)?;
            Ok(changes::remove(
                table, &self.core, hash, key, expected, &mut hook,
            ))
        })
        .await?
        .map(|(_key, removed)| removed)
    }

    async fn apply_with(
        &self,
        batch: Batch<L::Key, L::Value>,
        hook: impl FnOnce(&mut [Commit<'_, L::Key, L::Value>]) + Send,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let mut hook = Some(hook);
        let mut batch = Prepared::new(&self.core, batch)?;
        self.settle(|table, turn| {
            batch.settled(table, turn)?;
            Ok(batch.apply(table, &self.core, &mut hook))
        })
        .await?
        .map(|(versions, _leftovers)| versions)
    }

    async fn snapshot_with<R: Send>(
        &self,
        hook: impl FnOnce() -> R + Send,
    ) -> (Snapshot<L::Key, L::Value>, R) {
        assert_outside();
        let (table, at) = self.lock.view(|table| (table.clone(), hook())).await;
        (self.core.snapshot([table]), at)
    }

    async fn len(&self) -> usize {
        assert_outside();
        self.lock.view(|table| table.len()).await
    }

    fn limit(&self) -> Option<usize> {
        self.core.capacity.limit()
    }
}

/// Makes the public type of a store that has one table behind an awaited lock. All it does is
/// what [`Awaiting`] does; but it has a name of its own in documentation and error messages.
macro_rules! awaiting_store {
    ($(#[$attribute:meta])* $store:ident, $lock:ident) => {
        $(#[$attribute])*
        pub struct $store<K, V> {
            inner: crate::core::awaiting::Awaiting<$lock<Table<K, V>>>,
        }

        crate::core::store_traits!($store, inner.core);

        impl<K: Key, V: Value> crate::Strategy for $store<K, V> {
            type Key = K;
            type Value = V;

            fn with_options(options: crate::Options) -> Self {
                let inner = crate::Strategy::with_options(options);
                Self { inner }
            }

            fn read<R: Send>(
                &self,
                key: &K,
                f: impl FnOnce(&crate::Versioned<V>) -> R + Send,
            ) -> impl Future<Output = Option<R>> + Send {
                self.inner.read(key, f)
            }

            fn get(&self, key: &K) -> impl Future<Output = Option<crate::Versioned<V>>> + Send {
                self.inner.get(key)
            }

            fn create_with(
                &self,
                key: K,
                value: V,
                hook: impl FnOnce(&mut [crate::Commit<'_, K, V>]) + Send,
            ) -> impl Future<Output = Result<crate::Version, crate::CreateError>> + Send {
                self.inner.create_with(key, value, hook)
            }

            fn try_update_with<E: Send>(
                &self,
                key: &K,
                f: impl FnOnce(&crate::Versioned<V>) -> Result<V, E> + Send,
                hook: impl FnOnce(&mut [crate::Commit<'_, K, V>]) + Send,
            ) -> impl Future<Output = Result<crate::Version, crate::UpdateError<E>>> + Send {
                self.inner.try_update_with(key, f, hook)
            }

            fn compare_and_set_with(
                &self,
                key: &K,
                expected: crate::Version,
                value: V,
                hook: impl FnOnce(&mut [crate::Commit<'_, K, V>]) + Send,
            ) -> impl Future<Output = Result<crate::Version, crate::CompareAndSetError>> + Send
            {
                self.inner.compare_and_set_with(key, expected, value, hook)
            }

            fn remove_with(
                &self,
                key: &K,
                expected: Option<crate::Version>,
                hook: impl FnOnce(&mut [crate::Commit<'_, K, V>]) + Send,
            ) -> impl Future<Output = Result<crate::Versioned<V>, crate::RemoveError>> + Send {
                self.inner.remove_with(key, expected, hook)
            }

            fn apply_with(
                &self,
                batch: crate::Batch<K, V>,
                hook: impl FnOnce(&mut [crate::Commit<'_, K, V>]) + Send,
            ) -> impl Future<Output = Result<Vec<Option<crate::Version>>, crate::BatchError>> + Send
            {
                self.inner.apply_with(batch, hook)
            }

            fn snapshot_with<R: Send>(
                &self,
                hook: impl FnOnce() -> R + Send,
            ) -> impl Future<Output = (crate::Snapshot<K, V>, R)> + Send {
                self.inner.snapshot_with(hook)
            }

            fn len(&self) -> impl Future<Output = usize> + Send {
                self.inner.len()
            }

            fn limit(&self) -> Option<usize> {
                self.inner.limit()
            }
        }
    };
}
pub(crate) use awaiting_store;
