//! What the workers do: which keys, which operations, in which order.
//!
//! Everything random is decided before a round starts, from the seed alone: two subjects in the
//! same round perform the same operations, and so do two runs with the same seed.

use rand::{Rng, RngExt, SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::error::LabError;

/// The generator everything random in the lab comes from; its sequence is fixed by definition.
pub(crate) type Generator = Xoshiro256PlusPlus;

/// How many operations a worker has in store; it starts over when it has done them all.
pub const SEQUENCE: usize = 1 << 16;

/// How keys are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keys {
    /// All operations on one key.
    One,
    /// Every key as often as any other.
    Uniform,
    /// The n-th most popular key 1/nˢ as often as the most popular; popularity has nothing to do
    /// with a key's position.
    Zipf(f64),
}

/// A mix of operations over a choice of keys.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Its name in every interface.
    pub name: &'static str,
    /// What it does, in one line.
    pub definition: &'static str,
    /// Of 100 operations, how many are updates; the others are reads.
    pub update_percent: u32,
    /// Which keys they are about.
    pub keys: Keys,
}

/// Every workload, in the order of reports.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "read-hot",
        definition: "100 % reads of one key",
        update_percent: 0,
        keys: Keys::One,
    },
    Workload {
        name: "ycsb-c",
        definition: "100 % reads, keys Zipf 0.99",
        update_percent: 0,
        keys: Keys::Zipf(0.99),
    },
    Workload {
        name: "ycsb-b",
        definition: "95 % reads, 5 % updates, keys Zipf 0.99",
        update_percent: 5,
        keys: Keys::Zipf(0.99),
    },
    Workload {
        name: "ycsb-a",
        definition: "50 % reads, 50 % updates, keys Zipf 0.99",
        update_percent: 50,
        keys: Keys::Zipf(0.99),
    },
    Workload {
        name: "update-uniform",
        definition: "100 % updates, every key equally often",
        update_percent: 100,
        keys: Keys::Uniform,
    },
    Workload {
        name: "update-hot",
        definition: "100 % updates of one key",
        update_percent: 100,
        keys: Keys::One,
    },
];

impl Workload {
    /// The workload of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<&'static Self, LabError> {
        WORKLOADS
            .iter()
            .find(|workload| workload.name == name)
            .ok_or_else(|| {
                LabError::unknown("workload", name, WORKLOADS.iter().map(|known| known.name))
            })
    }
}

/// One operation: its kind in the top bit, the context it is about in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation(u32);

impl Operation {
    const UPDATE: u32 = 1 << 31;

    /// The most contexts an operation can tell apart.
    pub const MAX_CONTEXTS: usize = Self::UPDATE as usize;

    /// A read of a context.
    #[must_use]
    pub fn read(context: usize) -> Self {
        debug_assert!(context < Self::MAX_CONTEXTS);
        Self(context as u32)
    }

    /// An update of a context.
    #[must_use]
    pub fn update(context: usize) -> Self {
        Self(Self::read(context).0 | Self::UPDATE)
    }

    /// Whether it is an update.
    #[inline]
    #[must_use]
    pub fn is_update(self) -> bool {
        self.0 & Self::UPDATE != 0
    }

    /// The context it is about.
    #[inline]
    #[must_use]
    pub fn context(self) -> usize {
        (self.0 & !Self::UPDATE) as usize
    }
}

/// Draws the operations of workers: a workload bound to a number of contexts and a seed.
#[derive(Debug)]
pub struct Plan {
    workload: Workload,
    /// The contexts, most popular first.
    by_popularity: Vec<u32>,
    /// For Zipf: the share of operations on the n+1 most popular contexts.
    cumulative: Vec<f64>,
    seed: u64,
}

impl Plan {
    /// A plan over `contexts` contexts. `hot` is the one that the one-key workloads use.
    #[must_use]
    pub fn new(workload: Workload, contexts: usize, hot: usize, seed: u64) -> Self {
        let mut by_popularity: Vec<u32> = (0..contexts as u32).collect();
        by_popularity.shuffle(&mut generator(seed, &[0x7a1f]));
        if workload.keys == Keys::One {
            by_popularity = vec![hot as u32];
        }
        let cumulative = match workload.keys {
            Keys::Zipf(skew) => zipf(contexts, skew),
            Keys::One | Keys::Uniform => Vec::new(),
        };
        Self {
            workload,
            by_popularity,
            cumulative,
            seed,
        }
    }

    /// The operations of one worker in one round. Longer than [`SEQUENCE`] by `overlap`: the
    /// beginning again, so that any block of that length is contiguous.
    #[must_use]
    pub fn operations(&self, round: usize, worker: usize, overlap: usize) -> Vec<Operation> {
        let mut random = generator(self.seed, &[round as u64, worker as u64]);
        let mut operations: Vec<_> = (0..SEQUENCE).map(|_| self.draw(&mut random)).collect();
        operations.extend_from_within(..overlap.min(SEQUENCE));
        operations
    }

    fn draw(&self, random: &mut impl Rng) -> Operation {
        let rank = match self.workload.keys {
            Keys::One => 0,
            Keys::Uniform => random.random_range(0..self.by_popularity.len()),
            Keys::Zipf(_) => {
                let point: f64 = random.random();
                self.cumulative.partition_point(|share| *share <= point)
            }
        };
        let context = self.by_popularity[rank.min(self.by_popularity.len() - 1)] as usize;
        if random.random_range(0..100) < self.workload.update_percent {
            Operation::update(context)
        } else {
            Operation::read(context)
        }
    }
}

/// A generator of its own for every purpose: the seed and what it is for, mixed.
pub(crate) fn generator(seed: u64, purpose: &[u64]) -> Generator {
    let mixed = purpose.iter().fold(seed, |state, part| {
        // The finalizer of SplitMix64: every bit of the purpose reaches every bit of the state.
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    Generator::seed_from_u64(mixed)
}

/// Cumulative shares of a Zipf distribution, exact rather than approximated.
fn zipf(n: usize, skew: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let mut cumulative: Vec<f64> = (1..=n)
        .map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        })
        .collect();
    for share in &mut cumulative {
        *share /= sum;
    }
    cumulative
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(name: &str, contexts: usize) -> Plan {
        Plan::new(*Workload::find(name).unwrap(), contexts, 3, 42)
    }

    #[test]
    fn zipf_has_its_shape() {
        let contexts = 1_000;
        let plan = plan("ycsb-c", contexts);
        let mut counts = vec![0_u32; contexts];
        for operation in plan.operations(0, 0, 0) {
            counts[operation.context()] += 1;
        }
        let most_popular_is_first = plan.by_popularity[0] == 0;
        assert!(!most_popular_is_first, "ranks are scrambled over keys");
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let harmonic: f64 = (1..=contexts).map(|n| (n as f64).powf(-0.99)).sum();
        for rank in [1_usize, 2, 10] {
            let expected = SEQUENCE as f64 * (rank as f64).powf(-0.99) / harmonic;
            let found = f64::from(counts[rank - 1]);
            assert!(
                (found / expected - 1.0).abs() < 0.1,
                "{rank}: {found} {expected}"
            );
        }
    }

    #[test]
    fn mixes_are_what_they_say() {
        for workload in WORKLOADS {
            let plan = Plan::new(*workload, 100, 3, 7);
            let operations = plan.operations(1, 2, 0);
            let updates = operations.iter().filter(|op| op.is_update()).count();
            let percent = updates as f64 * 100.0 / operations.len() as f64;
            assert!((percent - f64::from(workload.update_percent)).abs() < 1.0);
            if workload.keys == Keys::One {
                assert!(operations.iter().all(|op| op.context() == 3));
            }
        }
    }

    #[test]
    fn sequences_depend_on_seed_round_and_worker_only() {
        let plan_a = plan("ycsb-a", 100);
        assert_eq!(
            plan_a.operations(1, 1, 5),
            plan("ycsb-a", 100).operations(1, 1, 5)
        );
        assert_ne!(plan_a.operations(1, 1, 0), plan_a.operations(2, 1, 0));
        assert_ne!(plan_a.operations(1, 1, 0), plan_a.operations(1, 2, 0));
        let operations = plan_a.operations(0, 0, 9);
        assert_eq!(operations[..9], operations[SEQUENCE..]);
    }

    #[test]
    fn one_context_is_enough_for_every_workload() {
        for workload in WORKLOADS {
            let plan = Plan::new(*workload, 1, 0, 7);
            assert!(plan.operations(0, 0, 0).iter().all(|op| op.context() == 0));
        }
    }
}
