//! A session store: several tasks serve requests of the same few users, and none of their
//! changes is lost.
//!
//! `cargo run --example session_store`

use std::error::Error;
use std::sync::Arc;

use contexture::{ContextId, Contexts, Document, DocumentError, IdError};

const USERS: [&str; 3] = ["ann", "bob", "eve"];
const TASKS: usize = 6;
const REQUESTS_PER_TASK: usize = 500;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let sessions: Arc<Contexts> = Arc::new(
        Contexts::builder()
            .max_contexts(10_000)
            .max_document_bytes(64 * 1024)
            .build(),
    );
    for user in USERS {
        let document = Document::new().with("user", user)?.with("requests", &0)?;
        sessions.create(session_of(user)?, document).await?;
    }

    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(serve(Arc::clone(&sessions), task)))
        .collect();
    for task in tasks {
        task.await??;
    }

    let mut total = 0;
    for id in sessions.list().await {
        let Some(session) = sessions.get(&id).await else {
            continue;
        };
        total += requests(&session);
        println!("{id} at {}: {}", session.version(), session.document());
    }
    assert_eq!(
        total,
        (TASKS * REQUESTS_PER_TASK) as u64,
        "an update was lost"
    );
    println!("{total} requests, none lost");
    Ok(())
}

async fn serve(sessions: Arc<Contexts>, task: usize) -> Result<(), Failure> {
    for request in 0..REQUESTS_PER_TASK {
        let id = session_of(USERS[(task + request) % USERS.len()])?;
        let page = format!("/page/{}", request % 10);
        sessions
            .try_update(&id, |session| visited(&session, &page))
            .await?;
    }
    Ok(())
}

fn visited(session: &Document, page: &str) -> Result<Document, DocumentError> {
    let requests = requests(session) + 1;
    session
        .edit()
        .set("requests", &requests)?
        .set("last", page)?
        .finish()
}

fn requests(session: &Document) -> u64 {
    session
        .get("requests")
        .and_then(|field| field.as_u64())
        .unwrap_or(0)
}

fn session_of(user: &str) -> Result<ContextId, IdError> {
    ContextId::new(format!("session/{user}"))
}
