//! Which strategy suits your load? The same code runs over each that is compiled in; only a type
//! parameter differs. Put your own load in the place of `work`, and see.
//!
//! `cargo run --release --example choosing_a_strategy --features all-strategies`

use std::error::Error;
use std::time::Instant;

use contexture::kind::{self, Visitor};
use contexture::{ContextId, Contexts, Document, IdError, StrategyKind};
use tokio::runtime::Runtime;

const CONTEXTS: usize = 100;
const TASKS: usize = 4;
const OPERATIONS: usize = if cfg!(debug_assertions) { 500 } else { 50_000 };

type Failure = Box<dyn Error + Send + Sync>;

/// Shows it, and fails if it does not hold.
pub fn main() -> Result<(), Failure> {
    println!("1000 operations a second   99 % reads   10 % reads");
    let mut comparison = Comparison(Ok(()));
    kind::visit_all(&mut comparison);
    println!("One short run; reports/ has figures that were measured with care.");
    comparison.0
}

/// Measures every strategy it is shown.
struct Comparison(Result<(), Failure>);

impl Visitor for Comparison {
    fn visit<S: StrategyKind>(&mut self) {
        let compare = || {
            let runtime = Runtime::new()?;
            let reading = runtime.block_on(measure::<S>(99))?;
            let writing = runtime.block_on(measure::<S>(10))?;
            println!("{:24} {reading:12.0} {writing:12.0}", S::NAME);
            Ok(())
        };
        if let Err(failure) = compare() {
            self.0 = Err(failure);
        }
    }
}

/// The operations a millisecond, when so many of a hundred are reads and the others updates.
async fn measure<S: StrategyKind>(reads: usize) -> Result<f64, Failure> {
    let contexts = Contexts::<S>::new();
    for n in 0..CONTEXTS {
        let document = Document::new().with("text", &"x".repeat(1_000))?;
        contexts.create(session(n)?, document).await?;
    }

    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(work(contexts.clone(), task, reads)))
        .collect();
    let mut updates = 0;
    for task in tasks {
        updates += task.await??;
    }
    let took = started.elapsed();

    // Every strategy keeps the same promises: above all, it loses nothing.
    let counted: u64 = contexts.snapshot().await.iter().map(|it| count(&it)).sum();
    assert_eq!(counted, updates, "{} has lost updates", S::NAME);
    Ok((TASKS * OPERATIONS) as f64 / took.as_secs_f64() / 1_000.0)
}

/// What one task does; returns how many updates it made.
async fn work<S: StrategyKind>(
    contexts: Contexts<S>,
    task: usize,
    reads: usize,
) -> Result<u64, Failure> {
    let mut updates = 0;
    for n in 0..OPERATIONS {
        let id = session((task + n * 37) % CONTEXTS)?;
        if n % 100 < reads {
            let count = contexts.read(&id, |session| count(&session)).await;
            count.ok_or("a session is gone")?;
        } else {
            let counted =
                contexts.try_update(&id, |session| session.with("count", &(count(&session) + 1)));
            counted.await?;
            updates += 1;
        }
    }
    Ok(updates)
}

fn session(n: usize) -> Result<ContextId, IdError> {
    ContextId::new(format!("session/{n}"))
}

fn count(session: &Document) -> u64 {
    let count = session.get("count");
    count.and_then(|count| count.as_u64()).unwrap_or(0)
}
