//! One execution of a scenario on one strategy, in whatever world this is compiled for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;

use contexture_strategies::{Options, Strategy, StrategyKind, Version, Versioned};

use crate::history::{Event, History};
use crate::journal::{Journal, Recorder, Ticket, Witness};
use crate::linearizability;
use crate::operation::{Answer, Call, Entry, Key, Number, Step, appended};
use crate::perform::{at_most, entry, moved, now_or_never, perform, updated};
use crate::scenario::{Expected, Scenario, note, outcome};
use crate::world::{self, Clock, Payload, Tally};

/// Runs a scenario once.
///
/// Each thread of the scenario has a thread, but for one (the first, if nothing else is said), whose
/// steps the calling one takes.
/// When all have ended, the whole store is read. Every write and snapshot has a hook, which keeps
/// a journal.
///
/// # Panics
///
/// If closures did not run in turn though they should, or the scenario's own invariant is broken.
#[must_use]
pub fn execute<S: StrategyKind>(scenario: &Scenario, clock: &Clock) -> Execution {
    let mut options = Options::new();
    if let Some(limit) = scenario.limit {
        options = options.limit(limit);
    }
    let store = S::Store::<Key, Payload>::with_options(options);
    let mut entries = BTreeMap::new();
    for (&key, &number) in &scenario.entries {
        let version = world::block_on(store.create(key, Payload::new(number)));
        let version = version.map(Version::get);
        let version = version.unwrap_or_else(|refused| panic!("the first entries: {refused}"));
        entries.insert(key, Entry { version, number });
    }

    let shared = Arc::new(Shared::<S> {
        store,
        clock: clock.clone(),
        entries,
        tally: scenario.in_turn.then(Tally::default),
        recorder: Recorder::default(),
    });
    let mut programs = scenario.threads.clone();
    programs.rotate_left(scenario.first);
    let mut programs = programs.into_iter();
    let own = programs.next().unwrap_or_default();
    let others: Vec<_> = programs
        .map(|steps| {
            let shared = Arc::clone(&shared);
            world::spawn(move || world::block_on(Actor::new(shared).run(&steps)))
        })
        .collect();
    let mut actors = vec![world::block_on(Actor::new(Arc::clone(&shared)).run(&own))];
    for other in others {
        actors.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
    }
    actors.rotate_right(scenario.first);
    let end = world::block_on(Actor::new(Arc::clone(&shared)).look());

    if let Some(tally) = &shared.tally {
        let (ran, counted) = tally.ran_and_counted();
        assert_eq!(ran, counted, "closures of one key ran at the same time");
    }
    let execution = Execution::new(scenario, &shared, actors, end);
    if let Some(invariant) = scenario.invariant
        && let Err(broken) = invariant(&execution.history)
    {
        panic!("{broken}\n{}", execution.history);
    }
    execution
}

/// What came of an execution.
#[derive(Debug)]
pub struct Execution {
    /// Everything that happened.
    pub history: History,
    /// The same in short; see [`outcome`].
    pub outcome: String,
    /// What hooks saw.
    pub journal: Journal,
}

impl Execution {
    fn new<S: StrategyKind>(
        scenario: &Scenario,
        shared: &Shared<S>,
        actors: Vec<Vec<Taken>>,
        end: Vec<Taken>,
    ) -> Self {
        let answers: Vec<Vec<Answer>> = actors
            .iter()
            .map(|events| {
                events
                    .iter()
                    .map(|taken| taken.event.answer.clone())
                    .collect()
            })
            .collect();
        let last = match &end[0].event.answer {
            Answer::Whole(entries) => entries.clone(),
            answer => unreachable!("a snapshot is {answer}"),
        };
        let outcome = outcome(answers.iter().map(Vec::as_slice), &last);

        let mut threads = Vec::new();
        for events in actors {
            let (inside, own): (Vec<_>, Vec<_>) = events.into_iter().partition(|e| e.inside);
            threads.extend([own, inside]);
        }
        threads.retain(|events| !events.is_empty());
        threads.push(end);
        let (tickets, threads) = threads
            .into_iter()
            .map(|events| events.into_iter().map(|e| (e.ticket, e.event)).unzip())
            .unzip();
        Self {
            history: History {
                entries: shared.entries.clone(),
                limit: scenario.limit,
                threads,
            },
            outcome,
            journal: shared.recorder.end(tickets),
        }
    }

    /// Checks that it is linearizable, and that its journal is the same history.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn check(&self) {
        if let Err(violation) = linearizability::check(&self.history) {
            panic!("{violation}\nin this history:\n{}", self.history);
        }
        self.check_journal();
    }

    /// Checks its journal only.
    ///
    /// # Panics
    ///
    /// If what the hooks saw is not what happened; see [`Journal::check`].
    pub fn check_journal(&self) {
        if let Err(wrong) = self.journal.check(&self.history) {
            let (history, journal) = (&self.history, &self.journal);
            panic!("{wrong}\nin this history:\n{history}with this journal:\n{journal}");
        }
    }
}

/// What the threads of a scenario share.
struct Shared<S: StrategyKind> {
    store: S::Store<Key, Payload>,
    clock: Clock,
    entries: BTreeMap<Key, Entry>,
    tally: Option<Tally>,
    recorder: Recorder,
}

impl<S: StrategyKind> Shared<S> {
    fn perform(
        &self,
        witness: Witness<'_>,
        step: &Step,
        call: &Call,
    ) -> impl Future<Output = Answer> {
        perform(&self.store, self.tally.as_ref(), witness, step, call)
    }
}

/// How a future is polled.
#[derive(Clone, Copy)]
enum Patience {
    /// As it should be.
    Endless,
    /// At most so often; then it is dropped.
    Polls(usize),
    /// Once by a task that nobody wakes, and to its end by another.
    Moved,
}

/// A thread of a scenario.
struct Actor<S: StrategyKind> {
    shared: Arc<Shared<S>>,
    seen: BTreeMap<Key, u64>,
    events: Vec<Taken>,
    /// Handles, and what they were handles of at first.
    kept: Vec<(Versioned<Payload>, Entry)>,
}

/// A step that was taken.
struct Taken {
    event: Event,
    /// Whether it was taken inside a closure.
    inside: bool,
    /// What its hook, if any, was known by.
    ticket: Option<Ticket>,
}

impl Taken {
    fn new(event: Event, inside: bool, step: &Step, witness: Witness<'_>) -> Self {
        let has_hook = *step != Step::SnapshotWithoutHook;
        Self {
            event,
            inside,
            ticket: has_hook.then_some(witness.ticket),
        }
    }
}

impl<S: StrategyKind> Actor<S> {
    fn new(shared: Arc<Shared<S>>) -> Self {
        Self {
            shared,
            seen: BTreeMap::new(),
            events: Vec::new(),
            kept: Vec::new(),
        }
    }

    async fn run(mut self, steps: &[Step]) -> Vec<Taken> {
        for step in steps {
            match step {
                Step::Inside(key, digit, inner) => {
                    self.update_around(step, *key, *digit, inner).await;
                }
                Step::Keep(key) => self.keep(step, *key).await,
                Step::Around(key, inner) => self.read_around(step, *key, inner).await,
                Step::DropAfter(polls, step) => self.take(step, Patience::Polls(*polls)).await,
                Step::MoveToAnotherTask(step) => self.take(step, Patience::Moved).await,
                step => self.take(step, Patience::Endless).await,
            }
        }
        for (handle, seen) in &self.kept {
            assert_eq!(entry(handle), *seen, "a handle that was kept has changed");
        }
        self.events
    }

    /// What is there at the end: in one look, and key by key.
    async fn look(mut self) -> Vec<Taken> {
        self.take(&Step::Snapshot, Patience::Endless).await;
        self.take(&Step::Len, Patience::Endless).await;
        let keys: Vec<_> = match &self.events[0].event.answer {
            Answer::Whole(entries) => entries.keys().copied().collect(),
            _ => Vec::new(),
        };
        // A scenario has a few keys; a long run has many, and has looked at them all the time.
        for key in keys.into_iter().take(4) {
            self.take(&Step::Get(key), Patience::Endless).await;
        }
        let events = self.events.into_iter();
        // No standing clock knows that the end comes last.
        let end = self.shared.clock.now().max(STANDING.1 + 1);
        events
            .map(|mut taken| {
                taken.event.called = taken.event.called.max(end);
                taken.event.returned = taken.event.returned.max(end);
                taken
            })
            .collect()
    }

    /// Takes a simple step.
    async fn take(&mut self, step: &Step, patience: Patience) {
        let shared = Arc::clone(&self.shared);
        let witness = shared.recorder.witness();
        let call = self.call(step);
        let called = shared.clock.now();
        let answer = {
            let answer = shared.perform(witness, step, &call);
            match patience {
                Patience::Endless => answer.await,
                Patience::Polls(polls) => at_most(polls, answer).await.unwrap_or(Answer::Dropped),
                Patience::Moved => moved(answer).await,
            }
        };
        assert_ne!(answer, Answer::Reentrant, "not inside a closure: {call:?}");
        self.took(step, call, answer, called, witness);
    }

    /// Gets a handle and keeps it.
    async fn keep(&mut self, step: &Step, key: Key) {
        let shared = Arc::clone(&self.shared);
        let called = shared.clock.now();
        let handle = shared.store.get(&key).await;
        let kept = handle.map(|handle| {
            let seen = entry(&handle);
            (handle, seen)
        });
        let answer = Answer::Found(kept.as_ref().map(|(_, seen)| *seen));
        self.kept.extend(kept);
        self.took(
            step,
            Call::Get(key),
            answer,
            called,
            shared.recorder.witness(),
        );
    }

    /// Reads a key with a closure that takes another step.
    async fn read_around(&mut self, step: &Step, key: Key, inner: &Step) {
        let shared = Arc::clone(&self.shared);
        let called = shared.clock.now();
        let mut inside = None;
        let around = |current: &Versioned<Payload>| {
            let saw = entry(current);
            let called = shared.clock.now();
            let call = self.call(inner);
            let witness = shared.recorder.witness();
            let answer = now_or_never(shared.perform(witness, inner, &call));
            let event = self.event(call, answer, called);
            inside = Some(Taken::new(event, true, inner, witness));
            assert_eq!(entry(current), saw, "what a closure reads has changed");
            saw
        };
        let found = shared.store.read(&key, around).await;
        assert!(
            found.is_some(),
            "a read around a step, of a key that is not there"
        );
        self.took(
            step,
            Call::Get(key),
            Answer::Found(found),
            called,
            shared.recorder.witness(),
        );
        self.events.extend(inside);
    }

    fn took(&mut self, step: &Step, call: Call, answer: Answer, called: u64, witness: Witness<'_>) {
        note(&mut self.seen, &call, &answer);
        let event = self.event(call, answer, called);
        self.events.push(Taken::new(event, false, step, witness));
    }

    /// Updates a key with a closure that takes another step.
    async fn update_around(&mut self, step: &Step, key: Key, digit: Number, inner: &Step) {
        let shared = Arc::clone(&self.shared);
        let witness = shared.recorder.witness();
        let called = shared.clock.now();
        let mut inside = None;
        let mut saw = None;
        let around = |current: &Versioned<Payload>| {
            let entry = entry(current);
            saw = Some(entry);
            shared.tally.iter().for_each(Tally::count);
            let called = shared.clock.now();
            let call = self.call(inner);
            let witness = shared.recorder.witness();
            let answer = now_or_never(shared.perform(witness, inner, &call));
            let event = self.event(call, answer, called);
            inside = Some(Taken::new(event, true, inner, witness));
            Ok::<_, Infallible>(Payload::new(appended(entry.number, digit)))
        };
        let update = shared.store.try_update_with(&key, around, witness.commit());
        let result = update.await;
        let answer = updated(result, saw);
        self.events.extend(inside);
        self.took(step, Call::Update(key, digit), answer, called, witness);
    }

    fn call(&self, step: &Step) -> Call {
        let expected = Expected {
            initial: &self.shared.entries,
            seen: &self.seen,
        };
        expected.call(step)
    }

    fn event(&self, call: Call, answer: Answer, called: u64) -> Event {
        let returned = self.shared.clock.now();
        Event {
            call,
            answer,
            called: called.max(STANDING.0),
            returned: returned.max(STANDING.1),
        }
    }
}

/// From when to when every event took if the clock stands still.
const STANDING: (u64, u64) = (0, 1);
