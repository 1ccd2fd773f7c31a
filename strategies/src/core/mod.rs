//! What the lock-based strategies share, written once: what each operation does to a table
//! ([`table`], [`changes`]), how writers of one key take turns ([`gate`]), the limit
//! ([`capacity`]), calls from inside closures ([`closure`]), an immutable set of tables
//! ([`root`]), and the two protocols that put these together over any lock ([`blocking`],
//! [`awaiting`]).

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use crate::sync::Hasher;
use crate::{Options, Snapshot};
use capacity::Capacity;
use root::Root;
use table::Table;

#[cfg(any(feature = "tokio-mutex", feature = "tokio-rwlock"))]
pub(crate) mod awaiting;
#[cfg(any(feature = "parking-lot", feature = "arc-swap", feature = "sharded"))]
pub(crate) mod blocking;
pub(crate) mod capacity;
pub(crate) mod changes;
pub(crate) mod closure;
pub(crate) mod gate;
pub(crate) mod root;
pub(crate) mod table;

/// What every store has beside its tables.
pub struct Core {
    pub(crate) hasher: Hasher,
    pub(crate) capacity: Capacity,
}

impl Core {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            hasher: crate::sync::hasher(),
            capacity: Capacity::new(options.limit),
        }
    }

    pub(crate) fn hash<K: Hash>(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    /// A snapshot made of copies of all tables of the store, in order.
    pub(crate) fn snapshot<K: Eq + Hash, V>(
        &self,
        tables: impl IntoIterator<Item = Table<K, V>>,
    ) -> Snapshot<K, V> {
        Snapshot::new(Arc::new(Root::new(tables, self.hasher.clone())))
    }
}

/// What every store type has in the same way: it can be printed without waiting for its locks, and
/// seen after a panic, since a closure that panics changes nothing.
macro_rules! store_traits {
    ($store:ident, $($core:ident).+) => {
        impl<K, V> std::fmt::Debug for $store<K, V> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($store))
                    .field("limit", &self.$($core).+.capacity.limit())
                    .finish_non_exhaustive()
            }
        }

        impl<K, V> std::panic::UnwindSafe for $store<K, V> {}
        impl<K, V> std::panic::RefUnwindSafe for $store<K, V> {}
    };
}
pub(crate) use store_traits;
