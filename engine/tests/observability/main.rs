//! What `metrics` is told.

#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;
mod operations;

use std::collections::BTreeMap;

use common::{document, id, incremented, over_every_sync_strategy};
use contexture::{Contexts, Document, SyncStrategyKind, Version};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use operations::{EXPECTED, use_all};

over_every_sync_strategy! {
    every_operation_is_timed_with_its_outcome => metrics_of_operations;
    conflicts_and_retries_are_counted => conflicts;
    how_far_subscriptions_are_behind_is_measured => lag;
}

/// Metrics by name and labels: counts, and for histograms how many values there were.
fn recorded(work: impl FnOnce()) -> BTreeMap<(String, Vec<(String, String)>), u64> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, work);
    let snapshot = recorder.snapshotter().snapshot().into_vec();
    let metric = |(key, _, _, value): (metrics_util::CompositeKey, _, _, DebugValue)| {
        let labels = key.key().labels();
        let labels = labels.map(|label| (label.key().to_owned(), label.value().to_owned()));
        let count = match value {
            DebugValue::Counter(count) => count,
            // How far behind is worth its sum.
            DebugValue::Histogram(values) if key.key().name().ends_with("_commits") => {
                values.iter().map(|value| value.0 as u64).sum()
            }
            DebugValue::Histogram(values) => {
                assert!(values.iter().all(|value| (0.0..60.0).contains(&value.0)));
                values.len() as u64
            }
            DebugValue::Gauge(_) => panic!("there are no gauges"),
        };
        ((key.key().name().to_owned(), labels.collect()), count)
    };
    snapshot.into_iter().map(metric).collect()
}

fn label(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn metrics_of_operations<S: SyncStrategyKind>() {
    let metrics = recorded(|| use_all(&Contexts::<S>::new()));
    let mut expected = BTreeMap::new();
    for (operation, outcome) in EXPECTED {
        let labels = vec![
            label("operation", operation),
            label("strategy", <S as SyncStrategyKind>::NAME),
            label("outcome", outcome),
        ];
        expected.insert(("contexture_operation_seconds".to_owned(), labels), 1);
    }
    let labels = vec![
        label("operation", "compare_and_set"),
        label("strategy", <S as SyncStrategyKind>::NAME),
    ];
    expected.insert(("contexture_conflicts_total".to_owned(), labels), 1);
    assert_eq!(metrics, expected);
}

fn conflicts<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::new();
    let a = id("a");
    contexts
        .create_sync(a.clone(), document(r#"{"n": 0}"#))
        .unwrap();
    let mut decisions = 0;
    let metrics = recorded(|| {
        let updated = contexts.update_if_sync(&a, |context| {
            decisions += 1;
            if decisions <= 2 {
                // Somebody else is faster.
                contexts.update_sync(&a, incremented).unwrap();
            }
            Some(incremented(context))
        });
        assert_eq!(updated.unwrap().map(Version::get), Some(4));
    });
    let retries = (
        "contexture_retries_total".to_owned(),
        vec![label("operation", "update")],
    );
    assert_eq!(metrics.get(&retries), Some(&2));
}

fn lag<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::builder().feed(3).build();
    let mut feed = contexts.subscribe(contexture::feed::Filter::new()).unwrap();
    for n in 0..5 {
        contexts
            .create_sync(id(&format!("{n}")), Document::new())
            .unwrap();
    }
    let metrics = recorded(|| {
        feed.try_next().unwrap().unwrap().unwrap_err();
        feed.try_next().unwrap().unwrap().unwrap();
    });
    let metric = |name: &str| metrics.get(&(name.to_owned(), Vec::new())).copied();
    assert_eq!(metric("contexture_feed_lagged_commits_total"), Some(2));
    assert_eq!(metric("contexture_feed_lag_commits"), Some(3));
}
