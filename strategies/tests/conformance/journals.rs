//! Commit hooks of many tasks at once: what they saw, in the order in which they ran, is the history
//! of the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contexture_strategies::{Batch, Commit, Strategy, StrategyKind};
use tokio::task::{spawn, yield_now};

use crate::cancellation::at_most;
use crate::runtime::join;

/// What a key had or has: its version and its value.
type Entry = (u64, u32);

/// A key with what it had and has.
type Change = (u32, Option<Entry>, Option<Entry>);

/// What each hook saw, in the order in which they ran.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<Vec<Change>>>>);

impl Journal {
    fn hook(&self) -> impl FnOnce(&mut [Commit<'_, u32, u32>]) + Send + use<> {
        let journal = Arc::clone(&self.0);
        move |commits| {
            let commits = commits.iter().map(|commit| {
                let before = commit.before().map(|v| (v.version().get(), **v));
                let after = commit.after().map(|v| (v.version().get(), **v));
                (*commit.key(), before, after)
            });
            journal.lock().unwrap().push(commits.collect());
        }
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What is in a store after as many writes as each of these numbers says; ascending.
    fn replay(&self, lengths: &[usize]) -> Vec<BTreeMap<u32, Entry>> {
        let journal = self.0.lock().unwrap();
        let mut store = BTreeMap::new();
        let mut highest = BTreeMap::new();
        let mut done = 0;
        let mut stores = Vec::new();
        for &length in lengths {
            for (key, before, after) in journal[done..length].iter().flatten() {
                assert_eq!(store.get(key), before.as_ref(), "key {key}");
                let floor = highest.entry(*key).or_insert(0);
                if let Some((version, _)) = after {
                    let next = before.map_or(*version, |(version, _)| version + 1);
                    assert!(*version == next && *version > *floor, "key {key}");
                    *floor = *version;
                }
                match after {
                    Some(entry) => store.insert(*key, *entry),
                    None => store.remove(key),
                };
            }
            done = length;
            stores.push(store.clone());
        }
        stores
    }

    /// Nothing happened that is not in the journal, and nothing is in it that did not happen.
    async fn assert_leads_to<S: Strategy<Key = u32, Value = u32>>(&self, store: &S) {
        let (end, mark) = entries(store, || self.len()).await;
        assert_eq!(mark, self.len());
        assert_eq!(self.replay(&[mark]), [end]);
    }
}

/// What a snapshot has, and what its hook returned.
async fn entries<S: Strategy<Key = u32, Value = u32>>(
    store: &S,
    mark: impl FnOnce() -> usize + Send,
) -> (BTreeMap<u32, Entry>, usize) {
    let (snapshot, mark) = store.snapshot_with(mark).await;
    let entries = snapshot.iter().map(|(k, v)| (*k, (v.version().get(), **v)));
    (entries.collect(), mark)
}

/// One of all kinds of writes; whether it happened.
async fn write<S: Strategy<Key = u32, Value = u32>>(
    store: &S,
    journal: &Journal,
    kind: u32,
    [key, other]: [u32; 2],
) -> bool {
    let hook = journal.hook();
    let seen = store.get(&key).await;
    let version = seen.as_ref().map(|seen| seen.version());
    match (kind % 8, version) {
        (0, _) | (1, None) => store.create_with(key, kind, hook).await.is_ok(),
        (1, Some(version)) => {
            let swap = store.compare_and_set_with(&key, version, kind, hook);
            swap.await.is_ok()
        }
        (2, _) => store.remove_with(&key, version, hook).await.is_ok(),
        (3, _) => {
            let moves = Batch::new().remove(key, version).put(other, kind);
            store.apply_with(moves, hook).await.is_ok()
        }
        (4, _) => {
            let puts = Batch::new().put(other, kind).put(key, kind);
            store.apply_with(puts, hook).await.is_ok()
        }
        (5, Some(version)) => {
            let conditional = Batch::new()
                .require(other, None)
                .compare_and_set(key, version, kind);
            store.apply_with(conditional, hook).await.is_ok()
        }
        _ => {
            let add = |n: &u32| {
                if *n == 7 {
                    Err(())
                } else {
                    Ok(n.wrapping_add(kind))
                }
            };
            let update = store.try_update_with(&key, |n| add(n), hook);
            update.await.is_ok()
        }
    }
}

pub(crate) async fn hooks_of_a_key_run_in_the_order_of_its_versions<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    let journal = Journal::default();
    let tasks = (0..8).map(|task| {
        let (store, journal) = (Arc::clone(&store), journal.clone());
        spawn(async move {
            let mut done = 0;
            for n in 0..200 {
                done += usize::from(write(&*store, &journal, task + n, [0, 1 + task]).await);
                if n % 16 == 0 {
                    yield_now().await;
                }
            }
            done
        })
    });
    let done = join(tasks.collect::<Vec<_>>()).await;
    assert_eq!(journal.len(), done.iter().sum::<usize>());
    // Replaying insists on it.
    journal.assert_leads_to(&*store).await;
}

pub(crate) async fn a_snapshot_holds_the_writes_whose_hooks_ran_before_its_own<S: StrategyKind>() {
    const KEYS: u32 = 12;
    let store = Arc::new(S::Store::<u32, u32>::new());
    let journal = Journal::default();
    let writers = (0..6).map(|task| {
        let (store, journal) = (Arc::clone(&store), journal.clone());
        spawn(async move {
            for n in 0..300 {
                let key = (task * 5 + n) % KEYS;
                let other = (key + 1 + n % (KEYS - 1)) % KEYS;
                write(&*store, &journal, task + n / 3, [key, other]).await;
                if n % 16 == 0 {
                    yield_now().await;
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..2).map(|_| {
        let (store, journal) = (Arc::clone(&store), journal.clone());
        spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..200 {
                let mark = || {
                    // Time enough for a write that is not kept out.
                    std::thread::sleep(Duration::from_micros(20));
                    journal.len()
                };
                seen.push(entries(&*store, mark).await);
                yield_now().await;
            }
            seen
        })
    });
    let readers: Vec<_> = readers.collect();
    join(writers).await;
    let mut seen = join(readers).await.concat();
    seen.sort_by_key(|(_, mark)| *mark);
    let (snapshots, marks): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    for (snapshot, replayed) in snapshots.iter().zip(journal.replay(&marks)) {
        assert_eq!(*snapshot, replayed);
    }
    journal.assert_leads_to(&*store).await;
}

pub(crate) async fn a_dropped_future_ran_its_hook_if_it_wrote<S: StrategyKind>() {
    let store = Arc::new(S::Store::<u32, u32>::new());
    let journal = Journal::default();
    let tasks = (0..8_u32).map(|task| {
        let (store, journal) = (Arc::clone(&store), journal.clone());
        spawn(async move {
            let (mut acknowledged, mut dropped) = (0, 0);
            for n in 0..200_u32 {
                let polls = (n + task) as usize % 5;
                let write = write(&*store, &journal, task + n, [n % 2, 2 + n % 2]);
                match at_most(polls, write).await {
                    Some(done) => acknowledged += usize::from(done),
                    None => dropped += 1,
                }
                if n % 4 == 0 {
                    yield_now().await;
                }
            }
            (acknowledged, dropped)
        })
    });
    let counts = join(tasks.collect::<Vec<_>>()).await;
    let (acknowledged, dropped) = counts
        .into_iter()
        .fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    assert!((acknowledged..=acknowledged + dropped).contains(&journal.len()));
    journal.assert_leads_to(&*store).await;
}
