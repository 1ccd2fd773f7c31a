//! Whether a history is linearizable: whether there is an order of its events that a sequential
//! store could have gone through, in which every event that returned before another was called
//! comes first.
//!
//! The search is that of Wing and Gong with the improvement by Lowe: it takes one possible event
//! after the other, and goes back when it is stuck; it remembers configurations (which events are
//! done, and the state) that led nowhere. Histories are checked key by key where that is sound,
//! as it is for any set of operations of one key each (Herlihy and Wing: linearizability is
//! local). Keys that meet in a batch are checked together, and all keys at once if there is a
//! snapshot, a count or a limit.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::Hash;

use crate::history::{Event, History};
use crate::operation::{Call, Key};
use crate::reference::Reference;

/// A sequential object that histories are compared with.
pub trait Sequential: Clone + Eq + Hash {
    /// A call with its answer and its times.
    type Event: Timed;
    /// How to take an event back.
    type Undo;

    /// In how many ways the event may take effect; more than one if the answer leaves it open.
    fn ways(_event: &Self::Event) -> usize {
        1
    }

    /// Does what the event says; `None`, and nothing is changed, if the answer would be another.
    fn apply(&mut self, event: &Self::Event, way: usize) -> Option<Self::Undo>;

    /// Takes the latest event that was not taken back yet back.
    fn undo(&mut self, undo: Self::Undo);

    /// Whether `other`, which is possible now or later, never would be after `event`. Saying no
    /// is always right; saying yes saves the search from finding out.
    fn precludes(&self, _event: &Self::Event, _other: &Self::Event) -> bool {
        false
    }
}

/// Something that took from one time to another.
pub trait Timed {
    /// When it began.
    fn called(&self) -> u64;
    /// When it ended.
    fn returned(&self) -> u64;
}

impl Timed for Event {
    fn called(&self) -> u64 {
        self.called
    }

    fn returned(&self) -> u64 {
        self.returned
    }
}

impl<T: Timed> Timed for &T {
    fn called(&self) -> u64 {
        T::called(self)
    }

    fn returned(&self) -> u64 {
        T::returned(self)
    }
}

/// Why a history could not be shown to be linearizable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// There is no such order.
    NotLinearizable {
        /// How many events could be ordered at most.
        ordered: usize,
        /// Of how many.
        events: usize,
        /// The events that were next then, none of which was possible.
        stuck: Vec<String>,
    },
    /// The search was given up after this many dead ends: nothing is known.
    GaveUp {
        /// How many dead ends there were.
        dead_ends: usize,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLinearizable {
                ordered,
                events,
                stuck,
            } => {
                let stuck = stuck.join("\n  ");
                write!(
                    f,
                    "not linearizable: after {ordered} of {events} events none of these can be \
                     next:\n  {stuck}"
                )
            }
            Self::GaveUp { dead_ends } => {
                write!(f, "undecided: given up after {dead_ends} dead ends")
            }
        }
    }
}

impl std::error::Error for Violation {}

/// Dead ends after which a search is given up; each is kept in memory.
const MOST_DEAD_ENDS: usize = 1_000_000;

/// Checks a history of a store.
///
/// # Errors
///
/// A [`Violation`] if it is not linearizable, or if that is too hard to find out.
pub fn check(history: &History) -> Result<(), Violation> {
    for (keys, threads) in parts(history) {
        let entries = history.entries.iter();
        let entries = entries.filter(|(key, _)| keys.contains(*key));
        let entries = entries.map(|(&key, &entry)| (key, entry)).collect();
        search(Reference::new(history.limit, &entries), &threads)?;
    }
    Ok(())
}

/// Looks for an order of the events of these threads, each of which is in order.
///
/// # Errors
///
/// As [`check`].
pub fn search<S>(object: S, threads: &[Vec<&S::Event>]) -> Result<(), Violation>
where
    S: Sequential,
    S::Event: fmt::Display,
{
    Search {
        object,
        threads,
        done: vec![0; threads.len()],
        path: Vec::new(),
        dead_ends: HashSet::new(),
        furthest: Vec::new(),
    }
    .run()
}

struct Search<'a, S: Sequential> {
    object: S,
    threads: &'a [Vec<&'a S::Event>],
    /// How many events of each thread are done.
    done: Vec<usize>,
    /// The events that are done, in the order found so far.
    path: Vec<Step<S::Undo>>,
    dead_ends: HashSet<(Vec<usize>, S)>,
    /// `done`, when most events were.
    furthest: Vec<usize>,
}

struct Step<U> {
    /// What was chosen: the place in the list of candidates, and the way.
    choice: (usize, usize),
    thread: usize,
    undo: U,
}

impl<'a, S: Sequential> Search<'a, S>
where
    S::Event: fmt::Display,
{
    fn run(mut self) -> Result<(), Violation> {
        let events: usize = self.threads.iter().map(Vec::len).sum();
        let mut longest = 0;
        let mut first = (0, 0);
        while self.path.len() < events {
            if self.step(first) {
                first = (0, 0);
                continue;
            }
            if self.path.len() >= longest {
                longest = self.path.len();
                self.furthest.clone_from(&self.done);
            }
            if self.dead_ends.len() == MOST_DEAD_ENDS {
                let dead_ends = MOST_DEAD_ENDS;
                return Err(Violation::GaveUp { dead_ends });
            }
            self.dead_ends
                .insert((self.done.clone(), self.object.clone()));
            let Some(step) = self.path.pop() else {
                return Err(Violation::NotLinearizable {
                    ordered: longest,
                    events,
                    stuck: self.stuck(),
                });
            };
            self.done[step.thread] -= 1;
            self.object.undo(step.undo);
            first = (step.choice.0, step.choice.1 + 1);
        }
        Ok(())
    }

    /// Takes the first event that can be next, from this choice on.
    fn step(&mut self, (first, way): (usize, usize)) -> bool {
        let next = self.next(&self.done);
        let horizon = horizon::<S>(&next);
        let candidates = next.iter().filter(|(_, event)| event.called() <= horizon);
        for (place, &(thread, event)) in candidates.enumerate().skip(first) {
            let mut others = next.iter().filter(|(other, _)| *other != thread);
            if others.any(|(_, other)| self.object.precludes(event, other)) {
                continue;
            }
            let from = if place == first { way } else { 0 };
            for way in from..S::ways(event) {
                let Some(undo) = self.object.apply(event, way) else {
                    continue;
                };
                self.done[thread] += 1;
                if self.leads_nowhere() {
                    self.done[thread] -= 1;
                    self.object.undo(undo);
                    continue;
                }
                self.path.push(Step {
                    choice: (place, way),
                    thread,
                    undo,
                });
                return true;
            }
        }
        false
    }

    fn leads_nowhere(&self) -> bool {
        !self.dead_ends.is_empty()
            && self
                .dead_ends
                .contains(&(self.done.clone(), self.object.clone()))
    }

    /// The next event of each thread that has one, the most urgent first.
    fn next(&self, done: &[usize]) -> Vec<(usize, &'a S::Event)> {
        let next = self.threads.iter().zip(done).enumerate();
        let next = next.filter_map(|(thread, (events, &done))| Some((thread, *events.get(done)?)));
        let mut next: Vec<_> = next.collect();
        next.sort_unstable_by_key(|(_, event)| event.returned());
        next
    }

    /// The events that no search got past.
    fn stuck(&self) -> Vec<String> {
        let next = self.next(&self.furthest);
        let horizon = horizon::<S>(&next);
        let possible = next.iter().filter(|(_, event)| event.called() <= horizon);
        possible.map(|(_, event)| event.to_string()).collect()
    }
}

/// An event that was called later than this is not next: one that is still to come had returned.
fn horizon<S: Sequential>(next: &[(usize, &S::Event)]) -> u64 {
    let returned = next.iter().map(|(_, event)| event.returned());
    returned.min().unwrap_or(0)
}

/// Keys that are checked together, and the events about them, thread by thread.
type Part<'a> = (HashSet<Key>, Vec<Vec<&'a Event>>);

/// Splits a history into parts that are linearizable if and only if the whole is.
fn parts(history: &History) -> Vec<Part<'_>> {
    let events = || history.threads.iter().flatten();
    let whole = |event: &Event| matches!(event.call, Call::Snapshot | Call::Len);
    let whole = history.limit.is_some() || events().any(whole);
    let mut groups = Groups::default();
    for event in events() {
        let keys = event.call.keys();
        for &key in &keys {
            groups.join(if whole { key } else { keys[0] }, key);
        }
    }
    history.entries.keys().for_each(|&key| groups.join(key, key));
    if whole {
        groups.join_all();
    }

    let threads = history.threads.len();
    let mut parts: BTreeMap<Key, Part<'_>> = BTreeMap::new();
    let empty = || (HashSet::new(), vec![Vec::new(); threads]);
    for key in groups.keys() {
        let root = groups.root(key);
        parts.entry(root).or_insert_with(empty).0.insert(key);
    }
    let alone = groups.keys().first().map_or(0, |&key| groups.root(key));
    for (number, thread) in history.threads.iter().enumerate() {
        for event in thread {
            let root = event.call.keys().first().map(|&key| groups.root(key));
            let part = parts.entry(root.unwrap_or(alone)).or_insert_with(empty);
            part.1[number].push(event);
        }
    }
    parts.into_values().collect()
}

/// Disjoint sets of keys.
#[derive(Default)]
struct Groups(BTreeMap<Key, Key>);

impl Groups {
    fn keys(&self) -> Vec<Key> {
        self.0.keys().copied().collect()
    }

    fn root(&self, key: Key) -> Key {
        match self.0.get(&key) {
            Some(&parent) if parent != key => self.root(parent),
            _ => key,
        }
    }

    fn join(&mut self, key: Key, other: Key) {
        self.0.entry(key).or_insert(key);
        self.0.entry(other).or_insert(other);
        let (root, leaf) = (self.root(key), self.root(other));
        self.0.insert(leaf, root);
    }

    fn join_all(&mut self) {
        if let Some(&first) = self.0.keys().next() {
            self.keys().into_iter().for_each(|key| self.join(first, key));
        }
    }
}
