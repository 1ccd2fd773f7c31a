//! Who creates and who deletes is decided once.

use contexture::Document;
use tokio::task::yield_now;

use crate::subject::{Refusal, Subject};
use crate::{Kept, REPETITIONS, ensure, holding, incremented, promises, together};

promises! {
    one_of_eight_creators_succeeds: REPETITIONS, one_creates(8), broken: "8 of 8 creators succeeded";
    the_limit_holds_whoever_creates: REPETITIONS, limited_to_ten(40), broken: "40 creators succeeded";
    one_of_eight_deletes_succeeds: REPETITIONS, one_deletes(8), broken: "8 of 8 deletes succeeded";
    a_deleted_context_stays_deleted: REPETITIONS, deleted_for_good(), broken: "it is there again";
    the_list_has_every_context: REPETITIONS, listed(), broken: "the list has 0 of 20";
}

async fn one_creates<T: Subject>(tasks: usize) -> Kept {
    let store = T::new();
    let created = together(tasks, |task| {
        let store = store.clone();
        async move { store.create("a", holding("by", task)).await }
    });
    let created = created.await;
    let winners: Vec<_> = (0..tasks).filter(|it| created[*it].is_ok()).collect();
    ensure!(
        winners.len() == 1,
        "{} of {tasks} creators succeeded",
        winners.len()
    );
    for refused in created.iter().filter_map(|it| it.err()) {
        ensure!(refused == Refusal::Exists, "a creator was told {refused:?}");
    }
    let held = store.get("a").await.unwrap();
    ensure!(
        (held.version, held.document.clone()) == (1, holding("by", winners[0])),
        "{held:?} is not what {} created",
        winners[0]
    );
    Ok(())
}

/// Ten are let in, and another one for each that goes.
async fn limited_to_ten<T: Subject>(creators: usize) -> Kept {
    const LIMIT: usize = 10;
    let store = T::with_limit(LIMIT);
    let created = together(creators, |task| {
        let store = store.clone();
        async move { store.create(&format!("{task:02}"), Document::new()).await }
    });
    let created = created.await;
    let winners: Vec<_> = (0..creators).filter(|it| created[*it].is_ok()).collect();
    ensure!(
        winners.len() == LIMIT,
        "{} creators succeeded, and {LIMIT} contexts are allowed",
        winners.len()
    );
    for refused in created.iter().filter_map(|it| it.err()) {
        ensure!(refused == Refusal::Full, "a creator was told {refused:?}");
    }
    let names: Vec<_> = winners.iter().map(|task| format!("{task:02}")).collect();
    ensure!(store.list().await == names, "others are there than created");

    let replaced = together(LIMIT, |task| {
        let (store, gone) = (store.clone(), names[task].clone());
        async move {
            store.delete(&gone).await.unwrap();
            yield_now().await;
            store.create(&format!("new {task}"), Document::new()).await
        }
    });
    let replaced = replaced.await;
    ensure!(
        replaced == [Ok(()); LIMIT],
        "not all places were free again: {replaced:?}"
    );
    let full = store.create("one more", Document::new()).await;
    ensure!(full == Err(Refusal::Full), "one too many: {full:?}");
    ensure!(store.list().await.len() == LIMIT, "there are too many");
    Ok(())
}

async fn one_deletes<T: Subject>(tasks: usize) -> Kept {
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    let deleted = together(tasks, |_| {
        let store = store.clone();
        async move { store.delete("a").await }
    });
    let deleted = deleted.await;
    let winners = deleted.iter().filter(|it| it.is_ok()).count();
    ensure!(
        winners == 1,
        "{winners} of {tasks} deletes succeeded, and there was one context"
    );
    for refused in deleted.iter().filter_map(|it| it.err()) {
        ensure!(
            refused == Refusal::NotFound,
            "a delete was told {refused:?}"
        );
    }
    ensure!(store.get("a").await.is_none(), "it is still there");
    Ok(())
}

/// One deletes while others update: they do so before, or are told that it is gone.
async fn deleted_for_good<T: Subject>() -> Kept {
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    let outcomes = together(5, |task| {
        let store = store.clone();
        async move {
            match task {
                0 => {
                    store.delete("a").await.unwrap();
                    store.get("a").await.is_none()
                }
                _ => {
                    // On one thread nobody else has a turn unless it is given.
                    for _ in 0..10 {
                        match store.update("a", |it| incremented(it, "n")).await {
                            Ok(()) => yield_now().await,
                            Err(refused) => return refused == Refusal::NotFound,
                        }
                    }
                    true
                }
            }
        }
    });
    let outcomes = outcomes.await;
    ensure!(
        store.get("a").await.is_none(),
        "it was deleted, and it is there again"
    );
    ensure!(
        outcomes.iter().all(|it| *it),
        "it was deleted and still seen, or somebody was told of something else"
    );
    Ok(())
}

async fn listed<T: Subject>() -> Kept {
    const TASKS: usize = 20;
    let store = T::new();
    together(TASKS, |task| {
        let store = store.clone();
        async move { store.create(&format!("{task:02}"), Document::new()).await }
    })
    .await;
    let list = store.list().await;
    ensure!(
        list.len() == TASKS,
        "the list has {} of {TASKS}",
        list.len()
    );
    let names: Vec<_> = (0..TASKS).map(|task| format!("{task:02}")).collect();
    ensure!(list == names, "{list:?} are not those that were created");
    Ok(())
}
