//! Recovery among others who write.

#![expect(clippy::disallowed_types, reason = "no store is made of these")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use contexture::plugins::Proposal;
use contexture::recovery::Select;
use contexture::{
    Batch, ContextId, Contexts, CreateError, Document, RecoveryPoint, Snapshot, StrategyKind,
};
use tokio::task::JoinHandle;

use crate::common::{document, id, incremented, n, over_every_strategy};
use crate::{contents, held, held_now};

over_every_strategy! {
    points_among_batches_are_consistent => invariant;
    five_tasks_create_update_and_recover => five_tasks;
    nobody_sees_half_of_a_restore => atomic;
    an_aborted_restore_is_whole_or_nothing => aborted;
    at_its_instant_everything_is_what_it_was => instant;
    among_updaters_what_validators_see_is_what_is_replaced => validated;
    a_slow_validator_does_not_keep_it_from_ending => slow_validator;
    no_update_is_lost_to_a_restore => updates;
    creations_and_deletions_do_not_make_it_fail => flux;
    a_full_store_in_flux_does_not_make_it_fail => full_flux;
    contexts_created_meanwhile_stay => created_meanwhile;
}

/// Tasks that do something again and again until they are told to stop.
#[derive(Default)]
struct Busy {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Busy {
    fn spawn<F: Future<Output = ()> + Send>(
        &mut self,
        mut work: impl FnMut(u64) -> F + Send + 'static,
    ) {
        let (stop, done) = (Arc::clone(&self.stop), Arc::clone(&self.done));
        self.tasks.push(tokio::spawn(async move {
            for round in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                work(round).await;
                done.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }));
    }

    /// Rounds for others: at least so many, and until the tasks have done so much meanwhile.
    async fn rounds<F: Future<Output = ()>>(self, mut work: impl FnMut(u64) -> F) {
        let before = self.done.load(Ordering::Relaxed);
        for round in 0.. {
            work(round).await;
            tokio::task::yield_now().await;
            let done = self.done.load(Ordering::Relaxed) - before;
            let failed = self.tasks.iter().any(JoinHandle::is_finished);
            if failed || round >= 40 && done >= 2_000 {
                break;
            }
        }
        self.end().await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// The number in a context of a snapshot.
fn n_of(snapshot: &Snapshot, id: &ContextId) -> u64 {
    n(snapshot.get(id).unwrap().document())
}

/// Moves some from one context to another, if nobody comes between.
async fn transfer<S: StrategyKind>(contexts: &Contexts<S>, from: &ContextId, to: &ContextId) {
    let (a, b) = (
        contexts.get(from).await.unwrap(),
        contexts.get(to).await.unwrap(),
    );
    let Some(left) = n(&a).checked_sub(1) else {
        return;
    };
    let batch = Batch::new()
        .compare_and_set(from.clone(), a.version(), a.with("n", &left).unwrap())
        .compare_and_set(to.clone(), b.version(), b.with("n", &(n(&b) + 1)).unwrap());
    let _ = contexts.apply(batch).await;
}

async fn invariant<S: StrategyKind>() {
    const SUM: u64 = 1_000;
    let contexts = Contexts::<S>::builder().max_recovery_points(100).build();
    let (a, b) = (id("a"), id("b"));
    let half = || document(&format!(r#"{{"n":{}}}"#, SUM / 2));
    contexts.create(a.clone(), half()).await.unwrap();
    contexts.create(b.clone(), half()).await.unwrap();
    let mut busy = Busy::default();
    for task in 0..8 {
        let contexts = contexts.clone();
        let (a, b) = if task % 2 == 0 {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        };
        busy.spawn(move |_| {
            let (contexts, a, b) = (contexts.clone(), a.clone(), b.clone());
            async move { transfer(&contexts, &a, &b).await }
        });
    }
    let work = async |round| {
        let point = contexts.recovery().create(None).await.unwrap();
        assert_eq!(n_of(point.snapshot(), &a) + n_of(point.snapshot(), &b), SUM);
        assert_eq!(point.verify(), Ok(()));
        if round % 3 == 0 {
            let oldest = contexts.recovery().list().remove(0);
            contexts.recovery().restore(oldest).await.unwrap();
            let now = contexts.snapshot().await;
            assert_eq!(n_of(&now, &a) + n_of(&now, &b), SUM);
        }
    };
    busy.rounds(work).await;
    for point in contexts.recovery().list() {
        contexts.recovery().restore(&point).await.unwrap();
        assert_eq!(
            contents(&held_now(&contexts).await),
            contents(&held(point.snapshot()))
        );
    }
}

async fn five_tasks<S: StrategyKind>() {
    const ROUNDS: u64 = 20;
    let contexts = Contexts::<S>::builder().max_recovery_points(1_000).build();
    let tasks: Vec<_> = (0..5)
        .map(|task| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                let (mine, recovery) = (id(&format!("context {task}")), contexts.recovery());
                contexts
                    .create(mine.clone(), document(r#"{"n":0}"#))
                    .await
                    .unwrap();
                for round in 0..ROUNDS {
                    let name = format!("{task} {round}");
                    let point = recovery.create(Some(&name)).await.unwrap();
                    assert_eq!(n_of(point.snapshot(), &mine), round);
                    for _ in 0..3 {
                        contexts.update(&mine, incremented).await.unwrap();
                    }
                    recovery
                        .restore_context(name.as_str(), &mine)
                        .await
                        .unwrap();
                    assert_eq!(n(&contexts.get(&mine).await.unwrap()), round);
                    contexts.update(&mine, incremented).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let now = contexts.snapshot().await;
    assert_eq!(now.len(), 5);
    for context in now.iter() {
        assert_eq!(n(context.document()), ROUNDS);
        // Created, and for each round three updates, the restore, and one more update.
        assert_eq!(context.version().get(), 1 + 5 * ROUNDS);
    }
    let mut numbers = contexts
        .recovery()
        .list()
        .into_iter()
        .map(|point| point.number());
    assert!(numbers.by_ref().eq(1..=5 * ROUNDS));
}

/// On one thread, where whoever blocks it blocks everyone.
#[test]
fn nobody_sees_half_of_a_restore_on_one_thread() {
    struct Each;
    impl contexture::kind::Visitor for Each {
        fn visit<S: StrategyKind>(&mut self) {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.build().unwrap().block_on(atomic::<S>());
        }
    }
    contexture::kind::visit_all(&mut Each);
}

/// Two points: other contexts, and other documents in those that are in both.
async fn worlds<S: StrategyKind>(contexts: &Contexts<S>) -> [RecoveryPoint; 2] {
    let mut worlds = Vec::new();
    for (world, ids) in [(1, 0..10), (2, 5..15)] {
        for id in contexts.list().await {
            contexts.delete(&id, None).await.unwrap();
        }
        for n in ids {
            let json = document(&format!(r#"{{"n":{world}}}"#));
            contexts.create(id(&format!("{n}")), json).await.unwrap();
        }
        worlds.push(contexts.recovery().create(None).await.unwrap());
    }
    worlds.try_into().unwrap()
}

/// Fails unless the contexts are what they are in one of the points.
async fn check_whole<S: StrategyKind>(contexts: &Contexts<S>, worlds: &[RecoveryPoint]) {
    let now = held_now(contexts).await;
    let whole = worlds
        .iter()
        .any(|world| contents(&held(world.snapshot())) == contents(&now));
    assert!(whole, "{now:?}");
}

async fn atomic<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_contexts(15).build();
    let worlds = worlds(&contexts).await;
    // Two that restore: each finds the other's world, in part.
    let mut busy = Busy::default();
    for first in 0..2 {
        let (contexts, worlds) = (contexts.clone(), worlds.clone());
        busy.spawn(move |round| {
            let (contexts, world) = (contexts.clone(), (first + round as usize) % 2);
            let world = worlds[world].clone();
            async move { drop(contexts.recovery().restore(world).await.unwrap()) }
        });
    }
    busy.rounds(async |_| check_whole(&contexts, &worlds).await)
        .await;
    check_whole(&contexts, &worlds).await;
}

async fn aborted<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let worlds = worlds(&contexts).await;
    for round in 0..200 {
        let tasks: Vec<_> = worlds
            .iter()
            .map(|world| {
                let (recovery, world) = (contexts.recovery(), world.clone());
                tokio::spawn(async move { drop(recovery.restore(world).await.unwrap()) })
            })
            .collect();
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        tasks.iter().for_each(JoinHandle::abort);
        for task in tasks {
            assert!(task.await.err().is_none_or(|error| error.is_cancelled()));
        }
        check_whole(&contexts, &worlds).await;
    }
    // Nobody who was aborted has kept the turn.
    contexts.recovery().restore(&worlds[0]).await.unwrap();
    check_whole(&contexts, &worlds[..1]).await;
}

/// What is left alone, since it is unchanged, may change before the rest is written.
async fn instant<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().feed(10).history(100_000).build();
    let ids = ["a", "b", "c", "d"].map(id);
    for id in &ids {
        let zero = document(r#"{"n":0}"#);
        contexts.create(id.clone(), zero).await.unwrap();
    }
    let mut busy = Busy::default();
    for id in &ids[..3] {
        let (contexts, id) = (contexts.clone(), id.clone());
        busy.spawn(move |_| {
            let (contexts, id) = (contexts.clone(), id.clone());
            async move {
                let _ = contexts.update(&id, incremented).await.unwrap();
            }
        });
    }
    let work = async |_| {
        contexts.update(&ids[3], incremented).await.unwrap();
        let point = contexts.recovery().create(None).await.unwrap();
        contexts.update(&ids[3], incremented).await.unwrap();
        contexts.recovery().restore(&point).await.unwrap();
        // Nobody else writes this one: its revision is that of the restore.
        let instant = contexts.get(&ids[3]).await.unwrap().revision();
        for id in &ids[..3] {
            let now = contexts.get(id).await.unwrap();
            let entries = [now.at(now.version()).unwrap()].into_iter();
            let mut entries = entries.chain(now.history());
            let then = entries.find(|entry| entry.revision() <= instant).unwrap();
            assert_eq!(n(then.document()), n_of(point.snapshot(), id));
        }
    };
    busy.rounds(work).await;
}

async fn validated<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().history(100_000).build();
    let ids = ["a", "b", "c", "d"].map(id);
    for id in &ids {
        let zero = document(r#"{"n":0}"#);
        contexts.create(id.clone(), zero).await.unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    // Up by one, or back to the start.
    let step = |proposal: &Proposal<'_>| {
        let next = n(proposal.document());
        match proposal.before().map(|before| n(before.document())) {
            Some(before) if next == 0 || next == before + 1 => Ok(()),
            before => Err(format!("{before:?} to {next}").into()),
        }
    };
    contexts.plugins().add_validator("step", step).unwrap();
    let mut busy = Busy::default();
    for task in 0..8 {
        let (contexts, id) = (contexts.clone(), ids[task % 4].clone());
        busy.spawn(move |_| {
            let (contexts, id) = (contexts.clone(), id.clone());
            async move {
                let _ = contexts.update(&id, incremented).await.unwrap();
            }
        });
    }
    let work = async |_| drop(contexts.recovery().restore(&point).await.unwrap());
    busy.rounds(work).await;
    for id in &ids {
        let now = contexts.get(id).await.unwrap();
        assert!(now.history().any(|entry| n(entry.document()) == 0));
    }
}

/// It takes longer to ask for all contexts than any of them stays as it is.
async fn slow_validator<S: StrategyKind>() {
    const CONTEXTS: u64 = 40;
    let contexts = Contexts::<S>::new();
    let name = |n: u64| id(&n.to_string());
    for n in 0..CONTEXTS {
        contexts
            .create(name(n), document(r#"{"n":0}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    for n in 0..CONTEXTS {
        contexts.update(&name(n), incremented).await.unwrap();
    }
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let validate = move |proposal: &Proposal<'_>| {
        if proposal.actor() != Some("writer") {
            count.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    };
    contexts.plugins().add_validator("slow", validate).unwrap();
    let mut busy = Busy::default();
    let writer = contexts.acting_as("writer");
    busy.spawn(move |round| {
        let writer = writer.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let updated = writer.update(&name(round % CONTEXTS), incremented).await;
            updated.unwrap();
        }
    });
    for _ in 0..3 {
        contexts.recovery().restore(&point).await.unwrap();
    }
    busy.end().await;
    // Once each, and those again that were updated meanwhile.
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked < 20 * CONTEXTS, "asked {asked} times");
}

async fn updates<S: StrategyKind>() {
    const UPDATES: u64 = 60;
    const RESTORES: u64 = 40;
    let contexts = Contexts::<S>::builder().history(10_000).build();
    let ids: Arc<[ContextId]> = ["a", "b", "c"].map(id).into();
    for id in &*ids {
        contexts
            .create(id.clone(), document(r#"{"n":0}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    let updaters: Vec<_> = (0..8)
        .map(|_| {
            let (contexts, ids) = (contexts.clone(), Arc::clone(&ids));
            tokio::spawn(async move {
                let mut made = Vec::new();
                for round in 0..UPDATES {
                    let which = round as usize % ids.len();
                    made.push((
                        which,
                        contexts.update(&ids[which], incremented).await.unwrap(),
                    ));
                }
                made
            })
        })
        .collect();
    let mut written = 0;
    let mut restores = 0;
    while restores < RESTORES || !updaters.iter().all(JoinHandle::is_finished) {
        let restored = contexts.recovery().restore(&point).await.unwrap();
        written += restored.written as u64;
        tokio::task::yield_now().await;
        restores += 1;
    }
    let mut made = Vec::new();
    for updater in updaters {
        made.extend(updater.await.unwrap());
    }
    let mut versions = 0;
    for (which, id) in ids.iter().enumerate() {
        let context = contexts.get(id).await.unwrap();
        versions += context.version().get() - point.get(id).unwrap().version().get();
        // Each version is an update of the one before it, or that of the point.
        let mut updated: Vec<_> = made.iter().filter(|(it, _)| *it == which).collect();
        updated.sort_unstable();
        let mut past: Vec<_> = context.history().collect();
        past.reverse();
        let mut before = 0;
        let newest = context.at(context.version()).unwrap();
        for entry in past.into_iter().skip(1).chain([newest]) {
            let now = n(entry.document());
            let expected = match updated.first() {
                Some((_, version)) if *version == entry.version() => {
                    updated.remove(0);
                    before + 1
                }
                _ => 0,
            };
            assert_eq!(now, expected);
            before = now;
        }
        assert!(updated.is_empty(), "each update is in the history");
    }
    assert_eq!(versions, 8 * UPDATES + written);
}

/// Creates and deletes contexts of these ids all the time, and updates what is there.
fn churn<S: StrategyKind>(busy: &mut Busy, contexts: &Contexts<S>, ids: [&str; 4]) {
    for task in 0..8_u64 {
        let (contexts, ids) = (contexts.clone(), ids.map(id));
        busy.spawn(move |round| {
            let (contexts, id) = (contexts.clone(), ids[((task + round) % 4) as usize].clone());
            async move {
                match (task + round) % 3 {
                    0 => match contexts.create(id, document(r#"{"n":7}"#)).await {
                        Ok(_) | Err(CreateError::Exists { .. } | CreateError::Full { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    },
                    1 => drop(contexts.delete(&id, None).await),
                    _ => drop(contexts.update(&id, incremented).await),
                }
            }
        });
    }
}

async fn restore_in_flux<S: StrategyKind>(contexts: Contexts<S>) {
    for kept in ["a", "b", "c", "d"] {
        contexts
            .create(id(kept), document(r#"{"n":1}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    let mut busy = Busy::default();
    churn(&mut busy, &contexts, ["a", "b", "x", "y"]);
    let work = async |_| {
        let restored = contexts.recovery().restore(&point).await.unwrap();
        assert_eq!(restored.written + restored.unchanged, 4);
        // These nobody else touches.
        let now = contexts.snapshot().await;
        assert_eq!((n_of(&now, &id("c")), n_of(&now, &id("d"))), (1, 1));
        contexts.update(&id("c"), incremented).await.unwrap();
        contexts.delete(&id("d"), None).await.unwrap();
    };
    busy.rounds(work).await;
    contexts.recovery().restore(Select::Latest).await.unwrap();
    assert_eq!(
        contents(&held_now(&contexts).await),
        contents(&held(point.snapshot()))
    );
}

async fn flux<S: StrategyKind>() {
    restore_in_flux(Contexts::<S>::new()).await;
}

async fn full_flux<S: StrategyKind>() {
    restore_in_flux(Contexts::<S>::builder().max_contexts(4).build()).await;
}

async fn created_meanwhile<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    for n in 0..50 {
        contexts
            .create(id(&format!("{n}")), document(r#"{"n":0}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    let mut busy = Busy::default();
    for n in 0..50 {
        let contexts = contexts.clone();
        busy.spawn(move |_| {
            let contexts = contexts.clone();
            async move { drop(contexts.update(&id(&format!("{n}")), incremented).await) }
        });
    }
    let work = async |round| {
        let new = id(&format!("new {round}"));
        let recovery = contexts.recovery();
        let restored = tokio::spawn({
            let (recovery, point) = (recovery.clone(), point.clone());
            async move { recovery.restore(&point).await.unwrap() }
        });
        let version = contexts.create(new.clone(), Document::new()).await.unwrap();
        let restored = restored.await.unwrap();
        // It was there when the restore began, and is gone; or was not, and is what it was.
        match contexts.get(&new).await {
            None => assert_eq!(restored.deleted, 1),
            Some(context) => {
                assert_eq!((context.version(), restored.deleted), (version, 0));
                contexts.delete(&new, None).await.unwrap();
            }
        }
    };
    busy.rounds(work).await;
}
