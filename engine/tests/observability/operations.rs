//! Operations with known outcomes.

use contexture::{Batch, Contexts, Document, SyncStrategyKind};

use crate::common::{document, id, incremented};

/// Each operation once with success, most with a failure, too.
pub fn use_all<S: SyncStrategyKind>(contexts: &Contexts<S>) {
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

/// What [`use_all`] does: operations and outcomes, sorted.
pub const EXPECTED: &[(&str, &str)] = &[
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
