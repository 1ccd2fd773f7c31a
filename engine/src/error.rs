//! What can go wrong, one type an operation. Every error means that nothing has changed.
//!
//! Each has `Reentrant` for a call from inside a closure that would have had to wait, see
//! [`Contexts`](crate::Contexts#calling-back-from-a-closure), and `Unknown` for a reason that a
//! later version of the strategies may add and this version cannot name; today there is none.

use std::convert::Infallible;

use contexture_strategies::{self as strategies, Reentrant, Version};
use thiserror::Error;

use crate::ContextId;

/// A document takes more bytes than these contexts accept, see
/// [`Builder::max_document_bytes`](crate::Builder::max_document_bytes).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the document of context `{id}` takes {bytes} bytes, and the limit is {limit}")]
#[non_exhaustive]
pub struct DocumentTooLarge {
    /// The context it was meant for.
    pub id: ContextId,
    /// The bytes it takes, see [`Document::byte_size`](crate::Document::byte_size).
    pub bytes: usize,
    /// The configured limit.
    pub limit: usize,
}

/// Why [`create`](crate::Contexts::create) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is a context with this id already.
    #[error("context `{id}` exists already, at {current}")]
    Exists {
        /// The id.
        id: ContextId,
        /// The version the context has.
        current: Version,
    },
    /// There are as many contexts as the limit allows.
    #[error("context `{id}` was not created: there may be {limit} contexts")]
    Full {
        /// The id that found no room.
        id: ContextId,
        /// The configured limit.
        limit: usize,
    },
    /// The document is larger than the limit.
    #[error(transparent)]
    DocumentTooLarge(#[from] DocumentTooLarge),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("context `{id}` was not created, for a reason this version does not know")]
    Unknown {
        /// The id.
        id: ContextId,
    },
}

impl CreateError {
    pub(crate) fn new(reason: strategies::CreateError, id: ContextId) -> Self {
        match reason {
            strategies::CreateError::Exists { current } => Self::Exists { id, current },
            strategies::CreateError::Full { limit } => Self::Full { id, limit },
            strategies::CreateError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown { id },
        }
    }
}

/// Why [`update`](crate::Contexts::update) or [`try_update`](crate::Contexts::try_update) did
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpdateError<E = Infallible> {
    /// There is no context with this id.
    #[error("there is no context `{id}`")]
    NotFound {
        /// The id.
        id: ContextId,
    },
    /// The closure refused with this reason.
    #[error("the update was aborted: {0}")]
    Aborted(E),
    /// The closure's document is larger than the limit.
    #[error(transparent)]
    DocumentTooLarge(#[from] DocumentTooLarge),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("context `{id}` was not updated, for a reason this version does not know")]
    Unknown {
        /// The id.
        id: ContextId,
    },
}

impl<E> UpdateError<E> {
    /// `reason` holds what the closure of [`Limits::checked`](crate::limits::Limits::checked)
    /// refused with, which is an error of this type already.
    pub(crate) fn new(reason: strategies::UpdateError<Self>, id: &ContextId) -> Self {
        match reason {
            strategies::UpdateError::Absent => Self::NotFound { id: id.clone() },
            strategies::UpdateError::Aborted(reason) => reason,
            strategies::UpdateError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown { id: id.clone() },
        }
    }
}

/// Why [`compare_and_set`](crate::Contexts::compare_and_set) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompareAndSetError {
    /// There is no context with this id.
    #[error("there is no context `{id}`")]
    NotFound {
        /// The id.
        id: ContextId,
    },
    /// The context has another version than the expected one.
    #[error("version conflict: context `{id}` is at {current}, not {expected}")]
    Conflict {
        /// The id.
        id: ContextId,
        /// The version that was expected.
        expected: Version,
        /// The version the context has.
        current: Version,
    },
    /// The document is larger than the limit.
    #[error(transparent)]
    DocumentTooLarge(#[from] DocumentTooLarge),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("context `{id}` was not set, for a reason this version does not know")]
    Unknown {
        /// The id.
        id: ContextId,
    },
}

impl CompareAndSetError {
    pub(crate) fn new(
        reason: strategies::CompareAndSetError,
        id: &ContextId,
        expected: Version,
    ) -> Self {
        let id = id.clone();
        match reason {
            strategies::CompareAndSetError::Absent => Self::NotFound { id },
            strategies::CompareAndSetError::Conflict { current } => Self::Conflict {
                id,
                expected,
                current,
            },
            strategies::CompareAndSetError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown { id },
        }
    }
}

/// Why [`delete`](crate::Contexts::delete) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DeleteError {
    /// There is no context with this id.
    #[error("there is no context `{id}`")]
    NotFound {
        /// The id.
        id: ContextId,
    },
    /// The context has another version than the expected one.
    #[error("version conflict: context `{id}` is at {current}")]
    Conflict {
        /// The id.
        id: ContextId,
        /// The version the context has.
        current: Version,
    },
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("context `{id}` was not deleted, for a reason this version does not know")]
    Unknown {
        /// The id.
        id: ContextId,
    },
}

impl DeleteError {
    pub(crate) fn new(reason: strategies::RemoveError, id: &ContextId) -> Self {
        let id = id.clone();
        match reason {
            strategies::RemoveError::Absent => Self::NotFound { id },
            strategies::RemoveError::Conflict { current } => Self::Conflict { id, current },
            strategies::RemoveError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown { id },
        }
    }
}

/// Why [`apply`](crate::Contexts::apply) did nothing. `index` is the position of the change or
/// condition in the batch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// A context to be created is there already.
    #[error("change {index} of the batch: context `{id}` exists already, at {current}")]
    Exists {
        /// Position in the batch.
        index: usize,
        /// The id.
        id: ContextId,
        /// The version the context has.
        current: Version,
    },
    /// A context to be changed, deleted or checked is not there.
    #[error("change {index} of the batch: there is no context `{id}`")]
    NotFound {
        /// Position in the batch.
        index: usize,
        /// The id.
        id: ContextId,
    },
    /// A context has another version than the expected one.
    #[error("change {index} of the batch: version conflict: context `{id}` is at {current}")]
    Conflict {
        /// Position in the batch.
        index: usize,
        /// The id.
        id: ContextId,
        /// The version the context has.
        current: Version,
    },
    /// Two changes of the batch name the same context.
    #[error("change {index} of the batch: context `{id}` is named by an earlier change")]
    DuplicateId {
        /// Position of the second one.
        index: usize,
        /// The id.
        id: ContextId,
    },
    /// With the batch applied there would be more contexts than the limit allows.
    #[error("the batch was not applied: there may be {limit} contexts")]
    Full {
        /// The configured limit.
        limit: usize,
    },
    /// A document is larger than the limit.
    #[error(transparent)]
    DocumentTooLarge(#[from] DocumentTooLarge),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("the batch was not applied, for a reason this version does not know")]
    Unknown,
}

impl BatchError {
    /// `ids` are those that the changes of the batch name, in order.
    pub(crate) fn new(reason: strategies::BatchError, ids: &[ContextId]) -> Self {
        let id = |index: usize| ids[index].clone();
        match reason {
            strategies::BatchError::Exists { index, current } => Self::Exists {
                index,
                id: id(index),
                current,
            },
            strategies::BatchError::Absent { index } => Self::NotFound {
                index,
                id: id(index),
            },
            strategies::BatchError::Conflict { index, current } => Self::Conflict {
                index,
                id: id(index),
                current,
            },
            strategies::BatchError::DuplicateKey { index } => Self::DuplicateId {
                index,
                id: id(index),
            },
            strategies::BatchError::Full { limit } => Self::Full { limit },
            strategies::BatchError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown,
        }
    }
}
