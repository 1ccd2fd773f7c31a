//! A cache that stays equal to the contexts: list them once, then watch what is committed after.
//!
//! The feed keeps the last hundred commits only. A cache that falls further behind is told so, and
//! lists again.
//!
//! `cargo run --example watching_a_feed`

use std::collections::BTreeMap;
use std::error::Error;

use contexture::feed::{Filter, Subscription};
use contexture::{Commit, ContextId, Contexts, Document, Snapshot};

const SENSORS: u64 = 8;
const KEPT: usize = 100;

type Failure = Box<dyn Error + Send + Sync>;

/// What the rest of a program would ask instead of the contexts: an index, a page, a file.
struct Cache {
    temperatures: BTreeMap<ContextId, i64>,
    changes: Subscription,
    lists: usize,
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let sensors: Contexts = Contexts::builder().feed(KEPT).build();
    for n in 0..SENSORS {
        sensors
            .create(sensor(n)?, Document::parse(r#"{"celsius": 0}"#)?)
            .await?;
    }
    let mut cache = Cache::new(&sensors).await?;

    // Fewer commits than are kept: each is seen.
    measure(&sensors, 50).await?;
    let seen = cache.catch_up(&sensors).await?;
    println!("{seen} commits seen after {} list", cache.lists);
    assert_eq!((seen, cache.lists), (50, 1));
    assert_eq!(cache.temperatures, temperatures(&sensors.snapshot().await));

    // More than are kept, and some sensors are gone: the cache is told what it has missed.
    measure(&sensors, 10 * KEPT as u64).await?;
    sensors.delete(&sensor(0)?, None).await?;
    let seen = cache.catch_up(&sensors).await?;
    println!("{seen} commits seen after {} lists", cache.lists);
    assert_eq!((seen, cache.lists), (0, 2));
    assert_eq!(cache.temperatures, temperatures(&sensors.snapshot().await));

    println!(
        "the cache has what the contexts have: {:?}",
        cache.temperatures
    );
    Ok(())
}

impl Cache {
    async fn new(sensors: &Contexts) -> Result<Self, Failure> {
        // The changes are exactly what the snapshot lacks: none is in both, none in neither.
        let (snapshot, changes) = sensors.watch(Filter::new().prefix("sensor/")).await?;
        Ok(Self {
            temperatures: temperatures(&snapshot),
            changes,
            lists: 1,
        })
    }

    /// Takes in what has been committed, and returns how many commits that were. A program that
    /// does nothing else would await `changes.next()` in a loop.
    async fn catch_up(&mut self, sensors: &Contexts) -> Result<usize, Failure> {
        let mut seen = 0;
        while let Ok(Some(event)) = self.changes.try_next() {
            match event {
                Ok(commit) => self.take_in(&commit),
                Err(lagged) => {
                    println!("missed: {lagged}");
                    let lists = self.lists + 1;
                    *self = Self {
                        lists,
                        ..Self::new(sensors).await?
                    };
                    continue;
                }
            }
            seen += 1;
        }
        Ok(seen)
    }

    fn take_in(&mut self, commit: &Commit) {
        for change in commit.changes() {
            match change.after() {
                Some(sensor) => self
                    .temperatures
                    .insert(change.id().clone(), celsius(&sensor)),
                None => self.temperatures.remove(change.id()),
            };
        }
    }
}

fn temperatures(snapshot: &Snapshot) -> BTreeMap<ContextId, i64> {
    let sensors = snapshot.iter();
    sensors
        .map(|sensor| (sensor.id().clone(), celsius(&sensor)))
        .collect()
}

async fn measure(sensors: &Contexts, times: u64) -> Result<(), Failure> {
    for n in 0..times {
        let id = sensor(n % SENSORS)?;
        sensors
            .try_update(&id, |it| it.with("celsius", &(celsius(&it) + 1)))
            .await?;
    }
    Ok(())
}

fn sensor(n: u64) -> Result<ContextId, contexture::IdError> {
    ContextId::new(format!("sensor/{n}"))
}

fn celsius(sensor: &Document) -> i64 {
    sensor
        .get("celsius")
        .and_then(|it| it.as_i64())
        .unwrap_or(0)
}
