//! The commits of a store in order, as far back as they are kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::Lagged;
use crate::sync::{Mutex, wake};
use crate::{Commit, Revision};

/// The most commits that a reader takes at once. More would make writers wait while it does.
pub(super) const BATCH: usize = 64;

/// The newest commits of a store, in order, and who waits for more.
///
/// A commit gets its place inside the critical section of its write, and is *published* there when
/// that is over and everyone can see what it changed. Only then is it shown: whoever hears of a
/// change also finds it in the store. What has a place behind a commit that is not published waits
/// for it, so that the order has no gaps.
///
/// Writers take the lock inside their critical sections. So all that is done under it is to move a
/// few handles: commits are made, dropped and told to anyone without it.
#[derive(Debug)]
pub(crate) struct Log {
    ring: Mutex<Ring>,
    capacity: usize,
}

/// Invariant: `commits` are those of the revisions up to `last` without a gap; those up to
/// `visible` are there, and the one after it is not.
#[derive(Debug, Default)]
struct Ring {
    last: Revision,
    visible: Revision,
    /// `None` until it is published.
    commits: VecDeque<Option<Arc<Commit>>>,
    closed: bool,
    /// Who waits for a commit after `visible`, by the number of the subscription.
    waiting: BTreeMap<u64, Waker>,
    subscriptions: u64,
}

/// What a reader finds.
#[derive(Debug)]
pub(super) enum Found {
    /// The commits after the revision that was asked for, at least one; of how many there were.
    Commits { behind: u64 },
    /// Some are no longer kept.
    Lagged(Lagged),
    /// None yet.
    Nothing,
    /// None, and there will be no more.
    Closed,
}

impl Ring {
    /// The oldest revision that has a place, or the next if none has.
    fn oldest(&self) -> Revision {
        Revision::new(self.last.get() + 1 - self.commits.len() as u64)
    }

    /// The place of a revision that is not before `oldest`.
    fn place(&self, revision: Revision) -> usize {
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

    /// A place for one commit more, and so its revision. What is published behind it waits for
    /// it, so nothing may come between this and [`publish`](Log::publish) that could fail.
    pub(crate) fn append(&self) -> Revision {
        let mut ring = self.ring.lock();
        ring.last = ring.last.next();
        ring.commits.push_back(None);
        ring.last
    }

    /// Shows a commit that has a place, as soon as all before it are shown.
    pub(crate) fn publish(&self, revision: Revision, commit: Arc<Commit>) {
        // Has room for what is forgotten as a rule, so that nothing is allocated under the lock.
        let mut forgotten = Vec::with_capacity(4);
        let mut woken = BTreeMap::new();
        let mut ring = self.ring.lock();
        let place = ring.place(revision);
        ring.commits[place] = Some(commit);
        let shown = ring.place(ring.visible.next());
        if place == shown {
            let more = ring.commits.range(shown..);
            let more = more.take_while(|commit| commit.is_some()).count();
            ring.visible = Revision::new(ring.visible.get() + more as u64);
            woken = std::mem::take(&mut ring.waiting);
            let excess = (shown + more).saturating_sub(self.capacity);
            forgotten.extend(ring.commits.drain(..excess));
        }
        drop(ring);
        wake(woken.into_values());
    }

    /// The newest revision, published or not: what a snapshot taken now contains.
    pub(crate) fn last(&self) -> Revision {
        self.ring.lock().last
    }

    /// A number for a new subscription, and where it starts: after this revision, or else after
    /// everything there is now. `Err` with the newest revision if it would start after that.
    pub(super) fn subscribe(&self, after: Option<Revision>) -> Result<(u64, Revision), Revision> {
        let mut ring = self.ring.lock();
        let after = after.unwrap_or(ring.last);
        if after > ring.last {
            return Err(ring.last);
        }
        ring.subscriptions += 1;
        Ok((ring.subscriptions, after))
    }

    /// Forgets who waits under this number.
    pub(super) fn unsubscribe(&self, subscription: u64) {
        let waker = self.ring.lock().waiting.remove(&subscription);
        drop(waker);
    }

    /// Adds the commits after a revision to `into`, at most [`BATCH`]. If there are none, and a
    /// waker is given, it is woken when there are.
    pub(super) fn read(
        &self,
        after: Revision,
        into: &mut VecDeque<Arc<Commit>>,
        waiting: Option<(u64, Waker)>,
    ) -> Found {
        into.reserve(BATCH);
        let mut ring = self.ring.lock();
        if after >= ring.visible {
            if ring.closed {
                return Found::Closed;
            }
            let replaced = waiting.and_then(|(number, waker)| ring.waiting.insert(number, waker));
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
        let from = ring.place(after.next());
        let to = ring.place(ring.visible.next()).min(from + BATCH);
        into.extend(ring.commits.range(from..to).flatten().cloned());
        let behind = ring.visible.get() - after.get();
        Found::Commits { behind }
    }

    /// Says that there will be no more commits.
    pub(crate) fn close(&self) {
        let mut ring = self.ring.lock();
        ring.closed = true;
        let woken = std::mem::take(&mut ring.waiting);
        drop(ring);
        wake(woken.into_values());
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn commit(revision: Revision) -> Arc<Commit> {
        Arc::new(Commit {
            revision: Some(revision),
            time: SystemTime::UNIX_EPOCH,
            actor: None,
            changes: Vec::new(),
        })
    }

    fn shown(log: &Log, after: u64) -> Vec<u64> {
        let mut found = VecDeque::new();
        let after = Revision::new(after);
        assert!(!matches!(
            log.read(after, &mut found, None),
            Found::Lagged(_)
        ));
        let revisions = found.iter().filter_map(|commit| commit.revision);
        revisions.map(Revision::get).collect()
    }

    #[test]
    fn what_is_published_too_early_waits_for_what_is_before_it() {
        let log = Log::new(2);
        let places: Vec<_> = (0..4).map(|_| log.append()).collect();
        assert_eq!(log.last(), Revision::new(4));
        for &late in [&places[3], &places[1]] {
            log.publish(late, commit(late));
            assert!(shown(&log, 0).is_empty());
        }
        log.publish(places[0], commit(places[0]));
        assert_eq!(shown(&log, 0), [1, 2]);
        assert!(shown(&log, 2).is_empty());
        // What waits is neither forgotten nor shown, whatever the capacity.
        log.publish(places[2], commit(places[2]));
        assert_eq!(shown(&log, 2), [3, 4]);
        assert_eq!(log.ring.lock().commits.len(), 2);
    }

    #[test]
    fn only_what_is_shown_counts_as_kept() {
        let log = Log::new(1);
        let (first, second) = (log.append(), log.append());
        log.publish(first, commit(first));
        // The second one has its place, and does not push the first one out.
        assert_eq!(shown(&log, 0), [1]);
        log.publish(second, commit(second));
        assert_eq!(shown(&log, 1), [2]);
    }

    #[test]
    fn a_reader_takes_no_more_than_a_batch() {
        let log = Log::new(1_000);
        for _ in 0..BATCH + 1 {
            let revision = log.append();
            log.publish(revision, commit(revision));
        }
        assert_eq!(shown(&log, 0).len(), BATCH);
        assert_eq!(shown(&log, BATCH as u64), [BATCH as u64 + 1]);
    }

    #[test]
    fn nobody_waits_under_a_number_that_is_given_back() {
        let log = Log::new(1);
        let Ok((number, after)) = log.subscribe(None) else {
            unreachable!("now is not in the future")
        };
        let waiting = Some((number, Waker::noop().clone()));
        log.read(after, &mut VecDeque::new(), waiting);
        assert_eq!(log.ring.lock().waiting.len(), 1);
        log.unsubscribe(number);
        assert_eq!(log.ring.lock().waiting.len(), 0);
    }
}
