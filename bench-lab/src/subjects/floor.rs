//! Not a competitor but the limit: what the operations cost when nothing is shared. Every worker
//! has a map of its own with all the documents, so this takes memory for each worker, and caches
//! hold less of it than of a shared map.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::body::tree;
use super::{About, Body, Entry, Kind, Session, Subject};
use crate::documents::{Dataset, Key, Object, Target};
use crate::error::LabError;
use crate::verification::Verification;
use crate::worker::Worker;

pub(super) const ENTRY: Entry = Entry {
    about: About {
        name: "hashmap-per-thread",
        kind: Kind::Floor,
        body: Body::InPlace,
        verification: Verification::NONE,
        note: "a `HashMap` of its own for every worker, no synchronisation at all; foldhash",
    },
    fill: Maps::fill,
};

type Map = HashMap<Key, Object, RandomState>;

/// Each worker locks its own map once a round, before the first operation.
struct Maps(Vec<Mutex<Map>>);

impl Maps {
    fn fill(dataset: &Dataset, workers: usize) -> Result<Box<dyn Subject>, LabError> {
        let fill_one = |_| {
            let targets = dataset.targets.iter().enumerate();
            let map =
                targets.map(|(context, target)| (target.key.clone(), dataset.object(context)));
            Mutex::new(map.collect())
        };
        Ok(Box::new(Self((0..workers).map(fill_one).collect())))
    }
}

impl Subject for Maps {
    fn work(&self, worker: &mut Worker<'_>) {
        let map = &self.0[worker.index()];
        map.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drive(worker);
    }

    fn updates(&self, _targets: &[Target]) -> u64 {
        let of_one = |map: &Mutex<Map>| {
            let map = map.lock().unwrap_or_else(PoisonError::into_inner);
            map.values().map(tree::counter).sum::<u64>()
        };
        self.0.iter().map(of_one).sum()
    }
}

impl Session for Map {
    #[inline]
    fn read(&mut self, target: &Target) -> bool {
        self.get(&target.key)
            .is_some_and(|object| tree::read(object, &target.field))
    }

    #[inline]
    fn update(&mut self, target: &Target) -> bool {
        self.get_mut(&target.key).is_some_and(tree::increment)
    }
}
