//! No update is lost, however many tasks there are.

use contexture::Document;
use tokio::task::yield_now;

use crate::subject::Subject;
use crate::{Kept, REPETITIONS, ensure, incremented, number, promises, together};

promises! {
    no_update_is_lost: REPETITIONS, every_update_counts(8, 8), broken: "64 updates returned Ok";
    two_tasks_of_a_thousand_updates_lose_none: 1, every_update_counts(2, 1_000), broken: "2000 updates returned Ok";
    eight_tasks_of_a_thousand_updates_lose_none: 1, every_update_counts(8, 1_000), broken: "8000 updates returned Ok";
    sixty_four_tasks_of_a_hundred_updates_lose_none: 1, every_update_counts(64, 100), broken: "6400 updates returned Ok";
    four_tasks_create_update_and_read: REPETITIONS, all_that_a_benchmark_does(4), broken: "the shared one counts";
    sixteen_tasks_create_update_and_read: REPETITIONS, all_that_a_benchmark_does(16), broken: "the shared one counts";
    sixty_four_tasks_create_update_and_read: 10, all_that_a_benchmark_does(64), broken: "the shared one counts";
}

/// So many tasks count in one context, and each in a field of its own.
async fn every_update_counts<T: Subject>(tasks: usize, updates: u64) -> Kept {
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    together(tasks, |task| {
        let (store, own) = (store.clone(), format!("by/{task}"));
        async move {
            for _ in 0..updates {
                let count = |context: &Document| incremented(&incremented(context, "n"), &own);
                store.update("a", count).await.unwrap();
                yield_now().await;
            }
        }
    })
    .await;

    let held = store.get("a").await.unwrap();
    let (counted, made) = (number(&held.document, "n"), tasks as u64 * updates);
    ensure!(
        counted == made,
        "{made} updates returned Ok, and {counted} are there"
    );
    for task in 0..tasks {
        let counted = number(&held.document, &format!("by/{task}"));
        ensure!(
            counted == updates,
            "{counted} of {updates} of task {task} are there"
        );
    }
    ensure!(
        held.version == made + 1,
        "{made} updates led to version {}",
        held.version
    );
    Ok(())
}

/// Each task has a context and all have one; everyone creates, updates and reads.
async fn all_that_a_benchmark_does<T: Subject>(tasks: usize) -> Kept {
    const UPDATES: u64 = 5;
    let store = T::new();
    store.create("shared", Document::new()).await.unwrap();
    let read = together(tasks, |task| {
        let (store, own) = (store.clone(), format!("task/{task}"));
        async move {
            store.create(&own, Document::new()).await.unwrap();
            let mut last = 0;
            for done in 1..=UPDATES {
                for id in [&*own, "shared"] {
                    store.update(id, |it| incremented(it, "n")).await.unwrap();
                    yield_now().await;
                }
                let held = store.get(&own).await.unwrap();
                let shared = store.get("shared").await.unwrap();
                let shown = number(&shared.document, "n");
                if number(&held.document, "n") != done || shown < last {
                    return false;
                }
                last = shown;
            }
            true
        }
    });
    let read = read.await;

    let shared = store.get("shared").await.unwrap();
    let (counted, made) = (number(&shared.document, "n"), tasks as u64 * UPDATES);
    ensure!(
        counted == made,
        "the shared one counts {counted} of {made} updates"
    );
    ensure!(
        read.iter().all(|it| *it),
        "somebody did not read what was written"
    );
    Ok(())
}
