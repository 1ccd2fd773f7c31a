//! What can go wrong, one type an operation.
//!
//! Every error means that nothing changed. [`Reentrant`](UpdateError::Reentrant) is in each of
//! them for the same reason; see [re-entrancy](crate#calling-back-from-a-closure).

use thiserror::Error;

use crate::Version;

/// Why [`create`](crate::Strategy::create) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The key is there already, at this version.
    #[error("the key exists already, at {current}")]
    Exists {
        /// The version the key has.
        current: Version,
    },
    /// The store holds as many entries as its limit allows.
    #[error("the store is full: it may hold {limit} entries")]
    Full {
        /// The configured limit.
        limit: usize,
    },
    /// The call came from inside a closure; see [`Reentrant`](struct@Reentrant).
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// Why [`update`](crate::Strategy::update) or [`try_update`](crate::Strategy::try_update) did
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpdateError<E = std::convert::Infallible> {
    /// There is no such key.
    #[error("there is no such key")]
    Absent,
    /// The closure refused with this reason.
    #[error("the update was aborted: {0}")]
    Aborted(E),
    /// The call came from inside a closure; see [`Reentrant`](struct@Reentrant).
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// Why [`compare_and_set`](crate::Strategy::compare_and_set) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompareAndSetError {
    /// There is no such key.
    #[error("there is no such key")]
    Absent,
    /// The key has another version than the expected one.
    #[error("version conflict: the key is at {current}")]
    Conflict {
        /// The version the key has.
        current: Version,
    },
    /// The call came from inside a closure; see [`Reentrant`](struct@Reentrant).
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// Why [`remove`](crate::Strategy::remove) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// There is no such key.
    #[error("there is no such key")]
    Absent,
    /// The key has another version than the expected one.
    #[error("version conflict: the key is at {current}")]
    Conflict {
        /// The version the key has.
        current: Version,
    },
    /// The call came from inside a closure; see [`Reentrant`](struct@Reentrant).
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// Why [`apply`](crate::Strategy::apply) did nothing. `index` is the position of the operation
/// in the batch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// A key to be created is there already.
    #[error("operation {index}: the key exists already, at {current}")]
    Exists {
        /// Position in the batch.
        index: usize,
        /// The version the key has.
        current: Version,
    },
    /// A key to be changed, removed or checked is not there.
    #[error("operation {index}: there is no such key")]
    Absent {
        /// Position in the batch.
        index: usize,
    },
    /// A key has another version than the expected one.
    #[error("operation {index}: version conflict: the key is at {current}")]
    Conflict {
        /// Position in the batch.
        index: usize,
        /// The version the key has.
        current: Version,
    },
    /// Two operations of the batch name the same key.
    #[error("operation {index}: its key is named by an earlier operation of the batch")]
    DuplicateKey {
        /// Position of the second one.
        index: usize,
    },
    /// With the batch applied the store would hold more entries than its limit allows.
    #[error("the store is full: it may hold {limit} entries")]
    Full {
        /// The configured limit.
        limit: usize,
    },
    /// The call came from inside a closure; see [`Reentrant`](struct@Reentrant).
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// A call from inside a closure that would have had to wait there, and so might never have
/// returned; or, with a strategy that awaits, any call from inside a closure. See
/// [re-entrancy](crate#calling-back-from-a-closure).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a store was called from inside a closure and would have had to wait")]
#[non_exhaustive]
pub struct Reentrant;
