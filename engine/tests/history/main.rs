//! What contexts were before, over every enabled strategy.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../document/generate.rs"]
mod generate;

mod kept;
mod rollback;
