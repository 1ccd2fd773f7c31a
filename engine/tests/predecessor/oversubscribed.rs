//! Far more threads and tasks than processors: everything finishes, and nothing is lost.

use std::thread;
use std::time::Duration;

use contexture::{Batch, ContextRef, Contexts, Document, Draft, StrategyKind};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::{holding, id, incremented, number, one_thread};

const ACCOUNTS: usize = 8;
const TURNS: u64 = 3;

/// Long enough for a slow machine, and an end to a test that would have none.
const AT_MOST: Duration = Duration::from_secs(120);

/// A test of each strategy.
macro_rules! on_every_strategy {
    ($($name:ident => $test:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: StrategyKind>(&mut self) {
                    println!("{}", S::NAME);
                    $test::<S>();
                }
            }
            contexture::kind::visit_all(&mut Each);
        }
    )*};
}

on_every_strategy! {
    sixty_four_threads_finish_and_lose_nothing => threads;
    five_hundred_tasks_on_two_workers_finish_and_lose_nothing => tasks_on_two;
    five_hundred_tasks_on_one_thread_finish_and_lose_nothing => tasks_on_one;
}

fn two_workers() -> Runtime {
    let mut two = Builder::new_multi_thread();
    two.worker_threads(2).enable_time().build().unwrap()
}

fn threads<S: StrategyKind>() {
    const THREADS: usize = 64;
    let runtime = two_workers();
    let contexts = runtime.block_on(opened::<S>());
    thread::scope(|scope| {
        for task in 0..THREADS {
            let (contexts, handle) = (contexts.clone(), runtime.handle());
            scope.spawn(move || {
                let working = async { timeout(AT_MOST, work(contexts, task)).await };
                handle.block_on(working).expect("it finishes");
            });
        }
    });
    runtime.block_on(closed(contexts, THREADS));
}

fn tasks_on_two<S: StrategyKind>() {
    two_workers().block_on(tasks::<S>());
}

fn tasks_on_one<S: StrategyKind>() {
    one_thread().block_on(tasks::<S>());
}

async fn tasks<S: StrategyKind>() {
    const TASKS: usize = 512;
    let contexts = opened::<S>().await;
    let spawn = |task| tokio::spawn(timeout(AT_MOST, work(contexts.clone(), task)));
    let running: Vec<_> = (0..TASKS).map(spawn).collect();
    for task in running {
        task.await.unwrap().expect("it finishes");
    }
    closed(contexts, TASKS).await;
}

/// Accounts with ten each, and a counter.
async fn opened<S: StrategyKind>() -> Contexts<S> {
    let contexts = Contexts::builder().feed(100).history(10).build();
    let mut batch = Batch::new().create(id("counter"), Document::new());
    for number in 0..ACCOUNTS {
        batch = batch.create(account(number), holding("n", 10));
    }
    contexts.apply(batch).await.unwrap();
    contexts
}

fn account(number: usize) -> contexture::ContextId {
    id(&format!("account/{}", number % ACCOUNTS))
}

/// Everything that can be done, at once with all others.
async fn work<S: StrategyKind>(contexts: Contexts<S>, task: usize) {
    let own = id(&format!("own/{task}"));
    for turn in 0..TURNS {
        let count = |context: ContextRef<'_>| incremented(&context, "n");
        contexts.update(&id("counter"), count).await.unwrap();
        contexts
            .create(own.clone(), holding("turn", 0))
            .await
            .unwrap();
        transfer(&contexts, task, task + 1).await;
        let set = contexts.update_if(&own, |it| Some(it.with("turn", &turn).unwrap()));
        assert!(set.await.unwrap().is_some());
        if task.is_multiple_of(32) {
            let snapshot = contexts.snapshot().await;
            let accounts = snapshot
                .iter()
                .filter(|it| it.id().as_str().starts_with("account/"));
            let sum: u64 = accounts.map(|it| number(&it, "n")).sum();
            assert_eq!(sum, 10 * ACCOUNTS as u64, "half a transfer was seen");
        }
        yield_now().await;
        let deleted = contexts.delete(&own, None).await.unwrap();
        assert_eq!(number(&deleted, "turn"), turn);
        assert!(contexts.get(&own).await.is_none());
    }
}

/// Moves one from an account to the next, in one batch; again if others came first.
async fn transfer<S: StrategyKind>(contexts: &Contexts<S>, from: usize, to: usize) {
    let (from, to) = (account(from), account(to));
    loop {
        let snapshot = [contexts.get(&from).await, contexts.get(&to).await];
        let [Some(source), Some(target)] = snapshot else {
            panic!("an account is gone");
        };
        let left = number(&source, "n");
        if left == 0 {
            return;
        }
        let lowered = Draft::new(source.with("n", &(left - 1)).unwrap());
        let batch = Batch::new()
            .compare_and_set(from.clone(), source.version(), lowered)
            .compare_and_set(to.clone(), target.version(), incremented(&target, "n"));
        match contexts.apply(batch).await {
            Ok(_) => return,
            Err(contexture::BatchError::Conflict { .. }) => yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn closed<S: StrategyKind>(contexts: Contexts<S>, tasks: usize) {
    let snapshot = contexts.snapshot().await;
    assert_eq!(snapshot.len(), ACCOUNTS + 1);
    let counter = id("counter");
    let counted = number(&snapshot.get(&counter).unwrap(), "n");
    assert_eq!(counted, tasks as u64 * TURNS);
    let accounts = snapshot.iter().filter(|it| *it.id() != counter);
    let sum: u64 = accounts.map(|it| number(&it, "n")).sum();
    assert_eq!(sum, 10 * ACCOUNTS as u64);
}
