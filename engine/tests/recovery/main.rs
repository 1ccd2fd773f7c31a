//! Recovery points, over every enabled strategy.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod concurrent;
mod damage;
mod export;
mod points;
mod restore;

use std::collections::BTreeMap;

use contexture::{Contexts, Document, Snapshot, StrategyKind, Version};

/// What contexts hold: version, document, metadata and time to live in nanoseconds.
type Held = BTreeMap<String, (Version, String, Option<String>, Option<u128>)>;

fn held(snapshot: &Snapshot) -> Held {
    let contexts = snapshot.iter().map(|context| {
        let metadata = context.metadata().map(Document::to_string);
        let lifetime = context.time_to_live().map(|time| time.as_nanos());
        let held = (context.version(), context.to_string(), metadata, lifetime);
        (context.id().to_string(), held)
    });
    contexts.collect()
}

async fn held_now<S: StrategyKind>(contexts: &Contexts<S>) -> Held {
    held(&contexts.snapshot().await)
}

/// The same without versions, which a restore does not put back.
fn contents(held: &Held) -> BTreeMap<&String, (&String, &Option<String>, &Option<u128>)> {
    let contents = held
        .iter()
        .map(|(id, (_, document, metadata, lifetime))| (id, (document, metadata, lifetime)));
    contents.collect()
}
