//! [`flurry`](https://docs.rs/flurry), a port of Java's `ConcurrentHashMap`: reads under a pinned
//! guard, updates of a key under the lock of its bin.

use std::sync::Arc;

use contexture::Document;
use flurry::HashMap;
use foldhash::fast::RandomState;

use super::body::{Held, Immutable};
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::keys::Key;
use crate::verification::Verification;

type Value = Arc<Document>;

pub(super) const ENTRIES: [Entry; 1] = [Entry {
    about: About {
        name: "flurry",
        kind: Kind::Peer,
        body: Body::Copied,
        verification: Verification::NONE,
        note: "a guard an operation, `get` and `compute_if_present`, each document behind an \
               `Arc`; a snapshot iterates, not as of one instant; foldhash",
    },
    fill: map::fill::<Flurry>,
}];

struct Flurry;

impl Family for Flurry {
    type Map<K: Key> = HashMap<K, Value, RandomState>;
}

impl<K: Key> Map<K> for HashMap<K, Value, RandomState> {
    type Held = Value;
    type Session<'a> = &'a Self;

    fn empty(_workers: usize) -> Self {
        Self::with_hasher(RandomState::default())
    }

    fn session(&self, _worker: usize) -> &Self {
        self
    }
}

impl<K: Key> Session<K> for &HashMap<K, Value, RandomState> {
    type Held = Value;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        self.pin().get(key).is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<Value> {
        self.pin().get(key).cloned()
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let mut done = false;
        // To return nothing would remove the entry.
        self.pin().compute_if_present(key, |_, held| {
            let next = held.incremented();
            done = next.is_some();
            Some(next.unwrap_or_else(|| Arc::clone(held)))
        });
        done
    }

    #[inline]
    fn create(&mut self, key: &K, held: Value) -> bool {
        self.pin().try_insert(key.clone(), held).is_ok()
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.pin().remove(key).is_some()
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &Value)) {
        self.pin().iter().for_each(|(key, held)| show(key, held));
    }
}
