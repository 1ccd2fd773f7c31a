//! The limit on the number of entries.

use crate::faults::fault;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// A budget of entries. Unlimited, it counts nothing and writes nothing.
///
/// Invariant: `used` is at least the number of entries that anyone can see, since a place is taken
/// before its entry is added and given back after its entry is gone, both inside the critical
/// section that adds or removes the entry. So the limit holds across shards without a lock that
/// they share. (Where a critical section publishes its changes at its end, as in `arc-swap`, the
/// next one that could use a place given back begins only after that.)
///
/// Every ordering is Relaxed and has no partner: the counter publishes no other memory, and a
/// read-modify-write always sees the latest count.
pub(crate) struct Capacity {
    limit: Option<usize>,
    used: AtomicUsize,
}

impl Capacity {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            used: AtomicUsize::default(),
        }
    }

    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Takes `places`, to be kept or given back; if the limit does not allow it, takes none and
    /// returns the limit.
    pub(crate) fn take(&self, places: usize) -> Result<Places<'_>, usize> {
        let taken = || Places {
            capacity: self,
            places,
        };
        let Some(limit) = self.limit else {
            return Ok(taken());
        };
        let limit_here = limit + usize::from(fault!("limit-is-off-by-one"));
        let more = |used: usize| used.checked_add(places).filter(|&used| used <= limit_here);
        // Relaxed: see the type.
        let unchecked = fault!("limit-is-checked-before-it-is-taken")
            && more(self.used.load(Ordering::Relaxed)).is_some();
        self.used
            .fetch_update(Ordering::Relaxed, |used| {
                if unchecked {
                    Some(used + places)
                } else {
                    more(used)
                }
            })
            .map_or(Err(limit), |_| Ok(taken()))
    }

    /// Gives `places` back.
    pub(crate) fn give_back(&self, places: usize) {
        if self.limit.is_some() && places > 0 {
            // Relaxed: see the type.
            self.used.fetch_sub(places, Ordering::Relaxed);
        }
    }
}

/// Places that were taken for entries that are not there yet. Dropping this gives them back.
#[must_use]
pub(crate) struct Places<'a> {
    capacity: &'a Capacity,
    places: usize,
}

impl Places<'_> {
    /// The entries are certain to be added now.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        self.capacity.give_back(self.places);
    }
}
