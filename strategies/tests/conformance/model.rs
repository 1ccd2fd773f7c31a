//! Any sequence of operations does what the obvious single-threaded model does.

use std::collections::BTreeMap;

use contexture_strategies::{
    Batch, BatchError, Change, CompareAndSetError, CreateError, Options, RemoveError, Strategy,
    StrategyKind, UpdateError, Version,
};
use proptest::collection::vec;
use proptest::prelude::{Just, any, prop_oneof};
use proptest::strategy::Strategy as Generator; // which proptest calls strategies, too
use proptest::test_runner::{Config, TestRunner};

const LIMIT: usize = 4;

#[derive(Debug, Clone)]
enum Op {
    Get(u8),
    Create(u8, u32),
    Update(u8, u32),
    Abort(u8),
    CompareAndSet(u8, Expect, u32),
    Remove(u8, Option<Expect>),
    Apply(Vec<(u8, BatchOp)>),
    Snapshot,
}

#[derive(Debug, Clone)]
enum BatchOp {
    Create(u32),
    Put(u32),
    CompareAndSet(Expect, u32),
    Remove(Option<Expect>),
    Require(Option<Expect>),
}

/// Which version to expect: the current one, or another.
#[derive(Debug, Clone, Copy)]
enum Expect {
    Current,
    Number(u64),
}

fn key() -> impl Generator<Value = u8> {
    0..6_u8
}

fn expect() -> impl Generator<Value = Expect> {
    prop_oneof![
        3 => Just(Expect::Current),
        1 => (1..20_u64).prop_map(Expect::Number),
    ]
}

fn batch_op() -> impl Generator<Value = BatchOp> {
    prop_oneof![
        any::<u32>().prop_map(BatchOp::Create),
        any::<u32>().prop_map(BatchOp::Put),
        (expect(), any::<u32>()).prop_map(|(e, v)| BatchOp::CompareAndSet(e, v)),
        proptest::option::of(expect()).prop_map(BatchOp::Remove),
        proptest::option::of(expect()).prop_map(BatchOp::Require),
    ]
}

fn op() -> impl Generator<Value = Op> {
    prop_oneof![
        key().prop_map(Op::Get),
        (key(), any::<u32>()).prop_map(|(k, v)| Op::Create(k, v)),
        (key(), any::<u32>()).prop_map(|(k, v)| Op::Update(k, v)),
        key().prop_map(Op::Abort),
        (key(), expect(), any::<u32>()).prop_map(|(k, e, v)| Op::CompareAndSet(k, e, v)),
        (key(), proptest::option::of(expect())).prop_map(|(k, e)| Op::Remove(k, e)),
        vec((key(), batch_op()), 0..4).prop_map(Op::Apply),
        Just(Op::Snapshot),
    ]
}

/// The model: what is there, and the highest version each key ever had.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u8, (u64, u32)>,
    highest: BTreeMap<u8, u64>,
}

impl Model {
    fn version(&self, key: u8) -> Option<Version> {
        let (version, _) = self.entries.get(&key)?;
        Version::from_u64(*version)
    }

    /// The version an expectation means. For an absent key the current one is any.
    fn expected(&self, key: u8, expect: Expect) -> Version {
        match expect {
            Expect::Current => self.version(key).unwrap_or(Version::FIRST),
            Expect::Number(number) => Version::from_u64(number).unwrap(),
        }
    }

    /// Takes note of a write that the store reported.
    fn wrote(&mut self, key: u8, version: Version, value: u32) {
        let version = version.get();
        let highest = self.highest.entry(key).or_default();
        match self.entries.get(&key) {
            Some((current, _)) => assert_eq!(version, current + 1),
            None => assert!(version > *highest),
        }
        *highest = version;
        self.entries.insert(key, (version, value));
    }

    /// What the contract says a batch does.
    fn check(&self, changes: &[(u8, Change<u32>)]) -> Result<(), BatchError> {
        for (index, (key, _)) in changes.iter().enumerate() {
            if changes[..index].iter().any(|(other, _)| other == key) {
                return Err(BatchError::DuplicateKey { index });
            }
        }
        let mut len = self.entries.len();
        for (index, (key, change)) in changes.iter().enumerate() {
            let current = self.version(*key);
            let expected = match change {
                Change::Create(_) | Change::Put(_) if current.is_none() => {
                    len += 1;
                    continue;
                }
                Change::Put(_) => continue,
                Change::Create(_) | Change::Require { version: None } => match current {
                    Some(current) => return Err(BatchError::Exists { index, current }),
                    None => continue,
                },
                Change::CompareAndSet { expected, .. } => Some(*expected),
                Change::Remove { expected } => *expected,
                Change::Require { version } => *version,
                _ => unreachable!(),
            };
            let Some(current) = current else {
                return Err(BatchError::Absent { index });
            };
            if expected.is_some_and(|expected| expected != current) {
                return Err(BatchError::Conflict { index, current });
            }
            len -= usize::from(matches!(change, Change::Remove { .. }));
        }
        if len > LIMIT && len > self.entries.len() {
            return Err(BatchError::Full { limit: LIMIT });
        }
        Ok(())
    }
}

pub(crate) async fn any_sequence_agrees_with_the_model<S: StrategyKind>() {
    // On a thread of its own: `block_on` inside a task would use up the task's poll budget.
    let run = tokio::task::spawn_blocking(run::<S>);
    crate::runtime::join([run]).await;
}

fn run<S: StrategyKind>() {
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&vec(op(), 0..60), |ops| {
        pollster::block_on(follow::<S>(ops));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

async fn follow<S: StrategyKind>(ops: Vec<Op>) {
    let store = S::Store::<u8, u32>::with_options(Options::new().limit(LIMIT));
    let mut model = Model::default();
    for op in ops {
        match op {
            Op::Get(key) => {
                let seen = store.get(&key).await.map(|v| (v.version().get(), *v));
                assert_eq!(seen.as_ref(), model.entries.get(&key));
                let read = store.read(&key, |v| (v.version().get(), **v)).await;
                assert_eq!(read, seen);
            }
            Op::Create(key, value) => {
                let outcome = store.create(key, value).await;
                match model.version(key) {
                    Some(current) => assert_eq!(outcome, Err(CreateError::Exists { current })),
                    None if model.entries.len() == LIMIT => {
                        assert_eq!(outcome, Err(CreateError::Full { limit: LIMIT }));
                    }
                    None => model.wrote(key, outcome.unwrap(), value),
                }
            }
            Op::Update(key, value) => match store.update(&key, |_| value).await {
                Ok(version) => model.wrote(key, version, value),
                Err(error) => {
                    assert_eq!(error, UpdateError::Absent);
                    assert!(model.version(key).is_none());
                }
            },
            Op::Abort(key) => {
                let outcome = store.try_update(&key, |_| Err("no")).await;
                let expected = match model.version(key) {
                    Some(_) => UpdateError::Aborted("no"),
                    None => UpdateError::Absent,
                };
                assert_eq!(outcome, Err(expected));
            }
            Op::CompareAndSet(key, expect, value) => {
                let expected = model.expected(key, expect);
                let outcome = store.compare_and_set(&key, expected, value).await;
                match model.version(key) {
                    None => assert_eq!(outcome, Err(CompareAndSetError::Absent)),
                    Some(current) if current != expected => {
                        assert_eq!(outcome, Err(CompareAndSetError::Conflict { current }));
                    }
                    Some(_) => model.wrote(key, outcome.unwrap(), value),
                }
            }
            Op::Remove(key, expect) => {
                let expected = expect.map(|expect| model.expected(key, expect));
                let outcome = store.remove(&key, expected).await;
                let outcome = outcome.map(|v| (v.version().get(), *v));
                match model.version(key) {
                    None => assert_eq!(outcome, Err(RemoveError::Absent)),
                    Some(current) if expected.is_some_and(|e| e != current) => {
                        assert_eq!(outcome, Err(RemoveError::Conflict { current }));
                    }
                    Some(_) => assert_eq!(outcome.ok(), model.entries.remove(&key)),
                }
            }
            Op::Apply(changes) => {
                let changes: Vec<_> = changes
                    .into_iter()
                    .map(|(key, change)| (key, resolve(&model, key, change)))
                    .collect();
                let expected = model.check(&changes);
                let outcome = store.apply(changes.iter().cloned().collect::<Batch<_, _>>());
                let versions = match (outcome.await, expected) {
                    (Ok(versions), Ok(())) => versions,
                    (outcome, expected) => {
                        assert_eq!(outcome.err(), expected.err());
                        continue;
                    }
                };
                for ((key, change), version) in changes.into_iter().zip(versions) {
                    match change {
                        Change::Create(value)
                        | Change::Put(value)
                        | Change::CompareAndSet { value, .. } => {
                            model.wrote(key, version.unwrap(), value);
                        }
                        Change::Remove { .. } => {
                            assert_eq!(version, None);
                            assert!(model.entries.remove(&key).is_some());
                        }
                        _ => assert_eq!(version, model.version(key)),
                    }
                }
            }
            Op::Snapshot => {
                let snapshot = store.snapshot().await;
                let entries = snapshot.iter().map(|(k, v)| (*k, (v.version().get(), **v)));
                assert_eq!(entries.collect::<BTreeMap<_, _>>(), model.entries);
                assert_eq!(snapshot.len(), model.entries.len());
            }
        }
        assert_eq!(store.len().await, model.entries.len());
    }
}

fn resolve(model: &Model, key: u8, op: BatchOp) -> Change<u32> {
    let expected = |expect| model.expected(key, expect);
    match op {
        BatchOp::Create(value) => Change::Create(value),
        BatchOp::Put(value) => Change::Put(value),
        BatchOp::CompareAndSet(expect, value) => Change::CompareAndSet {
            expected: expected(expect),
            value,
        },
        BatchOp::Remove(expect) => Change::Remove {
            expected: expect.map(expected),
        },
        BatchOp::Require(expect) => Change::Require {
            version: expect.map(expected),
        },
    }
}
