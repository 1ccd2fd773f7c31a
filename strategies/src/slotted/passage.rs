//! What every commit passes through, and a snapshot closes for an instant.

use super::reclaim::{Record, record, records};
use crate::faults::{fault, ordering};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard, Relax, fence};

/// Commits pass at the same time as each other, but not as [`close`](Passage::close)d: a snapshot, or
/// its hook, sees each of them before it or not at all.
///
/// To pass, a writer writes its own [`Record`] only. Who closes makes all threads pass a fence.
///
/// It also tells commits which *era* they belong to: one begins with each snapshot.
pub(crate) struct Passage {
    /// 1 while it is closed.
    closed: AtomicUsize,
    /// Changes only while it is closed.
    era: AtomicUsize,
    /// Whether a snapshot of the era before this one is being taken. Set while it is closed.
    walking: AtomicUsize,
    /// Held by the one who has closed it.
    closer: Mutex<()>,
    /// Held by the one who takes a snapshot; taken before `closer`.
    walker: Mutex<()>,
}

/// The instant of a commit.
pub(crate) trait Instant {
    /// The passage that the commit passes.
    fn passage(&self) -> &Passage;

    /// What the commit belongs to.
    fn era(&self) -> usize {
        // Relaxed: it changes only while nobody passes; see the Acquire in `pass`.
        self.passage().era.load(Ordering::Relaxed)
    }

    /// Whether a snapshot is being taken that must not see this commit.
    fn is_walked(&self) -> bool {
        // Relaxed: as the era. That it no longer is may be seen late.
        self.passage().walking.load(Ordering::Relaxed) != 0
            && !fault!("nothing-is-kept-for-snapshots")
    }
}

impl Instant for Passing<'_> {
    fn passage(&self) -> &Passage {
        self.passage
    }
}

impl Instant for Closed<'_> {
    fn passage(&self) -> &Passage {
        self.passage
    }
}

impl Default for Passage {
    fn default() -> Self {
        Self {
            closed: AtomicUsize::new(0),
            era: AtomicUsize::new(1),
            walking: AtomicUsize::new(0),
            closer: Mutex::default(),
            walker: Mutex::default(),
        }
    }
}

impl Passage {
    /// What the record of a thread says that is in this passage.
    fn name(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Waits until it is open, and passes until that is dropped. Whoever passes must not wait for
    /// anyone who may wait here.
    #[inline]
    pub(crate) fn pass(&self) -> Passing<'_> {
        let record = record();
        let mut relax = Relax::default();
        loop {
            // Relaxed: it publishes nothing; partner of the fences is the load in `wait_for_passing`.
            record.passing.store(self.name(), Ordering::Relaxed);
            if !fault!("passing-without-fence") {
                // Partner of the heavy one in `close`: that sees this thread pass, or this thread that
                // it is closed.
                fence::light();
            }
            // Acquire: partner of the Release in the drop of `Closed`: whoever passes later sees all
            // that was done while it was closed.
            let closed = self.closed.load(ordering!(Acquire));
            if closed == 0 || fault!("closed-passage-is-passed") {
                return Passing {
                    passage: self,
                    record,
                };
            }
            // Relaxed: it has done nothing here.
            record.passing.store(0, Ordering::Relaxed);
            while {
                relax.relax();
                // Relaxed: looked at again above.
                self.closed.load(Ordering::Relaxed) != 0
            } {}
        }
    }

    /// Waits until nobody passes, and lets nobody in until it is dropped.
    pub(crate) fn close(&self) -> Closed<'_> {
        let closed = Closed {
            passage: self,
            _closer: self.closer.lock(),
        };
        // Relaxed: partner of the fences is the load in `pass`.
        self.closed.store(1, Ordering::Relaxed);
        self.wait_for_passing();
        closed
    }

    /// Waits until no other snapshot is being taken, and begins to take one: of what was committed
    /// before `hook` runs.
    pub(crate) fn walk<R>(&self, hook: impl FnOnce() -> R) -> (Walk<'_>, R) {
        let walker = self.walker.lock();
        let closed = (!fault!("snapshots-close-nothing")).then(|| self.close());
        let at = hook();
        // Relaxed: see `Instant::era`; the Release is in the drop of `Closed`.
        let era = self.era.fetch_add(1, Ordering::Relaxed) + 1;
        self.walking.store(1, Ordering::Relaxed);
        drop(closed);
        let walk = Walk {
            passage: self,
            era,
            _walker: walker,
        };
        (walk, at)
    }

    /// Waits for all who passed when this was called.
    fn wait_for_passing(&self) {
        if !fault!("closing-without-fence") {
            // Partner of the light one in `pass`.
            fence::heavy();
        }
        if fault!("nobody-is-let-out") {
            return;
        }
        for record in records() {
            let mut relax = Relax::default();
            // Acquire: partner of the Release in the drop of `Passing`.
            let order = ordering!(Acquire);
            while record.passing.load(order) == self.name() {
                relax.relax();
            }
        }
    }
}

/// Somebody passes.
pub(crate) struct Passing<'a> {
    passage: &'a Passage,
    record: &'static Record,
}

impl Drop for Passing<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: partner of the Acquire in `wait_for_passing`.
        let order = ordering!(Release);
        self.record.passing.store(0, order);
    }
}

/// Nobody passes.
pub(crate) struct Closed<'a> {
    passage: &'a Passage,
    _closer: MutexGuard<'a, ()>,
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        // Release: partner of the Acquire in `pass`.
        let order = ordering!(Release);
        self.passage.closed.store(0, order);
    }
}

/// A snapshot is being taken.
pub(crate) struct Walk<'a> {
    passage: &'a Passage,
    /// What is of this era is not in the snapshot.
    era: usize,
    _walker: MutexGuard<'a, ()>,
}

impl Walk<'_> {
    /// Whether what was committed in this era is not in the snapshot.
    pub(crate) fn is_after(&self, era: usize) -> bool {
        era >= self.era
    }

    /// Waits for all who still keep something for it.
    pub(crate) fn end(&self) {
        // Relaxed: who sees it late is waited for.
        self.passage.walking.store(0, Ordering::Relaxed);
        self.passage.wait_for_passing();
    }
}

impl Drop for Walk<'_> {
    /// Also if it comes to a panic.
    fn drop(&mut self) {
        // Relaxed: as in `end`.
        self.passage.walking.store(0, Ordering::Relaxed);
    }
}
