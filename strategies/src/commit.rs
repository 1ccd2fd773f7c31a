//! What a write changes, shown at the instant it happens.

use std::fmt;

use crate::{Version, Versioned};

/// One key's change, shown to the hook of a write at the instant the write happens.
///
/// Each write of a [`Strategy`](crate::Strategy) has a form that takes a *commit hook*, say
/// [`create_with`](crate::Strategy::create_with). This is what revisions, journals and feeds are
/// made of:
///
/// * The hook runs exactly once if the write succeeds, and not at all if it fails.
/// * It runs inside the write's critical section: after it is certain that the write happens, and
///   before anyone can see it.
/// * So hooks of one key run in the order of its versions, those of a batch as one, with all
///   changes in order; and [`snapshot_with`](crate::Strategy::snapshot_with) runs its own such that
///   a snapshot holds just those writes whose hooks ran before.
/// * Hooks of different keys may run at the same time.
///
/// It can still [change](Commit::value_mut) the new value: fill in what is only known now.
///
/// Locks are held meanwhile. A hook must be quick, and must neither panic nor call a store. If it
/// panics all the same, the write has not happened and the panic goes on; if it calls a store, it
/// may wait for itself forever.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<&str, String>::new_sync();
/// let mut seen = Vec::new();
/// let created = store.create_with_sync("a", "hello".to_owned(), |commits| {
///     for commit in commits {
///         commit.value_mut().unwrap().push('!');
///         seen.push((*commit.key(), commit.version().unwrap().get()));
///     }
/// });
/// created.unwrap();
/// assert_eq!(seen, [("a", 1)]);
/// assert_eq!(*store.get_sync(&"a").unwrap(), "hello!");
/// ```
pub struct Commit<'a, K, V> {
    key: &'a K,
    before: Option<&'a Versioned<V>>,
    after: Option<&'a mut Versioned<V>>,
}

impl<'a, K, V> Commit<'a, K, V> {
    /// A change of `key` from one version to another; `None` where it is not there.
    ///
    /// For implementors of a [`Strategy`](crate::Strategy), who make it before anyone else has a
    /// handle of `after`.
    #[must_use]
    pub const fn new(
        key: &'a K,
        before: Option<&'a Versioned<V>>,
        after: Option<&'a mut Versioned<V>>,
    ) -> Self {
        Self { key, before, after }
    }

    /// The key that is changed.
    #[must_use]
    pub const fn key(&self) -> &'a K {
        self.key
    }

    /// What it held; `None` if it is created.
    #[must_use]
    pub const fn before(&self) -> Option<&'a Versioned<V>> {
        self.before
    }

    /// What it will hold; `None` if it is removed.
    #[must_use]
    pub fn after(&self) -> Option<&Versioned<V>> {
        self.after.as_deref()
    }

    /// The version it will have; `None` if it is removed.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.after().map(Versioned::version)
    }

    /// The new value, to be filled in. `None` if the key is removed, and once a handle of
    /// [`after`](Commit::after) was cloned.
    #[must_use]
    pub fn value_mut(&mut self) -> Option<&mut V> {
        self.after.as_mut()?.unshared_mut()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Commit<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("key", self.key)
            .field("before", &self.before)
            .field("after", &self.after)
            .finish()
    }
}
