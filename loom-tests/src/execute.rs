//! One execution of a scenario on one strategy, in whatever world this is compiled for.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::Result as Caught;

use contexture_strategies::{
    Batch, BatchError, CompareAndSetError, CreateError, Options, RemoveError, Snapshot, Strategy,
    StrategyKind, UpdateError, Version, Versioned,
};

use crate::history::{Event, History};
use crate::linearizability;
use crate::operation::{Answer, Call, Entry, Key, Number, Refusal, Step, Write, appended};
use crate::scenario::{Expected, Scenario, note, outcome};
use crate::world::{self, Clock, Payload, Tally};

/// Runs a scenario once.
///
/// Each thread of the scenario has a thread, but for the first, whose steps the calling one takes.
/// When all have ended, the whole store is read.
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
    });
    let mut programs = scenario.threads.clone().into_iter();
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
    let end = world::block_on(Actor::new(Arc::clone(&shared)).look());

    if let Some(tally) = &shared.tally {
        let (ran, counted) = tally.ran_and_counted();
        assert_eq!(ran, counted, "closures of one key ran at the same time");
    }
    let execution = Execution::new(scenario, shared.entries.clone(), actors, end);
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
}

impl Execution {
    fn new(
        scenario: &Scenario,
        entries: BTreeMap<Key, Entry>,
        actors: Vec<Vec<(bool, Event)>>,
        end: Vec<Event>,
    ) -> Self {
        let answers: Vec<Vec<Answer>> = actors
            .iter()
            .map(|events| {
                events
                    .iter()
                    .map(|(_, event)| event.answer.clone())
                    .collect()
            })
            .collect();
        let last = match &end[0].answer {
            Answer::Whole(entries) => entries.clone(),
            answer => unreachable!("a snapshot is {answer}"),
        };
        let outcome = outcome(answers.iter().map(Vec::as_slice), &last);

        let mut threads = Vec::new();
        for events in actors {
            let (inside, own): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|(inside, _)| *inside);
            threads.extend([own, inside].map(|events| {
                events
                    .into_iter()
                    .map(|(_, event)| event)
                    .collect::<Vec<_>>()
            }));
        }
        threads.retain(|events| !events.is_empty());
        threads.push(end);
        let limit = scenario.limit;
        Self {
            history: History {
                entries,
                limit,
                threads,
            },
            outcome,
        }
    }

    /// Checks that it is linearizable.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn check(&self) {
        if let Err(violation) = linearizability::check(&self.history) {
            panic!("{violation}\nin this history:\n{}", self.history);
        }
    }
}

/// What the threads of a scenario share.
struct Shared<S: StrategyKind> {
    store: S::Store<Key, Payload>,
    clock: Clock,
    entries: BTreeMap<Key, Entry>,
    tally: Option<Tally>,
}

/// A thread of a scenario.
struct Actor<S: StrategyKind> {
    shared: Arc<Shared<S>>,
    seen: BTreeMap<Key, u64>,
    /// What happened, and whether it happened inside a closure.
    events: Vec<(bool, Event)>,
}

impl<S: StrategyKind> Actor<S> {
    fn new(shared: Arc<Shared<S>>) -> Self {
        Self {
            shared,
            seen: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    async fn run(mut self, steps: &[Step]) -> Vec<(bool, Event)> {
        for step in steps {
            match step {
                Step::Inside(key, digit, inner) => self.update_around(*key, *digit, inner).await,
                Step::DropAfter(polls, step) => self.take(step, Some(*polls)).await,
                step => self.take(step, None).await,
            }
        }
        self.events
    }

    /// What is there at the end: in one look, and key by key.
    async fn look(mut self) -> Vec<Event> {
        self.take(&Step::Snapshot, None).await;
        self.take(&Step::Len, None).await;
        let keys: Vec<_> = match &self.events[0].1.answer {
            Answer::Whole(entries) => entries.keys().copied().collect(),
            _ => Vec::new(),
        };
        // A scenario has a few keys; a long run has many, and has looked at them all the time.
        for key in keys.into_iter().take(4) {
            self.take(&Step::Get(key), None).await;
        }
        let events = self.events.into_iter();
        // No standing clock knows that the end comes last.
        let end = self.shared.clock.now().max(STANDING.1 + 1);
        events
            .map(|(_, event)| Event {
                called: event.called.max(end),
                returned: event.returned.max(end),
                ..event
            })
            .collect()
    }

    /// Takes a simple step; drops it if it is not done after so many polls.
    async fn take(&mut self, step: &Step, polls: Option<usize>) {
        let shared = Arc::clone(&self.shared);
        let call = self.call(step);
        let called = shared.clock.now();
        let answer = {
            let answer = perform(&shared, step, &call);
            match polls {
                None => answer.await,
                Some(polls) => at_most(polls, answer).await.unwrap_or(Answer::Dropped),
            }
        };
        assert_ne!(answer, Answer::Reentrant, "not inside a closure: {call:?}");
        note(&mut self.seen, &call, &answer);
        let event = self.event(call, answer, called);
        self.events.push((false, event));
    }

    /// Updates a key with a closure that takes another step.
    async fn update_around(&mut self, key: Key, digit: Number, inner: &Step) {
        let shared = Arc::clone(&self.shared);
        let called = shared.clock.now();
        let mut inside = None;
        let mut saw = None;
        let updated = shared.store.update(&key, |current| {
            let entry = entry(current);
            saw = Some(entry);
            if let Some(tally) = &shared.tally {
                tally.count();
            }
            let called = shared.clock.now();
            let call = self.call(inner);
            let answer = now_or_never(perform(&shared, inner, &call));
            inside = Some(self.event(call, answer, called));
            Payload::new(appended(entry.number, digit))
        });
        let answer = match (updated.await, saw) {
            (Ok(version), Some(saw)) => Answer::Updated {
                saw,
                version: version.get(),
            },
            (Err(refused), _) => refusal(refused),
            (Ok(_), None) => panic!("an update without its closure"),
        };
        let call = Call::Update(key, digit);
        note(&mut self.seen, &call, &answer);
        let event = self.event(call, answer, called);
        self.events.extend(inside.map(|event| (true, event)));
        self.events.push((false, event));
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

/// What a planned panic throws.
struct Planned;

/// Calls the store; `step` says how where there are several ways to.
async fn perform<S: StrategyKind>(shared: &Shared<S>, step: &Step, call: &Call) -> Answer {
    let store = &shared.store;
    let mut saw = None;
    let mut look = |current: &Versioned<Payload>| {
        if let Some(tally) = &shared.tally {
            tally.count();
        }
        *saw.insert(entry(current))
    };
    match call {
        Call::Get(key) => Answer::Found(match step {
            Step::Read(_) => store.read(key, entry).await,
            _ => store.get(key).await.as_ref().map(entry),
        }),
        Call::Create(key, number) => wrote(store.create(*key, Payload::new(*number)).await),
        Call::Update(key, digit) => {
            let update = store.update(key, |current| {
                Payload::new(appended(look(current).number, *digit))
            });
            match (update.await, saw) {
                (Ok(version), Some(saw)) => Answer::Updated {
                    saw,
                    version: version.get(),
                },
                (Err(refused), _) => refusal(refused),
                (Ok(_), None) => panic!("an update without its closure"),
            }
        }
        Call::Abort(key) => {
            let panics = matches!(step, Step::Panic(_));
            let update = store.try_update(key, |current| {
                look(current);
                if panics {
                    resume_unwind(Box::new(Planned));
                }
                Err(())
            });
            match (caught(update).await, saw) {
                (Err(panic), Some(saw)) if panic.is::<Planned>() => Answer::Aborted(saw),
                (Err(panic), _) => resume_unwind(panic),
                (Ok(Err(UpdateError::Aborted(()))), Some(saw)) => Answer::Aborted(saw),
                (Ok(Err(UpdateError::Absent)), _) => no(Refusal::Absent),
                (Ok(Err(UpdateError::Reentrant(_))), _) => Answer::Reentrant,
                (Ok(outcome), _) => panic!("a refused update: {outcome:?}"),
            }
        }
        Call::CompareAndSet(key, expected, number) => {
            let next = Payload::new(*number);
            wrote(store.compare_and_set(key, version(*expected), next).await)
        }
        Call::Remove(key, expected) => match store.remove(key, expected.map(version)).await {
            Ok(removed) => Answer::Removed(entry(&removed)),
            Err(refused) => refusal(refused),
        },
        Call::Apply(writes) => match store.apply(batch(writes)).await {
            Ok(versions) => {
                let versions = versions.into_iter();
                Answer::Applied(versions.map(|version| version.map(Version::get)).collect())
            }
            Err(refused) => refusal(refused),
        },
        Call::Snapshot => Answer::Whole(whole(&store.snapshot().await)),
        Call::Len => Answer::Counted(store.len().await),
    }
}

fn entry(current: &Versioned<Payload>) -> Entry {
    Entry {
        version: current.version().get(),
        number: current.number(),
    }
}

fn whole(snapshot: &Snapshot<Key, Payload>) -> BTreeMap<Key, Entry> {
    let entries: BTreeMap<_, _> = snapshot
        .iter()
        .map(|(&key, current)| (key, entry(current)))
        .collect();
    assert_eq!(
        entries.len(),
        snapshot.len(),
        "a snapshot names a key twice"
    );
    entries
}

fn version(number: u64) -> Version {
    Version::from_u64(number).unwrap_or(Version::FIRST)
}

fn batch(writes: &[(Key, Write<u64>)]) -> Batch<Key, Payload> {
    writes
        .iter()
        .fold(Batch::new(), |batch, &(key, write)| match write {
            Write::Create(number) => batch.create(key, Payload::new(number)),
            Write::Put(number) => batch.put(key, Payload::new(number)),
            Write::CompareAndSet(expected, number) => {
                batch.compare_and_set(key, version(expected), Payload::new(number))
            }
            Write::Remove(expected) => batch.remove(key, expected.map(version)),
            Write::Require(expected) => batch.require(key, expected.map(version)),
        })
}

fn wrote<E: Into<Answer>>(result: Result<Version, E>) -> Answer {
    match result {
        Ok(version) => Answer::Wrote(version.get()),
        Err(refused) => refused.into(),
    }
}

fn no(refusal: Refusal) -> Answer {
    Answer::Refused(None, refusal)
}

fn refusal(refused: impl Into<Answer>) -> Answer {
    refused.into()
}

impl From<CreateError> for Answer {
    fn from(refused: CreateError) -> Self {
        match refused {
            CreateError::Exists { current } => no(Refusal::Exists(current.get())),
            CreateError::Full { .. } => no(Refusal::Full),
            CreateError::Reentrant(_) => Self::Reentrant,
            other => panic!("an error that no scenario knows: {other}"),
        }
    }
}

impl From<UpdateError> for Answer {
    fn from(refused: UpdateError) -> Self {
        match refused {
            UpdateError::Absent => no(Refusal::Absent),
            UpdateError::Reentrant(_) => Self::Reentrant,
            other => panic!("an error that no scenario knows: {other:?}"),
        }
    }
}

impl From<CompareAndSetError> for Answer {
    fn from(refused: CompareAndSetError) -> Self {
        match refused {
            CompareAndSetError::Absent => no(Refusal::Absent),
            CompareAndSetError::Conflict { current } => no(Refusal::Conflict(current.get())),
            CompareAndSetError::Reentrant(_) => Self::Reentrant,
            other => panic!("an error that no scenario knows: {other}"),
        }
    }
}

impl From<RemoveError> for Answer {
    fn from(refused: RemoveError) -> Self {
        match refused {
            RemoveError::Absent => no(Refusal::Absent),
            RemoveError::Conflict { current } => no(Refusal::Conflict(current.get())),
            RemoveError::Reentrant(_) => Self::Reentrant,
            other => panic!("an error that no scenario knows: {other}"),
        }
    }
}

impl From<BatchError> for Answer {
    fn from(refused: BatchError) -> Self {
        match refused {
            BatchError::Absent { index } => Self::Refused(Some(index), Refusal::Absent),
            BatchError::Exists { index, current } => {
                Self::Refused(Some(index), Refusal::Exists(current.get()))
            }
            BatchError::Conflict { index, current } => {
                Self::Refused(Some(index), Refusal::Conflict(current.get()))
            }
            BatchError::Full { .. } => no(Refusal::Full),
            BatchError::Reentrant(_) => Self::Reentrant,
            other => panic!("an error that no scenario knows: {other}"),
        }
    }
}

/// The output of a future, or the panic that a poll of it ended with.
async fn caught<F: Future>(future: F) -> Caught<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match poll {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// The output of a future, if it has one after so many polls, one right after the other.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let poll = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if let Poll::Ready(output) = poll.await {
            return Some(output);
        }
    }
    None
}

/// What a call from inside a closure comes to, which must not wait. Reads of strategies that await
/// panic there.
fn now_or_never(answer: impl Future<Output = Answer>) -> Answer {
    let mut answer = pin!(answer);
    let mut context = Context::from_waker(Waker::noop());
    let poll = || answer.as_mut().poll(&mut context);
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(Poll::Ready(answer)) => answer,
        Ok(Poll::Pending) => panic!("a call from inside a closure waits"),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(message) if message.contains("inside a closure") => Answer::Reentrant,
            _ => resume_unwind(panic),
        },
    }
}
