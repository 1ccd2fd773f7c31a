//! [`papaya`](https://docs.rs/papaya), at its best: reads under a pinned guard, updates by
//! copy and compare-and-swap, of the same flat documents that the strategies hold.

use contexture::Document;
use foldhash::fast::RandomState;
use papaya::{Compute, HashMap, Operation};

use super::body::flat;
use super::{About, Body, Entry, Kind, Session, Subject};
use crate::documents::{Dataset, Key, Target};
use crate::error::LabError;
use crate::verification::Verification;
use crate::worker::Worker;

pub(super) const ENTRY: Entry = Entry {
    about: About {
        name: "papaya",
        kind: Kind::Peer,
        body: Body::Copied,
        verification: Verification::NONE,
        note: "a guard an operation, `get` and `compute`; no lock, a lost race copies again; foldhash",
    },
    fill: Map::fill,
};

struct Map(HashMap<Key, Document, RandomState>);

impl Map {
    fn fill(dataset: &Dataset, _workers: usize) -> Result<Box<dyn Subject>, LabError> {
        let map = HashMap::with_hasher(RandomState::default());
        for (context, target) in dataset.targets.iter().enumerate() {
            let document = dataset.document(context).map_err(|reason| LabError::Fill {
                subject: ENTRY.about.name,
                reason,
            })?;
            map.pin().insert(target.key.clone(), document);
        }
        Ok(Box::new(Self(map)))
    }
}

impl Subject for Map {
    fn work(&self, worker: &mut Worker<'_>) {
        (&mut &*self).drive(worker);
    }

    fn updates(&self, _targets: &[Target]) -> u64 {
        let pinned = self.0.pin();
        pinned.values().map(flat::counter).sum()
    }
}

impl Session for &Map {
    #[inline]
    fn read(&mut self, target: &Target) -> bool {
        self.0
            .pin()
            .get(&target.key)
            .is_some_and(|document| flat::read(document, &target.field))
    }

    #[inline]
    fn update(&mut self, target: &Target) -> bool {
        let pinned = self.0.pin();
        let outcome = pinned.compute(target.key.clone(), |entry| {
            match entry.and_then(|(_, document)| flat::incremented(document)) {
                Some(next) => Operation::Insert(next),
                None => Operation::Abort(()),
            }
        });
        matches!(outcome, Compute::Updated { .. })
    }
}
