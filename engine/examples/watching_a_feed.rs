//! A cache that stays equal to the contexts: list them once, then watch what is committed after.
//!
//! The feed keeps the last hundred commits only. A cache that falls further behind is told so, and
//! lists again.
//!
//! `cargo run --example watching_a_feed`

use std::collections::BTreeMap;
use std::error::Error;

use contexture::feed::{Filter, Subscription};
use contexture::{ContextId, Contexts, Document, IdError, Snapshot};

const SENSORS: u64 = 8;
const KEPT: usize = 100;

type Failure = Box<dyn Error + Send + Sync>;

/// Shows it, and fails if it does not hold.
#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let sensors: Contexts = Contexts::builder().feed(KEPT).build();
    for n in 0..SENSORS {
        sensors.create(sensor(n)?, Document::new()).await?;
    }
    let mut cache = Cache::of(&sensors).await?;

    // Fewer commits than are kept: each is seen.
    measure(&sensors, 50).await?;
    assert_eq!(cache.catch_up(&sensors).await?, 50);
    assert_eq!(cache.values, values(&sensors.snapshot().await));

    // More than are kept, and one sensor less: the cache is told what it has missed.
    measure(&sensors, 10 * KEPT as u64).await?;
    sensors.delete(&sensor(0)?, None).await?;
    assert_eq!(cache.catch_up(&sensors).await?, 0);
    assert_eq!(cache.values, values(&sensors.snapshot().await));

    println!("the cache has what the contexts have: {:?}", cache.values);
    Ok(())
}

/// What the rest of a program asks instead of the contexts: an index, a page, a file.
struct Cache {
    values: BTreeMap<ContextId, u64>,
    changes: Subscription,
}

impl Cache {
    async fn of(sensors: &Contexts) -> Result<Self, Failure> {
        // The changes are exactly what the snapshot lacks: none is in both, none in neither.
        let (snapshot, changes) = sensors.watch(Filter::new().prefix("sensor/")).await?;
        let values = values(&snapshot);
        println!("listed {} sensors", values.len());
        Ok(Self { values, changes })
    }

    /// Takes in what has been committed, and returns how many commits that were. A task that does
    /// nothing else would await `changes.next()` in a loop.
    async fn catch_up(&mut self, sensors: &Contexts) -> Result<usize, Failure> {
        let mut seen = 0;
        while let Ok(Some(event)) = self.changes.try_next() {
            let Ok(commit) = event.inspect_err(|lagged| println!("too slow: {lagged}")) else {
                *self = Self::of(sensors).await?;
                continue;
            };
            seen += 1;
            for change in commit.changes() {
                match change.after() {
                    Some(sensor) => self.values.insert(change.id().clone(), value(&sensor)),
                    None => self.values.remove(change.id()),
                };
            }
        }
        println!("saw {seen} commits");
        Ok(seen)
    }
}

async fn measure(sensors: &Contexts, times: u64) -> Result<(), Failure> {
    for n in 0..times {
        let id = sensor(n % SENSORS)?;
        sensors.try_update(&id, |it| it.with("value", &n)).await?;
    }
    Ok(())
}

fn values(snapshot: &Snapshot) -> BTreeMap<ContextId, u64> {
    let values = snapshot.iter().map(|it| (it.id().clone(), value(&it)));
    values.collect()
}

fn sensor(n: u64) -> Result<ContextId, IdError> {
    ContextId::new(format!("sensor/{n}"))
}

fn value(sensor: &Document) -> u64 {
    let value = sensor.get("value").and_then(|value| value.as_u64());
    value.unwrap_or(0)
}
