//! What can go wrong in a session.

use std::convert::Infallible;

use contexture_strategies::Reentrant;
use thiserror::Error;

use crate::{ContextId, CreateError, UpdateError};

/// Why an operation of a [`Session`](super::Session) did nothing.
///
/// `E` is what the closure of a [`try_update`](super::Session::try_update) refuses with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError<E = Infallible> {
    /// The client has no current context, and there is no default one.
    #[error("there is no current context")]
    NoCurrent,
    /// The context is not active, and is not activated by itself.
    #[error("context `{id}` is not active")]
    NotActive {
        /// The id.
        id: ContextId,
    },
    /// There is no context with this id, and none is created by itself.
    #[error("there is no context `{id}`")]
    NotFound {
        /// The id.
        id: ContextId,
    },
    /// The client has as many active contexts as it may.
    #[error("a client may have {limit} active contexts")]
    TooManyActive {
        /// The configured limit.
        limit: usize,
    },
    /// The client has been [closed](super::Sessions::close).
    #[error("the client has been closed")]
    Closed,
    /// The context was not there, and could not be created.
    #[error(transparent)]
    Create(CreateError),
    /// The context could not be updated.
    #[error(transparent)]
    Update(UpdateError<E>),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// A context that is not there, and a call from inside a closure, are that, whoever met them.
impl<E> From<UpdateError<E>> for SessionError<E> {
    fn from(error: UpdateError<E>) -> Self {
        match error {
            UpdateError::NotFound { id } => Self::NotFound { id },
            UpdateError::Reentrant(reason) => Self::Reentrant(reason),
            error => Self::Update(error),
        }
    }
}

impl<E> From<CreateError> for SessionError<E> {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Reentrant(reason) => Self::Reentrant(reason),
            error => Self::Create(error),
        }
    }
}

impl<E> SessionError<E> {
    /// The same error with another reason for an abort.
    pub(super) fn map_abort<F>(self, f: impl FnOnce(E) -> F) -> SessionError<F> {
        match self {
            Self::NoCurrent => SessionError::NoCurrent,
            Self::NotActive { id } => SessionError::NotActive { id },
            Self::NotFound { id } => SessionError::NotFound { id },
            Self::TooManyActive { limit } => SessionError::TooManyActive { limit },
            Self::Closed => SessionError::Closed,
            Self::Create(reason) => SessionError::Create(reason),
            Self::Update(reason) => SessionError::Update(reason.map_abort(f)),
            Self::Reentrant(reason) => SessionError::Reentrant(reason),
        }
    }
}

impl SessionError {
    /// The same error where a closure may refuse, which none has done.
    pub(super) fn for_any<E>(self) -> SessionError<E> {
        self.map_abort(|never| match never {})
    }
}
