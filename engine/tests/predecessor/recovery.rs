//! The sequences with recovery points.

use std::collections::BTreeMap;

use contexture::feed::Filter;
use contexture::{Batch, BatchError, ContextRef, Contexts, Revision, StrategyKind};
use tokio::task::yield_now;

use crate::{
    Kept, REPETITIONS, ensure, holding, id, incremented, number, on_every_strategy, together,
};

on_every_strategy! {
    points_taken_during_updates_are_consistent: REPETITIONS, consistent_points();
    five_tasks_create_update_and_recover: REPETITIONS, five_recover();
    restores_and_updates_at_once_leave_one_state: REPETITIONS, restores_at_once();
}

const SUM: u64 = 20;

/// Moves one from `from` to `to`, and counts the turn in both, in one batch.
async fn transfer<S: StrategyKind>(contexts: &Contexts<S>, from: &str, to: &str) {
    let (from, to) = (id(from), id(to));
    loop {
        let snapshot = contexts.snapshot().await;
        let (source, target) = (snapshot.get(&from).unwrap(), snapshot.get(&to).unwrap());
        let moved = |it: ContextRef<'_>, n| incremented(&it.with("n", &n).unwrap(), "turn");
        let batch = Batch::new()
            .compare_and_set(
                from.clone(),
                source.version(),
                moved(source, number(&source, "n") - 1),
            )
            .compare_and_set(
                to.clone(),
                target.version(),
                moved(target, number(&target, "n") + 1),
            );
        match contexts.apply(batch).await {
            Ok(_) => return,
            Err(BatchError::Conflict { .. }) => yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Two move, two take points: both contexts of a point are of one turn, the sum is what it always
/// is, and no point is older than one before.
async fn consistent_points<S: StrategyKind>() -> Kept {
    const TURNS: u64 = 4;
    let contexts = Contexts::<S>::builder().feed(100).build();
    for name in ["a", "b"] {
        contexts.create(id(name), holding("n", 10)).await.unwrap();
    }
    together(4, |task| {
        let contexts = contexts.clone();
        async move {
            for _ in 0..TURNS {
                match task {
                    0 => transfer(&contexts, "a", "b").await,
                    1 => transfer(&contexts, "b", "a").await,
                    _ => drop(contexts.recovery().create(None).await.unwrap()),
                }
                yield_now().await;
            }
        }
    })
    .await;
    let end = contexts.recovery().create(Some("end")).await.unwrap();
    let points = contexts.recovery().list();
    ensure!(points.len() == 9, "{} points are kept", points.len());
    let mut points: Vec<_> = points.iter().collect();
    points.sort_by_key(|point| point.number());
    let mut last = (0, None);
    for point in points {
        let (a, b) = (id("a"), id("b"));
        let (a, b) = (point.get(&a).unwrap(), point.get(&b).unwrap());
        ensure!(point.len() == 2, "{point:?}");
        let sum = number(&a, "n") + number(&b, "n");
        ensure!(sum == SUM, "{a:?} and {b:?} were never there at once");
        let turns = [number(&a, "turn"), number(&b, "turn")];
        ensure!(turns[0] == turns[1], "{a:?} and {b:?} are of two turns");
        ensure!(
            a.version().get() == turns[0] + 1,
            "{a:?} is not of its version"
        );
        let next = (turns[0], point.revision());
        ensure!(
            next >= last,
            "point {} is older than one before",
            point.number()
        );
        ensure!(point.verify().is_ok(), "{point:?} is damaged");
        last = next;
    }
    ensure!(
        last == (2 * TURNS, end.revision()),
        "the last one has {last:?}"
    );
    Ok(())
}

/// Each has a context and a point; each gets its own back, whatever the others do.
async fn five_recover<S: StrategyKind>() -> Kept {
    const TASKS: usize = 5;
    let contexts = Contexts::<S>::new();
    let kept = together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            let (own, name) = (id(&format!("own/{task}")), format!("point {task}"));
            let recovery = contexts.recovery();
            contexts.create(own.clone(), holding("n", 0)).await.unwrap();
            let n = |context: ContextRef<'_>| incremented(&context, "n");
            contexts.update(&own, n).await.unwrap();
            let point = recovery.create(Some(&name)).await.unwrap();
            yield_now().await;
            let changed = contexts.update(&own, n).await.unwrap();
            yield_now().await;
            let restored = recovery.restore_context(&*name, &own).await.unwrap();
            let context = contexts.get(&own).await.unwrap();
            ensure!(
                *context.document() == holding("n", 1) && context.version() == restored,
                "{task} got back {context:?}"
            );
            ensure!(restored > changed, "{restored} follows {changed}");
            let found = recovery.get(&*name).unwrap().number();
            ensure!(found == point.number(), "{name} is another's");
            contexts.update(&own, n).await.unwrap();
            Ok(())
        }
    });
    for kept in kept.await {
        kept?;
    }
    // Each point has its own task's context, and none has what came later.
    for task in 0..TASKS {
        let name = format!("point {task}");
        let restored = contexts.recovery().restore(&*name).await.unwrap();
        let point = restored.point;
        let snapshot = contexts.snapshot().await;
        ensure!(
            snapshot.ids() == point.snapshot().ids(),
            "{name} has {point:?}, there is {snapshot:?}"
        );
        for then in point.snapshot().iter() {
            let now = snapshot.get(then.id()).unwrap();
            ensure!(now.document() == then.document(), "{now:?} was {then:?}");
        }
        let own = id(&format!("own/{task}"));
        let n = snapshot.get(&own).map(|it| number(&it, "n"));
        ensure!(n == Some(1), "{name} has {n:?} of its own");
    }
    Ok(())
}

/// Two points with other sums, restored again and again while others move.
async fn restores_at_once<S: StrategyKind>() -> Kept {
    const TURNS: usize = 3;
    let contexts = Contexts::<S>::builder().feed(1_000).build();
    for (name, each) in [("low", 10), ("high", 100)] {
        let batch = Batch::new().put(id("a"), holding("n", each));
        let batch = batch.put(id("b"), holding("n", each));
        contexts.apply(batch).await.unwrap();
        contexts.recovery().create(Some(name)).await.unwrap();
    }
    let seen = together(4, |task| {
        let contexts = contexts.clone();
        async move {
            for _ in 0..TURNS {
                match task {
                    0 => transfer(&contexts, "a", "b").await,
                    1 => drop(contexts.recovery().restore("low").await.unwrap()),
                    2 => drop(contexts.recovery().restore("high").await.unwrap()),
                    _ => {
                        let snapshot = contexts.snapshot().await;
                        let sum: u64 = snapshot.iter().map(|it| number(&it, "n")).sum();
                        ensure!(sum == 20 || sum == 200, "half a restore: {snapshot:?}");
                        let turns: Vec<_> = snapshot.iter().map(|it| number(&it, "turn")).collect();
                        ensure!(turns[0] == turns[1], "half a restore: {snapshot:?}");
                    }
                }
                yield_now().await;
            }
            Ok(())
        }
    });
    for kept in seen.await {
        kept?;
    }
    each_commit_is_whole(&contexts).await?;
    contexts.recovery().restore("low").await.unwrap();
    let snapshot = contexts.snapshot().await;
    for context in snapshot.iter() {
        ensure!(
            *context.document() == holding("n", 10),
            "restored to {context:?}"
        );
    }
    Ok(())
}

/// After no commit was there half of a restore or of a move.
async fn each_commit_is_whole<S: StrategyKind>(contexts: &Contexts<S>) -> Kept {
    let last = contexts.snapshot().await.revision();
    let everything = Filter::new().after(Revision::ZERO);
    let mut feed = contexts.subscribe(everything).unwrap();
    let mut copy = BTreeMap::new();
    while Some(feed.revision()) < last {
        let commit = feed.next().await.unwrap().unwrap();
        for change in commit.changes() {
            let after = change.after().unwrap();
            let held = (number(&after, "n"), number(&after, "turn"));
            copy.insert(change.id().clone(), held);
        }
        let held: Vec<_> = copy.values().collect();
        ensure!(held.len() == 2, "{commit:?} left {copy:?}");
        let sum = held[0].0 + held[1].0;
        ensure!(
            (sum == 20 || sum == 200) && held[0].1 == held[1].1,
            "{commit:?} left {copy:?}"
        );
    }
    Ok(())
}
