//! The contract without async, for strategies that never await, and the async form that follows
//! from it.

use std::convert::Infallible;

use crate::error::{BatchError, CompareAndSetError, CreateError, RemoveError, UpdateError};
use crate::strategy::{Key, Strategy, Value};
use crate::{Batch, Commit, Options, Snapshot, Version, Versioned};

/// The contract of [`Strategy`] without async, for strategies that never await: a program
/// without a runtime can use them, and the async form is a thin wrapper around this one.
///
/// Each method does what its namesake in [`Strategy`] does and fails as that does; closures need
/// not be `Send`. A writer blocks its thread while another thread runs an update's closure on
/// the same key, and for the strategy's own short critical sections.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<&str, u64>::new_sync();
/// std::thread::scope(|threads| {
///     store.create_sync("hits", 0).unwrap();
///     for _ in 0..4 {
///         threads.spawn(|| store.update_sync(&"hits", |n| **n + 1).unwrap());
///     }
/// });
/// assert_eq!(*store.get_sync(&"hits").unwrap(), 4);
/// ```
pub trait SyncStrategy: Send + Sync + Sized + 'static {
    /// The type of the keys.
    type Key: Key;
    /// The type of the values.
    type Value: Value;

    /// See [`Strategy::with_options`].
    #[must_use]
    fn with_options_sync(options: Options) -> Self;

    /// See [`Strategy::new`].
    #[must_use]
    fn new_sync() -> Self {
        Self::with_options_sync(Options::new())
    }

    /// See [`Strategy::read`].
    fn read_sync<R>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> R,
    ) -> Option<R>;

    /// See [`Strategy::get`].
    fn get_sync(&self, key: &Self::Key) -> Option<Versioned<Self::Value>>;

    /// See [`Strategy::create`].
    ///
    /// # Errors
    ///
    /// As there.
    fn create_sync(&self, key: Self::Key, value: Self::Value) -> Result<Version, CreateError> {
        self.create_with_sync(key, value, |_| ())
    }

    /// See [`Strategy::create_with`].
    ///
    /// # Errors
    ///
    /// As there.
    fn create_with_sync(
        &self,
        key: Self::Key,
        value: Self::Value,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]),
    ) -> Result<Version, CreateError>;

    /// See [`Strategy::update`].
    ///
    /// # Errors
    ///
    /// As there.
    fn update_sync(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Self::Value,
    ) -> Result<Version, UpdateError> {
        self.try_update_sync(key, |current| Ok::<_, Infallible>(f(current)))
    }

    /// See [`Strategy::try_update`].
    ///
    /// # Errors
    ///
    /// As there.
    fn try_update_sync<E>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Result<Self::Value, E>,
    ) -> Result<Version, UpdateError<E>> {
        self.try_update_with_sync(key, f, |_| ())
    }

    /// See [`Strategy::try_update_with`].
    ///
    /// # Errors
    ///
    /// As there.
    fn try_update_with_sync<E>(
        &self,
        key: &Self::Key,
        f: impl FnOnce(&Versioned<Self::Value>) -> Result<Self::Value, E>,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]),
    ) -> Result<Version, UpdateError<E>>;

    /// See [`Strategy::compare_and_set`].
    ///
    /// # Errors
    ///
    /// As there.
    fn compare_and_set_sync(
        &self,
        key: &Self::Key,
        expected: Version,
        value: Self::Value,
    ) -> Result<Version, CompareAndSetError> {
        self.compare_and_set_with_sync(key, expected, value, |_| ())
    }

    /// See [`Strategy::compare_and_set_with`].
    ///
    /// # Errors
    ///
    /// As there.
    fn compare_and_set_with_sync(
        &self,
        key: &Self::Key,
        expected: Version,
        value: Self::Value,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]),
    ) -> Result<Version, CompareAndSetError>;

    /// See [`Strategy::remove`].
    ///
    /// # Errors
    ///
    /// As there.
    fn remove_sync(
        &self,
        key: &Self::Key,
        expected: Option<Version>,
    ) -> Result<Versioned<Self::Value>, RemoveError> {
        self.remove_with_sync(key, expected, |_| ())
    }

    /// See [`Strategy::remove_with`].
    ///
    /// # Errors
    ///
    /// As there.
    fn remove_with_sync(
        &self,
        key: &Self::Key,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]),
    ) -> Result<Versioned<Self::Value>, RemoveError>;

    /// See [`Strategy::apply`].
    ///
    /// # Errors
    ///
    /// As there.
    fn apply_sync(
        &self,
        batch: Batch<Self::Key, Self::Value>,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        self.apply_with_sync(batch, |_| ())
    }

    /// See [`Strategy::apply_with`].
    ///
    /// # Errors
    ///
    /// As there.
    fn apply_with_sync(
        &self,
        batch: Batch<Self::Key, Self::Value>,
        hook: impl FnOnce(&mut [Commit<'_, Self::Key, Self::Value>]),
    ) -> Result<Vec<Option<Version>>, BatchError>;

    /// See [`Strategy::snapshot`].
    fn snapshot_sync(&self) -> Snapshot<Self::Key, Self::Value> {
        self.snapshot_with_sync(|| ()).0
    }

    /// See [`Strategy::snapshot_with`].
    fn snapshot_with_sync<R>(
        &self,
        hook: impl FnOnce() -> R,
    ) -> (Snapshot<Self::Key, Self::Value>, R);

    /// See [`Strategy::len`].
    fn len_sync(&self) -> usize;

    /// See [`Strategy::is_empty`].
    fn is_empty_sync(&self) -> bool {
        self.len_sync() == 0
    }

    /// See [`Strategy::limit`].
    #[must_use]
    fn limit_sync(&self) -> Option<usize>;
}

/// The async form of a strategy that never awaits: each future does its work on first poll. Every
/// method calls its namesake, provided ones included, so an implementor's own are the only ones.
impl<S: SyncStrategy> Strategy for S {
    type Key = S::Key;
    type Value = S::Value;

    fn with_options(options: Options) -> Self {
        S::with_options_sync(options)
    }

    fn new() -> Self {
        S::new_sync()
    }

    async fn read<R: Send>(
        &self,
        key: &S::Key,
        f: impl FnOnce(&Versioned<S::Value>) -> R + Send,
    ) -> Option<R> {
        self.read_sync(key, f)
    }

    async fn get(&self, key: &S::Key) -> Option<Versioned<S::Value>> {
        self.get_sync(key)
    }

    async fn create(&self, key: S::Key, value: S::Value) -> Result<Version, CreateError> {
        self.create_sync(key, value)
    }

    async fn create_with(
        &self,
        key: S::Key,
        value: S::Value,
        hook: impl FnOnce(&mut [Commit<'_, S::Key, S::Value>]) + Send,
    ) -> Result<Version, CreateError> {
        self.create_with_sync(key, value, hook)
    }

    async fn update(
        &self,
        key: &S::Key,
        f: impl FnOnce(&Versioned<S::Value>) -> S::Value + Send,
    ) -> Result<Version, UpdateError> {
        self.update_sync(key, f)
    }

    async fn try_update<E: Send>(
        &self,
        key: &S::Key,
        f: impl FnOnce(&Versioned<S::Value>) -> Result<S::Value, E> + Send,
    ) -> Result<Version, UpdateError<E>> {
        self.try_update_sync(key, f)
    }

    async fn try_update_with<E: Send>(
        &self,
        key: &S::Key,
        f: impl FnOnce(&Versioned<S::Value>) -> Result<S::Value, E> + Send,
        hook: impl FnOnce(&mut [Commit<'_, S::Key, S::Value>]) + Send,
    ) -> Result<Version, UpdateError<E>> {
        self.try_update_with_sync(key, f, hook)
    }

    async fn compare_and_set(
        &self,
        key: &S::Key,
        expected: Version,
        value: S::Value,
    ) -> Result<Version, CompareAndSetError> {
        self.compare_and_set_sync(key, expected, value)
    }

    async fn compare_and_set_with(
        &self,
        key: &S::Key,
        expected: Version,
        value: S::Value,
        hook: impl FnOnce(&mut [Commit<'_, S::Key, S::Value>]) + Send,
    ) -> Result<Version, CompareAndSetError> {
        self.compare_and_set_with_sync(key, expected, value, hook)
    }

    async fn remove(
        &self,
        key: &S::Key,
        expected: Option<Version>,
    ) -> Result<Versioned<S::Value>, RemoveError> {
        self.remove_sync(key, expected)
    }

    async fn remove_with(
        &self,
        key: &S::Key,
        expected: Option<Version>,
        hook: impl FnOnce(&mut [Commit<'_, S::Key, S::Value>]) + Send,
    ) -> Result<Versioned<S::Value>, RemoveError> {
        self.remove_with_sync(key, expected, hook)
    }

    async fn apply(
        &self,
        batch: Batch<S::Key, S::Value>,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        self.apply_sync(batch)
    }

    async fn apply_with(
        &self,
        batch: Batch<S::Key, S::Value>,
        hook: impl FnOnce(&mut [Commit<'_, S::Key, S::Value>]) + Send,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        self.apply_with_sync(batch, hook)
    }

    async fn snapshot(&self) -> Snapshot<S::Key, S::Value> {
        self.snapshot_sync()
    }

    async fn snapshot_with<R: Send>(
        &self,
        hook: impl FnOnce() -> R + Send,
    ) -> (Snapshot<S::Key, S::Value>, R) {
        self.snapshot_with_sync(hook)
    }

    async fn len(&self) -> usize {
        self.len_sync()
    }

    async fn is_empty(&self) -> bool {
        self.is_empty_sync()
    }

    fn limit(&self) -> Option<usize> {
        self.limit_sync()
    }
}
