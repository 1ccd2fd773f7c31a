//! What becomes of a write whose context has changed since it was read.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

use common::{document, id, n, over_every_strategy, over_every_sync_strategy};
use contexture::conflict::{Conflict, Decision, KeepLatest, KeepOldest, Manual, Merge, Written};
use contexture::{Context, Contexts, Document, Draft, StrategyKind, SyncStrategyKind, UpdateError};

over_every_strategy! {
    without_a_change_ours_is_written => unchanged;
    keep_latest_writes_ours_over_theirs => latest;
    keep_oldest_leaves_theirs => oldest;
    merge_writes_both_and_names_the_conflicts => merged;
    manual_decides_on_both => manual;
    what_was_deleted_does_not_come_back => deleted;
    what_was_deleted_and_created_again_has_changed => created_again;
    many_merges_of_one_reading_lose_nothing => many;
    limits_hold_for_what_a_resolution_makes => limits;
}

over_every_sync_strategy! {
    a_context_that_goes_on_changing_is_written_in_the_end => changing;
}

/// A context that was read, and has been changed since.
async fn changed<S: StrategyKind>() -> (Contexts<S>, Context) {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    let first =
        Draft::new(document(r#"{"n": 1, "x": 1, "y": 1}"#)).metadata(document(r#"{"m": 1}"#));
    contexts.create(a.clone(), first).await.unwrap();
    let read = contexts.get(&a).await.unwrap();
    contexts
        .update(&a, |_| {
            Draft::new(document(r#"{"n": 2, "x": 1, "y": 2}"#)).metadata(document(r#"{"m": 2}"#))
        })
        .await
        .unwrap();
    (contexts, read)
}

async fn json<S: StrategyKind>(contexts: &Contexts<S>) -> String {
    contexts.get(&id("a")).await.unwrap().to_string()
}

async fn unchanged<S: StrategyKind>() {
    let (contexts, _) = changed::<S>().await;
    let read = contexts.get(&id("a")).await.unwrap();
    let never = Manual(|_: Conflict<'_>| -> Decision { panic!("there is no conflict") });
    let written = contexts
        .write_over(&read, document(r#"{"n": 3}"#), never)
        .await
        .unwrap();
    let Written::AsRead { version } = written else {
        panic!("{written:?}")
    };
    let now = contexts.get(&id("a")).await.unwrap();
    assert_eq!((now.version(), n(&now)), (version, 3));
    assert_eq!(now.metadata().unwrap().as_json(), r#"{"m":2}"#);
}

async fn latest<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    let written = contexts
        .write_over(&read, read.with("x", &9).unwrap(), KeepLatest)
        .await
        .unwrap();
    assert!(matches!(written, Written::Resolved { ref conflicts, .. } if conflicts.is_empty()));
    assert_eq!(json(&contexts).await, r#"{"n":1,"x":9,"y":1}"#);
}

async fn oldest<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    let written = contexts
        .write_over(&read, read.with("x", &9).unwrap(), KeepOldest)
        .await
        .unwrap();
    let now = contexts.get(&id("a")).await.unwrap();
    assert_eq!(
        written,
        Written::Kept {
            current: now.version()
        }
    );
    assert_eq!(now.as_json(), r#"{"n":2,"x":1,"y":2}"#);
}

async fn merged<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    let ours = read
        .edit()
        .set("x", &9)
        .unwrap()
        .set("n", &7)
        .unwrap()
        .finish()
        .unwrap();
    let written = contexts.write_over(&read, ours, Merge).await.unwrap();
    let Written::Resolved { version, conflicts } = written else {
        panic!("{written:?}")
    };
    assert_eq!(conflicts, ["/n"]);
    let now = contexts.get(&id("a")).await.unwrap();
    assert_eq!(
        (now.version(), now.as_json()),
        (version, r#"{"n":7,"x":9,"y":2}"#)
    );
    assert_eq!(
        now.metadata().unwrap().as_json(),
        r#"{"m":2}"#,
        "ours says nothing of it"
    );
}

async fn manual<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    let sum = Manual(|conflict: Conflict<'_>| {
        let base = n(&conflict.base());
        let sum = n(conflict.ours().document()) - base + n(&conflict.theirs());
        let draft = conflict.theirs().with("n", &sum).unwrap();
        Decision::write(draft).with_conflicts(vec!["/n".to_owned()])
    });
    let ours = read.with("n", &11).unwrap();
    let written = contexts.write_over(&read, ours, sum).await.unwrap();
    assert!(matches!(written, Written::Resolved { conflicts, .. } if conflicts == ["/n"]));
    assert_eq!(json(&contexts).await, r#"{"n":12,"x":1,"y":2}"#);
}

async fn deleted<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    contexts.delete(&id("a"), None).await.unwrap();
    let latest = contexts
        .write_over(&read, Document::new(), KeepLatest)
        .await;
    let merged = contexts.write_over(&read, Document::new(), Merge).await;
    for refused in [latest, merged] {
        assert!(
            matches!(refused, Err(UpdateError::NotFound { .. })),
            "{refused:?}"
        );
    }
    assert!(contexts.is_empty().await);
}

async fn many<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts.create(id("a"), document("{}")).await.unwrap();
    let read = contexts.get(&id("a")).await.unwrap();
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (contexts, read) = (contexts.clone(), read.clone());
            tokio::spawn(async move {
                let ours = read.with(&format!("task{task}"), &task).unwrap();
                contexts.write_over(&read, ours, Merge).await.unwrap()
            })
        })
        .collect();
    let mut as_read = 0;
    for task in tasks {
        as_read += usize::from(matches!(task.await.unwrap(), Written::AsRead { .. }));
    }
    assert_eq!(as_read, 1, "one was the first");
    let now = contexts.get(&id("a")).await.unwrap();
    assert_eq!(
        (now.len(), now.version().get()),
        (32, read.version().get() + 32)
    );
}

async fn limits<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_document_bytes(100).build();
    contexts.create(id("a"), document("{}")).await.unwrap();
    let read = contexts.get(&id("a")).await.unwrap();
    let half = "x".repeat(40);
    contexts
        .try_update(&id("a"), |it| it.with("theirs", &half))
        .await
        .unwrap();
    let ours = read.with("ours", &half).unwrap();
    let refused = contexts.write_over(&read, ours, Merge).await;
    assert!(
        matches!(refused, Err(UpdateError::LimitExceeded(_))),
        "{refused:?}"
    );
    assert_eq!(contexts.get(&id("a")).await.unwrap().len(), 1);
}

/// Each time it decides, somebody else is faster; until it has the context's turn.
fn changing<S: SyncStrategyKind>() {
    for turns in 0..8 {
        let contexts = Contexts::<S>::new();
        let a = id("a");
        contexts
            .create_sync(a.clone(), document(r#"{"n": 0}"#))
            .unwrap();
        let read = contexts.get_sync(&a).unwrap();
        let faster = |n: u64| contexts.update_sync(&a, |it| it.with("n", &n).unwrap());
        faster(100).unwrap();
        let mut decided = 0;
        let mut interrupted = 0;
        let resolution = Manual(|conflict: Conflict<'_>| {
            decided += 1;
            let seen = n(&conflict.theirs());
            assert_eq!(seen, 100 + interrupted);
            if decided <= turns && faster(seen + 1).is_ok() {
                interrupted += 1;
            }
            Decision::write(document(&format!(r#"{{"n": {}}}"#, seen * 2)))
        });
        contexts
            .write_over_sync(&read, Document::new(), resolution)
            .unwrap();
        // In its turn, nobody can be faster.
        assert_eq!(interrupted, turns.min(4));
        assert_eq!(n(&contexts.get_sync(&a).unwrap()), (100 + interrupted) * 2);
    }
}

async fn created_again<S: StrategyKind>() {
    let (contexts, read) = changed::<S>().await;
    contexts.delete(&id("a"), None).await.unwrap();
    let again = document(r#"{"n":7}"#);
    contexts.create(id("a"), again).await.unwrap();
    let ours = read.with("n", &3).unwrap();
    let kept = contexts.write_over(&read, ours.clone(), KeepOldest).await;
    assert!(matches!(kept, Ok(Written::Kept { .. })), "{kept:?}");
    assert_eq!(json(&contexts).await, r#"{"n":7}"#);
    let resolved = contexts.write_over(&read, ours, KeepLatest).await;
    assert!(matches!(resolved, Ok(Written::Resolved { .. })));
    assert_eq!(json(&contexts).await, r#"{"n":3,"x":1,"y":1}"#);
}
