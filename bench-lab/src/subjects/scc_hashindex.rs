//! `HashIndex` of [`scc`](https://docs.rs/scc), made for reading: readers take no lock and write
//! nothing, writers take the lock of a bucket.
//!
//! A reader without a lock can miss an entry that is being updated, since its next version is
//! another entry of the bucket. So whoever finds nothing looks again under the lock, as users must
//! to whom an entry that vanishes now and then is an error.

use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
use scc::HashIndex;

use super::body::Immutable;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 2] = [
    Entry {
        about: about(
            "scc-hashindex",
            "`peek_with` without a lock, and `read_sync` with one if that misses an entry that is \
             being updated; `get_sync` and `update`; a snapshot iterates bucket after bucket, not \
             as of one instant; foldhash",
        ),
        fill: map::fill::<Index<Document>>,
    },
    Entry {
        about: about(
            "scc-hashindex-arc",
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Index<Arc<Document>>>,
    },
];

const fn about(name: &'static str, note: &'static str) -> About {
    About {
        name,
        kind: Kind::Peer,
        body: Body::Copied,
        verification: Verification::NONE,
        note,
    }
}

struct Index<H>(PhantomData<H>);

impl<H: Immutable> Family for Index<H> {
    type Map<K: Key> = HashIndex<K, H, RandomState>;
}

impl<K: Key, H: Immutable> Map<K> for HashIndex<K, H, RandomState> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Immutable> Session<K> for &HashIndex<K, H, RandomState> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        let read = |_: &K, held: &H| held.read(field);
        let found = self.peek_with(key, read);
        found.or_else(|| self.read_sync(key, read)) == Some(true)
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        let handle = |_: &K, held: &H| held.clone();
        let found = self.peek_with(key, handle);
        found.or_else(|| self.read_sync(key, handle))
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let Some(mut entry) = self.get_sync(key) else {
            return false;
        };
        let next = entry.get().incremented();
        next.map(|next| entry.update(next)).is_some()
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        self.insert_sync(key.clone(), held).is_ok()
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.remove_sync(key)
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        self.iter_sync(|key, held| {
            show(key, held);
            true
        });
    }
}
