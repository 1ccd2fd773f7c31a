//! What the workers do: which keys, which operations, in which order.
//!
//! Everything random is decided before a round starts, from the seed alone: two subjects in the
//! same round perform the same operations, and so do two runs with the same seed. Only when a
//! snapshot is due is a matter of time; see [`Workload::snapshots`].

pub mod operation;
#[cfg(test)]
mod tests;

use rand::{Rng, RngExt, SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

pub use self::operation::{Action, Operation};
use crate::error::LabError;

/// The generator everything random in the lab comes from; its sequence is fixed by definition.
pub(crate) type Generator = Xoshiro256PlusPlus;

/// How many operations a worker has in store; it starts over when it has done them all. Even, so
/// that pairs of operations stay pairs.
pub const SEQUENCE: usize = 1 << 16;

/// How often a snapshot is due where snapshots are taken.
pub const SNAPSHOT_EVERY_MS: u64 = 1;

/// How keys are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// All operations on one key.
    One,
    /// Every key as often as any other.
    Uniform,
    /// The n-th most popular key 1/nˢ as often as the most popular; popularity has nothing to do
    /// with a key's position.
    Zipf(f64),
}

/// What is done with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Of 100 operations so many are updates; the others are reads.
    Updates(u32),
    /// An owned handle of the document is taken.
    Gets,
    /// An entry is removed, and then created anew. Every worker has keys of its own for that,
    /// beside those of the contexts, so that no operation can fail.
    Churn,
}

/// A mix of operations over a choice of keys.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Its name in every interface.
    pub name: &'static str,
    /// What it does, in one line.
    pub definition: &'static str,
    /// What is done.
    pub mix: Mix,
    /// Which keys it is done with.
    pub keys: Choice,
    /// Whether beside that a snapshot of the whole store is due every [`SNAPSHOT_EVERY_MS`]. The
    /// first worker that comes to the end of a block takes it; if none does before the next is
    /// due, it is left out.
    pub snapshots: bool,
}

const fn workload(
    name: &'static str,
    definition: &'static str,
    mix: Mix,
    keys: Choice,
) -> Workload {
    Workload {
        name,
        definition,
        mix,
        keys,
        snapshots: false,
    }
}

/// Every workload, in the order of reports.
pub const WORKLOADS: &[Workload] = &[
    workload(
        "read-uniform",
        "100 % reads, every key equally often",
        Mix::Updates(0),
        Choice::Uniform,
    ),
    workload(
        "read-hot",
        "100 % reads of one key",
        Mix::Updates(0),
        Choice::One,
    ),
    workload(
        "get-hot",
        "100 % gets of one key: an owned handle of the document is taken, read and dropped",
        Mix::Gets,
        Choice::One,
    ),
    workload(
        "ycsb-c",
        "100 % reads, keys Zipf 0.99",
        Mix::Updates(0),
        Choice::Zipf(0.99),
    ),
    workload(
        "ycsb-b",
        "95 % reads, 5 % updates, keys Zipf 0.99",
        Mix::Updates(5),
        Choice::Zipf(0.99),
    ),
    workload(
        "ycsb-a",
        "50 % reads, 50 % updates, keys Zipf 0.99",
        Mix::Updates(50),
        Choice::Zipf(0.99),
    ),
    workload(
        "update-uniform",
        "100 % updates, every key equally often",
        Mix::Updates(100),
        Choice::Uniform,
    ),
    workload(
        "update-hot",
        "100 % updates of one key",
        Mix::Updates(100),
        Choice::One,
    ),
    workload(
        "churn",
        "50 % removes, 50 % creates of what was just removed, every key of the worker's own \
         equally often",
        Mix::Churn,
        Choice::Uniform,
    ),
    Workload {
        name: "snapshot-under-load",
        definition: "as ycsb-a, while a snapshot of the whole store is due every millisecond; \
                     throughput counts reads and updates only",
        mix: Mix::Updates(50),
        keys: Choice::Zipf(0.99),
        snapshots: true,
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

    /// How many entries there are beside the contexts: as many again for churn, dealt to the
    /// workers in equal parts of at least one.
    #[must_use]
    pub fn extra(&self, contexts: usize, workers: usize) -> usize {
        match self.mix {
            Mix::Churn => workers * part(contexts, workers),
            Mix::Updates(_) | Mix::Gets => 0,
        }
    }
}

/// The keys of its own that each worker has.
fn part(contexts: usize, workers: usize) -> usize {
    (contexts / workers.max(1)).max(1)
}

/// Draws the operations of workers: a workload bound to a number of contexts and workers, and a
/// seed.
#[derive(Debug)]
pub struct Plan {
    workload: Workload,
    contexts: usize,
    workers: usize,
    /// The contexts, most popular first.
    by_popularity: Vec<u32>,
    /// For Zipf: the share of operations on the n+1 most popular contexts.
    cumulative: Vec<f64>,
    seed: u64,
}

impl Plan {
    /// A plan over `contexts` contexts for so many workers. `hot` is the context that the one-key
    /// workloads use.
    #[must_use]
    pub fn new(workload: Workload, contexts: usize, workers: usize, hot: usize, seed: u64) -> Self {
        let mut by_popularity: Vec<u32> = (0..contexts as u32).collect();
        by_popularity.shuffle(&mut generator(seed, &[0x7a1f]));
        if workload.keys == Choice::One {
            by_popularity = vec![hot as u32];
        }
        let cumulative = match workload.keys {
            Choice::Zipf(skew) => zipf(contexts, skew),
            Choice::One | Choice::Uniform => Vec::new(),
        };
        Self {
            workload,
            contexts,
            workers,
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
        let mut operations: Vec<Operation> = match self.workload.mix {
            Mix::Churn => (0..SEQUENCE / 2)
                .flat_map(|_| self.draw_pair(worker, &mut random))
                .collect(),
            Mix::Updates(_) | Mix::Gets => (0..SEQUENCE).map(|_| self.draw(&mut random)).collect(),
        };
        operations.extend_from_within(..overlap.min(SEQUENCE));
        operations
    }

    fn draw(&self, random: &mut impl Rng) -> Operation {
        let rank = match self.workload.keys {
            Choice::One => 0,
            Choice::Uniform => random.random_range(0..self.by_popularity.len()),
            Choice::Zipf(_) => {
                let point: f64 = random.random();
                self.cumulative.partition_point(|share| *share <= point)
            }
        };
        let context = self.by_popularity[rank.min(self.by_popularity.len() - 1)] as usize;
        match self.workload.mix {
            Mix::Gets => Operation::new(Action::Get, context),
            Mix::Updates(percent) if random.random_range(0..100) < percent => {
                Operation::new(Action::Update, context)
            }
            Mix::Updates(_) | Mix::Churn => Operation::new(Action::Read, context),
        }
    }

    /// The removal of one of a worker's own entries, and its creation.
    fn draw_pair(&self, worker: usize, random: &mut impl Rng) -> [Operation; 2] {
        let part = part(self.contexts, self.workers);
        let entry = self.contexts + worker * part + random.random_range(0..part);
        [Action::Remove, Action::Create].map(|action| Operation::new(action, entry))
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
