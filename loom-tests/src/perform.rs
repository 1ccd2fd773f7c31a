//! One call of a store, and its answer.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::Result as Caught;

use contexture_strategies::{
    Batch, BatchError, CompareAndSetError, CreateError, RemoveError, Snapshot, Strategy,
    UpdateError, Version, Versioned,
};

use crate::journal::Witness;
use crate::operation::{Answer, Call, Entry, Key, Refusal, Step, Write, appended};
use crate::world::{Payload, Tally};

/// What a planned panic throws.
struct Planned;

/// Calls the store; `step` says how where there are several ways to. Closures are counted, and
/// writes and snapshots witnessed.
pub(crate) async fn perform<S: Strategy<Key = Key, Value = Payload>>(
    store: &S,
    tally: Option<&Tally>,
    witness: Witness<'_>,
    step: &Step,
    call: &Call,
) -> Answer {
    let mut saw = None;
    let mut look = |current: &Versioned<Payload>| {
        tally.inspect(|tally| tally.count());
        *saw.insert(entry(current))
    };
    match call {
        Call::Get(key) => Answer::Found(match step {
            Step::Read(_) => store.read(key, entry).await,
            _ => store.get(key).await.as_ref().map(entry),
        }),
        Call::Create(key, number) => {
            let value = Payload::new(*number);
            wrote(store.create_with(*key, value, witness.commit()).await)
        }
        Call::Update(key, digit) => {
            let append = |current: &Versioned<Payload>| {
                Ok::<_, Infallible>(Payload::new(appended(look(current).number, *digit)))
            };
            let update = store.try_update_with(key, append, witness.commit());
            let result = update.await;
            updated(result, saw)
        }
        Call::Abort(key) => {
            let panics = matches!(step, Step::Panic(_));
            let refuse = |current: &Versioned<Payload>| {
                look(current);
                if panics {
                    resume_unwind(Box::new(Planned));
                }
                Err(())
            };
            let update = store.try_update_with(key, refuse, witness.commit());
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
            let (expected, next) = (version(*expected), Payload::new(*number));
            let swap = store.compare_and_set_with(key, expected, next, witness.commit());
            wrote(swap.await)
        }
        Call::Remove(key, expected) => {
            let remove = store.remove_with(key, expected.map(version), witness.commit());
            match remove.await {
                Ok(removed) => Answer::Removed(entry(&removed)),
                Err(refused) => refused.into(),
            }
        }
        Call::Apply(writes) => match store.apply_with(batch(writes), witness.commit()).await {
            Ok(versions) => {
                let versions = versions.into_iter();
                Answer::Applied(versions.map(|version| version.map(Version::get)).collect())
            }
            Err(refused) => refused.into(),
        },
        Call::Snapshot => Answer::Whole(whole(&match step {
            Step::SnapshotWithoutHook => store.snapshot().await,
            _ => store.snapshot_with(witness.mark()).await.0,
        })),
        Call::Len => Answer::Counted(store.len().await),
    }
}

/// What an update came to whose closure saw this.
pub(crate) fn updated(result: Result<Version, UpdateError>, saw: Option<Entry>) -> Answer {
    match (result, saw) {
        (Ok(version), Some(saw)) => Answer::Updated {
            saw,
            version: version.get(),
        },
        (Err(refused), _) => refused.into(),
        (Ok(_), None) => panic!("an update without its closure"),
    }
}

pub(crate) fn entry(current: &Versioned<Payload>) -> Entry {
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
    for (key, seen) in &entries {
        let found = snapshot.get(key).map(entry);
        assert_eq!(found, Some(*seen), "a snapshot misses an entry of its own");
    }
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
pub(crate) async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let poll = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if let Poll::Ready(output) = poll.await {
            return Some(output);
        }
    }
    None
}

/// The output of a future that was first polled by a task that nobody wakes.
pub(crate) async fn moved<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut nobody = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut nobody) {
        Poll::Ready(output) => output,
        Poll::Pending => future.await,
    }
}

/// What a call from inside a closure comes to, which must not wait. Reads of strategies that await
/// panic there.
pub(crate) fn now_or_never(answer: impl Future<Output = Answer>) -> Answer {
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
