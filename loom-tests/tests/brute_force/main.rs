//! The checker agrees with a brute force that shares nothing with it: all orders of the events,
//! and in each of them everything that the calls may have come to. That includes what the
//! comparison in `checker.rs` leaves out: dropped calls, limits, and versions of new keys.

mod histories;
mod store;

use std::collections::BTreeMap;

use contexture_loom_tests::history::{Event, History};
use contexture_loom_tests::linearizability::{Violation, check};
use contexture_loom_tests::operation::{Answer, Call, Entry, Key, Number, Refusal, Write};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::histories::{corrupt, overlap, simulated, smaller};
use crate::store::Store;

const HISTORIES: u64 = 30_000;

/// Whether there is an order of the events that the store could have gone through.
fn brute_force(history: &History) -> bool {
    let threads = history.threads.iter().enumerate();
    let events: Vec<(usize, &Event)> = threads
        .flat_map(|(thread, events)| events.iter().map(move |event| (thread, event)))
        .collect();
    // Where nobody tells the version of a new key, the lowest possible one is as good as any.
    let named = events.iter().flat_map(|(_, event)| versions(event));
    let last = named.max().unwrap_or(0);
    let store = Store::new(history.limit, &history.entries);
    can_be_ordered(&events, &store, last)
}

/// Whether these events, each with its thread, are possible from here on in some order.
fn can_be_ordered(events: &[(usize, &Event)], store: &Store, last: u64) -> bool {
    let can_be_next = |place: usize| {
        let (thread, event) = events[place];
        let comes_first = |(other_place, (other_thread, other)): (usize, &(usize, &Event))| {
            (*other_thread == thread && other_place < place) || other.returned < event.called
        };
        if events.iter().enumerate().any(comes_first) {
            return false;
        }
        let rest = [&events[..place], &events[place + 1..]].concat();
        stores_after(event, store, last)
            .iter()
            .any(|after| can_be_ordered(&rest, after, last))
    };
    events.is_empty() || (0..events.len()).any(can_be_next)
}

/// What the event may leave behind; nothing, if it is not possible.
fn stores_after(event: &Event, store: &Store, last: u64) -> Vec<Store> {
    if event.answer == Answer::Reentrant {
        return vec![store.clone()];
    }
    let dropped = event.answer == Answer::Dropped;
    let ways = store.ways(&event.call, last).into_iter();
    let possible = ways.filter(|(answer, _)| dropped || *answer == event.answer);
    let without_effect = dropped.then(|| store.clone());
    let with_effect = possible.map(|(_, after)| after);
    without_effect.into_iter().chain(with_effect).collect()
}

/// Every version that the call or the answer names.
fn versions(event: &Event) -> Vec<u64> {
    let mut versions = match &event.call {
        Call::CompareAndSet(_, expected, _) | Call::Remove(_, Some(expected)) => vec![*expected],
        Call::Apply(writes) => {
            let expected = writes.iter().filter_map(|(_, write)| match write {
                Write::CompareAndSet(expected, _)
                | Write::Remove(Some(expected))
                | Write::Require(Some(expected)) => Some(*expected),
                _ => None,
            });
            expected.collect()
        }
        _ => Vec::new(),
    };
    match &event.answer {
        Answer::Found(Some(entry)) | Answer::Aborted(entry) | Answer::Removed(entry) => {
            versions.push(entry.version);
        }
        Answer::Wrote(version) => versions.push(*version),
        Answer::Updated { saw, version } => versions.extend([saw.version, *version]),
        Answer::Applied(applied) => versions.extend(applied.iter().flatten()),
        Answer::Refused(_, Refusal::Exists(current) | Refusal::Conflict(current)) => {
            versions.push(*current);
        }
        Answer::Whole(entries) => versions.extend(entries.values().map(|entry| entry.version)),
        _ => {}
    }
    versions
}

/// What the checker says.
fn checker(history: &History) -> bool {
    match check(history) {
        Ok(()) => true,
        Err(Violation::NotLinearizable { .. }) => false,
        Err(undecided) => panic!("{undecided}\n{history}"),
    }
}

fn disagree(history: &History) -> bool {
    checker(history) != brute_force(history)
}

/// The smallest history that they still disagree on.
fn shrunk(mut history: History) -> History {
    while let Some(next) = smaller(&history).into_iter().find(disagree) {
        history = next;
    }
    history
}

fn compare(seed: u64, drops: bool) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..HISTORIES {
        let mut history = simulated(&mut random, drops);
        for probability in [0.8, 0.5] {
            if random.random_bool(probability) {
                corrupt(&mut random, &mut history);
            }
        }
        if random.random_bool(0.2) {
            overlap(&mut history);
        }
        let verdict = brute_force(&history);
        if checker(&history) != verdict {
            let smallest = shrunk(history);
            let verdict = brute_force(&smallest);
            panic!("linearizable by brute force: {verdict}; by the checker not so:\n{smallest}");
        }
        *(if verdict { &mut good } else { &mut bad }) += 1;
    }
    assert!(
        good >= HISTORIES / 20 && bad >= HISTORIES / 20,
        "{good} {bad}"
    );
}

#[test]
fn both_agree_on_histories_without_dropped_calls() {
    compare(11, false);
}

#[test]
fn both_agree_on_histories_with_dropped_calls() {
    compare(12, true);
}

#[test]
fn what_a_sequential_store_did_is_linearizable() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(13);
    for number in 0..2_000 {
        let history = simulated(&mut random, number % 2 == 0);
        assert!(brute_force(&history), "\n{history}");
        assert_eq!(check(&history), Ok(()), "\n{history}");
    }
}

/// An event that took so long.
fn event((called, returned): (u64, u64), call: Call, answer: Answer) -> Event {
    Event {
        call,
        answer,
        called,
        returned,
    }
}

/// The events of one thread, each after the other.
fn one_thread<const EVENTS: usize>(events: [(Call, Answer); EVENTS]) -> Vec<Vec<Event>> {
    let times = (0..).map(|place| (2 * place, 2 * place + 1));
    let events = times.zip(events);
    vec![
        events
            .map(|(time, (call, answer))| event(time, call, answer))
            .collect(),
    ]
}

fn entry(version: u64, number: Number) -> Entry {
    Entry { version, number }
}

fn two_keys() -> BTreeMap<Key, Entry> {
    BTreeMap::from([(1, entry(1, 0)), (2, entry(1, 0))])
}

fn first_update() -> (Call, Answer) {
    let saw = entry(1, 0);
    (Call::Update(1, 6), Answer::Updated { saw, version: 2 })
}

#[track_caller]
fn assert_verdict(linearizable: bool, entries: BTreeMap<Key, Entry>, threads: Vec<Vec<Event>>) {
    let history = History {
        entries,
        limit: None,
        threads,
    };
    assert_eq!(brute_force(&history), linearizable, "brute force");
    assert_eq!(checker(&history), linearizable, "checker");
}

#[test]
fn an_update_of_a_dropped_create_is_above_its_version() {
    let threads = one_thread([
        (Call::Create(1, 5), Answer::Dropped),
        (Call::Update(1, 6), Answer::Dropped),
        (Call::Get(1), Answer::Found(Some(entry(1, 56)))),
    ]);
    assert_verdict(false, BTreeMap::new(), threads);
}

#[test]
fn the_version_of_a_dropped_create_is_used_up() {
    let threads = one_thread([
        (Call::Create(1, 5), Answer::Dropped),
        (Call::Len, Answer::Counted(1)),
        (Call::Remove(1, None), Answer::Dropped),
        (Call::Len, Answer::Counted(0)),
        (Call::Create(1, 6), Answer::Wrote(1)),
    ]);
    assert_verdict(false, BTreeMap::new(), threads);
}

#[test]
fn a_batch_may_be_refused_before_an_update_of_what_it_requires() {
    let writes = vec![(1, Write::Require(Some(1))), (2, Write::Require(None))];
    let refused = Answer::Refused(Some(1), Refusal::Exists(1));
    let (update, updated) = first_update();
    let threads = vec![
        vec![event((0, 5), update, updated)],
        vec![event((0, 9), Call::Apply(writes), refused)],
    ];
    assert_verdict(true, two_keys(), threads);
}

#[test]
fn a_dropped_batch_may_be_applied_before_an_update_of_what_it_requires() {
    let writes = vec![(1, Write::Require(Some(1))), (2, Write::Put(5))];
    let (update, updated) = first_update();
    let found = Answer::Found(Some(entry(2, 5)));
    let threads = vec![
        vec![event((0, 9), Call::Apply(writes), Answer::Dropped)],
        vec![
            event((0, 5), update, updated),
            event((6, 9), Call::Get(2), found),
        ],
    ];
    assert_verdict(true, two_keys(), threads);
}

#[test]
fn a_dropped_compare_and_set_may_follow_a_dropped_create() {
    let threads = one_thread([
        (Call::Create(1, 5), Answer::Dropped),
        (Call::CompareAndSet(1, 1, 7), Answer::Dropped),
        (Call::Get(1), Answer::Found(Some(entry(2, 7)))),
    ]);
    assert_verdict(true, BTreeMap::new(), threads);
}

#[test]
fn a_batch_may_put_over_a_dropped_create() {
    let put = Call::Apply(vec![(1, Write::Put(6))]);
    let threads = one_thread([
        (Call::Create(1, 5), Answer::Dropped),
        (Call::Len, Answer::Counted(1)),
        (put, Answer::Applied(vec![Some(2)])),
    ]);
    assert_verdict(true, BTreeMap::new(), threads);
}

#[test]
fn without_a_limit_nothing_is_refused_for_it() {
    let full = Answer::Refused(None, Refusal::Full);
    let threads = one_thread([(Call::Create(1, 5), full)]);
    assert_verdict(false, BTreeMap::new(), threads);
}
