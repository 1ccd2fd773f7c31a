//! The proof that strategies keep the contract: scenarios, run in every interleaving under loom,
//! in random ones under shuttle and on real threads, each execution checked for linearizability.
//!
//! A [`Scenario`](scenario::Scenario) is data, written once. [`execute`](execute::execute) runs it
//! once on a strategy and records the [`History`](history::History), which
//! [`linearizability::check`] compares with the [`Reference`](reference::Reference), the contract
//! without concurrency. What it runs in, the [`world`], is chosen when this is compiled:
//! `--cfg contexture_loom`, `--cfg contexture_shuttle` or neither.

#![allow(
    clippy::cast_possible_truncation,
    reason = "models count to a few thousand"
)]

#[cfg(all(feature = "must-loom", not(contexture_loom)))]
compile_error!(
    "loom-tests: the models need `--cfg contexture_loom`; run them with `cargo loom`, which sets it"
);

#[cfg(all(feature = "must-shuttle", not(contexture_shuttle)))]
compile_error!(
    "loom-tests: these tests need `--cfg contexture_shuttle`; run them with `cargo shuttle`, \
     which sets it"
);

pub mod catalogue;
pub mod execute;
pub mod explore;
pub mod history;
pub mod journal;
pub mod linearizability;
pub mod mutants;
pub mod operation;
pub mod orderings;
mod perform;
pub mod reference;
#[cfg(feature = "report")]
pub mod report;
pub mod scenario;
pub mod search;
pub mod world;
