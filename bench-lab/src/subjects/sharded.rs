//! 64 [`parking_lot`](https://docs.rs/parking_lot) `RwLock`s, each around a table of the keys that
//! hash to it: what people write who need more than one lock and no crate for it.

use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Place;
use parking_lot::RwLock;

use super::body::Held;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::documents::Object;
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 3] = [
    Entry {
        about: about(
            "sharded-rwlock",
            Body::InPlace,
            "64 `RwLock`s of parking_lot, each on its own cache lines around a hash table; hashed \
             once; a snapshot holds all locks, so it is consistent; foldhash",
        ),
        fill: map::fill::<Many<Object>>,
    },
    Entry {
        about: about(
            "sharded-rwlock-copied",
            Body::Copied,
            "the same, and an update replaces a flat document by its copy under the lock",
        ),
        fill: map::fill::<Many<Document>>,
    },
    Entry {
        about: about(
            "sharded-rwlock-arc",
            Body::Copied,
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Many<Arc<Document>>>,
    },
];

const fn about(name: &'static str, body: Body, note: &'static str) -> About {
    About {
        name,
        kind: Kind::Peer,
        body,
        verification: Verification::NONE,
        note,
    }
}

const SHARDS: usize = 64;

struct Many<H>(PhantomData<H>);

impl<H: Held> Family for Many<H> {
    type Map<K: Key> = Shards<K, H>;
}

struct Shards<K, H> {
    hasher: RandomState,
    shards: Box<[Shard<K, H>]>,
}

/// Two cache lines, since processors fetch them in pairs.
#[repr(align(128))]
struct Shard<K, H>(RwLock<HashTable<(K, H)>>);

impl<K: Key, H: Held> Shards<K, H> {
    /// The hash of a key and the table it belongs to. Tables use the lowest and the highest bits
    /// of the hash, so the shard comes from those between.
    #[inline]
    fn locate(&self, key: &K) -> (u64, &RwLock<HashTable<(K, H)>>) {
        let hash = self.hasher.hash_one(key);
        (hash, &self.shards[(hash >> 40) as usize % SHARDS].0)
    }
}

impl<K: Key, H: Held> Map<K> for Shards<K, H> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        let shard = |_| Shard(RwLock::new(HashTable::new()));
        Self {
            hasher: RandomState::default(),
            shards: (0..SHARDS).map(shard).collect(),
        }
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Held> Session<K> for &Shards<K, H> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        let (hash, shard) = self.locate(key);
        let table = shard.read();
        let found = table.find(hash, |(other, _)| other == key);
        found.is_some_and(|(_, held)| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        let (hash, shard) = self.locate(key);
        let table = shard.read();
        let found = table.find(hash, |(other, _)| other == key);
        found.map(|(_, held)| held.clone())
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let (hash, shard) = self.locate(key);
        let mut table = shard.write();
        let found = table.find_mut(hash, |(other, _)| other == key);
        found.is_some_and(|(_, held)| held.increment())
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        let (hash, shard) = self.locate(key);
        let rehash = |(key, _): &(K, H)| self.hasher.hash_one(key);
        match shard.write().entry(hash, |(other, _)| other == key, rehash) {
            Place::Vacant(vacant) => {
                vacant.insert((key.clone(), held));
                true
            }
            Place::Occupied(_) => false,
        }
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        let (hash, shard) = self.locate(key);
        let mut table = shard.write();
        let Ok(found) = table.find_entry(hash, |(other, _)| other == key) else {
            return false;
        };
        let (removed, _) = found.remove();
        // The document is dropped when the lock is free again.
        drop(table);
        drop(removed);
        true
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        // Always in the same order, and nobody who holds one waits for another.
        let tables: Vec<_> = self.shards.iter().map(|shard| shard.0.read()).collect();
        for table in &tables {
            table.iter().for_each(|(key, held)| show(key, held));
        }
    }
}
