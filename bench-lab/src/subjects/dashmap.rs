//! [`dashmap`](https://docs.rs/dashmap), at its best: documents by value, changed in place under
//! the lock of their shard.

use dashmap::DashMap;
use foldhash::fast::RandomState;

use super::body::tree;
use super::{About, Body, Entry, Kind, Session, Subject};
use crate::documents::{Dataset, Key, Object, Target};
use crate::error::LabError;
use crate::worker::Worker;

pub(super) const ENTRY: Entry = Entry {
    about: About {
        name: "dashmap",
        kind: Kind::Peer,
        body: Body::InPlace,
        verification: "none",
        note: "`get` and `get_mut`: one lock a shard, nothing cloned; foldhash",
    },
    fill: Map::fill,
};

struct Map(DashMap<Key, Object, RandomState>);

impl Map {
    fn fill(dataset: &Dataset, _workers: usize) -> Result<Box<dyn Subject>, LabError> {
        let map = DashMap::with_hasher(RandomState::default());
        for (context, target) in dataset.targets.iter().enumerate() {
            map.insert(target.key.clone(), dataset.object(context));
        }
        Ok(Box::new(Self(map)))
    }
}

impl Subject for Map {
    fn work(&self, worker: &mut Worker<'_>) {
        (&mut &*self).drive(worker);
    }

    fn updates(&self, _targets: &[Target]) -> u64 {
        self.0.iter().map(|entry| tree::counter(&entry)).sum()
    }
}

impl Session for &Map {
    #[inline]
    fn read(&mut self, target: &Target) -> bool {
        self.0
            .get(&target.key)
            .is_some_and(|object| tree::read(&object, &target.field))
    }

    #[inline]
    fn update(&mut self, target: &Target) -> bool {
        self.0
            .get_mut(&target.key)
            .is_some_and(|mut object| tree::increment(&mut object))
    }
}
