//! The contract every strategy keeps, as a trait with async methods. Those that never await have
//! the same without async, as [`SyncStrategy`](crate::SyncStrategy).

use std::convert::Infallible;
use std::future::Future;
use std::hash::Hash;

use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError, UpdateError};
use crate::{Batch, Commit, Options, Snapshot, Version, Versioned};

/// What a store can use as key. Implemented for every type that qualifies.
///
/// Keys are hashed, compared and cloned while a lock is held, so these must neither block, panic
/// nor call back into the store. Snapshots and copy-on-write clone keys by the thousand: prefer
/// one that is cheap to clone, `Arc<str>` over `String`.
pub trait Key: Eq + Hash + Clone + Send + Sync + 'static {}
impl<T: Eq + Hash + Clone + Send + Sync + 'static> Key for T {}

/// What a store can hold. Implemented for every type that qualifies.
///
/// A store neither clones a value nor changes it in place, and drops values outside its locks.
pub trait Value: Send + Sync + 'static {}
impl<T: Send + Sync + 'static> Value for T {}

/// A shared map of versioned values, and the contract all strategies keep.
///
/// * Every operation is linearizable: it takes effect at one instant between call and return.
/// * A value changes only by committing a new immutable version; see [`Version`].
/// * Closures run without any lock that another key's operation needs. If one panics or refuses,
///   nothing has changed. See [re-entrancy](crate#calling-back-from-a-closure).
/// * No method hands out a guard, so none can be held across an `.await`.
///
/// # Cancel safety
///
/// Every method is cancel safe: dropping its future at any await point leaves the store as it
/// was before the call or as it is after it, never in between, and wakes whoever waited behind
/// it.
///
/// Futures of strategies that await must be polled to their end or dropped: one that is *neither*
/// (say, left in a variable while its task awaits something else, or in a `FuturesUnordered`
/// that nobody drives) may own the store's lock, or a key's turn, and all others wait for it. That
/// is so with every fair async lock.
///
/// # Errors
///
/// Each write can also fail with `Reentrant` when it is called from inside a closure; see
/// [re-entrancy](crate#calling-back-from-a-closure). Every error means that nothing has changed.
///
/// # Progress
///
/// Differs by strategy and stands in each one's documentation; `specs/contract.md` has the table,
/// method by method.
///
/// # Implementing it
///
/// It can be implemented in any crate: by delegation, say to count operations, or from scratch;
/// [`SyncStrategy`](crate::SyncStrategy) if it never awaits, and this one follows. What is on this page is then the
/// implementor's to keep, as is what each method says: the types enforce none of it. What they
/// need is public: [`Versioned::new`], [`Version::next`], a [`Batch`] that can be taken apart, a
/// [`Snapshot`] made of entries, [`Options::get_limit`],
/// [`Reentrant::check`](crate::Reentrant::check), [`Commit::new`] for the hooks. Of the writes, only
/// the forms with a hook are required.
/// `strategies/tests/implement` is the smallest complete one, and `specs/contract.md` the contract
/// at length. Methods without a default may be added to either
/// trait in any minor version.
///
/// # Examples
///
/// ```
/// use contexture_strategies::{Sharded, Strategy};
///
/// # pollster::block_on(async {
/// let store = Sharded::<String, u64>::new();
/// store.create("visits".into(), 0).await.unwrap();
/// store.update(&"visits".into(), |n| **n + 1).await.unwrap();
/// assert_eq!(store.read(&"visits".into(), |n| **n).await, Some(1));
/// # });
/// ```
pub trait Strategy: Send + Sync + Sized + 'static {
    /// The type of the keys.
    type Key: Key;
    /// The type of the values.
    type Value: Value;

    /// An empty store with these settings.
    #[must_use]
    fn with_options(options: Options) -> Self;

    /// An empty store without limit.
    #[must_use]
    fn new() -> Self {
        Self::with_options(Options::new())
    }

    /// Calls `f` with the newest committed version of `key`; `None` if there is no such key.
    ///
    /// This is the primary read. `f` runs exactly once if the key is there and may take its
    /// time: no writer waits for it.
    ///
    /// # Panics
    ///
    /// If `f` does. For strategies that await, also when called from inside a closure of a store
    /// (see [re-entrancy](crate#calling-back-from-a-closure)).
    fn read<R: Send>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> R + Send,
    ) -> impl Future<Output = Option<R>> + Send;

    /// An owned handle of the newest committed version of `key`; `None` if there is no such key.
    ///
    /// The handle is counted: getting and dropping it writes a counter that all readers of the
    /// version share. With [`ArcSwap`](crate::kind::ArcSwap), [`read`](Strategy::read) does
    /// without; the strategies with locks count either way.
    ///
    /// # Panics
    ///
    /// As [`read`](Strategy::read) does from inside a closure.
    fn get(&self, key: &Self::Key) -> impl Future<Output = Option<Versioned<Self::Value>>> + Send;

    /// Adds a key that is not there yet. Of several concurrent creators of one key exactly one
    /// succeeds.
    ///
    /// # Errors
    ///
    /// [`CreateError::Exists`] if the key is there, [`CreateError::Full`] at the limit.
    fn create(
        &self,
        key: Self::Key,
        value: Self::Value,
    ) -> impl Future<Output = Result<Version, CreateError>> + Send {
        self.create_with(key, value, |_| ())
    }

    /// Like [`create`](Strategy::create), with a commit hook; see [`Commit`].
    ///
    /// # Errors
    ///
    /// As there.
    fn create_with(
        &self,
        key: Self::Key,
        value: Self::Value,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]) + Send,
    ) -> impl Future<Output = Result<Version, CreateError>> + Send;

    /// Replaces the value of `key` by what `f` makes of it: an atomic read-modify-write that
    /// commits exactly one version further.
    ///
    /// `f` runs at most once, however many tasks update the key; they take turns.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Absent`] if there is no such key.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    fn update(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Self::Value + Send,
    ) -> impl Future<Output = Result<Version, UpdateError>> + Send {
        self.try_update(key, |current| Ok::<_, Infallible>(f(current)))
    }

    /// Like [`update`](Strategy::update), with a closure that may refuse.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Absent`] if there is no such key, [`UpdateError::Aborted`] with the
    /// closure's error if it returned one; then nothing has changed.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    fn try_update<E: Send>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Result<Self::Value, E> + Send,
    ) -> impl Future<Output = Result<Version, UpdateError<E>>> + Send {
        self.try_update_with(key, f, |_| ())
    }

    /// Like [`try_update`](Strategy::try_update), with a commit hook; see [`Commit`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    fn try_update_with<E: Send>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Result<Self::Value, E> + Send,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]) + Send,
    ) -> impl Future<Output = Result<Version, UpdateError<E>>> + Send;

    /// Replaces the value of `key` if it has the expected version.
    ///
    /// Since versions never repeat, a version from before a remove never matches.
    ///
    /// # Errors
    ///
    /// [`CompareAndSetError::Conflict`] with the version the key has,
    /// [`CompareAndSetError::Absent`] if there is no such key.
    fn compare_and_set(
        &self,
        key: &Self::Key,
        expected: Version,
        value: Self::Value,
    ) -> impl Future<Output = Result<Version, CompareAndSetError>> + Send {
        self.compare_and_set_with(key, expected, value, |_| ())
    }

    /// Like [`compare_and_set`](Strategy::compare_and_set), with a commit hook; see [`Commit`].
    ///
    /// # Errors
    ///
    /// As there.
    fn compare_and_set_with(
        &self,
        key: &Self::Key,
        expected: Version,
        value: Self::Value,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]) + Send,
    ) -> impl Future<Output = Result<Version, CompareAndSetError>> + Send;

    /// Removes `key` and returns what it held; only at the expected version, if one is given.
    /// Of several concurrent removers exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`RemoveError::Absent`] if there is no such key, [`RemoveError::Conflict`] if it has
    /// another version than the expected one.
    fn remove(
        &self,
        key: &Self::Key,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Versioned<Self::Value>, RemoveError>> + Send {
        self.remove_with(key, expected, |_| ())
    }

    /// Like [`remove`](Strategy::remove), with a commit hook; see [`Commit`].
    ///
    /// # Errors
    ///
    /// As there.
    fn remove_with(
        &self,
        key: &Self::Key,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]) + Send,
    ) -> impl Future<Output = Result<Versioned<Self::Value>, RemoveError>> + Send;

    /// Applies every change of the batch at one instant, or none.
    ///
    /// Returns for each change, in order, the version its key now has; `None` where it was
    /// removed or required to be absent.
    ///
    /// # Errors
    ///
    /// [`BatchError::DuplicateKey`] if a key is named twice, and otherwise why the first refused
    /// change was refused; [`BatchError::Full`] if only the limit is against it. Then nothing has
    /// changed.
    fn apply(
        &self,
        batch: Batch<Self::Key, Self::Value>,
    ) -> impl Future<Output = Result<Vec<Option<Version>>, BatchError>> + Send {
        self.apply_with(batch, |_| ())
    }

    /// Like [`apply`](Strategy::apply), with a commit hook; see [`Commit`]. The hook gets all
    /// changes at once, in the order of the batch; conditions are no changes, and a batch without
    /// a change runs no hook.
    ///
    /// # Errors
    ///
    /// As there.
    fn apply_with(
        &self,
        batch: Batch<Self::Key, Self::Value>,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]) + Send,
    ) -> impl Future<Output = Result<Vec<Option<Version>>, BatchError>> + Send;

    /// The whole store at one point in time.
    ///
    /// Using or keeping the snapshot never blocks anyone; it keeps the versions in it alive.
    ///
    /// # Panics
    ///
    /// As [`read`](Strategy::read) does from inside a closure.
    fn snapshot(&self) -> impl Future<Output = Snapshot<Self::Key, Self::Value>> + Send {
        async { self.snapshot_with(|| ()).await.0 }
    }

    /// Like [`snapshot`](Strategy::snapshot), and runs `hook` at the snapshot's instant: those
    /// writes are in the snapshot whose [commit hooks](Commit) ran before. It must be as quick as
    /// those, and must not call a store either.
    ///
    /// Where a snapshot alone takes no lock, this one may: see the strategy's documentation.
    ///
    /// # Panics
    ///
    /// As [`read`](Strategy::read) does from inside a closure.
    fn snapshot_with<R: Send>(
        &self,
        hook: impl FnOnce() -> R + Send,
    ) -> impl Future<Output = (Snapshot<Self::Key, Self::Value>, R)> + Send;

    /// How many entries there are, at one instant.
    ///
    /// # Panics
    ///
    /// As [`read`](Strategy::read) does from inside a closure.
    fn len(&self) -> impl Future<Output = usize> + Send;

    /// Whether there are no entries, at one instant.
    ///
    /// # Panics
    ///
    /// As [`read`](Strategy::read) does from inside a closure.
    fn is_empty(&self) -> impl Future<Output = bool> + Send {
        async { self.len().await == 0 }
    }

    /// The most entries the store may hold, if limited.
    #[must_use]
    fn limit(&self) -> Option<usize>;
}
