//! Several changes that happen together or not at all.

use crate::Version;

/// One change, or one condition, of a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<V> {
    /// Create the key; it must not be there.
    Create(V),
    /// Give the key this value, whether it is there or not.
    Put(V),
    /// Give the key this value; it must have the expected version.
    CompareAndSet {
        /// The version the key must have.
        expected: Version,
        /// Its new value.
        value: V,
    },
    /// Remove the key; it must be there, at the expected version if one is given.
    Remove {
        /// The version the key must have; any, if `None`.
        expected: Option<Version>,
    },
    /// Change nothing, but apply the batch only if the key has this version; with `None`, only
    /// if the key is not there.
    Require {
        /// The version the key must have.
        version: Option<Version>,
    },
}

impl<V> Change<V> {
    /// The same change of what `f` makes of its value.
    #[must_use]
    pub fn map<W>(self, f: impl FnOnce(V) -> W) -> Change<W> {
        match self {
            Self::Create(value) => Change::Create(f(value)),
            Self::Put(value) => Change::Put(f(value)),
            Self::CompareAndSet { expected, value } => Change::CompareAndSet {
                expected,
                value: f(value),
            },
            Self::Remove { expected } => Change::Remove { expected },
            Self::Require { version } => Change::Require { version },
        }
    }

    /// The value it gives to its key, if it does.
    pub(crate) fn value_mut(&mut self) -> Option<&mut V> {
        match self {
            Self::Create(value) | Self::Put(value) | Self::CompareAndSet { value, .. } => {
                Some(value)
            }
            Self::Remove { .. } | Self::Require { .. } => None,
        }
    }
}

/// Changes of several keys that are applied all or nothing: no reader, snapshot or other writer
/// ever sees some of them without the others.
///
/// A batch takes values, not closures: read first, build the batch with
/// [`compare_and_set`](Batch::compare_and_set) or [`require`](Batch::require), and start again
/// if it fails. Each key may be named once.
///
/// ```
/// use contexture_strategies::{Batch, Sharded, SyncStrategy};
///
/// let bank = Sharded::<&str, i64>::new_sync();
/// bank.create_sync("ann", 10).unwrap();
/// bank.create_sync("bob", 0).unwrap();
///
/// let (ann, bob) = (bank.get_sync(&"ann").unwrap(), bank.get_sync(&"bob").unwrap());
/// let transfer = Batch::new()
///     .compare_and_set("ann", ann.version(), *ann - 3)
///     .compare_and_set("bob", bob.version(), *bob + 3);
/// bank.apply_sync(transfer).unwrap();
/// assert_eq!(*bank.get_sync(&"bob").unwrap(), 3);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a batch does nothing until it is applied"]
pub struct Batch<K, V> {
    pub(crate) changes: Vec<(K, Change<V>)>,
}

impl<K, V> Batch<K, V> {
    /// A batch of nothing.
    pub fn new() -> Self {
        Self {
            changes: Vec::new(),
        }
    }

    /// Adds a change.
    pub fn with(mut self, key: K, change: Change<V>) -> Self {
        self.changes.push((key, change));
        self
    }

    /// Adds [`Change::Create`].
    pub fn create(self, key: K, value: V) -> Self {
        self.with(key, Change::Create(value))
    }

    /// Adds [`Change::Put`].
    pub fn put(self, key: K, value: V) -> Self {
        self.with(key, Change::Put(value))
    }

    /// Adds [`Change::CompareAndSet`].
    pub fn compare_and_set(self, key: K, expected: Version, value: V) -> Self {
        self.with(key, Change::CompareAndSet { expected, value })
    }

    /// Adds [`Change::Remove`].
    pub fn remove(self, key: K, expected: Option<Version>) -> Self {
        self.with(key, Change::Remove { expected })
    }

    /// Adds [`Change::Require`].
    pub fn require(self, key: K, version: Option<Version>) -> Self {
        self.with(key, Change::Require { version })
    }

    /// The changes in order, with their keys.
    ///
    /// ```
    /// use contexture_strategies::{Batch, Change};
    ///
    /// let batch = Batch::new().put("a", 1).remove("b", None);
    /// let keys: Vec<_> = batch.iter().map(|(key, _)| *key).collect();
    /// assert_eq!(keys, ["a", "b"]);
    /// assert!(matches!(batch.into_iter().next(), Some(("a", Change::Put(1)))));
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, (K, Change<V>)> {
        self.changes.iter()
    }

    /// How many changes and conditions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Extend<(K, Change<V>)> for Batch<K, V> {
    fn extend<T: IntoIterator<Item = (K, Change<V>)>>(&mut self, changes: T) {
        self.changes.extend(changes);
    }
}

impl<K, V> FromIterator<(K, Change<V>)> for Batch<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, Change<V>)>>(changes: T) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}

/// The changes in order.
impl<K, V> IntoIterator for Batch<K, V> {
    type Item = (K, Change<V>);
    type IntoIter = std::vec::IntoIter<(K, Change<V>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.changes.into_iter()
    }
}

/// See [`Batch::iter`].
impl<'a, K, V> IntoIterator for &'a Batch<K, V> {
    type Item = &'a (K, Change<V>);
    type IntoIter = std::slice::Iter<'a, (K, Change<V>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
