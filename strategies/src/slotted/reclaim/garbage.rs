//! What was unlinked, kept until nobody can be looking at it.

use crossbeam_utils::CachePadded;

use super::domain::{Watch, advance, record};
use crate::sync::{Graveyard, Mutex, Pace};

/// Something that was unlinked. Dropping it frees it.
pub(crate) trait Retired {
    /// What a thread would protect that looks at it; null if nobody can.
    fn address(&self) -> *const ();

    /// Says that it is over with it; see [`Life`](crate::sync::Life).
    fn end(&self);
}

/// What was unlinked from one store.
///
/// It is put into bags, about one a thread. When a bag is due, which depends on what is in it and on
/// the time that has passed (see [`Pace`]), a new epoch begins, all threads pass a fence, and what was
/// unlinked in former epochs than the oldest that a thread is pinned in is freed, unless it is
/// protected. So a reader that stands still inside a closure keeps one version; one that the system
/// stops while it follows pointers keeps what is unlinked meanwhile, and writers let it go on.
pub(crate) struct Garbage<T: Retired> {
    bags: Box<[CachePadded<Mutex<Bag<T>>>]>,
    graveyard: Graveyard<T>,
}

struct Bag<T> {
    /// What has come since the last look.
    fresh: Vec<T>,
    /// What could not be freed then, with the epoch that began after it was unlinked.
    waiting: Vec<(usize, T)>,
    pace: Pace,
}

impl<T> Default for Bag<T> {
    fn default() -> Self {
        Self {
            fresh: Vec::new(),
            waiting: Vec::new(),
            pace: Pace::default(),
        }
    }
}

impl<T: Retired> Garbage<T> {
    /// Empty bags, a power of two of them.
    pub(crate) fn new(bags: usize) -> Self {
        debug_assert!(bags.is_power_of_two());
        Self {
            bags: (0..bags).map(|_| CachePadded::default()).collect(),
            graveyard: Graveyard::default(),
        }
    }

    /// Everything that has not been freed yet.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.bags.iter_mut().flat_map(|bag| {
            let Bag { fresh, waiting, .. } = bag.get_mut();
            fresh
                .iter_mut()
                .chain(waiting.iter_mut().map(|(_, item)| item))
        })
    }

    /// Frees something as soon as nobody can be looking at it any more. Neither a lock may be held,
    /// since freeing runs code of the user's, nor may the thread be pinned.
    pub(crate) fn retire(&self, unlinked: impl IntoIterator<Item = T>) {
        let bag = &self.bags[record().number & (self.bags.len() - 1)];
        let due = {
            let mut bag = bag.lock();
            bag.fresh.extend(unlinked);
            let Bag { fresh, pace, .. } = &mut *bag;
            if !pace.is_due(fresh.len()) {
                return;
            }
            Bag {
                fresh: std::mem::take(&mut bag.fresh),
                waiting: std::mem::take(&mut bag.waiting),
                pace: Pace::default(),
            }
        };
        let looked_at = due.look();
        let crowded = Pace::is_crowded(looked_at.bag.waiting.len());
        bag.lock().take_back(looked_at.bag);
        self.graveyard.bury(looked_at.over, T::end);
        if crowded {
            // Somebody who is pinned does not run.
            std::thread::yield_now();
        }
    }
}

/// A bag that was looked through.
struct LookedAt<T> {
    bag: Bag<T>,
    /// What nobody can be looking at.
    over: Vec<T>,
}

impl<T: Retired> Bag<T> {
    /// Sorts out what is over.
    fn look(mut self) -> LookedAt<T> {
        let epoch = advance();
        let fresh = self.fresh.drain(..).map(|item| (epoch, item));
        self.waiting.extend(fresh);
        let watch = self.pace.time(Watch::new);
        let over = |(epoch, item): &mut (usize, T)| watch.is_over(*epoch, item.address());
        let over = self.waiting.extract_if(.., over).map(|(_, item)| item);
        LookedAt {
            over: over.collect(),
            bag: self,
        }
    }

    /// Puts back what is not over, and the room for more.
    fn take_back(&mut self, mut looked_at: Self) {
        self.pace.learn(&looked_at.pace);
        if self.fresh.is_empty() {
            std::mem::swap(&mut self.fresh, &mut looked_at.fresh);
        }
        if self.waiting.is_empty() {
            std::mem::swap(&mut self.waiting, &mut looked_at.waiting);
        } else {
            self.waiting.append(&mut looked_at.waiting);
        }
    }
}
