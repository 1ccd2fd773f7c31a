//! `HashMap` of [`scc`](https://docs.rs/scc): a lock a bucket of up to 32 entries.

use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
use scc::HashMap;

use super::body::Held;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::documents::Object;
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 3] = [
    Entry {
        about: about(
            "scc-hashmap",
            Body::InPlace,
            "`read_sync` and `update_sync` under the lock of a bucket; a snapshot iterates bucket \
             after bucket, not as of one instant; foldhash",
        ),
        fill: map::fill::<Scc<Object>>,
    },
    Entry {
        about: about(
            "scc-hashmap-copied",
            Body::Copied,
            "the same, and an update replaces a flat document by its copy under the lock",
        ),
        fill: map::fill::<Scc<Document>>,
    },
    Entry {
        about: about(
            "scc-hashmap-arc",
            Body::Copied,
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Scc<Arc<Document>>>,
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

struct Scc<H>(PhantomData<H>);

impl<H: Held> Family for Scc<H> {
    type Map<K: Key> = HashMap<K, H, RandomState>;
}

impl<K: Key, H: Held> Map<K> for HashMap<K, H, RandomState> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Held> Session<K> for &HashMap<K, H, RandomState> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        self.read_sync(key, |_, held| held.read(field)) == Some(true)
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        self.read_sync(key, |_, held| held.clone())
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        self.update_sync(key, |_, held| held.increment()) == Some(true)
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        self.insert_sync(key.clone(), held).is_ok()
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.remove_sync(key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        self.iter_sync(|key, held| {
            show(key, held);
            true
        });
    }
}
