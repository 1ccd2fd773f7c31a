//! A lab that compares concurrency strategies of a shared map of versioned JSON documents, with
//! each other, with maps people use instead, and with no synchronisation at all.
//!
//! Data flows one way: [`documents`] and [`workload`] go into the [`harness`], which puts
//! [`subjects`] through rounds and makes [`results`] of what it saw, to which [`requirements`] adds
//! what it finds; the [`report`] is drawn from the results alone.
//!
//! # What a throughput figure means
//!
//! **One round.** Workers gather behind a barrier, then perform operations that were drawn from
//! the seed beforehand. When every worker has finished its first operations, and warmed up, the
//! coordinator sets a window of fixed length that starts a moment later. No worker stops before
//! every worker has seen the window's end. So during the whole window all workers compete, which
//! is checked: each records when it started and stopped, and a round whose workers did not all
//! work through the window fails the run.
//!
//! **Operations in the window.** A worker reads the clock around the last operation of each block
//! of 127 and nowhere else; a timed operation costs a few tens of nanoseconds more, one untimed
//! costs nothing more. Operations of the two blocks that the window's edges cut are apportioned
//! by time, so the count of a worker is off by less than a block at either edge. Throughput is
//! the operations of all workers in the window, divided by its length: the window lies between
//! the last start and the first stop by construction.
//!
//! **Many rounds.** Subjects take turns: in each round every subject has one, in an order drawn
//! anew. The figure is the median of the rounds, with the 95 % bootstrap interval of the median.
//! Where the intervals of two subjects overlap, the report calls them tied.
//!
//! **The machine.** The coordinator records how many processors the process kept busy during each
//! window. A subject whose threads wait for each other keeps fewer busy; if all subjects did, also
//! those that never wait, something else had the processors, and the report says so before
//! anything else. Threads are not pinned, but they never sleep before the window: a thread woken
//! from sleep tends to be put beside the one that woke it, and stays there for a short round.
//!
//! # What a latency figure means
//!
//! The time of every 127th operation, from the worker's call to its return, including one
//! reading of the clock (`timer_ns` in the results). Workers are a closed loop: a worker that
//! waits issues no other operation meanwhile, so these are service times, and long waits are
//! seen less often than independent clients would see them.
//!
//! # What keeps subjects honest
//!
//! Every update increments a field of a document. After the rounds of a cell the counters of all
//! documents must add up to the updates that were acknowledged, warm-ups included. Whatever churn
//! removes it creates again, and snapshots are taken while no entry comes or goes: so each of them
//! must have every entry, and so must the subject at the end. One that loses updates or entries, or
//! refuses operations, fails the run.
//!
//! # What a throughput figure means where snapshots are taken
//!
//! It counts reads and updates. A snapshot of the whole store is due every millisecond of the
//! round's clock; the first worker that comes to the end of a block after that takes it, and of
//! those that fall due before any does, all but one are left out. Whoever takes a snapshot performs
//! no other operation meanwhile, and if they take longer than a millisecond, several workers do at
//! once: a slow snapshot costs throughput, and how many were taken stands beside their latency.
//!
//! # Targets
//!
//! One strategy is the flagship and has targets: see [`targets`].
//!
//! # What is required of the engine
//!
//! Beside the strategies a run measures the engine that is built on them, and says of each
//! requirement whether it holds: see [`requirements`].

// The lab observes the code that is model checked and is not itself model checked: it may use
// the standard library's atomics and locks.
#![allow(clippy::disallowed_types)]

pub mod cli;
pub mod documents;
pub mod environment;
pub mod error;
pub mod harness;
pub mod keys;
pub mod output;
pub mod progress;
pub mod report;
pub mod requirements;
pub mod results;
pub mod settings;
pub mod statistics;
pub mod subjects;
pub mod targets;
pub mod verification;
pub mod window;
mod words;
pub mod worker;
pub mod workload;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
