//! A scenario: who does what with one store, and which outcomes the contract allows.
//!
//! It is data. The same scenario runs on every strategy, in every world: under loom, under
//! shuttle, or on real threads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::history::History;
use crate::operation::{Answer, Call, Entry, Expect, Key, Number, Refusal, Step, Write};
use crate::reference::Reference;

/// What a scenario insists on beyond the contract; `Err` says what was wrong.
pub type Invariant = fn(&History) -> Result<(), String>;

/// Threads that use one store.
///
/// ```
/// use contexture_loom_tests::operation::Step;
/// use contexture_loom_tests::scenario::Scenario;
///
/// let scenario = Scenario::new("an update against a remove")
///     .entries([(1, 0)])
///     .thread([Step::Update(1, 5)])
///     .thread([Step::Remove(1, None), Step::Len]);
/// let outcomes = scenario.outcomes(false);
/// assert_eq!(outcomes.required.len(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) name: Cow<'static, str>,
    pub(crate) entries: BTreeMap<Key, Number>,
    pub(crate) limit: Option<usize>,
    pub(crate) threads: Vec<Vec<Step>>,
    /// The thread whose steps the calling thread takes.
    pub(crate) first: usize,
    pub(crate) in_turn: bool,
    pub(crate) invariant: Option<Invariant>,
}

impl Scenario {
    /// A scenario without threads on an empty, unlimited store.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            entries: BTreeMap::new(),
            limit: None,
            threads: Vec::new(),
            first: 0,
            in_turn: false,
            invariant: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most entries that the store may hold.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What is in the store at first, each at its first version.
    #[must_use]
    pub fn entries(mut self, entries: impl IntoIterator<Item = (Key, Number)>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// A thread that takes these steps. loom knows at most four threads.
    #[must_use]
    pub fn thread(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.threads.push(steps.into_iter().collect());
        self
    }

    /// Insists as well that closures run one after the other, each at most once and seeing what
    /// the one before it did, even where nothing is committed. All closures must be of one key.
    #[must_use]
    pub fn closures_in_turn(mut self) -> Self {
        self.in_turn = true;
        self
    }

    /// Insists on something of its own after each execution.
    #[must_use]
    pub fn invariant(mut self, invariant: Invariant) -> Self {
        self.invariant = Some(invariant);
        self
    }

    /// Every outcome that the contract allows: found by running the steps on the [`Reference`]
    /// in every order. `awaits` is [`StrategyKind::AWAITS`] of the strategy.
    ///
    /// Only for small scenarios: there are exponentially many orders.
    ///
    /// [`StrategyKind::AWAITS`]: contexture_strategies::StrategyKind::AWAITS
    #[must_use]
    pub fn outcomes(&self, awaits: bool) -> Outcomes {
        let entries = self.entries.iter();
        let entries = entries.map(|(&key, &number)| (key, Entry { version: 1, number }));
        let entries: BTreeMap<_, _> = entries.collect();
        let start = Orders {
            scenario: self,
            awaits,
            store: Reference::new(self.limit, &entries),
            initial: entries,
            threads: vec![Progress::default(); self.threads.len()],
            required: true,
        };
        let mut outcomes = Outcomes::default();
        let mut seen = BTreeSet::new();
        start.explore(&mut outcomes, &mut seen);
        outcomes
    }
}

/// What may come of a scenario, each as [`outcome`] says it.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// These must be seen, or the scenario does not explore what it says.
    pub required: BTreeSet<String>,
    /// These may be seen, too: the contract leaves them open.
    pub optional: BTreeSet<String>,
}

impl Outcomes {
    /// What makes `seen` less than a full exploration: outcomes that were required and not seen,
    /// or that no future was ever dropped while it waited, though some could have been.
    #[must_use]
    pub fn missing(&self, seen: &BTreeSet<String>) -> Vec<String> {
        let dropped = |outcome: &String| outcome.contains(&Answer::Dropped.to_string());
        let mut missing: Vec<_> = self.required.difference(seen).cloned().collect();
        if self.optional.iter().any(dropped) && !seen.iter().any(dropped) {
            missing.push("a future that is dropped while it waits".into());
        }
        missing
    }
}

/// What came of an execution: the answers thread by thread, and what was in the store at the end;
/// without versions.
#[must_use]
pub fn outcome<'a>(
    threads: impl IntoIterator<Item = &'a [Answer]>,
    end: &BTreeMap<Key, Entry>,
) -> String {
    let thread = |answers: &[Answer]| {
        let answers: Vec<_> = answers.iter().map(Answer::to_string).collect();
        answers.join(", ")
    };
    let threads: Vec<_> = threads.into_iter().map(thread).collect();
    format!("{} => {}", threads.join(" | "), Answer::Whole(end.clone()))
}

/// Resolves what a step expects.
pub(crate) struct Expected<'a> {
    /// The version each key had when the scenario began.
    pub(crate) initial: &'a BTreeMap<Key, Entry>,
    /// The version the thread last saw or made.
    pub(crate) seen: &'a BTreeMap<Key, u64>,
}

impl Expected<'_> {
    fn version(&self, key: Key, expect: Expect) -> u64 {
        let initial = || self.initial.get(&key).map_or(1, |entry| entry.version);
        match expect {
            Expect::Initial => initial(),
            Expect::Seen => self.seen.get(&key).copied().unwrap_or_else(initial),
        }
    }

    /// The call that a simple step makes.
    ///
    /// # Panics
    ///
    /// If the step is made of several.
    pub(crate) fn call(&self, step: &Step) -> Call {
        let version = |key, expect| self.version(key, expect);
        match step {
            Step::Get(key) | Step::Keep(key) | Step::Read(key) => Call::Get(*key),
            Step::Create(key, number) => Call::Create(*key, *number),
            Step::Update(key, digit) => Call::Update(*key, *digit),
            Step::Refuse(key) | Step::Panic(key) => Call::Abort(*key),
            Step::CompareAndSet(key, expect, number) => {
                Call::CompareAndSet(*key, version(*key, *expect), *number)
            }
            Step::Remove(key, expect) => Call::Remove(*key, expect.map(|e| version(*key, e))),
            Step::Apply(writes) => {
                let resolve = |&(key, write): &(Key, Write)| {
                    let version = |expect| version(key, expect);
                    let write = match write {
                        Write::Create(number) => Write::Create(number),
                        Write::Put(number) => Write::Put(number),
                        Write::CompareAndSet(e, number) => Write::CompareAndSet(version(e), number),
                        Write::Remove(expect) => Write::Remove(expect.map(version)),
                        Write::Require(expect) => Write::Require(expect.map(version)),
                    };
                    (key, write)
                };
                Call::Apply(writes.iter().map(resolve).collect())
            }
            Step::Snapshot | Step::SnapshotWithoutHook => Call::Snapshot,
            Step::Len => Call::Len,
            Step::Around(..)
            | Step::Inside(..)
            | Step::DropAfter(..)
            | Step::MoveToAnotherTask(_) => {
                panic!("not a simple step: {step:?}")
            }
        }
    }
}

/// Takes note of the version that an answer tells.
pub(crate) fn note(seen: &mut BTreeMap<Key, u64>, call: &Call, answer: &Answer) {
    for key in call.keys() {
        let version = answer.version_after(call, key);
        if let Some(version) = version.or_else(|| answer.version_before(call, key)) {
            seen.insert(key, version);
        }
    }
}

/// A point in one of the orders in which the steps of a scenario can be taken.
#[derive(Clone)]
struct Orders<'a> {
    scenario: &'a Scenario,
    awaits: bool,
    store: Reference,
    initial: BTreeMap<Key, Entry>,
    threads: Vec<Progress>,
    /// Whether only things happened so far that must happen sometimes.
    required: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Progress {
    done: usize,
    /// Inside the closure of an update, which has seen this.
    inside: Option<Inside>,
    /// Inside the closure of a read.
    reading: bool,
    answers: Vec<Answer>,
    seen: BTreeMap<Key, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inside {
    key: Key,
    /// What the step in the closure came to, once it is done.
    answer: Option<Answer>,
}

impl Orders<'_> {
    fn explore(self, outcomes: &mut Outcomes, visited: &mut BTreeSet<String>) {
        // Different orders often lead to the same point.
        let point = format!("{:?} {:?} {}", self.threads, self.store, self.required);
        if !visited.insert(point) {
            return;
        }
        let mut ended = true;
        for thread in 0..self.threads.len() {
            let Some(step) = self.scenario.threads[thread].get(self.threads[thread].done) else {
                continue;
            };
            ended = false;
            for next in self.take(thread, step) {
                next.explore(outcomes, visited);
            }
        }
        if ended {
            let answers = self.threads.iter().map(|thread| &*thread.answers);
            let outcome = outcome(answers, &self.store.entries());
            if self.required {
                outcomes.optional.remove(&outcome);
                outcomes.required.insert(outcome);
            } else if !outcomes.required.contains(&outcome) {
                outcomes.optional.insert(outcome);
            }
        }
    }

    /// Every way in which a thread can take its next step now. None, if it has to wait.
    fn take(&self, thread: usize, step: &Step) -> Vec<Self> {
        let mut points = Vec::new();
        match step {
            Step::Inside(key, digit, inner) => match &self.threads[thread].inside {
                None => points.extend(self.enter(thread, *key)),
                Some(Inside { answer: None, .. }) => points = self.act_inside(thread, inner),
                Some(Inside { .. }) => points.push(self.leave(thread, *key, *digit)),
            },
            // What is read is read when the closure begins.
            Step::Around(key, inner) => match self.threads[thread].reading {
                false => points.extend(self.perform(thread, &Call::Get(*key)).map(|mut next| {
                    next.threads[thread].done -= 1;
                    next.threads[thread].reading = true;
                    next
                })),
                true => {
                    let call = self.call(thread, inner);
                    let mut next = self.clone();
                    let answer = match self.awaits || self.waits(&call) {
                        true => Answer::Reentrant,
                        false => next.store.perform(&call),
                    };
                    next.threads[thread].reading = false;
                    next.answer(thread, &call, answer);
                    points.push(next);
                }
            },
            Step::DropAfter(polls, inner) => {
                let call = self.call(thread, inner);
                if *polls > 0 {
                    points.extend(self.perform(thread, &call));
                }
                if *polls == 0 || self.awaits {
                    let mut dropped = self.clone();
                    // Whether something makes the future wait just there depends on the strategy.
                    dropped.required &= *polls == 0;
                    dropped.answer(thread, &call, Answer::Dropped);
                    points.push(dropped);
                }
                if *polls > 0 && self.awaits {
                    // The contract allows this, no strategy needs to do it.
                    points.extend(self.perform(thread, &call).map(|mut unseen| {
                        unseen.required = false;
                        let progress = &mut unseen.threads[thread];
                        progress.answers.pop();
                        progress.answers.push(Answer::Dropped);
                        progress.seen.clone_from(&self.threads[thread].seen);
                        unseen
                    }));
                }
            }
            Step::MoveToAnotherTask(inner) => points = self.take(thread, inner),
            simple => points.extend(self.perform(thread, &self.call(thread, simple))),
        }
        points
    }

    fn call(&self, thread: usize, step: &Step) -> Call {
        let expected = Expected {
            initial: &self.initial,
            seen: &self.threads[thread].seen,
        };
        expected.call(step)
    }

    /// Whether a closure of the key is running in another step.
    fn busy(&self, key: Key) -> bool {
        let inside = |thread: &Progress| thread.inside.as_ref().map(|inside| inside.key);
        self.threads
            .iter()
            .any(|thread| inside(thread) == Some(key))
    }

    /// Whether the call has to wait for a running closure.
    fn waits(&self, call: &Call) -> bool {
        let exists = |key| self.store.get(key).is_some();
        let aborts = |key| *call == Call::Abort(key);
        let creates = matches!(call, Call::Create(..));
        let mut keys = call.keys().into_iter();
        !creates
            && keys.any(|key| (call.writes(key) || aborts(key)) && self.busy(key) && exists(key))
    }

    fn perform(&self, thread: usize, call: &Call) -> Option<Self> {
        (!self.waits(call)).then(|| {
            let mut next = self.clone();
            let answer = next.store.perform(call);
            next.answer(thread, call, answer);
            next
        })
    }

    fn answer(&mut self, thread: usize, call: &Call, answer: Answer) {
        let progress = &mut self.threads[thread];
        note(&mut progress.seen, call, &answer);
        progress.answers.push(answer);
        progress.done += 1;
    }

    fn enter(&self, thread: usize, key: Key) -> Option<Self> {
        if self.busy(key) {
            return None;
        }
        let mut next = self.clone();
        if self.store.get(key).is_some() {
            next.threads[thread].inside = Some(Inside { key, answer: None });
        } else {
            let absent = Answer::Refused(None, Refusal::Absent);
            next.answer(thread, &Call::Update(key, 0), absent);
        }
        Some(next)
    }

    fn act_inside(&self, thread: usize, step: &Step) -> Vec<Self> {
        let call = self.call(thread, step);
        let with = |store: &Reference, answer, required| {
            let mut next = self.clone();
            next.store.clone_from(store);
            next.required &= required;
            if let Some(inside) = &mut next.threads[thread].inside {
                inside.answer = Some(answer);
            }
            next
        };
        if self.awaits || self.waits(&call) {
            return vec![with(&self.store, Answer::Reentrant, true)];
        }
        let mut store = self.store.clone();
        let answer = store.perform(&call);
        let mut points = vec![with(&store, answer, true)];
        let contended = !matches!(
            call,
            Call::Create(..) | Call::Get(_) | Call::Snapshot | Call::Len
        );
        if contended {
            // Another thread's closure may run at this moment, though no step says so.
            points.push(with(&self.store, Answer::Reentrant, false));
        }
        points
    }

    fn leave(&self, thread: usize, key: Key, digit: Number) -> Self {
        let mut next = self.clone();
        let call = Call::Update(key, digit);
        let inside = next.threads[thread].inside.take();
        let updated = next.store.perform(&call);
        let inner = inside.and_then(|inside| inside.answer);
        next.threads[thread].answers.extend(inner);
        next.answer(thread, &call, updated);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<const N: usize>(outcomes: [&str; N]) -> BTreeSet<String> {
        outcomes.map(str::to_owned).into()
    }

    #[test]
    fn an_outcome_that_was_never_seen_is_missing() {
        let outcomes = Scenario::new("create_create")
            .thread([Step::Create(1, 5)])
            .thread([Step::Create(1, 6)])
            .outcomes(false);
        let first = "ok | exists => {1: 5}";
        let second = "exists | ok => {1: 6}";
        assert_eq!(outcomes.required, seen([first, second]));
        assert!(outcomes.optional.is_empty());
        assert!(outcomes.missing(&seen([first, second])).is_empty());
        assert_eq!(outcomes.missing(&seen([first])), [second]);
    }

    #[test]
    fn a_future_that_is_never_dropped_is_missing() {
        let scenario = Scenario::new("dropped_update")
            .entries([(1, 0)])
            .thread([Step::Update(1, 5).drop_after(1)])
            .thread([Step::Len]);
        let done = seen(["updated 0 | 1 => {1: 5}"]);
        assert!(scenario.outcomes(false).missing(&done).is_empty());
        let outcomes = scenario.outcomes(true);
        assert_eq!(outcomes.required, done);
        assert_eq!(outcomes.missing(&done).len(), 1);
    }
}
