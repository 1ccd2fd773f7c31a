//! Several changes at one instant.

use std::ptr::NonNull;

use super::index::Lines;
use super::latch::Brief;
use super::passage::{Closed, Instant, Passage, Passing};
use super::reclaim::{Pin, pin};
use super::slot::{Borrowed, Pending, Slot};
use super::{Changes, Discarded, Owned, Slotted, wait};
use crate::core::changes::{Hook, Prepared};
use crate::core::gate::{Gate, Turn};
use crate::core::table::table_index;
use crate::error::BatchError;
use crate::faults::{fault, ordering};
use crate::strategy::{Key, Value};
use crate::sync::atomic::AtomicUsize;
use crate::sync::{self, Life, MutexGuard};
use crate::{Change, Version, Versioned};

/// A batch that is being committed. Each of its slots holds a [`Pending`] part of it, which is what
/// the slot held before until the batch lands, and from then on what it will hold.
pub(super) struct Flight<V> {
    landed: AtomicUsize,
    parts: Vec<Pending<V>>,
    pub(super) life: Life,
}

impl<V> Flight<V> {
    fn new() -> Owned<Self> {
        Owned::new(Self {
            landed: AtomicUsize::new(0),
            parts: Vec::new(),
            life: Life::default(),
        })
    }

    /// Commits all parts.
    fn land(&self) {
        // Release: partner of the Acquire in `Pending::resolve`.
        let order = ordering!(Release);
        self.landed.store(1, order);
    }
}

/// The instant of a batch.
enum When<'a> {
    Passing(Passing<'a>),
    Closed(Closed<'a>),
}

impl Instant for When<'_> {
    fn passage(&self) -> &Passage {
        match self {
            Self::Passing(passing) => passing.passage(),
            Self::Closed(closed) => closed.passage(),
        }
    }
}

/// What a batch has, to be given up in this order.
struct Grip<'a, K, V> {
    /// For each change its slot, if the key is there.
    slots: Vec<Option<&'a Slot<K, V>>>,
    _briefs: Vec<Brief<'a>>,
    /// Whether an update is under way of a key that is only required to be as it is. Its commit is
    /// kept out with all others, since a condition does not wait for a closure.
    closes: bool,
}

impl<K: Key, V: Value> Slotted<K, V> {
    pub(super) fn apply_prepared(
        &self,
        mut batch: Prepared<K, V>,
        hook: impl Hook<K, V>,
    ) -> Result<Vec<Option<Version>>, BatchError> {
        let mut hook = Some(hook);
        let mut turn = None;
        let hashes = batch.hashes();
        loop {
            let indices = hashes.iter();
            let indices = indices.map(|&hash| table_index(hash, self.shards.len()));
            let mut locked = self.lock_shards(indices.collect());
            let done = self
                .grip(&batch, turn.as_ref(), &pin())
                .map(|grip| self.apply_gripped(&mut batch, &grip, &mut locked, &mut hook));
            drop(locked);
            match done {
                Ok(done) => {
                    drop(turn);
                    let (versions, discarded, leftovers) = done?;
                    self.garbage.retire(discarded);
                    drop(leftovers);
                    return Ok(versions);
                }
                Err(gate) => wait(gate, &mut turn)?,
            }
        }
    }

    /// Has all slots of a batch; `Err` with what to [wait] at for one that an update is under way of.
    fn grip<'a>(
        &self,
        batch: &Prepared<K, V>,
        turn: Option<&Turn>,
        pin: &'a Pin,
    ) -> Result<Grip<'a, K, V>, Option<sync::Arc<Gate>>> {
        let mut grip = Grip {
            slots: Vec::with_capacity(batch.0.len()),
            _briefs: Vec::with_capacity(batch.0.len()),
            closes: false,
        };
        for (hash, key, change) in &batch.0 {
            let slot = self.shard(*hash).index.find(*hash, key, pin);
            grip.slots.push(slot);
            let Some(slot) = slot else {
                continue;
            };
            match slot.latch.brief(turn) {
                Some(brief) => grip._briefs.push(brief),
                None if matches!(change, Change::Require { .. }) => grip.closes = true,
                None if fault!("slotted-batch-ignores-running-updates") => {}
                None => return Err(slot.latch.to_wait_at()),
            }
        }
        Ok(grip)
    }

    /// Commits a batch, if all of it is possible.
    #[allow(clippy::type_complexity, reason = "it is taken apart at once")]
    fn apply_gripped(
        &self,
        batch: &mut Prepared<K, V>,
        grip: &Grip<'_, K, V>,
        locked: &mut [(usize, MutexGuard<'_, Changes>)],
        hook: &mut Option<impl Hook<K, V>>,
    ) -> Result<(Vec<Option<Version>>, Vec<Discarded<K, V>>, Vec<K>), BatchError> {
        let shards = self.shards.len();
        let place = |hash: u64, locked: &[(usize, MutexGuard<'_, Changes>)]| {
            let index = table_index(hash, shards);
            locked.partition_point(|(other, _)| *other < index)
        };
        let when = match grip.closes && !fault!("condition-lets-others-commit") {
            true => When::Closed(self.passage.close()),
            false => When::Passing(self.passage.pass()),
        };
        // From here on nobody else commits to the slots: they are had, or nobody passes.
        let before: Vec<Option<Borrowed<'_, V>>> = grip
            .slots
            .iter()
            .map(|slot| slot.and_then(Slot::current))
            .collect();
        let current = |index: usize, _: u64, _: &K| before[index].as_deref();
        let first = |hash| locked[place(hash, locked)].1.first_version();
        let decided = batch.decide(current, first)?;
        let places = decided.take_places(&self.core)?;
        batch.tell(current, hook);
        places.keep();

        let mut discarded = Vec::with_capacity(2 * before.len());
        self.make_room(batch, &before, locked, &place, &mut discarded);
        let mut flight = Flight::new();
        // SAFETY: it is not shared yet.
        let landed: *const AtomicUsize = unsafe { &raw const (*flight.0.as_ptr()).landed };
        let mut leftovers = Vec::with_capacity(before.len());
        let mut flying = Vec::with_capacity(before.len());
        for ((index, before), (hash, key, change)) in
            before.iter().enumerate().zip(std::mem::take(&mut batch.0))
        {
            let after = match change {
                Change::Create(next)
                | Change::Put(next)
                | Change::CompareAndSet { value: next, .. } => Some(next.into_raw()),
                Change::Remove { .. } => None,
                Change::Require { .. } => {
                    leftovers.push(key);
                    continue;
                }
            };
            let (slot, added) = match (grip.slots[index], before) {
                (Some(slot), Some(_)) => {
                    leftovers.push(key);
                    (NonNull::from(slot), false)
                }
                _ => (Owned::new(Slot::new(hash, key)).into_raw(), true),
            };
            flying.push(Flying {
                slot,
                added,
                before: before.as_ref().map(Borrowed::as_raw),
                after,
            });
        }
        // SAFETY: it is not shared yet.
        let parts = unsafe { &mut flight.0.as_mut().parts };
        parts.extend(
            flying
                .iter()
                .map(|it| Pending::new(it.before, it.after, landed)),
        );
        let era = when.era();
        for (it, part) in flying.iter().zip(flight.as_ref().parts.iter()) {
            // SAFETY: it is had, or was made above.
            let slot = unsafe { it.slot.as_ref() };
            if let Some(before) = it.before {
                // SAFETY: it is in the slot.
                let before = unsafe { Borrowed::new(before) };
                self.keep(&when, slot, &before);
            }
            if fault!("batch-lands-part-by-part") {
                slot.publish(it.after, era);
            } else {
                slot.stage(NonNull::from(part), era);
            }
            if it.added {
                locked[place(slot.hash, locked)].1.len += 1;
                self.shard(slot.hash).index.insert(it.slot);
            }
        }
        flight.as_ref().land();
        for it in &flying {
            // SAFETY: as above; it is taken out only here.
            let slot = unsafe { it.slot.as_ref() };
            slot.publish(it.after, era);
            if let Some(before) = it.before {
                // SAFETY: it is no longer in the slot, for which it counted as a handle.
                let before = unsafe { Versioned::from_raw(before) };
                if it.after.is_none() {
                    locked[place(slot.hash, locked)].1.lose(before.version());
                    self.shard(slot.hash).index.remove(it.slot);
                    discarded.push(Discarded::Slot(Owned(it.slot)));
                }
                discarded.push(Discarded::Version(before));
            }
        }
        discarded.push(Discarded::Flight(flight));
        drop(when);
        decided.give_back_places(&self.core);
        Ok((decided.versions, discarded, leftovers))
    }

    /// Makes room for all slots that a batch adds.
    fn make_room(
        &self,
        batch: &Prepared<K, V>,
        before: &[Option<Borrowed<'_, V>>],
        locked: &[(usize, MutexGuard<'_, Changes>)],
        place: &impl Fn(u64, &[(usize, MutexGuard<'_, Changes>)]) -> usize,
        discarded: &mut Vec<Discarded<K, V>>,
    ) {
        let mut added = vec![0; locked.len()];
        for ((hash, _, change), before) in batch.0.iter().zip(before) {
            let adds = before.is_none() && matches!(change, Change::Create(_) | Change::Put(_));
            added[place(*hash, locked)] += usize::from(adds);
        }
        for ((index, changes), added) in locked.iter().zip(added) {
            let index = &self.shards[*index].index;
            let outgrown: Option<Lines<K, V>> = match added {
                0 => None,
                added => index.make_room(changes.len, changes.len + added),
            };
            discarded.extend(outgrown.map(Discarded::Lines));
        }
    }
}

/// One change of a batch, on its way.
struct Flying<K, V> {
    slot: NonNull<Slot<K, V>>,
    /// Whether the slot is new.
    added: bool,
    before: Option<NonNull<crate::version::Node<V>>>,
    after: Option<NonNull<crate::version::Node<V>>>,
}
