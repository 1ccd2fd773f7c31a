//! The contract of `Contexts`, over every enabled strategy, with async and without.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod concurrency;
mod life;
mod limits;
mod types;

use common::{document, id, incremented, n, over_every_strategy, over_every_sync_strategy};
