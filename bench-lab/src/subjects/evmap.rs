//! [`evmap`](https://docs.rs/evmap), two copies of a map of which readers use one while the writer
//! changes the other. It has one writer, so updates wait for a mutex around it; and each of them is
//! published at once, since it must be visible when it is acknowledged.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use contexture::Document;
use evmap::handles::{ReadHandle, WriteHandle};
use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::body::Immutable;
use super::map::{self, Family, Map, Session};
use super::{About, Body, Entry, Kind};
use crate::keys::Key;
use crate::verification::Verification;

pub(super) const ENTRIES: [Entry; 2] = [
    Entry {
        about: about(
            "evmap",
            "a read handle a worker, the writer behind a mutex, published after every write; a \
             snapshot is consistent and keeps writers waiting; foldhash",
        ),
        fill: map::fill::<Evmap<Document>>,
    },
    Entry {
        about: about(
            "evmap-arc",
            "the same with each document behind an `Arc`, which gets and snapshots clone",
        ),
        fill: map::fill::<Evmap<Arc<Document>>>,
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

struct Evmap<H>(PhantomData<H>);

impl<H: Immutable + Eq + Hash> Family for Evmap<H> {
    type Map<K: Key> = Halves<K, H>;
}

struct Halves<K: Key, H: Immutable + Eq + Hash> {
    /// It makes read handles, too.
    writer: Mutex<WriteHandle<K, H, (), RandomState>>,
}

struct Reader<'a, K: Key, H: Immutable + Eq + Hash> {
    halves: &'a Halves<K, H>,
    reader: ReadHandle<K, H, (), RandomState>,
}

impl<K: Key, H: Immutable + Eq + Hash> Map<K> for Halves<K, H> {
    type Held = H;
    type Session<'a> = Reader<'a, K, H>;

    fn empty(_workers: usize) -> Self {
        let options = evmap::Options::default();
        // SAFETY: both copies must hash and compare alike. Clones of a `RandomState` share their
        // seed, keys promise it (see `Key`), and documents derive both from an immutable text.
        let (writer, _) = unsafe {
            options
                .with_hasher(RandomState::default())
                .assert_stable::<K, H>()
        };
        Self {
            writer: Mutex::new(writer),
        }
    }

    fn session(&self, _worker: usize) -> Self::Session<'_> {
        Reader {
            halves: self,
            reader: ReadHandle::clone(&self.writer.lock()),
        }
    }
}

impl<K: Key, H: Immutable + Eq + Hash> Session<K> for Reader<'_, K, H> {
    type Held = H;

    #[inline]
    fn read(&mut self, key: &K, field: &str) -> bool {
        let held = self.reader.get_one(key);
        held.is_some_and(|held| held.read(field))
    }

    #[inline]
    fn get(&mut self, key: &K) -> Option<H> {
        self.reader.get_one(key).map(|held| held.clone())
    }

    #[inline]
    fn update(&mut self, key: &K) -> bool {
        let mut writer = self.halves.writer.lock();
        // The reader's guard is gone when this is over: publishing waits for all of them.
        let next = self.reader.get_one(key).and_then(|held| held.incremented());
        let Some(next) = next else {
            return false;
        };
        writer.update(key.clone(), next);
        writer.publish();
        true
    }

    #[inline]
    fn create(&mut self, key: &K, held: H) -> bool {
        let mut writer = self.halves.writer.lock();
        if self.reader.contains_key(key) {
            return false;
        }
        writer.update(key.clone(), held);
        writer.publish();
        true
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        let mut writer = self.halves.writer.lock();
        if !self.reader.contains_key(key) {
            return false;
        }
        writer.remove_entry(key.clone());
        writer.publish();
        true
    }

    fn visit(&mut self, mut show: impl FnMut(&K, &H)) {
        let Some(map) = self.reader.enter() else {
            return;
        };
        for (key, values) in map.iter() {
            values
                .get_one()
                .into_iter()
                .for_each(|held| show(key, held));
        }
    }
}
