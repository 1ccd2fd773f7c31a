//! What `metrics` and `tracing` are told.

#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use common::{document, id, incremented, over_every_sync_strategy};
use contexture::{Batch, Contexts, Document, SyncStrategyKind, Version};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing_subscriber::fmt::format::FmtSpan;

over_every_sync_strategy! {
    every_operation_is_timed_with_its_outcome => metrics_of_operations;
    conflicts_and_retries_are_counted => conflicts;
    every_operation_has_a_span => spans;
    how_far_subscriptions_are_behind_is_measured => lag;
}

/// Each operation once with success, most with a failure, too.
fn use_all<S: SyncStrategyKind>(contexts: &Contexts<S>) {
    let (a, none) = (id("a"), id("none"));
    let first = contexts
        .create_sync(a.clone(), document(r#"{"n": 1}"#))
        .unwrap();
    contexts
        .create_sync(a.clone(), Document::new())
        .unwrap_err();
    contexts.get_sync(&a).unwrap();
    assert!(contexts.get_sync(&none).is_none());
    contexts.read_sync(&a, |_| ()).unwrap();
    contexts.update_sync(&a, incremented).unwrap();
    contexts.update_sync(&none, incremented).unwrap_err();
    contexts
        .try_update_sync(&a, |_| Err::<Document, _>("no"))
        .unwrap_err();
    contexts
        .compare_and_set_sync(&a, first, Document::new())
        .unwrap_err();
    contexts
        .apply_sync(Batch::new().put(a.clone(), Document::new()))
        .unwrap();
    drop(contexts.snapshot_sync());
    contexts.delete_sync(&a, None).unwrap();
}

const EXPECTED: &[(&str, &str)] = &[
    ("apply", "ok"),
    ("compare_and_set", "conflict"),
    ("create", "exists"),
    ("create", "ok"),
    ("delete", "ok"),
    ("get", "absent"),
    ("get", "found"),
    ("read", "found"),
    ("snapshot", "ok"),
    ("update", "aborted"),
    ("update", "absent"),
    ("update", "ok"),
];

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

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn spans<S: SyncStrategyKind>() {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || use_all(&Contexts::<S>::new()));
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Document> = text.lines().map(document).collect();
    let text = |line: &Document, pointer: &str| {
        let field = line.pointer(pointer);
        field.map(|field| field.as_str().unwrap().into_owned())
    };
    let closed = lines
        .iter()
        .filter(|line| text(line, "/fields/message").as_deref() == Some("close"));
    let mut closed: Vec<_> = closed
        .map(|line| {
            assert_eq!(text(line, "/span/name").unwrap(), "contexture");
            assert_eq!(
                text(line, "/span/strategy").unwrap(),
                <S as SyncStrategyKind>::NAME
            );
            let operation = text(line, "/span/operation").unwrap();
            let about = ["apply", "snapshot"].contains(&&*operation);
            assert_eq!(text(line, "/span/id").is_none(), about);
            (operation, text(line, "/span/outcome").unwrap())
        })
        .collect();
    closed.sort();
    let expected = EXPECTED
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    assert_eq!(closed, expected.collect::<Vec<_>>());
    let conflict =
        |line: &&Document| text(line, "/fields/message").as_deref() == Some("version conflict");
    assert_eq!(lines.iter().filter(conflict).count(), 1);
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
