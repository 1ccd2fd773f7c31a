//! Concurrency strategies for one contract: a shared map of versioned values.
//!
//! All stores do the same; they differ in what their operations wait for and how they scale.
//! [`Strategy`] is the contract, [`SyncStrategy`] the same without async.
//!
//! # Which one should you use?
//!
//! | you have | use | and not |
//! |---|---|---|
//! | no strong opinion, or many writers | `sharded` | |
//! | several threads that read the same keys, also while they are written | `slotted` | when values must be dropped the moment they are replaced |
//! | few contexts, nearly only reads, many snapshots | `arc-swap` | when keys are created and removed all the time |
//! | very few threads, small store, the least code | `parking-lot` | when more than a few threads read one store |
//! | a rule that tasks wait by awaiting only | `tokio-rwlock`, `tokio-mutex` | where throughput matters: they are several times slower |
//!
//! # Calling back from a closure
//!
//! Closures run while no lock is held that another key's operation needs, so a closure may use
//! the store, within these rules, which make sure that it never deadlocks:
//!
//! * Strategies that never await (`parking-lot`, `arc-swap`, `sharded`, `slotted`): everything works from
//!   inside a `read` closure, and reads, snapshots and `create` work from inside an `update`
//!   closure. Another write from inside an `update` closure works unless it would have to wait
//!   for a closure that is running, its own or another thread's; then it returns
//!   [`Reentrant`].
//! * Strategies that await (`tokio-mutex`, `tokio-rwlock`): a closure cannot await, so to call
//!   back it would have to block the runtime's thread. Every such call is refused: writes return
//!   [`Reentrant`], reads panic with its message.
//!
//! Two things are beyond what a store can see, as they are with any lock: a closure that blocks on
//! *another thread* which in turn writes the same key; and blocking a runtime's thread on a store
//! that awaits from anywhere else, such as a `Drop` or another library's callback. And since the
//! check is by thread, unrelated work that a closure makes its thread do (a work-stealing join,
//! say) counts as inside it.

// What strategies share need not be used by each of them.
#![cfg_attr(not(feature = "all-strategies"), allow(dead_code))]

pub mod error;
pub mod kind;

mod batch;
mod commit;
#[allow(
    missing_debug_implementations,
    reason = "nothing in it can be named outside"
)]
mod core;
mod faults;
#[cfg(doctest)]
mod guards;
#[cfg(feature = "slotted")]
mod handle;
mod options;
mod reentrancy;
mod snapshot;
mod strategy;
mod sync;
mod sync_strategy;
mod version;

#[cfg(feature = "arc-swap")]
mod arc_swap;
#[cfg(feature = "parking-lot")]
mod parking_lot;
#[cfg(feature = "sharded")]
mod sharded;
#[cfg(feature = "slotted")]
mod slotted;
#[cfg(feature = "tokio-mutex")]
mod tokio_mutex;
#[cfg(feature = "tokio-rwlock")]
mod tokio_rwlock;

pub use batch::{Batch, Change};
pub use commit::Commit;
pub use error::{BatchError, CompareAndSetError, CreateError, Reentrant, RemoveError, UpdateError};
pub use kind::{StrategyKind, SyncStrategyKind};
pub use options::Options;
pub use snapshot::{Snapshot, SnapshotIter};
pub use strategy::{Key, Strategy, Value};
pub use sync_strategy::SyncStrategy;
pub use version::{Version, Versioned};

#[cfg(any(contexture_loom, contexture_shuttle))]
pub use sync::Variant;

#[cfg(feature = "arc-swap")]
pub use self::arc_swap::ArcSwap;
#[cfg(feature = "parking-lot")]
pub use self::parking_lot::ParkingLot;
#[cfg(feature = "sharded")]
pub use self::sharded::Sharded;
#[cfg(feature = "slotted")]
pub use self::slotted::Slotted;
#[cfg(feature = "tokio-mutex")]
pub use self::tokio_mutex::TokioMutex;
#[cfg(feature = "tokio-rwlock")]
pub use self::tokio_rwlock::TokioRwLock;
