//! [`papaya`](https://docs.rs/papaya), at its best: reads under a pinned guard, updates by copy
//! and compare-and-swap, of the same flat documents that the strategies hold; and of those behind
//! an `Arc`, where documents are handed out.

use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
use papaya::{Compute, HashMap, Operation};

use super::body::Immutable;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 2] = [
    Entry {
        about: about(
            "papaya",
            "a guard an operation, `get` and `compute`; no lock, a lost race copies again; a \
             snapshot iterates, not as of one instant; foldhash",
        ),
        fill: map::fill::<Papaya<Document>>,
    },
    Entry {
        about: about(
            "papaya-arc",
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Papaya<Arc<Document>>>,
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

struct Papaya<H>(PhantomData<H>);

impl<H: Immutable> Family for Papaya<H> {
    type Map<K: Key> = HashMap<K, H, RandomState>;
}

impl<K: Key, H: Immutable> Map<K> for HashMap<K, H, RandomState> {
    type Held = H;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key, H: Immutable> Session<K> for &HashMap<K, H, RandomState> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        self.pin().get(key).is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        self.pin().get(key).cloned()
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let pinned = self.pin();
        let outcome = pinned.compute(key.clone(), |entry| {
            match entry.and_then(|(_, held)| held.incremented()) {
                Some(next) => Operation::Insert(next),
                None => Operation::Abort(()),
            }
        });
        matches!(outcome, Compute::Updated { .. })
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        self.pin().try_insert(key.clone(), held).is_ok()
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.pin().remove(key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        self.pin().iter().for_each(|(key, held)| show(key, held));
    }
}
