//! What can go wrong, one type an operation. Every error means that nothing has changed.
//!
//! Each has `Reentrant` for a call from inside a closure that would have had to wait, see
//! [`Contexts`](crate::Contexts#calling-back-from-a-closure), and `Unknown` for a reason that a
//! later version of the strategies may add and this version cannot name; today there is none.

use std::convert::Infallible;
use std::fmt;

use contexture_strategies::{self as strategies, Reentrant, Version};
use thiserror::Error;

use crate::plugins::Refused;
use crate::{Batch, ContextId, Moment};

/// Something takes more bytes than these contexts accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the {what} of context `{id}` takes {bytes} bytes, and the limit is {limit}")]
#[non_exhaustive]
pub struct LimitExceeded {
    /// The context it was meant for.
    pub id: ContextId,
    /// What is too large.
    pub what: Limited,
    /// The bytes it takes; for documents see [`Document::byte_size`](crate::Document::byte_size).
    pub bytes: usize,
    /// The configured limit.
    pub limit: usize,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limited {
    /// The document, see [`Builder::max_document_bytes`](crate::Builder::max_document_bytes).
    Document,
    /// The metadata, to which the limit of documents applies, too.
    Metadata,
    /// The id, see [`Builder::max_id_bytes`](crate::Builder::max_id_bytes).
    Id,
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Metadata => "metadata",
            Self::Id => "id",
        })
    }
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
    /// Something is larger than its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A plugin refused.
    #[error(transparent)]
    Refused(#[from] Refused),
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
    /// Something that the closure returned is larger than its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A plugin refused.
    #[error(transparent)]
    Refused(#[from] Refused),
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
    /// `reason` holds what the update refused with, which is an error of this type already.
    pub(crate) fn new(reason: strategies::UpdateError<Self>, id: &ContextId) -> Self {
        match reason {
            strategies::UpdateError::Absent => Self::NotFound { id: id.clone() },
            strategies::UpdateError::Aborted(reason) => reason,
            strategies::UpdateError::Reentrant(reason) => Self::Reentrant(reason),
            _ => Self::Unknown { id: id.clone() },
        }
    }

    /// The error of an update that was made by compare-and-set, and did not conflict.
    pub(crate) fn from_compare_and_set(reason: CompareAndSetError) -> Self {
        match reason {
            CompareAndSetError::NotFound { id } => Self::NotFound { id },
            CompareAndSetError::LimitExceeded(reason) => Self::LimitExceeded(reason),
            CompareAndSetError::Refused(reason) => Self::Refused(reason),
            CompareAndSetError::Reentrant(reason) => Self::Reentrant(reason),
            CompareAndSetError::Conflict { id, .. } | CompareAndSetError::Unknown { id } => {
                Self::Unknown { id }
            }
        }
    }

    /// The same error with another reason for an abort.
    pub(crate) fn map_abort<F>(self, f: impl FnOnce(E) -> F) -> UpdateError<F> {
        match self {
            Self::Aborted(reason) => UpdateError::Aborted(f(reason)),
            Self::NotFound { id } => UpdateError::NotFound { id },
            Self::LimitExceeded(reason) => UpdateError::LimitExceeded(reason),
            Self::Refused(reason) => UpdateError::Refused(reason),
            Self::Reentrant(reason) => UpdateError::Reentrant(reason),
            Self::Unknown { id } => UpdateError::Unknown { id },
        }
    }

    /// The same error, its reason for an abort left out.
    pub(crate) fn erased(&self) -> UpdateError<ClosureRefused> {
        match self {
            Self::Aborted(_) => UpdateError::Aborted(ClosureRefused),
            Self::NotFound { id } => UpdateError::NotFound { id: id.clone() },
            Self::LimitExceeded(reason) => UpdateError::LimitExceeded(reason.clone()),
            Self::Refused(reason) => UpdateError::Refused(reason.clone()),
            Self::Reentrant(reason) => UpdateError::Reentrant(*reason),
            Self::Unknown { id } => UpdateError::Unknown { id: id.clone() },
        }
    }

    /// The same error, or `None` if it is an abort.
    pub(crate) fn unless_aborted(self) -> Option<UpdateError> {
        match self {
            Self::Aborted(_) => None,
            Self::NotFound { id } => Some(UpdateError::NotFound { id }),
            Self::LimitExceeded(reason) => Some(UpdateError::LimitExceeded(reason)),
            Self::Refused(reason) => Some(UpdateError::Refused(reason)),
            Self::Reentrant(reason) => Some(UpdateError::Reentrant(reason)),
            Self::Unknown { id } => Some(UpdateError::Unknown { id }),
        }
    }
}

/// Why [`transform`](crate::Contexts::transform) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransformError {
    /// There is no transformation with this name; another kind of plugin does not count.
    #[error("there is no transformation `{name}`")]
    NoSuchPlugin {
        /// The name.
        name: String,
    },
    /// There is no context with this id.
    #[error("there is no context `{id}`")]
    NotFound {
        /// The id.
        id: ContextId,
    },
    /// Something that the transformation made is larger than its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The transformation refused, or a validator.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("context `{id}` was not transformed, for a reason this version does not know")]
    Unknown {
        /// The id.
        id: ContextId,
    },
}

impl TransformError {
    pub(crate) fn new(reason: UpdateError<Refused>) -> Self {
        match reason {
            UpdateError::Aborted(reason) | UpdateError::Refused(reason) => Self::Refused(reason),
            UpdateError::NotFound { id } => Self::NotFound { id },
            UpdateError::LimitExceeded(reason) => Self::LimitExceeded(reason),
            UpdateError::Reentrant(reason) => Self::Reentrant(reason),
            UpdateError::Unknown { id } => Self::Unknown { id },
        }
    }
}

/// Stands for the reason of a closure that refused, which may be of any type, where observers are
/// told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the closure refused")]
#[non_exhaustive]
pub struct ClosureRefused;

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
    /// Something is larger than its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A plugin refused.
    #[error(transparent)]
    Refused(#[from] Refused),
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
    /// Something is larger than its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A plugin refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
    /// The store gave a reason that this version does not know.
    #[error("the batch was not applied, for a reason this version does not know")]
    Unknown,
}

impl BatchError {
    pub(crate) fn new(reason: strategies::BatchError, batch: &Batch) -> Self {
        let id = |index: usize| batch.changes[index].0.clone();
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

/// Why [`rollback`](crate::Contexts::rollback) did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// The version is not kept.
    #[error("context `{id}` has no such version any more, or never had: {wanted:?}")]
    NoSuchVersion {
        /// The id.
        id: ContextId,
        /// What was asked for.
        wanted: Moment,
    },
    /// The update that brings it back failed.
    #[error(transparent)]
    Update(UpdateError),
}

impl RollbackError {
    pub(crate) fn new(error: UpdateError<()>, id: &ContextId, wanted: Moment) -> Self {
        match error.unless_aborted() {
            Some(error) => Self::Update(error),
            None => Self::NoSuchVersion {
                id: id.clone(),
                wanted,
            },
        }
    }
}
