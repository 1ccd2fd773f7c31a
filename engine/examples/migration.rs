//! From `Arc<RwLock<HashMap<String, Value>>>` to contexts: what the old code loses, the new keeps.
//! specs/patterns/migration.md goes through it step by step.
//!
//! `cargo run --example migration`

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use contexture::{ContextId, Contexts, Document};
use serde_json::{Value, json};
use tokio::sync::{Barrier, RwLock};

const TASKS: usize = 8;

type Failure = Box<dyn Error + Send + Sync>;

/// Shows it, and fails if it does not hold.
#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let kept = before().await?;
    println!("the map kept {kept} of {TASKS} visits");
    assert_eq!(kept, 1, "at the barrier all but one are lost");

    let kept = after().await?;
    println!("the contexts kept {kept} of {TASKS} visits");
    assert_eq!(kept, TASKS as u64);
    Ok(())
}

/// Reads under the read lock "to decide", writes under the write lock "if needed".
async fn before() -> Result<u64, Failure> {
    let sessions = Arc::new(RwLock::new(HashMap::new()));
    sessions
        .write()
        .await
        .insert("ann".to_owned(), json!({"visits": 0}));

    // Brings about on purpose what happens by itself as soon as two tasks are quick enough.
    let all_have_read = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (sessions, all_have_read) = (Arc::clone(&sessions), Arc::clone(&all_have_read));
            tokio::spawn(async move {
                let mut session: Value = match sessions.read().await.get("ann") {
                    Some(session) => session.clone(),
                    None => return,
                };
                all_have_read.wait().await;
                // By now this is a decision about something that is no longer there.
                session["visits"] = json!(session["visits"].as_u64().unwrap_or(0) + 1);
                sessions.write().await.insert("ann".to_owned(), session);
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let sessions = sessions.read().await;
    Ok(sessions["ann"]["visits"].as_u64().unwrap_or(0))
}

/// Each update reads and writes in one step, on what the one before it has left.
async fn after() -> Result<u64, Failure> {
    let sessions: Contexts = Contexts::new();
    let ann = ContextId::new("ann")?;
    sessions
        .create(ann.clone(), Document::parse(r#"{"visits": 0}"#)?)
        .await?;

    let all_are_here = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (sessions, ann) = (sessions.clone(), ann.clone());
            let all_are_here = Arc::clone(&all_are_here);
            tokio::spawn(async move {
                all_are_here.wait().await;
                let update = |session: contexture::ContextRef<'_>| {
                    session.with("visits", &(visits(&session) + 1))
                };
                sessions.try_update(&ann, update).await
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(sessions
        .read(&ann, |session| visits(&session))
        .await
        .unwrap_or(0))
}

fn visits(session: &Document) -> u64 {
    let visits = session.get("visits");
    visits.and_then(|visits| visits.as_u64()).unwrap_or(0)
}
