//! [`dashmap`](https://docs.rs/dashmap), with each of the two bodies: at its best, changing
//! documents in place under the lock of their shard; and with the body that strategies have, so
//! that the difference between the maps can be told from that between the bodies.

use dashmap::DashMap;
use foldhash::fast::RandomState;

use super::body::Held;
use super::{About, Body, Entry, Kind, Session, Subject};
use crate::documents::{Dataset, Key, Object, Target};
use crate::error::LabError;
use crate::verification::Verification;
use crate::worker::Worker;
use contexture::Document;

pub(super) const IN_PLACE: Entry = Entry {
    about: About {
        name: "dashmap",
        kind: Kind::Peer,
        body: Body::InPlace,
        verification: Verification::NONE,
        note: "`get` and `get_mut`: one lock a shard, nothing cloned; foldhash",
    },
    fill: Map::<Object>::fill,
};

pub(super) const COPIED: Entry = Entry {
    about: About {
        name: "dashmap-copied",
        kind: Kind::Peer,
        body: Body::Copied,
        verification: Verification::NONE,
        note: "the same, and an update replaces a flat document by its copy under the lock",
    },
    fill: Map::<Document>::fill,
};

struct Map<H>(DashMap<Key, H, RandomState>);

impl<H: Held> Map<H> {
    fn fill(dataset: &Dataset, _workers: usize) -> Result<Box<dyn Subject>, LabError> {
        let map = DashMap::with_hasher(RandomState::default());
        for (context, target) in dataset.targets.iter().enumerate() {
            let held = H::new(dataset, context).map_err(|reason| LabError::Fill {
                subject: "dashmap",
                reason,
            })?;
            map.insert(target.key.clone(), held);
        }
        Ok(Box::new(Self(map)))
    }
}

impl<H: Held> Subject for Map<H> {
    fn work(&self, worker: &mut Worker<'_>) {
        (&mut &*self).drive(worker);
    }

    fn updates(&self, _targets: &[Target]) -> u64 {
        self.0.iter().map(|entry| entry.counter()).sum()
    }
}

impl<H: Held> Session for &Map<H> {
    #[inline]
    fn read(&mut self, target: &Target) -> bool {
        let held = self.0.get(&target.key);
        held.is_some_and(|held| held.read(&target.field))
    }

    #[inline]
    fn update(&mut self, target: &Target) -> bool {
        let held = self.0.get_mut(&target.key);
        held.is_some_and(|mut held| held.increment())
    }
}
