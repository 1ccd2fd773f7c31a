//! Versions only go forward.

use contexture::Document;
use tokio::task::yield_now;

use crate::subject::{Refusal, Subject};
use crate::{Kept, REPETITIONS, ensure, incremented, promises, together};

promises! {
    an_old_version_is_not_written_over_a_new_one: REPETITIONS, hundred_to_one(), broken: "version 1 was written over version 100";
    one_of_many_writers_of_a_version_succeeds: REPETITIONS, one_writes_over(8), broken: "8 of 8 wrote over version 1";
    versions_grow_also_over_deletion: REPETITIONS, versions_grow(), broken: "not above";
}

async fn hundred_to_one<T: Subject>() -> Kept {
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    let first = store.get("a").await.unwrap();
    for _ in 1..100 {
        store.update("a", |it| incremented(it, "n")).await.unwrap();
    }
    let last = store.get("a").await.unwrap();
    let written = store.write_back(&first).await;
    ensure!(
        written == Err(Refusal::Conflict),
        "version {} was written over version {}: {written:?}",
        first.version,
        last.version
    );
    let after = store.get("a").await;
    ensure!(after.as_ref() == Some(&last), "it changed: {after:?}");
    ensure!(last.version == 100, "it is at {}", last.version);
    Ok(())
}

async fn one_writes_over<T: Subject>(tasks: usize) -> Kept {
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    let first = store.get("a").await.unwrap();
    let written = together(tasks, |task| {
        let (store, mut held) = (store.clone(), first.clone());
        held.document = held.document.with("by", &task).unwrap();
        async move { store.write_back(&held).await }
    });
    let written = written.await;
    let winners: Vec<_> = (0..tasks).filter(|it| written[*it].is_ok()).collect();
    ensure!(
        winners.len() == 1,
        "{} of {tasks} wrote over version {}",
        winners.len(),
        first.version
    );
    for refused in written.iter().filter_map(|it| it.err()) {
        ensure!(
            refused == Refusal::Conflict,
            "a writer was told {refused:?}"
        );
    }
    let after = store.get("a").await.unwrap();
    let expected = first.document.with("by", &winners[0]).unwrap();
    ensure!(
        (after.version, &after.document) == (2, &expected),
        "{after:?} is not what {} wrote",
        winners[0]
    );
    Ok(())
}

/// Two update, one deletes and creates again; one looks, and another takes what it saw first for
/// new.
async fn versions_grow<T: Subject>() -> Kept {
    const STEPS: usize = 10;
    let store = T::new();
    store.create("a", Document::new()).await.unwrap();
    let seen = together(4, |task| {
        let store = store.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..STEPS {
                match task {
                    0 => seen.extend(store.get("a").await.map(|held| held.version)),
                    1 => {
                        let _ = store.delete("a").await;
                        yield_now().await;
                        let _ = store.create("a", Document::new()).await;
                    }
                    // It may be gone at the moment.
                    _ => drop(store.update("a", |it| incremented(it, "n")).await),
                }
                yield_now().await;
            }
            seen
        }
    });
    let seen = seen.await.remove(0);
    let mut last = store.get("a").await.unwrap();
    for pair in seen.windows(2) {
        ensure!(pair[0] <= pair[1], "{} is not above {}", pair[1], pair[0]);
    }
    for _ in 0..STEPS {
        store.delete("a").await.unwrap();
        store.create("a", Document::new()).await.unwrap();
        let next = store.get("a").await.unwrap();
        ensure!(
            next.version > last.version,
            "{} is not above {}",
            next.version,
            last.version
        );
        last = next;
    }
    Ok(())
}
