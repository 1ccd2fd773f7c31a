//! Random histories: right ones, corrupted ones, and smaller ones.

use std::collections::BTreeMap;

use contexture_loom_tests::history::{Event, History};
use contexture_loom_tests::operation::{Answer, Call, Entry, Key, Write};
use rand::{Rng, RngExt};

use crate::store::Store;

/// A history that is linearizable because it was made by a sequential store: each call takes
/// effect at some moment between its beginning and its end. With `drops`, some calls are dropped,
/// before or after that moment.
pub fn simulated(random: &mut impl Rng, drops: bool) -> History {
    let limit = random.random_bool(0.25).then(|| random.random_range(1..=2));
    let about_all = random.random_bool(0.5);
    let threads = random.random_range(2..=3);
    let calls = random.random_range(3..=7);
    let entries = first_entries(random, limit);
    let mut store = Store::new(limit, &entries);
    let mut history = History {
        entries,
        limit,
        threads: vec![Vec::new(); threads],
    };
    let (mut now, mut started) = (0, 0);
    let mut running: Vec<Option<(Call, u64, Option<Answer>)>> = vec![None; threads];
    while history.len() < calls {
        now += 1;
        let thread = random.random_range(0..threads);
        running[thread] = match running[thread].take() {
            None if started < calls => {
                started += 1;
                Some((random_call(random, &store, about_all), now, None))
            }
            None => None,
            Some((call, called, None)) if drops && random.random_bool(0.15) => {
                Some((call, called, Some(Answer::Dropped)))
            }
            Some((call, called, None)) => {
                let last = store.highest(1).max(store.highest(2)) + 2;
                let mut ways = store.ways(&call, last);
                let (answer, after) = ways.swap_remove(random.random_range(0..ways.len()));
                store = after;
                let dropped = drops && random.random_bool(0.25);
                let answer = if dropped { Answer::Dropped } else { answer };
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

fn first_entries(random: &mut impl Rng, limit: Option<usize>) -> BTreeMap<Key, Entry> {
    let (version, number) = (1, 0);
    let mut entries = BTreeMap::new();
    for key in 1..=2 {
        if random.random_bool(0.5) && limit.is_none_or(|limit| entries.len() < limit) {
            entries.insert(key, Entry { version, number });
        }
    }
    entries
}

fn random_call(random: &mut impl Rng, store: &Store, about_all: bool) -> Call {
    let key = random.random_range(1..=2);
    let number = random.random_range(1..4);
    match random.random_range(0..13) {
        0 | 1 => Call::Get(key),
        2 | 3 => Call::Create(key, number),
        4 | 5 => Call::Update(key, number),
        6 => Call::CompareAndSet(key, expected(random, store, key), number),
        7 => Call::Remove(key, None),
        8 => Call::Remove(key, Some(expected(random, store, key))),
        9 => Call::Abort(key),
        10 if about_all => Call::Snapshot,
        11 if about_all => Call::Len,
        _ => {
            let keys = [key, 3 - key];
            Call::Apply(keys.map(|key| (key, write(random, store, key))).into())
        }
    }
}

fn write(random: &mut impl Rng, store: &Store, key: Key) -> Write<u64> {
    let number = random.random_range(1..4);
    let expected = expected(random, store, key);
    match random.random_range(0..12) {
        0 | 1 => Write::Create(number),
        2 | 3 => Write::Put(number),
        4 | 5 => Write::CompareAndSet(expected, number),
        6 => Write::Remove(None),
        7 => Write::Remove(Some(expected)),
        8 | 9 => Write::Require(Some(expected)),
        _ => Write::Require(None),
    }
}

/// The latest version of the key, or the one before.
fn expected(random: &mut impl Rng, store: &Store, key: Key) -> u64 {
    let latest = store.highest(key).max(1);
    if random.random_ratio(1, 3) {
        latest.max(2) - 1
    } else {
        latest
    }
}

/// Changes an event in a way that may be wrong: its answer or its time, or that it is there.
pub fn corrupt(random: &mut impl Rng, history: &mut History) {
    let Some((thread, place)) = random_place(random, history) else {
        return;
    };
    match random.random_range(0..6) {
        0 => swap_answers(random, history, (thread, place)),
        1 => {
            history.threads[thread].remove(place);
        }
        2 => history.threads[thread][place].answer = Answer::Dropped,
        3 => raise(&mut history.threads[thread][place].answer),
        4 => lower(&mut history.threads[thread][place].answer),
        _ => {
            let event = &mut history.threads[thread][place];
            if random.random_bool(0.5) {
                event.returned = event.called;
            } else {
                event.called = event.returned;
            }
        }
    }
}

/// The thread of an event, and its place there.
fn random_place(random: &mut impl Rng, history: &History) -> Option<(usize, usize)> {
    let places = places(history);
    (!places.is_empty()).then(|| places[random.random_range(0..places.len())])
}

fn places(history: &History) -> Vec<(usize, usize)> {
    let threads = history.threads.iter().enumerate();
    threads
        .flat_map(|(thread, events)| (0..events.len()).map(move |place| (thread, place)))
        .collect()
}

/// Swaps the answer with that of another event, if that is one to the same call.
fn swap_answers(random: &mut impl Rng, history: &mut History, one: (usize, usize)) {
    let same_call = |&(thread, place): &(usize, usize)| {
        history.threads[thread][place].call == history.threads[one.0][one.1].call
    };
    if let Some(other) = random_place(random, history).filter(same_call) {
        let answer = history.threads[one.0][one.1].answer.clone();
        let other = &mut history.threads[other.0][other.1].answer;
        let swapped = std::mem::replace(other, answer);
        history.threads[one.0][one.1].answer = swapped;
    }
}

fn raise(answer: &mut Answer) {
    match answer {
        Answer::Wrote(version) | Answer::Updated { version, .. } => *version += 1,
        Answer::Found(Some(entry)) | Answer::Removed(entry) | Answer::Aborted(entry) => {
            entry.version += 1;
        }
        Answer::Counted(len) => *len += 1,
        _ => {}
    }
}

fn lower(answer: &mut Answer) {
    match answer {
        Answer::Wrote(version) | Answer::Updated { version, .. } if *version > 1 => *version -= 1,
        Answer::Found(entry) => *entry = None,
        Answer::Removed(entry) | Answer::Aborted(entry) if entry.version > 1 => entry.version -= 1,
        Answer::Counted(len) => *len = len.saturating_sub(1),
        _ => {}
    }
}

/// Lets all events happen at the same time; only those of one thread are still in order.
pub fn overlap(history: &mut History) {
    for event in history.threads.iter_mut().flatten() {
        (event.called, event.returned) = (0, 1);
    }
}

/// This history without one event, one of the first entries, or the limit.
pub fn smaller(history: &History) -> Vec<History> {
    let mut smaller = Vec::new();
    for (thread, place) in places(history) {
        let mut without = history.clone();
        without.threads[thread].remove(place);
        smaller.push(without);
    }
    for key in history.entries.keys() {
        let mut without = history.clone();
        without.entries.remove(key);
        smaller.push(without);
    }
    if history.limit.is_some() {
        smaller.push(History {
            limit: None,
            ..history.clone()
        });
    }
    smaller
}
