//! The checker agrees with one that others wrote (`todc-utils`), on histories that are
//! linearizable and on those that are not.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use contexture_loom_tests::history::{Event, History};
use contexture_loom_tests::linearizability::{Violation, check};
use contexture_loom_tests::operation::{Answer, Call, Write};
use contexture_loom_tests::reference::Reference;
use contexture_loom_tests::search::Sequential;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History as OtherHistory};
use todc_utils::specifications::Specification;

const THREADS: usize = 4;
const CALLS: usize = 4;
const HISTORIES: u64 = 20_000;

/// A history that is linearizable because it was made by a sequential store: each call takes
/// effect at some moment between its beginning and its end.
fn simulated(random: &mut impl Rng) -> History {
    let mut store = Reference::default();
    let mut history = History {
        threads: vec![Vec::new(); THREADS],
        ..History::default()
    };
    let mut now = 0;
    let mut running: Vec<Option<(Call, u64, Option<Answer>)>> = vec![None; THREADS];
    while history.len() < THREADS * CALLS {
        now += 1;
        let thread = random.random_range(0..THREADS);
        let done = history.threads[thread].len();
        running[thread] = match running[thread].take() {
            None if done < CALLS => Some((call(random, &store), now, None)),
            None => None,
            Some((call, called, None)) => {
                let answer = store.perform(&call);
                Some((call, called, Some(answer)))
            }
            Some((call, called, Some(answer))) => {
                history.threads[thread].push(Event {
                    call,
                    answer,
                    called,
                    returned: now,
                });
                None
            }
        };
    }
    history
}

fn call(random: &mut impl Rng, store: &Reference) -> Call {
    let key = random.random_range(1..=2);
    let number = random.random_range(1..4);
    let version = store.get(key).map_or(1, |entry| entry.version);
    match random.random_range(0..9) {
        0 | 1 => Call::Get(key),
        2 => Call::Create(key, number),
        3 => Call::Update(key, number),
        4 => Call::CompareAndSet(key, version, number),
        5 => Call::Remove(key, None),
        6 => Call::Apply(vec![(1, Write::Put(number)), (2, Write::Put(number))]),
        7 => Call::Snapshot,
        _ => Call::Len,
    }
}

/// Swaps the answers of two events, or moves an event in time.
fn corrupt(random: &mut impl Rng, history: &mut History) {
    let thread = |random: &mut _| Rng::next_u64(random) as usize % THREADS;
    let (one, other) = (thread(random), thread(random));
    let place = random.random_range(0..CALLS);
    let further = random.random_range(0..CALLS);
    if random.random_bool(0.7) {
        let answer = history.threads[one][place].answer.clone();
        let swapped = std::mem::replace(&mut history.threads[other][further].answer, answer);
        history.threads[one][place].answer = swapped;
    } else {
        let event = &mut history.threads[one][place];
        if random.random_bool(0.5) {
            event.returned = event.called;
        } else {
            event.called = event.returned;
        }
    }
}

/// The same store for the other checker.
struct Store;

impl Specification for Store {
    type State = Reference;
    type Operation = Event;

    fn init() -> Reference {
        Reference::default()
    }

    fn apply(event: &Event, state: &Reference) -> (bool, Reference) {
        let mut state = state.clone();
        (Sequential::apply(&mut state, event, 0).is_some(), state)
    }
}

fn check_otherwise(history: &History) -> bool {
    let mut actions = BTreeMap::new();
    for (thread, event) in history
        .threads
        .iter()
        .enumerate()
        .flat_map(|(number, events)| events.iter().map(move |event| (number, event)))
    {
        // At one moment, calls come before answers: then the events overlap.
        let order = |time: u64, answered| (time, answered, thread);
        let call = (thread, Action::Call(event.clone()));
        actions.insert(order(event.called, 0), call);
        let answer = (thread, Action::Response(event.clone()));
        actions.insert(order(event.returned, 1), answer);
    }
    let history = OtherHistory::from_actions(actions.into_values().collect());
    WGLChecker::<Store>::is_linearizable(history)
}

#[test]
fn what_a_sequential_store_did_is_linearizable() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..2_000 {
        let history = simulated(&mut random);
        assert_eq!(check(&history), Ok(()), "\n{history}");
        assert!(check_otherwise(&history), "\n{history}");
    }
}

#[test]
fn both_checkers_agree_on_corrupted_histories() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..HISTORIES {
        let mut history = simulated(&mut random);
        corrupt(&mut random, &mut history);
        let verdict = match check(&history) {
            Ok(()) => true,
            Err(Violation::NotLinearizable { .. }) => false,
            Err(undecided) => panic!("{undecided}"),
        };
        assert_eq!(verdict, check_otherwise(&history), "\n{history}");
        *(if verdict { &mut good } else { &mut bad }) += 1;
    }
    assert!(
        good > HISTORIES / 10 && bad > HISTORIES / 10,
        "{good} {bad}"
    );
}
