//! The commits of a store in order, as far back as they are kept.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::Lagged;
use crate::sync::Mutex;
use crate::{Commit, Revision};

/// The newest commits of a store, in order, and who waits for more.
///
/// A commit is *appended* inside the critical section of its write, which gives it its revision,
/// and *published* when that is over and everyone can see what it changed. Only then is it shown:
/// whoever hears of a change also finds it in the store. What is appended behind a commit that is
/// not published waits for it, so that the order has no gaps.
#[derive(Debug)]
pub(crate) struct Log {
    ring: Mutex<Ring>,
    capacity: usize,
}

/// Invariant: `entries` are those of the revisions up to `last` without a gap; those up to
/// `visible` are published.
#[derive(Debug, Default)]
struct Ring {
    last: Revision,
    visible: Revision,
    entries: VecDeque<Entry>,
    closed: bool,
    /// Who waits for a commit after `visible`, by the number of the subscription.
    waiting: HashMap<u64, Waker>,
    subscriptions: u64,
}

#[derive(Debug)]
struct Entry {
    commit: Arc<Commit>,
    published: bool,
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// The commits after the revision that was asked for, at least one.
    Commits(Vec<Arc<Commit>>),
    /// Some are no longer kept.
    Lagged(Lagged),
    /// None yet.
    Nothing,
    /// None, and there will be no more.
    Closed,
}

impl Ring {
    /// The oldest revision that is kept, or the next if none is.
    fn oldest(&self) -> Revision {
        Revision::new(self.last.get() + 1 - self.entries.len() as u64)
    }

    /// Where a revision after `oldest` stands in `entries`.
    fn index(&self, revision: Revision) -> usize {
        (revision.get() - self.oldest().get()) as usize
    }
}

impl Log {
    /// An empty log that keeps so many published commits.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            ring: Mutex::default(),
            capacity,
        }
    }

    /// Adds the commit that `make` makes of the next revision. It must be [published] next.
    ///
    /// [published]: Log::publish
    pub(crate) fn append(&self, make: impl FnOnce(Revision) -> Arc<Commit>) -> Arc<Commit> {
        let mut ring = self.ring.lock();
        let revision = ring.last.next();
        let commit = make(revision);
        ring.last = revision;
        ring.entries.push_back(Entry {
            commit: Arc::clone(&commit),
            published: false,
        });
        commit
    }

    /// Shows an appended commit, as soon as all before it are shown.
    pub(crate) fn publish(&self, revision: Revision) {
        let mut ring = self.ring.lock();
        let index = ring.index(revision);
        ring.entries[index].published = true;
        let mut woken = HashMap::new();
        let mut forgotten = Vec::new();
        let shown = ring.index(ring.visible.next());
        let more = ring.entries.range(shown..);
        let more = more.take_while(|entry| entry.published).count();
        if more > 0 {
            ring.visible = Revision::new(ring.visible.get() + more as u64);
            woken = std::mem::take(&mut ring.waiting);
            let kept = shown + more;
            forgotten.extend(ring.entries.drain(..kept.saturating_sub(self.capacity)));
        }
        drop(ring);
        // A waker is a runtime's code, and documents may be large: both without the lock.
        drop(forgotten);
        woken.into_values().for_each(Waker::wake);
    }

    /// The newest revision, published or not: what a snapshot taken now contains.
    pub(crate) fn last(&self) -> Revision {
        self.ring.lock().last
    }

    /// The newest revision that is shown.
    pub(crate) fn visible(&self) -> Revision {
        self.ring.lock().visible
    }

    /// A number for a new subscription.
    pub(crate) fn subscribe(&self) -> u64 {
        let mut ring = self.ring.lock();
        ring.subscriptions += 1;
        ring.subscriptions
    }

    /// Forgets who waits under this number.
    pub(crate) fn unsubscribe(&self, subscription: u64) {
        let waker = self.ring.lock().waiting.remove(&subscription);
        drop(waker);
    }

    /// At most `most` commits after a revision. If there are none, and a waker is given, it is
    /// woken when there are.
    pub(crate) fn read(
        &self,
        after: Revision,
        most: usize,
        waiting: Option<(u64, Waker)>,
    ) -> Found {
        let mut ring = self.ring.lock();
        if after >= ring.visible {
            if ring.closed {
                return Found::Closed;
            }
            let replaced =
                waiting.and_then(|(subscription, waker)| ring.waiting.insert(subscription, waker));
            drop(ring);
            drop(replaced);
            return Found::Nothing;
        }
        let oldest = ring.oldest();
        if after.next() < oldest {
            return Found::Lagged(Lagged {
                from: after.next(),
                to: Revision::new(oldest.get() - 1),
            });
        }
        let from = ring.index(after.next());
        let to = ring.index(ring.visible.next()).min(from + most);
        let commits = ring.entries.range(from..to);
        Found::Commits(commits.map(|entry| Arc::clone(&entry.commit)).collect())
    }

    /// Says that there will be no more commits.
    pub(crate) fn close(&self) {
        let mut ring = self.ring.lock();
        ring.closed = true;
        let woken = std::mem::take(&mut ring.waiting);
        drop(ring);
        woken.into_values().for_each(Waker::wake);
    }
}
