//! One [`parking_lot`](https://docs.rs/parking_lot) `RwLock` around one `HashMap`: what most
//! programs begin with, and hard to beat with a single thread.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
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
            "rwlock",
            Body::InPlace,
            "`RwLock<HashMap>` of parking_lot, nothing cloned; a snapshot is consistent and keeps \
             writers waiting; foldhash",
        ),
        fill: map::fill::<One<Object>>,
    },
    Entry {
        about: about(
            "rwlock-copied",
            Body::Copied,
            "the same, and an update replaces a flat document by its copy under the lock",
        ),
        fill: map::fill::<One<Document>>,
    },
    Entry {
        about: about(
            "rwlock-arc",
            Body::Copied,
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<One<Arc<Document>>>,
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

struct One<H>(PhantomData<H>);

type Locked<K, H> = RwLock<HashMap<K, H, RandomState>>;

impl<H: Held> Family for One<H> {
    type Map<K: Key> = Locked<K, H>;
}

impl<K: Key, H: Held> Map<K> for Locked<K, H> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::default()
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Held> Session<K> for &Locked<K, H> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        RwLock::read(self)
            .get(key)
            .is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        RwLock::read(self).get(key).cloned()
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        self.write().get_mut(key).is_some_and(Held::increment)
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        match self.write().entry(key.clone()) {
            Place::Vacant(vacant) => {
                vacant.insert(held);
                true
            }
            Place::Occupied(_) => false,
        }
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        // Bound to a name, the lock is free again before the document is dropped.
        let removed = self.write().remove(key);
        removed.is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        RwLock::read(self)
            .iter()
            .for_each(|(key, held)| show(key, held));
    }
}
