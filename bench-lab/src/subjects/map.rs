//! What a map that never awaits must do to be a subject, for keys and documents of any type.

use super::body::Held;
use super::{Audit, Perform, Subject};
use crate::documents::{Dataset, Target};
use crate::keys::{Key, Keys};
use crate::worker::Worker;
use crate::workload::{Action, Operation};

/// A map, named before the type of its keys is known.
pub(super) trait Family: 'static {
    /// The map with keys of that type.
    type Map<K: Key>: Map<K>;
}

/// A map that can be filled and worked with by several threads at once.
pub(super) trait Map<K: Key>: Send + Sync + Sized + 'static {
    /// How it holds documents.
    type Held: Held;
    /// What one thread works with.
    type Session<'a>: Session<K, Held = Self::Held>;

    /// An empty map for so many workers, each with a session of its own at a time.
    fn empty(workers: usize) -> Self;

    /// What the worker with this index works with.
    fn session(&self, worker: usize) -> Self::Session<'_>;

    /// Of how many workers each has a map of its own; 1 if all share one.
    fn copies(&self) -> usize {
        1
    }
}

/// What one thread does with a map. What returns a bool says whether it was done: the entry was
/// there, or not yet there if it was to be created.
pub(super) trait Session<K: Key> {
    type Held: Held;

    /// Looks up a field of a document.
    fn read(&mut self, key: &K, field: &str) -> bool;

    /// An owned handle of a document, or a copy where there are no handles.
    fn get(&mut self, key: &K) -> Option<Self::Held>;

    /// Makes the counter of a document one higher, whatever others do meanwhile.
    fn update(&mut self, key: &K) -> bool;

    /// Adds an entry that is not there.
    fn create(&mut self, key: &K, held: Self::Held) -> bool;

    /// Takes an entry away.
    fn remove(&mut self, key: &K) -> bool;

    /// Shows every entry, all as of one instant if the map can do that.
    fn visit(&mut self, show: impl FnMut(&K, &Self::Held));

    /// Copies every entry and drops the copies again; returns how many there were.
    fn snapshot(&mut self, expected: usize) -> usize {
        let mut entries = Vec::with_capacity(expected);
        self.visit(|key, held| entries.push((key.clone(), held.clone())));
        entries.len()
    }
}

/// Fills a map of that family with the documents.
pub(super) fn fill<F: Family>(
    dataset: &Dataset,
    workers: usize,
) -> Result<Box<dyn Subject>, String> {
    Ok(match dataset.keys {
        Keys::String => Box::new(Filled::<contexture::ContextId, F::Map<_>>::new(
            dataset, workers,
        )?),
        Keys::U64 => Box::new(Filled::<u64, F::Map<_>>::new(dataset, workers)?),
    })
}

/// A map with documents in it.
struct Filled<K: Key, M: Map<K>> {
    map: M,
    targets: Box<[Target<K>]>,
    /// What documents are created from.
    template: M::Held,
}

impl<K: Key, M: Map<K>> Filled<K, M> {
    fn new(dataset: &Dataset, workers: usize) -> Result<Self, String> {
        let map = M::empty(workers);
        let targets = dataset.targets::<K>();
        for copy in 0..map.copies() {
            let mut session = map.session(copy);
            for (entry, target) in targets.iter().enumerate() {
                let held = M::Held::new(dataset, entry)?;
                if !session.create(&target.key, held) {
                    return Err("an entry is there already".into());
                }
            }
        }
        let template = M::Held::new(dataset, dataset.typical_context())?;
        Ok(Self {
            map,
            targets,
            template,
        })
    }
}

impl<K: Key, M: Map<K>> Subject for Filled<K, M> {
    fn work(&self, worker: &mut Worker<'_>) {
        let session = self.map.session(worker.index());
        let mut hand = Hand {
            session,
            targets: &self.targets,
            template: self.template.fresh(),
        };
        hand.drive(worker);
    }

    fn audit(&self) -> Audit {
        let mut audit = Audit::default();
        for copy in 0..self.map.copies() {
            let mut entries = 0;
            self.map.session(copy).visit(|_, held| {
                entries += 1;
                audit.updates += held.counter();
            });
            // If one copy lacks entries, that is what must be seen.
            let odd = copy == 0 || entries != self.targets.len();
            audit.entries = if odd { entries } else { audit.entries };
        }
        audit
    }
}

/// One worker at a map.
struct Hand<'a, K, S: Session<K>>
where
    K: Key,
{
    session: S,
    targets: &'a [Target<K>],
    template: S::Held,
}

impl<K: Key, S: Session<K>> Perform for Hand<'_, K, S> {
    #[inline]
    fn perform(&mut self, operation: Operation) -> bool {
        let Target { key, field } = &self.targets[operation.entry()];
        match operation.action() {
            Action::Read => self.session.read(key, field),
            Action::Get => self.session.get(key).is_some_and(|held| held.read(field)),
            Action::Update => self.session.update(key),
            Action::Create => self.session.create(key, self.template.fresh()),
            Action::Remove => self.session.remove(key),
            // Due by time, never drawn.
            Action::Snapshot => false,
        }
    }

    fn snapshot(&mut self) -> bool {
        self.session.snapshot(self.targets.len()) == self.targets.len()
    }
}
