//! The memory of an agent: it remembers, makes a recovery point before it tries something, finds
//! that it went wrong, and goes back; what it tried stays in the history.
//!
//! `cargo run --example agent_memory`

use std::error::Error;

use contexture::{ContextId, Contexts, Document, DocumentError};
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

/// Shows it, and fails if it does not hold.
#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let memory: Contexts = Contexts::builder().history(100).build();
    let agent = memory.acting_as("planner");
    let (facts, plan) = (ContextId::new("facts")?, ContextId::new("plan")?);
    agent.create(facts.clone(), Document::new()).await?;
    agent
        .create(plan.clone(), Document::parse(r#"{"steps": []}"#)?)
        .await?;

    // Remember.
    remember(&agent, &facts, "user", "Ann, in Lagos").await?;
    remember(&agent, &facts, "likes", "trains").await?;
    let good = agent
        .try_update(&plan, |plan| {
            plan.with("steps", &["ask for the date", "book a train"])
        })
        .await?;

    // Checkpoint: all contexts at this instant, with a name.
    let recovery = agent.recovery();
    let point = recovery.create(Some("before the search")).await?;
    println!("checkpoint {} of {} contexts", point.number(), point.len());

    // Go wrong: a tool returned nonsense, and the agent believed it.
    remember(&agent, &facts, "user", "Bob, in Lima").await?;
    let bad = agent
        .try_update(&plan, |plan| plan.with("steps", &["book a flight"]))
        .await?;
    let nonsense = ContextId::new("notes/1")?;
    agent.create(nonsense.clone(), Document::new()).await?;

    // See what it has done: the difference between two versions, as a JSON Patch.
    let now = agent.get(&plan).await.ok_or("no plan")?;
    let patch = now.diff(good, bad)?.ok_or("a version is no longer kept")?;
    println!(
        "{plan} from {good} to {bad}: {}",
        serde_json::to_string(&patch)?
    );

    // Restore, in one step: nobody sees a half of it, and versions only go forward.
    let restored = recovery.restore("before the search").await?;
    println!(
        "restored {}, deleted {}",
        restored.written, restored.deleted
    );
    assert_eq!((restored.written, restored.deleted), (2, 1));
    let facts = agent.get(&facts).await.ok_or("no facts")?;
    assert_eq!(
        facts.to_value()?,
        json!({"user": "Ann, in Lagos", "likes": "trains"})
    );
    assert!(agent.get(&nonsense).await.is_none());

    // The mistake is not gone from the history, so it can be learned from.
    let plan = agent.get(&plan).await.ok_or("no plan")?;
    println!("{} is now {}, and was", plan.id(), plan.document());
    for former in plan.history() {
        println!("  {}: {}", former.version(), former.document());
    }
    assert!(plan.version() > bad);
    assert_eq!(plan.at(good).ok_or("not kept")?.document(), plan.document());
    assert_eq!(
        plan.at(bad).ok_or("not kept")?.document().as_json(),
        r#"{"steps":["book a flight"]}"#
    );
    Ok(())
}

/// Adds a fact, or replaces it. Several agents may do so at once: none loses another's.
async fn remember(
    agent: &Contexts,
    facts: &ContextId,
    about: &str,
    fact: &str,
) -> Result<(), Failure> {
    let remembered = |facts: contexture::ContextRef<'_>| -> Result<Document, DocumentError> {
        facts.with(about, fact)
    };
    agent.try_update(facts, remembered).await?;
    Ok(())
}
