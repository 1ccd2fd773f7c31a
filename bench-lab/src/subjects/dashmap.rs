//! [`dashmap`](https://docs.rs/dashmap): changing documents in place under the lock of their
//! shard, which is its best at updates; with the body that strategies have, so that the difference
//! between the maps can be told from that between the bodies; and with that body behind an `Arc`,
//! its best where documents are handed out.

use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use dashmap::{DashMap, Entry as Place};
use foldhash::fast::RandomState;

use super::body::Held;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::documents::Object;
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 3] = [
    Entry {
        about: about(
            "dashmap",
            Body::InPlace,
            "`get` and `get_mut`: one lock a shard, nothing cloned; a snapshot copies shard after \
             shard, not as of one instant; foldhash",
        ),
        fill: map::fill::<Dash<Object>>,
    },
    Entry {
        about: about(
            "dashmap-copied",
            Body::Copied,
            "the same, and an update replaces a flat document by its copy under the lock",
        ),
        fill: map::fill::<Dash<Document>>,
    },
    Entry {
        about: about(
            "dashmap-arc",
            Body::Copied,
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Dash<Arc<Document>>>,
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

struct Dash<H>(PhantomData<H>);

impl<H: Held> Family for Dash<H> {
    type Map<K: Key> = DashMap<K, H, RandomState>;
}

impl<K: Key, H: Held> Map<K> for DashMap<K, H, RandomState> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Held> Session<K> for &DashMap<K, H, RandomState> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        DashMap::get(self, key).is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        DashMap::get(self, key).map(|held| held.clone())
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        self.get_mut(key).is_some_and(|mut held| held.increment())
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
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
        DashMap::remove(self, key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        self.iter()
            .for_each(|entry| show(entry.key(), entry.value()));
    }
}
