//! Model checking of every strategy: `cargo loom` runs each scenario on each
//! strategy in every interleaving that loom can reach within the preemption bounds, and compares
//! the outcomes with those the contract allows.
//!
//! Built without `--cfg contexture_loom` this crate is empty.

#![allow(clippy::unwrap_used, reason = "test code")]

#[cfg(all(feature = "must-loom", not(contexture_loom)))]
compile_error!(
    "loom-tests: the models need `--cfg contexture_loom`; run them with `cargo loom`, which sets it"
);

#[cfg(contexture_loom)]
pub mod explore;
#[cfg(contexture_loom)]
pub mod scenarios;
