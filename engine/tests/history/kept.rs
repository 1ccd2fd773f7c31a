//! What is kept: the newest versions, each as it was, whatever replaced it.

use std::time::{Duration, SystemTime};

use contexture::{
    Batch, Context, ContextId, ContextRef, Contexts, Document, Draft, ManualClock, Revision,
    StrategyKind, SyncStrategyKind, Version,
};
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::TestRunner;

use crate::common::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};
use crate::generate::versions;

over_every_strategy! {
    a_thousand_versions_are_kept_by_default => default_length;
    exactly_the_newest_are_kept => configured_length;
    without_history_nothing_is_kept => none;
    every_former_document_is_what_it_was => documents;
    versions_times_metadata_and_revisions_are_kept => attributes;
    every_kind_of_write_keeps_what_it_replaces => kinds_of_writes;
    created_again_a_context_has_a_new_history => created_again;
    handles_and_snapshots_keep_the_history_they_had => handles;
    concurrent_updates_all_are_in_the_history => concurrent;
    a_diff_turns_one_version_into_another => diff;
}

over_every_sync_strategy! {
    a_context_with_a_long_history_can_be_dropped => long;
}

/// What a context was at one version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Was {
    pub(crate) version: Version,
    pub(crate) updated: SystemTime,
    pub(crate) revision: Option<Revision>,
    pub(crate) metadata: Option<String>,
    pub(crate) json: String,
}

impl Was {
    pub(crate) fn now(context: ContextRef<'_>) -> Self {
        Self {
            version: context.version(),
            updated: context.updated(),
            revision: context.revision(),
            metadata: context.metadata().map(Document::to_string),
            json: context.to_string(),
        }
    }
}

/// The history of a context, newest first.
pub(crate) fn past(context: &Context) -> Vec<Was> {
    let history = context.history();
    assert_eq!(history.len(), history.clone().count());
    let entries = history.map(|entry| Was {
        version: entry.version(),
        updated: entry.updated(),
        revision: entry.revision(),
        metadata: entry.metadata().map(Document::to_string),
        json: entry.document().to_string(),
    });
    entries.collect()
}

async fn counted<S: StrategyKind>(contexts: &Contexts<S>, a: &ContextId, updates: u64) {
    let zero = document(r#"{"n": 0}"#);
    contexts.create(a.clone(), zero).await.unwrap();
    for _ in 0..updates {
        contexts.update(a, incremented).await.unwrap();
    }
}

fn counts(context: &Context) -> Vec<u64> {
    context.history().map(|entry| n(entry.document())).collect()
}

async fn default_length<S: StrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    counted(&contexts, &a, 1_000).await;
    let all: Vec<u64> = (0..1_000).rev().collect();
    assert_eq!(counts(&contexts.get(&a).await.unwrap()), all);
    contexts.update(&a, incremented).await.unwrap();
    let newest: Vec<u64> = (1..=1_000).rev().collect();
    assert_eq!(counts(&contexts.get(&a).await.unwrap()), newest);
}

async fn configured_length<S: StrategyKind>() {
    for limit in [1, 2, 7] {
        let contexts = Contexts::<S>::builder().history(limit).build();
        let a = id("a");
        counted(&contexts, &a, 0).await;
        for made in 1..30_u64 {
            contexts.update(&a, incremented).await.unwrap();
            let newest: Vec<u64> = (made.saturating_sub(limit as u64)..made).rev().collect();
            let context = contexts.get(&a).await.unwrap();
            assert_eq!(counts(&context), newest, "limit {limit}");
            // What is not kept is not found.
            let first = Version::from_u64(context.version().get() - made).unwrap();
            assert_eq!(context.at(first).is_some(), made <= limit as u64);
        }
    }
}

async fn none<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().history(0).build();
    let a = id("a");
    counted(&contexts, &a, 5).await;
    let put = Batch::new().put(a.clone(), document(r#"{"n": 9}"#));
    contexts.apply(put).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(context.history().len(), 0);
    // The current version is not a former one.
    assert_eq!(
        context.at(context.version()).unwrap().document(),
        context.document()
    );
}

async fn documents<S: StrategyKind>() {
    let mut random = TestRunner::deterministic();
    let contexts = Contexts::<S>::builder().history(40).build();
    for case in 0..8 {
        let a = id(&format!("a{case}"));
        contexts.create(a.clone(), Document::new()).await.unwrap();
        let mut expected = Vec::new();
        for step in 0..50 {
            let (edited, whole) = versions().new_tree(&mut random).unwrap().current();
            let before = contexts.get(&a).await.unwrap();
            expected.insert(0, Was::now(before.as_ref()));
            let next = match step % 5 {
                // Edits of what there is, with keys and values of any kind.
                0 | 1 => {
                    let (key, value) = (format!("é{}", step % 3), &whole);
                    before.with(&key, value).unwrap().with("🦀", &step).unwrap()
                }
                2 => before.without(&before.keys().next().unwrap()),
                3 => document(&edited),
                _ => document(&whole),
            };
            contexts.update(&a, |_| next.clone()).await.unwrap();
            expected.truncate(40);
            let context = contexts.get(&a).await.unwrap();
            assert_eq!(context.as_json(), next.as_json());
            assert_eq!(past(&context), expected);
        }
    }
}

async fn attributes<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .feed(100)
        .build();
    let a = id("a");
    let draft = |n: u64| Draft::new(document(&format!(r#"{{"n":{n}}}"#)));
    let about = |n: u64| draft(n).metadata(document(&format!(r#"{{"by":{n}}}"#)));
    contexts.create(a.clone(), draft(0)).await.unwrap();
    let mut expected = vec![Was::now(contexts.get(&a).await.unwrap().as_ref())];
    // Metadata comes, stays, changes and goes; the clock stands still and runs backwards.
    let empty = || Draft::new(document(r#"{"n":5}"#)).metadata(Document::new());
    let writes = [about(1), draft(2), about(3), empty(), draft(6)];
    for (step, draft) in writes.into_iter().enumerate() {
        match step {
            1 => {}
            3 => clock.set(SystemTime::UNIX_EPOCH),
            _ => clock.advance(Duration::from_secs(10)),
        }
        contexts.update(&a, |_| draft).await.unwrap();
        expected.insert(0, Was::now(contexts.get(&a).await.unwrap().as_ref()));
    }
    let metadata = expected.iter().map(|was| was.metadata.as_deref());
    let by = [
        None,
        None,
        Some(r#"{"by":3}"#),
        Some(r#"{"by":1}"#),
        Some(r#"{"by":1}"#),
        None,
    ];
    assert!(metadata.eq(by), "{expected:?}");
    assert!(expected.is_sorted_by(|newer, older| newer.updated >= older.updated));
    let revisions = expected.iter().map(|was| was.revision.unwrap().get());
    assert!(revisions.eq((1..=6).rev()));
    assert_eq!(past(&contexts.get(&a).await.unwrap()), expected[1..]);
}

async fn kinds_of_writes<S: StrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    contexts
        .create(a.clone(), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let mut expected = Vec::new();
    for n in 1..=7 {
        let before = contexts.get(&a).await.unwrap();
        let version = before.version();
        expected.insert(0, Was::now(before.as_ref()));
        let next = document(&format!(r#"{{"n":{n}}}"#));
        let batch = match n {
            1 => {
                contexts.update(&a, |_| next).await.unwrap();
                continue;
            }
            2 => {
                contexts.compare_and_set(&a, version, next).await.unwrap();
                continue;
            }
            3 => {
                contexts
                    .update_if(&a, |_| Some(next.clone()))
                    .await
                    .unwrap();
                continue;
            }
            4 => {
                contexts.set_metadata(&a, next).await.unwrap();
                continue;
            }
            5 => Batch::new().put(a.clone(), next),
            6 => Batch::new().compare_and_set(a.clone(), version, next),
            _ => {
                contexts.rollback(&a, version).await.unwrap();
                continue;
            }
        };
        contexts.apply(batch).await.unwrap();
    }
    assert_eq!(past(&contexts.get(&a).await.unwrap()), expected);
}

async fn created_again<S: StrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    counted(&contexts, &a, 3).await;
    let last = contexts.delete(&a, None).await.unwrap();
    assert_eq!(counts(&last), [2, 1, 0]);
    counted(&contexts, &a, 0).await;
    assert_eq!(contexts.get(&a).await.unwrap().history().len(), 0);
    contexts.update(&a, incremented).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(counts(&context), [0]);
    assert!(context.at(last.version()).is_none());
}

async fn handles<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().history(4).build();
    let a = id("a");
    counted(&contexts, &a, 3).await;
    let (handle, snapshot) = (contexts.get(&a).await.unwrap(), contexts.snapshot().await);
    for _ in 0..20 {
        contexts.update(&a, incremented).await.unwrap();
    }
    contexts.delete(&a, None).await.unwrap();
    drop(contexts);
    assert_eq!(counts(&handle), [2, 1, 0]);
    assert_eq!(counts(&snapshot.get(&a).unwrap().to_context()), [2, 1, 0]);
}

async fn concurrent<S: StrategyKind>() {
    const TASKS: u64 = 8;
    const UPDATES: u64 = 50;
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    counted(&contexts, &a, 0).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (contexts, a) = (contexts.clone(), a.clone());
            tokio::spawn(async move {
                for _ in 0..UPDATES {
                    // Some of the versions are made under the store's locks, most are not.
                    let updated = contexts.update(&a, incremented).await.unwrap();
                    if task == 0 {
                        let context = contexts.get(&a).await.unwrap();
                        assert!(context.at(updated).is_some());
                        let same = Batch::new().put(id("b"), context.document().clone());
                        contexts.apply(same).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let context = contexts.get(&a).await.unwrap();
    let all: Vec<u64> = (0..TASKS * UPDATES).rev().collect();
    assert_eq!(counts(&context), all);
    let versions = context.history().map(|entry| entry.version().get());
    let newest = context.version().get();
    assert!(versions.eq((newest - TASKS * UPDATES..newest).rev()));
}

fn long<S: SyncStrategyKind>() {
    const LEN: usize = 100_000;
    let contexts = Contexts::<S>::builder().history(LEN).build();
    let a = id("a");
    contexts
        .create_sync(a.clone(), document(r#"{"n":0}"#))
        .unwrap();
    for n in 0..LEN as u64 + 10 {
        let next = document(&format!(r#"{{"n":{n}}}"#));
        contexts.update_sync(&a, |_| next).unwrap();
    }
    assert_eq!(contexts.get_sync(&a).unwrap().history().len(), LEN);
    // A stack that has room for the call, not for one frame a version.
    let drop_it = move || {
        contexts.delete_sync(&a, None).unwrap();
        drop(contexts);
    };
    let thread = std::thread::Builder::new().stack_size(64 * 1024);
    thread.spawn(drop_it).unwrap().join().unwrap();
}

async fn diff<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .history(2)
        .build();
    let a = id("a");
    let mut versions = vec![
        contexts
            .create(a.clone(), document(r#"{"n":0}"#))
            .await
            .unwrap(),
    ];
    for _ in 0..3 {
        clock.advance(Duration::from_secs(1));
        versions.push(contexts.update(&a, incremented).await.unwrap());
    }
    let context = contexts.get(&a).await.unwrap();
    let was = |n: usize| document(&format!(r#"{{"n":{n}}}"#));
    for (from, to) in [(1, 3), (3, 1), (2, 3), (1, 1)] {
        let diff = context.diff(versions[from], versions[to]).unwrap().unwrap();
        assert_eq!(was(from).patch(&diff).unwrap(), was(to), "{diff}");
        assert_eq!(diff.is_empty(), from == to);
    }
    let at = |entry: usize| context.at(versions[entry]).unwrap().updated();
    let by_time = context.diff(at(1), context.updated()).unwrap().unwrap();
    assert_eq!(was(1).patch(&by_time).unwrap(), was(3));
    // No longer kept, and never there.
    let gone = context.diff(versions[0], versions[3]).unwrap();
    let never = context.diff(versions[3], versions[3].next()).unwrap();
    assert_eq!((gone, never), (None, None));
}
