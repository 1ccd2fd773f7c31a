//! The search for an order of concurrent events that a sequential object could have gone through.
//!
//! It is that of Wing and Gong with the improvement by Lowe: it takes one possible event after the
//! other, and goes back when it is stuck; it remembers configurations (which events are done, and
//! the state) that led nowhere. Two things make it fast: an event waits for all that need a fact
//! which it ends, and where the next step cannot be wrong no other is tried.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;

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

    /// Something that can hold for a time, and never again when it has ended: that a key has
    /// some version, for versions never repeat.
    type Fact: Eq + Hash;

    /// Names the facts that must hold for the event to be possible. All or some of them: naming
    /// none is always right, each that is named saves the search from finding out.
    fn needs(_event: &Self::Event, _each: &mut dyn FnMut(Self::Fact)) {}

    /// Names facts that hold no more after the event; again, all or some.
    fn ends(_event: &Self::Event, _each: &mut dyn FnMut(Self::Fact)) {}

    /// Whether taking this event next, if that is possible and nothing to come needs a fact that
    /// it ends, is as good as taking it at any later time. Saying no is always right.
    fn is_safe(&self, _event: &Self::Event) -> bool {
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
const MOST_DEAD_ENDS: usize = 200_000;

/// Looks for an order of the events of these threads, each of which is in order.
///
/// # Errors
///
/// A [`Violation`] if there is none, or if that is too hard to find out.
pub fn search<S>(object: S, threads: &[Vec<&S::Event>]) -> Result<(), Violation>
where
    S: Sequential,
    S::Event: fmt::Display,
{
    let mut needed = HashMap::new();
    for event in threads.iter().flatten() {
        S::needs(event, &mut |fact| *needed.entry(fact).or_default() += 1);
    }
    Search {
        object,
        threads,
        done: vec![0; threads.len()],
        needed,
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
    /// How many of the events to come need each fact.
    needed: HashMap<S::Fact, usize>,
    /// The events that are done, in the order found so far.
    path: Vec<Step<S::Undo>>,
    dead_ends: HashSet<(Vec<usize>, S)>,
    /// `done`, when most events were.
    furthest: Vec<usize>,
}

struct Step<U> {
    /// What was chosen: the place in the list of candidates, and the way.
    choice: (usize, usize),
    /// Whether nothing else would have been better.
    safe: bool,
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
            let Some((place, way)) = self.back() else {
                return Err(Violation::NotLinearizable {
                    ordered: longest,
                    events,
                    stuck: self.stuck(),
                });
            };
            first = (place, way + 1);
        }
        Ok(())
    }

    /// Takes the first event that can be next, from this choice on.
    fn step(&mut self, (first, way): (usize, usize)) -> bool {
        let next = self.next(&self.done);
        let horizon = horizon::<S>(&next);
        let candidates = next.iter().filter(|(_, event)| event.called() <= horizon);
        for (place, &(thread, event)) in candidates.enumerate().skip(first) {
            if self.ends_what_is_needed(event) {
                continue;
            }
            let safe = self.object.is_safe(event);
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
                S::needs(event, &mut |fact| {
                    *self.needed.entry(fact).or_default() -= 1
                });
                self.path.push(Step {
                    choice: (place, way),
                    safe,
                    thread,
                    undo,
                });
                return true;
            }
        }
        false
    }

    /// Takes the latest events back, up to one for which there may be another choice.
    fn back(&mut self) -> Option<(usize, usize)> {
        loop {
            let step = self.path.pop()?;
            self.done[step.thread] -= 1;
            let event = self.threads[step.thread][self.done[step.thread]];
            S::needs(event, &mut |fact| {
                *self.needed.entry(fact).or_default() += 1
            });
            self.object.undo(step.undo);
            if !step.safe {
                return Some(step.choice);
            }
        }
    }

    fn leads_nowhere(&self) -> bool {
        !self.dead_ends.is_empty()
            && self
                .dead_ends
                .contains(&(self.done.clone(), self.object.clone()))
    }

    /// Whether another event to come needs what this one ends.
    fn ends_what_is_needed(&self, event: &S::Event) -> bool {
        let mut needed = false;
        S::ends(event, &mut |fact| {
            let mut own = 0;
            S::needs(event, &mut |needs| own += usize::from(needs == fact));
            needed |= self.needed.get(&fact).is_some_and(|&all| all > own);
        });
        needed
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
