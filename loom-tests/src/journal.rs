//! A journal that the hooks of writes and snapshots keep while a scenario runs, and whether the
//! store could have gone through it: what revisions and feeds are made of must be a history.

#![allow(
    clippy::disallowed_types,
    reason = "the explorers must not see it, but for the crossing"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use contexture_strategies::{Commit, Versioned};

use crate::history::{Event, History};
use crate::operation::{Answer, Call, Entry, Key, Write};
use crate::reference::Reference;
use crate::world::{Crossing, Payload};

/// Takes down what hooks see, in the order in which they run.
///
/// Hooks pass a crossing first: were there nothing for an explorer to see, it would never let
/// another thread go between the release of a lock and a hook that should have run before. Hooks
/// under one lock have one order anyway, so that hardly adds an interleaving.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    tickets: AtomicUsize,
    crossing: Crossing,
    records: Mutex<Vec<Record>>,
}

/// Stands for one call of the store.
pub(crate) type Ticket = usize;

/// Makes the hooks of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Witness<'a> {
    recorder: &'a Recorder,
    pub(crate) ticket: Ticket,
}

/// What one hook saw.
#[derive(Debug)]
struct Record {
    ticket: Ticket,
    /// `None` for a snapshot's.
    changes: Option<Vec<Change>>,
}

#[derive(Debug)]
struct Change {
    key: Key,
    before: Option<Entry>,
    after: Option<Entry>,
}

impl Recorder {
    pub(crate) fn witness(&self) -> Witness<'_> {
        Witness {
            recorder: self,
            // Relaxed: the tickets only have to differ.
            ticket: self.tickets.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn add(&self, record: Record) {
        self.crossing.pass();
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(record);
    }

    /// The journal, when all calls are over; `tickets` are those of the history's events.
    pub(crate) fn end(&self, tickets: Vec<Vec<Option<Ticket>>>) -> Journal {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        Journal {
            records: std::mem::take(&mut records),
            tickets,
        }
    }
}

impl<'a> Witness<'a> {
    /// The hook of a write.
    pub(crate) fn commit(self) -> impl FnOnce(&mut [Commit<'_, Key, Payload>]) + Send + use<'a> {
        move |commits| {
            let entry = |current: &Versioned<Payload>| Entry {
                version: current.version().get(),
                number: current.unwatched(),
            };
            let changes = commits.iter().map(|commit| Change {
                key: *commit.key(),
                before: commit.before().map(entry),
                after: commit.after().map(entry),
            });
            self.recorder.add(Record {
                ticket: self.ticket,
                changes: Some(changes.collect()),
            });
        }
    }

    /// The hook of a snapshot.
    pub(crate) fn mark(self) -> impl FnOnce() + Send + use<'a> {
        move || {
            self.recorder.add(Record {
                ticket: self.ticket,
                changes: None,
            });
        }
    }
}

/// What the hooks of an execution saw, in order.
#[derive(Debug, Default)]
pub struct Journal {
    records: Vec<Record>,
    /// Of each event of the history; `None` if it had no hook.
    tickets: Vec<Vec<Option<Ticket>>>,
}

impl Journal {
    /// Checks it against what happened.
    ///
    /// * The hook of each write and snapshot that was acknowledged ran once; that of a call whose
    ///   future was dropped at most once; no others did.
    /// * They ran in the order of their calls: that of a call that had returned when another was
    ///   made came first.
    /// * What they saw is what the [`Reference`] does if it is given the same calls in the same
    ///   order: so versions of a key are consecutive, answers are as the hooks said, and each
    ///   snapshot, the one at the end included, holds just what the journal says up to there.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self, history: &History) -> Result<(), String> {
        let events = self.events(history)?;
        in_order(&events)?;
        let mut store = Reference::new(history.limit, &history.entries);
        for (record, (.., event)) in self.records.iter().zip(events) {
            record
                .replay(event, &mut store)
                .map_err(|wrong| format!("{wrong}: {event}"))?;
        }
        Ok(())
    }

    /// The event of each record, with its thread and its place there.
    fn events<'a>(&self, history: &'a History) -> Result<Vec<(usize, usize, &'a Event)>, String> {
        let last = self.tickets.iter().flatten().flatten().max();
        let mut by_ticket = vec![None; last.map_or(0, |last| last + 1)];
        for (thread, (events, tickets)) in history.threads.iter().zip(&self.tickets).enumerate() {
            for (place, (event, ticket)) in events.iter().zip(tickets).enumerate() {
                if let Some(ticket) = ticket {
                    by_ticket[*ticket] = Some((thread, place, event));
                }
            }
        }
        let mut runs = vec![0_usize; by_ticket.len()];
        let mut events = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let event = by_ticket.get(record.ticket).copied().flatten();
            events.push(event.ok_or("a hook ran for a call that nobody made")?);
            runs[record.ticket] += 1;
        }
        for ((.., event), runs) in by_ticket
            .into_iter()
            .zip(runs)
            .filter_map(|(e, n)| Some((e?, n)))
        {
            let (least, most) = match &event.answer {
                Answer::Dropped if changes_or_marks(&event.call) => (0, 1),
                Answer::Wrote(_) | Answer::Updated { .. } | Answer::Removed(_) => (1, 1),
                Answer::Applied(_) | Answer::Whole(_) if changes_or_marks(&event.call) => (1, 1),
                _ => (0, 0),
            };
            if !(least..=most).contains(&runs) {
                return Err(format!("its hook ran {runs} times: {event}"));
            }
        }
        Ok(events)
    }
}

/// Whether the call has something to tell a hook if it succeeds.
fn changes_or_marks(call: &Call) -> bool {
    *call == Call::Snapshot || call.keys().into_iter().any(|key| call.writes(key))
}

/// Whether hooks ran in the order of their calls.
fn in_order(events: &[(usize, usize, &Event)]) -> Result<(), String> {
    let wrong = |event: &Event| {
        Err(format!(
            "its hook ran before that of an earlier call: {event}"
        ))
    };
    // Backwards: when the first of those that come later had returned; and, since a clock may
    // stand still, which one of its thread the next must be before.
    let mut returned = u64::MAX;
    let mut places = BTreeMap::new();
    for &(thread, place, event) in events.iter().rev() {
        if returned < event.called {
            return wrong(event);
        }
        if places
            .insert(thread, place)
            .is_some_and(|later| later < place)
        {
            return wrong(event);
        }
        returned = returned.min(event.returned);
    }
    Ok(())
}

impl Record {
    /// Makes the call of its event on the reference.
    fn replay(&self, event: &Event, store: &mut Reference) -> Result<(), String> {
        let (call, answer) = (&event.call, &event.answer);
        let Some(changes) = &self.changes else {
            let whole = Answer::Whole(store.entries());
            let same = *answer == Answer::Dropped || *answer == whole;
            return same
                .then_some(())
                .ok_or_else(|| format!("a snapshot is not what its hook's place says, {whole:?}"));
        };
        let written = call.keys().into_iter().filter(|&key| call.writes(key));
        if !written.eq(changes.iter().map(|change| change.key)) {
            return Err(format!(
                "its hook was not told of just what it writes, but of {self}"
            ));
        }
        for Change { key, before, .. } in changes {
            let held = store.get(*key);
            if held != *before {
                return Err(format!(
                    "its hook saw {self}, after hooks that left {held:?}"
                ));
            }
        }
        let told = self.answer(call, changes);
        if *answer != Answer::Dropped && told.as_ref() != Some(answer) {
            return Err(format!("its hook saw {self}"));
        }
        let replayed = told.as_ref().map(|told| store.replay(call, told));
        let after = changes
            .iter()
            .all(|change| store.get(change.key) == change.after);
        if replayed != told || !after {
            return Err(format!(
                "its hook saw {self}, where the contract has {replayed:?}"
            ));
        }
        Ok(())
    }

    /// The answer that a call must have which did this.
    fn answer(&self, call: &Call, changes: &[Change]) -> Option<Answer> {
        let Change { before, after, .. } = changes.first()?;
        let version = after.map(|after| after.version);
        match call {
            Call::Create(..) | Call::CompareAndSet(..) => version.map(Answer::Wrote),
            Call::Update(..) => version
                .zip(*before)
                .map(|(version, saw)| Answer::Updated { saw, version }),
            Call::Remove(..) if after.is_none() => before.map(Answer::Removed),
            Call::Apply(writes) => {
                let mut changes = changes.iter();
                let versions = writes.iter().map(|(_, write)| match write {
                    Write::Require(version) => *version,
                    _ => changes.next()?.after.map(|after| after.version),
                });
                Some(Answer::Applied(versions.collect()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.changes {
            Some(changes) => write!(f, "{changes:?}"),
            None => f.write_str("a snapshot"),
        }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in &self.records {
            writeln!(f, "  {record}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Refusal;

    fn entry(version: u64, number: u64) -> Option<Entry> {
        Some(Entry { version, number })
    }

    fn event(call: Call, answer: Answer, called: u64) -> Event {
        Event {
            call,
            answer,
            called,
            returned: called + 1,
        }
    }

    fn change(key: Key, before: Option<Entry>, after: Option<Entry>) -> Change {
        Change { key, before, after }
    }

    /// An update by one thread; a snapshot and a remove by another; a create that is refused.
    fn right() -> (History, Journal) {
        let (first, second) = (entry(1, 0), entry(2, 5));
        let updated = Answer::Updated {
            saw: first.unwrap(),
            version: 2,
        };
        let whole = Answer::Whole([(1, second.unwrap())].into());
        let refused = Answer::Refused(None, Refusal::Exists(2));
        let history = History {
            entries: [(1, first.unwrap())].into(),
            limit: None,
            threads: vec![
                vec![event(Call::Update(1, 5), updated, 1)],
                vec![
                    event(Call::Snapshot, whole, 3),
                    event(Call::Create(1, 7), refused, 5),
                    event(Call::Remove(1, None), Answer::Removed(second.unwrap()), 7),
                ],
            ],
        };
        let saw = [
            (0, Some(vec![change(1, first, second)])),
            (1, None),
            (3, Some(vec![change(1, second, None)])),
        ];
        let journal = Journal {
            records: saw
                .map(|(ticket, changes)| Record { ticket, changes })
                .into(),
            tickets: vec![vec![Some(0)], vec![Some(1), Some(2), Some(3)]],
        };
        (history, journal)
    }

    /// As if no clock had told which of two threads came first.
    fn untimed(history: &mut History) {
        for event in history.threads.iter_mut().flatten() {
            (event.called, event.returned) = (0, 1);
        }
    }

    fn changed(journal: &mut Journal, place: usize) -> &mut Change {
        &mut journal.records[place].changes.as_mut().unwrap()[0]
    }

    #[test]
    fn what_happened_is_right() {
        let (mut history, journal) = right();
        assert_eq!(journal.check(&history), Ok(()));
        untimed(&mut history);
        assert_eq!(journal.check(&history), Ok(()));
    }

    #[test]
    fn whatever_else_hooks_saw_is_wrong() {
        type Break = fn(&mut History, &mut Journal);
        let cases: [(Break, &str); 14] = [
            (|_, journal| drop(journal.records.remove(0)), "ran 0 times"),
            (|_, journal| drop(journal.records.remove(1)), "ran 0 times"),
            (|_, journal| journal.records[1].ticket = 0, "ran 2 times"),
            (
                |_, journal| {
                    journal.records.push(Record {
                        ticket: 2,
                        changes: Some(vec![change(1, None, entry(3, 7))]),
                    });
                },
                "ran 1 times",
            ),
            (|_, journal| journal.records[1].ticket = 9, "nobody made"),
            (
                |_, journal| journal.tickets[1][0] = None,
                "a call that nobody made",
            ),
            (
                |_, journal| journal.records.swap(0, 1),
                "before that of an earlier call: Snapshot",
            ),
            (
                |history, journal| {
                    untimed(history);
                    journal.records.swap(1, 2);
                },
                "before that of an earlier call: Remove",
            ),
            (
                |history, journal| {
                    untimed(history);
                    journal.records.swap(0, 1);
                },
                "a snapshot is not what its hook's place says",
            ),
            (
                |_, journal| changed(journal, 0).key = 2,
                "not told of just what it writes",
            ),
            (
                |_, journal| changed(journal, 2).before = entry(1, 0),
                "after hooks that left",
            ),
            (
                |_, journal| changed(journal, 0).after = entry(3, 5),
                "its hook saw",
            ),
            (
                |_, journal| changed(journal, 0).after = entry(2, 6),
                "where the contract has",
            ),
            (
                |_, journal| changed(journal, 2).after = entry(3, 5),
                "its hook saw",
            ),
        ];
        for (case, (destroy, message)) in cases.into_iter().enumerate() {
            let (mut history, mut journal) = right();
            destroy(&mut history, &mut journal);
            let wrong = journal.check(&history).unwrap_err();
            assert!(wrong.contains(message), "{case}: {wrong}");
        }
    }

    #[test]
    fn the_hook_of_a_dropped_call_may_have_run() {
        let (mut history, mut journal) = right();
        let removed = history.threads[1].last_mut().unwrap();
        removed.answer = Answer::Dropped;
        assert_eq!(journal.check(&history), Ok(()));
        journal.records.pop();
        assert_eq!(journal.check(&history), Ok(()));
    }
}
