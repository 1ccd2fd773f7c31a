//! Threads share contexts without a runtime: strategies that never await offer every operation as
//! a plain method as well.
//!
//! Clerks move goods between warehouses while an auditor counts them all, again and again, and
//! never finds one too many or too few.
//!
//! `cargo run --example without_a_runtime`

use std::error::Error;
use std::thread;

use contexture::{Batch, BatchError, ContextId, Contexts, Document, Snapshot};

const WAREHOUSES: [&str; 3] = ["berlin", "lagos", "lima"];
const GOODS: u64 = 100;
const CLERKS: usize = 4;
const TRANSFERS: usize = 200;

type Failure = Box<dyn Error + Send + Sync>;

/// Shows it, and fails if it does not hold.
pub fn main() -> Result<(), Failure> {
    let stock: Contexts = Contexts::new();
    for name in WAREHOUSES {
        stock.create_sync(
            ContextId::new(name)?,
            Document::new().with("goods", &GOODS)?,
        )?;
    }
    let all = GOODS * WAREHOUSES.len() as u64;

    thread::scope(|scope| {
        let clerks: Vec<_> = (0..CLERKS)
            .map(|clerk| {
                scope.spawn({
                    // A handle for each thread; all are the same contexts.
                    let stock = stock.clone();
                    move || (0..TRANSFERS).try_for_each(|n| transfer(&stock, clerk + n))
                })
            })
            .collect();
        let mut audits = 0;
        while audits == 0 || !clerks.iter().all(|clerk| clerk.is_finished()) {
            // All warehouses at one instant: never between the two halves of a transfer.
            assert_eq!(
                total(&stock.snapshot_sync()),
                all,
                "goods are in two places, or in none"
            );
            audits += 1;
        }
        println!("{audits} audits while {CLERKS} clerks worked: {all} goods each time");
        clerks
            .into_iter()
            .try_for_each(|clerk| clerk.join().expect("a clerk panicked"))
    })?;

    for warehouse in stock.snapshot_sync().iter() {
        println!("{} has {}", warehouse.id(), goods(&warehouse));
    }
    assert_eq!(total(&stock.snapshot_sync()), all);
    Ok(())
}

/// Moves one piece from one warehouse to the next, if there is one to move.
fn transfer(stock: &Contexts, from: usize) -> Result<(), Failure> {
    let there = |place: usize| ContextId::new(WAREHOUSES[place % WAREHOUSES.len()]);
    let (from, to) = (there(from)?, there(from + 1)?);
    loop {
        let (Some(a), Some(b)) = (stock.get_sync(&from), stock.get_sync(&to)) else {
            return Err("a warehouse is gone".into());
        };
        if goods(&a) == 0 {
            return Ok(());
        }
        let (less, more) = (goods(&a) - 1, goods(&b) + 1);
        let batch = Batch::new()
            .compare_and_set(from.clone(), a.version(), a.with("goods", &less)?)
            .compare_and_set(to.clone(), b.version(), b.with("goods", &more)?);
        match stock.apply_sync(batch) {
            Ok(_) => return Ok(()),
            // Another clerk was faster: nothing has changed, so look again.
            Err(BatchError::Conflict { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
}

fn total(snapshot: &Snapshot) -> u64 {
    snapshot.iter().map(|context| goods(&context)).sum()
}

fn goods(warehouse: &Document) -> u64 {
    let goods = warehouse.get("goods");
    goods.and_then(|goods| goods.as_u64()).unwrap_or(0)
}
