//! Scenarios too large for loom: for shuttle and for real threads.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::history::History;
use crate::operation::Expect::{Initial, Seen};
use crate::operation::Step::{
    self, Apply, CompareAndSet, Create, Get, Len, Panic, Read, Refuse, Remove, Snapshot, Update,
};
use crate::operation::{Answer, Key, Number, Write};
use crate::scenario::Scenario;

/// All of them.
#[must_use]
pub fn large() -> Vec<Scenario> {
    let update = |digit| move |_| Update(1, digit);
    let hot_key = (1..=8).fold(
        Scenario::new("eight_tasks_update_one_key")
            .entries([(1, 0)])
            .closures_in_turn(),
        |scenario, digit| scenario.thread((0..10).map(update(digit))),
    );
    let faults = |digit| [Update(1, digit), Panic(1), Refuse(1), Update(1, digit)];
    let faulty = (1..=4).fold(
        Scenario::new("updates_between_panics_and_refusals")
            .entries([(1, 0)])
            .closures_in_turn(),
        |scenario, digit| scenario.thread(faults(digit)),
    );
    let transfer = |from: Key, to: Key, number: Number| {
        let write = Write::CompareAndSet(Seen, number);
        [Get(from), Get(to), Apply(vec![(from, write), (to, write)])]
    };
    let pairs = [(1, 2), (2, 3), (3, 1), (2, 1)];
    let transfers = pairs.into_iter().zip(1..).fold(
        Scenario::new("conditional_batches_in_a_circle").entries([(1, 0), (2, 0), (3, 0)]),
        |scenario, ((from, to), number)| {
            scenario.thread((0..3).flat_map(move |n| transfer(from, to, 10 * number + n)))
        },
    );
    let creates = (1..=5).fold(
        Scenario::new("creates_and_removes_at_the_limit")
            .limit(3)
            .invariant(never_over_three),
        |scenario, key| {
            let round = move |n| [Create(key, n), Len, Remove(key, None)];
            scenario.thread((0..4).flat_map(round))
        },
    );
    let recreation = (1..=4).fold(
        Scenario::new("one_key_comes_and_goes").entries([(1, 0)]),
        |scenario, digit| {
            let round = [
                Get(1),
                CompareAndSet(1, Seen, digit),
                Remove(1, Some(Seen)),
                Create(1, digit),
                CompareAndSet(1, Initial, digit),
            ];
            scenario.thread(round)
        },
    );
    let snapshots = (1..=4).fold(
        Scenario::new("snapshots_of_moving_entries")
            .entries((1..=4).map(|key| (key, 0)))
            .thread((0..6).map(|_| Snapshot))
            .invariant(always_four),
        |scenario, key| {
            let there = Apply(vec![
                (key, Write::Remove(None)),
                (key + 4, Write::Create(1)),
            ]);
            let back = Apply(vec![
                (key + 4, Write::Remove(None)),
                (key, Write::Create(1)),
            ]);
            scenario.thread([there, back])
        },
    );
    let dropped = (1..=5).fold(
        Scenario::new("five_tasks_drop_their_futures").entries([(1, 0), (2, 0)]),
        |scenario, digit| {
            let polls = digit as usize % 3 + 1;
            let batch = vec![(1, Write::Put(digit)), (2, Write::Put(digit))];
            scenario.thread([
                Update(1, digit).drop_after(polls),
                Apply(batch).drop_after(polls),
                Update(2, digit),
                Snapshot.drop_after(1),
            ])
        },
    );
    let nested = (1..=4).fold(
        Scenario::new("updates_inside_updates_in_a_circle").entries((1..=4).map(|key| (key, 0))),
        |scenario, key| {
            let neighbour = Key::try_from(key % 4 + 1).unwrap_or(1);
            let own = Key::try_from(key).unwrap_or(1);
            let inner = move |n| Update(neighbour, n).inside(own, n);
            scenario.thread((1..=3).map(inner))
        },
    );
    let mut all = vec![
        hot_key, faulty, transfers, creates, recreation, snapshots, dropped, nested,
    ];
    all.extend((0..4).map(|seed| random(seed, Shape::SMALL)));
    all
}

fn never_over_three(history: &History) -> Result<(), String> {
    let answers = history.threads.iter().flatten().map(|event| &event.answer);
    let over = answers.filter_map(|answer| match answer {
        Answer::Counted(len) if *len > 3 => Some(*len),
        _ => None,
    });
    over.max().map_or(Ok(()), |len| {
        Err(format!("{len} entries, and the limit is 3"))
    })
}

fn always_four(history: &History) -> Result<(), String> {
    let answers = history.threads.iter().flatten().map(|event| &event.answer);
    let sizes: BTreeSet<_> = answers
        .filter_map(|answer| match answer {
            Answer::Whole(entries) => Some(entries.len()),
            _ => None,
        })
        .collect();
    if sizes == BTreeSet::from([4]) {
        return Ok(());
    }
    Err(format!(
        "snapshots of {sizes:?} entries, and there are always 4"
    ))
}

/// How large a random scenario is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many threads.
    pub threads: usize,
    /// How many steps each takes.
    pub steps: usize,
    /// How many keys there are.
    pub keys: Key,
    /// Out of a thousand steps, how many look at or count the whole store.
    pub whole: u32,
    /// Out of a thousand steps, how many are batches.
    pub batches: u32,
}

impl Shape {
    const SMALL: Self = Self {
        threads: 5,
        steps: 12,
        keys: 3,
        whole: 50,
        batches: 100,
    };
}

/// A scenario made of random steps, the same ones for the same seed.
#[must_use]
pub fn random(seed: u64, shape: Shape) -> Scenario {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let entries = (1..=shape.keys)
        .filter(|key| key % 2 == 1)
        .map(|key| (key, 0));
    let scenario = Scenario::new(format!("random_steps_{seed}")).entries(entries);
    (0..shape.threads).fold(scenario, |scenario, _| {
        let steps: Vec<_> = (0..shape.steps).map(|_| step(&mut random, shape)).collect();
        scenario.thread(steps)
    })
}

fn step(random: &mut Xoshiro256PlusPlus, shape: Shape) -> Step {
    let key = random.random_range(1..=shape.keys);
    let digit = random.random_range(1..10);
    let kind = random.random_range(0..1000);
    if kind < shape.whole {
        return if random.random_bool(0.3) {
            Len
        } else {
            Snapshot
        };
    }
    if kind < shape.whole + shape.batches {
        // Neighbours: so that keys meet in pairs, and histories can be checked pair by pair.
        let pair = [key, ((key - 1) ^ 1) + 1];
        let first = match random.random_range(0..4) {
            0 => Write::Put(digit),
            1 => Write::CompareAndSet(Seen, digit),
            2 => Write::Remove(None),
            _ => Write::Require(Some(Seen)),
        };
        return Apply(vec![(pair[0], first), (pair[1], Write::Put(digit))]);
    }
    match random.random_range(0..20) {
        0..6 => Read(key),
        6..8 => Get(key),
        8..14 => Update(key, digit),
        14..16 => CompareAndSet(key, Seen, digit),
        16 => Remove(key, None),
        17 => Remove(key, Some(Seen)),
        18 => Create(key, digit),
        _ => Refuse(key),
    }
}
