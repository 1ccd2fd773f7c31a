//! The state of web sessions: requests of the same visitor run at once and lose nothing, a cart
//! has a limit that holds all the same, and who does not come back is forgotten.
//!
//! `cargo run --example web_session`

use std::error::Error;
use std::time::Duration;

use contexture::sessions::{SessionError, Sessions};
use contexture::{ContextId, Contexts, Document, DocumentError, ManualClock, UpdateError};
use thiserror::Error;
use tokio::task::JoinSet;

/// A visitor's session ends this long after the last thing that was put into the cart.
const IDLE: Duration = Duration::from_secs(30 * 60);
const MAX_ITEMS: u64 = 100;

/// Shows it, and fails if it does not hold.
#[tokio::main]
pub async fn main() -> Result<(), Box<dyn Error>> {
    // A service leaves the clock out; here half an hour passes in no time.
    let clock = ManualClock::new();
    let contexts: Contexts = Contexts::builder()
        .time_to_live(IDLE)
        .max_contexts(10_000)
        .max_document_bytes(64 * 1024)
        .clock(clock.clone())
        .build();
    let sessions = Sessions::builder(contexts.clone())
        .auto_create(true)
        .auto_activate(true)
        .default_draft(Document::parse(r#"{"items": 0}"#)?)
        .build();
    for cookie in ["ann", "bob"] {
        let cart = ContextId::new(format!("cart/{cookie}"))?;
        sessions.client(cookie).switch(&cart).await?;
    }

    // Sixty requests of each, all at once. Ann's are of one item, Bob's of two.
    let mut requests = JoinSet::new();
    for n in 0..120 {
        let (cookie, items) = [("ann", 1), ("bob", 2)][n % 2];
        requests.spawn(add_to_cart(sessions.clone(), cookie, items));
    }
    let answers = requests.join_all().await;
    let (served, full) = (count(&answers, 200), count(&answers, 409));
    println!("{served} requests served, {full} refused since the cart was full");
    assert_eq!((served, full), (60 + 50, 10));
    for id in contexts.list().await {
        let cart = contexts.read(&id, |cart| cart.to_string()).await;
        println!("{id}: {}", cart.unwrap_or_default());
    }

    // Ann goes on, Bob does not.
    clock.advance(IDLE / 2);
    assert_eq!(add_to_cart(sessions.clone(), "ann", 1).await, 200);
    clock.advance(IDLE / 2);
    let forgotten = contexts.purge_expired().await;
    println!("{forgotten} forgotten, left: {:?}", contexts.list().await);
    assert_eq!(add_to_cart(sessions.clone(), "bob", 1).await, 440);
    sessions.close("bob");
    println!("bob must come in again, here: {:?}", sessions.clients());
    Ok(())
}

/// Handles one request, and returns the status of the answer.
async fn add_to_cart(sessions: Sessions, cookie: &str, items: u64) -> u16 {
    let session = sessions.client(cookie);
    let added = session.try_update(|cart| {
        let total = cart.get("items").and_then(|n| n.as_u64()).unwrap_or(0) + items;
        match total {
            0..=MAX_ITEMS => Ok(cart.with("items", &total)?),
            _ => Err(CartError::Full),
        }
    });
    match added.await {
        Ok(_) => 200,
        Err(SessionError::Update(UpdateError::Aborted(CartError::Full))) => 409,
        Err(SessionError::NoCurrent | SessionError::NotFound { .. }) => 440,
        Err(error) => {
            eprintln!("{cookie}: {error}");
            500
        }
    }
}

fn count(answers: &[u16], status: u16) -> usize {
    answers.iter().filter(|answer| **answer == status).count()
}

#[derive(Debug, Error)]
enum CartError {
    #[error("the cart is full")]
    Full,
    #[error(transparent)]
    Document(#[from] DocumentError),
}
