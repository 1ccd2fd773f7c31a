//! Not a competitor but the limit: what the operations cost when nothing is shared. Every worker
//! has a map of its own with all the documents, so this takes memory for each worker, and caches
//! hold less of it than of a shared map.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::body::{Held, tree};
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::documents::Object;
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRY: Entry = Entry {
    about: About {
        name: "hashmap-per-thread",
        kind: Kind::Floor,
        body: Body::InPlace,
        verification: Verification::NONE,
        note: "a `HashMap` of its own for every worker, no synchronisation at all; foldhash",
    },
    fill: map::fill::<Floor>,
};

struct Floor;

impl Family for Floor {
    type Map<K: Key> = Maps<K>;
}

/// Each worker locks its own map once a round, before the first operation.
struct Maps<K>(Vec<Mutex<Own<K>>>);

type Own<K> = HashMap<K, Object, RandomState>;

impl<K: Key> Map<K> for Maps<K> {
    type Held = Object;
    type Session<'a> = MutexGuard<'a, Own<K>>;

    fn empty(workers: usize) -> Self {
        Self((0..workers).map(|_| Mutex::default()).collect())
    }

    fn session(&self, worker: usize) -> Self::Session<'_> {
        self.0[worker]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn copies(&self) -> usize {
        self.0.len()
    }
}

impl<K: Key> Session<K> for MutexGuard<'_, Own<K>> {
    type Held = Object;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        HashMap::get(self, key).is_some_and(|object| tree::read(object, field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<Object> {
        HashMap::get(self, key).cloned()
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        self.get_mut(key).is_some_and(Held::increment)
    }

    #[inline]
    fn create(&mut self, key: &K, held: Object) -> bool {
        match self.entry(key.clone()) {
            Place::Vacant(vacant) => {
                vacant.insert(held);
                true
            }
            Place::Occupied(_) => false,
        }
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        HashMap::remove(self, key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &Object)) {
        self.iter().for_each(|(key, held)| show(key, held));
    }
}
