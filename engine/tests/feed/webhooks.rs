//! Real documents, where they are at hand: every delivery is an update to the context it is about.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use contexture::feed::Filter;
use contexture::{ContextId, Contexts, CreateError, Document, StrategyKind, UpdateError};
use serde_json::Value;

use crate::replica::Replica;
use crate::{id, over_every_strategy, with_feed};

over_every_strategy! {
    real_deliveries_are_replayed_into_a_copy => replay;
}

/// The context that a delivery is about.
fn key(delivery: &Value) -> ContextId {
    let pointers = [
        "/repository/full_name",
        "/organization/login",
        "/sender/login",
    ];
    let found = pointers
        .iter()
        .find_map(|pointer| delivery["payload"].pointer(pointer)?.as_str());
    // Two deliveries are about no one: advisories for everybody.
    id(found.or(delivery["event"].as_str()).unwrap())
}

fn deliveries(context: &Document) -> u64 {
    context.get("deliveries").unwrap().as_u64().unwrap()
}

/// The first delivery creates the context, whoever comes with it.
async fn deliver<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId, delivery: &Document) {
    let updated = contexts.update(id, |context| {
        delivery
            .with("deliveries", &(deliveries(&context) + 1))
            .unwrap()
    });
    match updated.await {
        Ok(_) => return,
        Err(UpdateError::NotFound { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    match contexts
        .create(id.clone(), delivery.with("deliveries", &1).unwrap())
        .await
    {
        Ok(_) => {}
        // Somebody else came first, and nobody deletes.
        Err(CreateError::Exists { .. }) => Box::pin(deliver(contexts, id, delivery)).await,
        Err(error) => panic!("{error}"),
    }
}

async fn replay<S: StrategyKind>() {
    const TASKS: usize = 8;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/webhooks.ndjson");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let parsed = text.lines().map(|line| {
        let delivery: Value = serde_json::from_str(line).unwrap();
        (key(&delivery), Document::parse(line).unwrap())
    });
    let all: Arc<Vec<(ContextId, Document)>> = Arc::new(parsed.collect());

    let contexts = with_feed::<S>(1_000);
    let mut subscription = contexts.subscribe(Filter::new()).unwrap();
    let rebuilding = tokio::spawn(async move {
        let (mut replica, mut counted) = (Replica::empty(), 0);
        while let Some(event) = subscription.next().await {
            let commit = event.unwrap();
            replica.apply(&commit);
            let [change] = commit.changes() else {
                panic!("one delivery a commit");
            };
            let before = change.before().map_or(0, |before| deliveries(&before));
            counted += deliveries(&change.after().unwrap()) - before;
        }
        (replica, counted)
    });
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (contexts, all) = (contexts.clone(), Arc::clone(&all));
            tokio::spawn(async move {
                for (id, delivery) in all.iter().skip(task).step_by(TASKS) {
                    deliver(&contexts, id, delivery).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let last = contexts.snapshot().await;
    drop(contexts);
    let (replica, counted) = rebuilding.await.unwrap();

    assert_eq!(all.len(), 220);
    assert_eq!(counted, 220);
    assert_eq!(last.revision().unwrap().get(), 220);
    assert_eq!(
        last.iter().map(|context| deliveries(&context)).sum::<u64>(),
        220
    );
    assert_eq!(replica, Replica::of(&last));
    println!("{} contexts", last.len());
}
