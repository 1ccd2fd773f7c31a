//! [`moka`](https://docs.rs/moka), the synchronous cache, without a limit: some use it as a map.

use std::sync::Arc;

use contexture::Document;
use foldhash::fast::RandomState;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;

use super::body::{Held, Immutable};
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::keys::Key;
use crate::verification::Verification;

type Value = Arc<Document>;

pub(super) const ENTRIES: [Entry; 1] = [Entry {
    about: About {
        name: "moka",
        kind: Kind::Peer,
        body: Body::Copied,
        verification: Verification::NONE,
        note: "`get` clones an `Arc`, for reads too; `and_compute_with`; no limit, nothing is \
               evicted; a snapshot iterates, not as of one instant; foldhash",
    },
    fill: map::fill::<Moka>,
}];

struct Moka;

impl Family for Moka {
    type Map<K: Key> = Cache<K, Value, RandomState>;
}

impl<K: Key> Map<K> for Cache<K, Value, RandomState> {
    type Held = Value;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Cache::builder().build_with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key> Session<K> for &Cache<K, Value, RandomState> {
    type Held = Value;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        Cache::get(self, key).is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<Value> {
        Cache::get(self, key)
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let outcome = self.entry_by_ref(key).and_compute_with(|entry| {
            match entry.and_then(|entry| entry.value().incremented()) {
                Some(next) => Op::Put(next),
                None => Op::Nop,
            }
        });
        matches!(outcome, CompResult::ReplacedWith(_))
    }

    #[inline]
    fn create(&mut self, key: &K, held: Value) -> bool {
        self.entry_by_ref(key).or_insert(held).is_fresh()
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        Cache::remove(self, key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &Value)) {
        self.iter().for_each(|(key, held)| show(&key, &held));
    }
}
