//! The contract without concurrency: what each call does to a store that nobody else uses. The
//! slow and obvious one that all strategies are compared with.

use std::collections::BTreeMap;

use crate::history::Event;
use crate::operation::{Answer, Call, Entry, Key, Number, Refusal, Write, appended};
use crate::search::Sequential;

/// A store, by the letter of the contract.
///
/// The contract leaves one thing open: with which version, above all former ones, a key is
/// created again. When a history is checked, the answers tell; 0 stands for the version
/// of a key whose creation was never answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Reference {
    limit: Option<usize>,
    keys: BTreeMap<Key, State>,
    len: usize,
    /// Whether some calls were dropped: what they did is not known, and no other step is safe.
    careful: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct State {
    current: Option<Entry>,
    /// No version that is known was ever higher, and the current one is, if it is unknown.
    highest: u64,
}

impl State {
    /// The current version, if it is unknown, is over: it was above the highest known one.
    fn passed_unknown(&mut self) {
        let unknown = self.current.is_some_and(|now| now.version == UNKNOWN);
        self.highest += u64::from(unknown);
    }
}

/// See [`Reference`].
const UNKNOWN: u64 = 0;

/// How a call of [`Reference`] is taken back: what the keys were.
#[derive(Debug, Default)]
pub struct Undo(Vec<(Key, State)>);

impl Reference {
    /// A store with these entries.
    #[must_use]
    pub fn new(limit: Option<usize>, entries: &BTreeMap<Key, Entry>) -> Self {
        let state = |entry: &Entry| State {
            current: Some(*entry),
            highest: entry.version,
        };
        Self {
            limit,
            keys: entries
                .iter()
                .map(|(&key, entry)| (key, state(entry)))
                .collect(),
            len: entries.len(),
            careful: false,
        }
    }

    /// The same store for a history in which calls were dropped.
    #[must_use]
    pub fn careful(mut self, careful: bool) -> Self {
        self.careful = careful;
        self
    }

    /// What a key holds.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Entry> {
        self.keys.get(&key)?.current
    }

    /// Every entry.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<Key, Entry> {
        let entries = self.keys.iter();
        entries
            .filter_map(|(&key, state)| Some((key, state.current?)))
            .collect()
    }

    /// Does what the call says and returns the answer. Keys start over one version higher.
    pub fn perform(&mut self, call: &Call) -> Answer {
        self.run(call, None, &mut Undo::default())
    }

    /// The same after the fact: versions that the contract leaves open are as the answer says, if
    /// they may be.
    pub(crate) fn replay(&mut self, call: &Call, answer: &Answer) -> Answer {
        self.run(call, Some(answer), &mut Undo::default())
    }

    /// As [`perform`](Self::perform); versions that the contract leaves open are as the observed
    /// answer says, if they may be.
    fn run(&mut self, call: &Call, observed: Option<&Answer>, undo: &mut Undo) -> Answer {
        if let Some(answer) = observed {
            self.learn(call, answer, undo);
        }
        match call {
            Call::Get(key) => Answer::Found(self.get(*key)),
            Call::Snapshot => Answer::Whole(self.entries()),
            Call::Len => Answer::Counted(self.len),
            Call::Abort(key) => self.entry(*key).map_or_else(no, Answer::Aborted),
            Call::Create(key, number) => {
                let write = Write::Create(*number);
                let allowed = self.check(*key, write).and_then(|()| self.room(1));
                allowed.map_or_else(no, |()| {
                    let version = self.first_version(*key, call, observed);
                    self.set(*key, version, *number, undo);
                    Answer::Wrote(version)
                })
            }
            Call::Update(key, digit) => self.entry(*key).map_or_else(no, |saw| {
                let version = next(saw.version);
                self.set(*key, version, appended(saw.number, *digit), undo);
                Answer::Updated { saw, version }
            }),
            Call::CompareAndSet(key, expected, number) => {
                let write = Write::CompareAndSet(*expected, *number);
                self.check(*key, write).map_or_else(no, |()| {
                    let version = next(*expected);
                    self.set(*key, version, *number, undo);
                    Answer::Wrote(version)
                })
            }
            Call::Remove(key, expected) => {
                let allowed = self.check(*key, Write::Remove(*expected));
                allowed
                    .and_then(|()| self.entry(*key))
                    .map_or_else(no, |removed| {
                        self.unset(*key, undo);
                        Answer::Removed(removed)
                    })
            }
            Call::Apply(writes) => self.apply_batch(call, writes, observed, undo),
        }
    }

    fn apply_batch(
        &mut self,
        call: &Call,
        writes: &[(Key, Write<u64>)],
        observed: Option<&Answer>,
        undo: &mut Undo,
    ) -> Answer {
        let (mut added, mut gone) = (0, 0);
        for (place, &(key, write)) in writes.iter().enumerate() {
            if let Err(refusal) = self.check(key, write) {
                return Answer::Refused(Some(place), refusal);
            }
            match (write, self.get(key)) {
                (Write::Create(_) | Write::Put(_), None) => added += 1,
                (Write::Remove(_), Some(_)) => gone += 1,
                _ => {}
            }
        }
        if let Err(refusal) = self.room(added - gone) {
            return Answer::Refused(None, refusal);
        }
        let versions = writes.iter().map(|&(key, write)| match write {
            Write::Require(version) => version,
            Write::Remove(_) => {
                self.unset(key, undo);
                None
            }
            Write::Create(number) | Write::Put(number) | Write::CompareAndSet(_, number) => {
                let version = match self.get(key) {
                    Some(entry) => next(entry.version),
                    None => self.first_version(key, call, observed),
                };
                self.set(key, version, number, undo);
                Some(version)
            }
        });
        // `Require(None)` of a present key was refused above, so what is required is what is there.
        let versions = versions.collect();
        Answer::Applied(versions)
    }

    /// Whether one change is possible, apart from the limit.
    fn check(&self, key: Key, write: Write<u64>) -> Result<(), Refusal> {
        let current = self.get(key).map(|entry| entry.version);
        let expected = match (write, current) {
            (Write::Create(_) | Write::Require(None), Some(current)) => {
                return Err(Refusal::Exists(current));
            }
            (Write::Create(_) | Write::Put(_) | Write::Require(None), _) => None,
            (_, None) => return Err(Refusal::Absent),
            (Write::CompareAndSet(expected, _), _) => Some(expected),
            (Write::Remove(expected) | Write::Require(expected), _) => expected,
        };
        match (expected, current) {
            (Some(expected), Some(current)) if expected != current => {
                Err(Refusal::Conflict(current))
            }
            _ => Ok(()),
        }
    }

    fn room(&self, added: isize) -> Result<(), Refusal> {
        let fits = self
            .limit
            .is_none_or(|limit| added <= 0 || self.len + added.unsigned_abs() <= limit);
        fits.then_some(()).ok_or(Refusal::Full)
    }

    fn entry(&self, key: Key) -> Result<Entry, Refusal> {
        self.get(key).ok_or(Refusal::Absent)
    }

    /// A version that the key may be created with: the observed one, if it was not used before.
    fn first_version(&self, key: Key, call: &Call, observed: Option<&Answer>) -> u64 {
        let highest = self.keys.get(&key).map_or(0, |state| state.highest);
        match observed {
            Some(Answer::Dropped) => UNKNOWN,
            Some(answer) => answer
                .version_after(call, key)
                .filter(|&version| version > highest)
                .unwrap_or(UNKNOWN),
            None => highest + 1,
        }
    }

    /// Takes a version that was unknown so far from an answer; or from what was expected, if the
    /// call is assumed to have succeeded without an answer.
    fn learn(&mut self, call: &Call, answer: &Answer, undo: &mut Undo) {
        let keys = match call {
            Call::Snapshot => self.keys.keys().copied().collect(),
            call => call.keys(),
        };
        for key in keys {
            let Some(state) = self.keys.get(&key).copied() else {
                continue;
            };
            let before = match answer {
                Answer::Dropped => call.expects(key),
                answer => answer.version_before(call, key).or_else(|| {
                    let after = answer.version_after(call, key);
                    after.map(|version| version - 1)
                }),
            };
            if let (Some(current), Some(version)) = (state.current, before)
                && current.version == UNKNOWN
                && version > state.highest
            {
                self.set(key, version, current.number, undo);
            }
        }
    }

    fn set(&mut self, key: Key, version: u64, number: Number, undo: &mut Undo) {
        let state = self.keys.entry(key).or_default();
        undo.0.push((key, *state));
        self.len += usize::from(state.current.is_none());
        if version == UNKNOWN {
            state.passed_unknown();
        }
        state.current = Some(Entry { version, number });
        state.highest = state.highest.max(version);
    }

    fn unset(&mut self, key: Key, undo: &mut Undo) {
        let state = self.keys.entry(key).or_default();
        undo.0.push((key, *state));
        self.len -= usize::from(state.current.is_some());
        state.passed_unknown();
        state.current = None;
    }
}

fn no(refusal: Refusal) -> Answer {
    Answer::Refused(None, refusal)
}

fn next(version: u64) -> u64 {
    match version {
        UNKNOWN => UNKNOWN,
        known => known + 1,
    }
}

impl Sequential for Reference {
    type Event = Event;
    type Undo = Undo;

    /// A future that was dropped did nothing, or all of it.
    fn ways(event: &Event) -> usize {
        match event.answer {
            Answer::Dropped => 2,
            _ => 1,
        }
    }

    fn apply(&mut self, event: &Event, way: usize) -> Option<Undo> {
        let mut undo = Undo::default();
        let possible = match &event.answer {
            Answer::Reentrant => true,
            Answer::Dropped => {
                if way == 1 {
                    self.run(&event.call, Some(&event.answer), &mut undo);
                }
                true
            }
            answer => self.run(&event.call, Some(answer), &mut undo) == *answer,
        };
        if possible {
            return Some(undo);
        }
        self.undo(undo);
        None
    }

    fn undo(&mut self, undo: Undo) {
        for (key, former) in undo.0.into_iter().rev() {
            let state = self.keys.entry(key).or_default();
            self.len += usize::from(former.current.is_some());
            self.len -= usize::from(state.current.is_some());
            *state = former;
        }
    }

    /// That a key has a version.
    type Fact = (Key, u64);

    fn needs(event: &Event, each: &mut dyn FnMut((Key, u64))) {
        let before = |key| event.answer.version_before(&event.call, key);
        match &event.answer {
            Answer::Whole(entries) => entries
                .iter()
                .for_each(|(&key, entry)| each((key, entry.version))),
            _ => event.call.keys().into_iter().for_each(|key| {
                before(key)
                    .into_iter()
                    .for_each(|version| each((key, version)))
            }),
        }
    }

    fn ends(event: &Event, each: &mut dyn FnMut((Key, u64))) {
        let (call, answer) = (&event.call, &event.answer);
        for key in call.keys() {
            let removed = match answer {
                Answer::Removed(entry) => Some(entry.version),
                _ => None,
            };
            let replaced = answer.version_after(call, key).map(|version| version - 1);
            let ended = replaced.filter(|_| call.writes(key)).or(removed);
            ended.into_iter().for_each(|version| each((key, version)));
        }
    }

    /// Those that change nothing are. So are those that leave the key where it is, at a version that
    /// only they can lead to: all that need the version before are done, as `needs` and `ends` say,
    /// so whatever is to come finds the key as well after them as before.
    fn is_safe(&self, event: &Event) -> bool {
        !self.careful
            && match &event.answer {
                Answer::Found(_)
                | Answer::Aborted(_)
                | Answer::Refused(..)
                | Answer::Reentrant
                | Answer::Counted(_)
                | Answer::Whole(_)
                | Answer::Updated { .. } => true,
                Answer::Wrote(_) => matches!(event.call, Call::CompareAndSet(..)),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries<const N: usize>(entries: [(Key, u64, Number); N]) -> BTreeMap<Key, Entry> {
        let entry = |(key, version, number)| (key, Entry { version, number });
        entries.map(entry).into()
    }

    #[test]
    fn whatever_is_applied_can_be_taken_back() {
        let calls = [
            Call::Create(2, 5),
            Call::Update(1, 5),
            Call::Remove(1, None),
            Call::CompareAndSet(1, 3, 9),
            Call::Apply(vec![(1, Write::Remove(None)), (3, Write::Put(1))]),
            Call::Apply(vec![(1, Write::Put(4)), (2, Write::Create(1))]),
        ];
        let before = Reference::new(Some(3), &entries([(1, 3, 7)]));
        for call in calls {
            let mut after = before.clone();
            let answer = after.perform(&call);
            assert_ne!(after.entries(), before.entries(), "{call:?}");
            let event = Event {
                call,
                answer,
                called: 0,
                returned: 1,
            };
            let mut checked = before.clone();
            let undo = checked.apply(&event, 0).unwrap();
            assert_eq!(checked.entries(), after.entries());
            checked.undo(undo);
            assert_eq!(checked.entries(), before.entries());
            assert_eq!(checked.len, before.len);
        }
    }

    #[test]
    fn a_version_never_repeats() {
        let mut store = Reference::new(None, &entries([(1, 3, 7)]));
        store.perform(&Call::Remove(1, None));
        let create = |version| Event {
            call: Call::Create(1, 0),
            answer: Answer::Wrote(version),
            called: 0,
            returned: 1,
        };
        assert!(store.clone().apply(&create(3), 0).is_none());
        assert!(store.clone().apply(&create(4), 0).is_some());
        assert!(store.apply(&create(9), 0).is_some());
    }

    #[test]
    fn the_version_of_a_dropped_create_is_learnt_once() {
        let mut store = Reference::default();
        let event = |call, answer| Event {
            call,
            answer,
            called: 0,
            returned: 1,
        };
        let number = 5;
        store.apply(&event(Call::Create(1, number), Answer::Dropped), 1);
        let found = |version| {
            let entry = Entry { version, number };
            event(Call::Get(1), Answer::Found(Some(entry)))
        };
        assert!(store.apply(&found(7), 0).is_some());
        assert!(store.apply(&found(8), 0).is_none());
    }
}
