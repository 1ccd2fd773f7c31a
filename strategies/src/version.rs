//! A version number, and a value together with the version it was committed as.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Deref;
#[cfg(feature = "slotted")]
use std::ptr::NonNull;
#[cfg(not(feature = "slotted"))]
use std::sync::Arc as Handle;

use crate::core::gate::Gate;
#[cfg(feature = "slotted")]
use crate::handle::{Handle, Place};
use crate::sync::{self, OnceLock};

/// The version of one key's value.
///
/// A key's versions only grow: an update commits exactly one version further, and a key that is
/// removed and created again goes on above every version it had before. So a version, once seen,
/// never stands for another value of the same key. Versions of different keys are not comparable
/// in any meaningful way.
///
/// A version is a 64-bit number; a key updated every nanosecond would exhaust it in 584 years.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<String, u64>::new_sync();
/// let first = store.create_sync("a".into(), 1).unwrap();
/// let second = store.update_sync(&"a".into(), |n| **n + 1).unwrap();
/// assert_eq!(second.get(), first.get() + 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// The lowest version there is.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The version as a number, 1 or more.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The version with this number, or `None` for 0.
    ///
    /// For versions that went through storage or a network; a store hands out its own.
    #[must_use]
    pub const fn from_u64(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The version an update of this one commits as: one further. The highest stays as it is.
    ///
    /// For implementors of a strategy; a store counts by itself.
    ///
    /// ```
    /// use contexture_strategies::Version;
    ///
    /// assert_eq!(Version::FIRST.next().get(), 2);
    /// ```
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The lowest version above `floor`.
    pub(crate) const fn above(floor: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(floor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One committed, immutable version of a value: an owned handle, cheap to clone.
///
/// It dereferences to the value. A handle never changes and never blocks a writer; it keeps its
/// own version alive, also after the key was updated or removed and after the store was dropped.
///
/// ```
/// use contexture_strategies::{Sharded, SyncStrategy};
///
/// let store = Sharded::<String, Vec<u8>>::new_sync();
/// let key = "a".to_string();
/// store.create_sync(key.clone(), vec![1, 2, 3]).unwrap();
/// let handle = store.get_sync(&key).unwrap();
/// store.remove_sync(&key, None).unwrap();
/// drop(store);
/// assert_eq!(handle.len(), 3);
/// ```
pub struct Versioned<V>(Handle<Node<V>>);

/// What a [`Versioned`] is a handle of.
pub(crate) struct Node<V> {
    version: Version,
    /// The gate that updates of this key pass one at a time. Made by the first update of a key
    /// and handed from each version to the next, so keys that are never updated have none.
    gate: OnceLock<sync::Arc<Gate>>,
    #[cfg(feature = "slotted")]
    pub(crate) life: sync::Life,
    value: V,
}

impl<V> Versioned<V> {
    /// A value as committed at this version.
    ///
    /// For implementors of a [`Strategy`](crate::Strategy); a store hands out its own.
    ///
    /// ```
    /// use contexture_strategies::{Version, Versioned};
    ///
    /// let committed = Versioned::new(Version::FIRST, "value");
    /// assert_eq!((committed.version().get(), *committed), (1, "value"));
    /// ```
    #[must_use]
    pub fn new(version: Version, value: V) -> Self {
        Self(Handle::new(Node {
            version,
            gate: OnceLock::new(),
            #[cfg(feature = "slotted")]
            life: sync::Life::default(),
            value,
        }))
    }

    /// The version this value was committed as.
    #[must_use]
    pub fn version(&self) -> Version {
        self.node().version
    }

    /// The value. The handle dereferences to it, too.
    #[must_use]
    pub fn value(&self) -> &V {
        &self.node().value
    }

    /// Whether both handles are of the very same commit.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Handle::ptr_eq(&self.0, &other.0)
    }

    /// What it is a handle of.
    #[inline]
    pub(crate) fn node(&self) -> &Node<V> {
        // The counts of other handles tell the explorer nothing.
        #[cfg(feature = "slotted")]
        if self.0.is_lent() {
            self.0.life.used();
        }
        &self.0
    }

    /// Gives a value that nobody else has a handle of its version. It is allocated before a lock
    /// is taken and learns its version under it.
    pub(crate) fn stamp(&mut self, version: Version) {
        debug_assert!(Handle::strong_count(&self.0) == 1);
        if let Some(node) = Handle::get_mut(&mut self.0) {
            node.version = version;
        }
    }

    /// The value, as long as this is the only handle of its version.
    pub(crate) fn unshared_mut(&mut self) -> Option<&mut V> {
        Some(&mut Handle::get_mut(&mut self.0)?.value)
    }

    /// The version that follows this one, sharing its gate.
    pub(crate) fn successor(&self, value: V) -> Self {
        let gate = self.gate_if_any();
        Self(Handle::new(Node {
            version: self.version().next(),
            gate: gate.map_or_else(OnceLock::new, |gate| sync::Arc::clone(gate).into()),
            #[cfg(feature = "slotted")]
            life: sync::Life::default(),
            value,
        }))
    }

    /// Makes a value that nobody else has a handle of the successor of `current`.
    pub(crate) fn follow(&mut self, current: &Self) {
        debug_assert!(Handle::strong_count(&self.0) == 1);
        if let Some(node) = Handle::get_mut(&mut self.0) {
            node.version = current.version().next();
            if let Some(gate) = current.gate_if_any() {
                node.gate = OnceLock::from(sync::Arc::clone(gate));
            }
        }
    }

    /// The gate of this key, made now if no update needed it before.
    pub(crate) fn gate(&self) -> &sync::Arc<Gate> {
        self.0.gate.get_or_init(|| sync::Arc::new(Gate::default()))
    }

    /// The gate of this key, if an update ever needed one.
    pub(crate) fn gate_if_any(&self) -> Option<&sync::Arc<Gate>> {
        self.0.gate.get()
    }
}

/// As a pointer that can be swapped at once.
#[cfg(feature = "slotted")]
impl<V> Versioned<V> {
    /// The handle as a pointer, which keeps counting as one.
    pub(crate) fn into_raw(self) -> NonNull<Node<V>> {
        self.0.into_raw()
    }

    /// The handle that a pointer was.
    ///
    /// # Safety
    ///
    /// As of [`Handle::from_raw`].
    pub(crate) unsafe fn from_raw(pointer: NonNull<Node<V>>) -> Self {
        // SAFETY: the caller's.
        Self(unsafe { Handle::from_raw(pointer) })
    }

    /// A handle that is not counted, but lent.
    ///
    /// # Safety
    ///
    /// As of [`Place::lend`].
    pub(crate) unsafe fn lent(place: &'static Place, pointer: NonNull<Node<V>>) -> Self {
        // SAFETY: the caller's.
        Self(unsafe { place.lend(pointer) })
    }

    /// Counts the handle that was lent at a place, if it is one of this version.
    pub(crate) fn pay(&self, place: &Place) {
        place.pay(&self.0);
    }

    /// Whether there is no other handle.
    pub(crate) fn is_last(&self) -> bool {
        Handle::strong_count(&self.0) == 1
    }
}

impl<V> Clone for Versioned<V> {
    fn clone(&self) -> Self {
        Self(Handle::clone(&self.0))
    }
}

impl<V> Deref for Versioned<V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<V: fmt::Debug> fmt::Debug for Versioned<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versioned")
            .field("version", &self.version())
            .field("value", self.value())
            .finish()
    }
}
