//! What can go wrong with recovery points. Every error means that nothing has changed.

use std::error::Error;
use std::io;

use contexture_strategies::Reentrant;
use thiserror::Error;

use super::{RecoveryPoint, Select};
use crate::{BatchError, ContextId, LimitExceeded};

/// Why a recovery point was not made, found or restored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// No recovery points are kept: their
    /// [maximum](crate::Builder::max_recovery_points) is 0.
    #[error("no recovery points are kept")]
    Disabled,
    /// The name has more than [`RecoveryPoint::MAX_NAME_LEN`] bytes.
    #[error("the name of a recovery point has at most {max} bytes, not {len}", max = RecoveryPoint::MAX_NAME_LEN)]
    NameTooLong {
        /// The bytes it has.
        len: usize,
    },
    /// There are no recovery points at all.
    #[error("there are no recovery points")]
    NoRecoveryPoints,
    /// There are recovery points, and this one is not among them.
    #[error("there is no such recovery point, or it is no longer kept: {wanted:?}")]
    NotFound {
        /// What was asked for.
        wanted: Select,
    },
    /// The recovery point is not what it was when it was made.
    #[error("recovery point {number} is damaged")]
    Corrupt {
        /// Its number.
        number: u64,
    },
    /// The context was not there when the recovery point was made.
    #[error("context `{id}` is not in recovery point {number}")]
    NotInPoint {
        /// The number of the recovery point.
        number: u64,
        /// The id.
        id: ContextId,
    },
    /// The batch that restores it failed.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The call came from inside a closure and would have had to wait.
    #[error(transparent)]
    Reentrant(#[from] Reentrant),
}

/// Why a recovery point was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecoveryIoError {
    /// The reader or the writer failed. What was written until then is not a recovery point.
    #[error("a recovery point was not read or written")]
    Io(#[from] io::Error),
    /// The point cannot be written, or no points are kept.
    #[error(transparent)]
    Point(#[from] RecoveryError),
    /// What was read is not a recovery point that was written and these contexts can hold.
    #[error("line {line} of the exported recovery point: {damage}")]
    Damaged {
        /// The line where it was noticed, from 1.
        line: u64,
        /// What is wrong.
        #[source]
        damage: Damage,
    },
}

/// What is wrong with an exported recovery point.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Damage {
    /// It does not begin as one.
    #[error("this is not an exported recovery point")]
    NotAnExport,
    /// It has a format that this version does not know.
    #[error("format version {found} is unknown; this is {known}")]
    UnknownFormatVersion {
        /// The version of the format.
        found: u64,
        /// The newest one that is known here.
        known: u64,
    },
    /// It ends before its last line does.
    #[error("the end is missing")]
    Truncated,
    /// There is more behind its last line.
    #[error("there is more behind the last line")]
    TrailingData,
    /// The line does not say what it should.
    #[error("the line does not make sense")]
    Malformed(#[source] Box<dyn Error + Send + Sync>),
    /// A context comes twice.
    #[error("context `{id}` comes twice")]
    DuplicateId {
        /// Its id.
        id: ContextId,
    },
    /// There are not as many contexts as the first line says.
    #[error("there should be {announced} contexts, and there are {found}")]
    WrongCount {
        /// How many there should be.
        announced: u64,
        /// How many there are, counted to the first that is too many.
        found: u64,
    },
    /// The text has changed since it was written.
    #[error("the checksum is {computed:#010x}, and should be {stated:#010x}")]
    WrongChecksum {
        /// What the last line says.
        stated: u32,
        /// What it is.
        computed: u32,
    },
    /// A context is larger than these contexts accept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// There are more contexts than there may be here.
    #[error("there are {contexts} contexts, and there may be {limit}")]
    TooManyContexts {
        /// How many there are.
        contexts: u64,
        /// The configured limit.
        limit: usize,
    },
    /// The line is longer than any that these contexts accept.
    #[error("the line has more than {limit} bytes")]
    LineTooLong {
        /// The most bytes a line may have.
        limit: usize,
    },
}
