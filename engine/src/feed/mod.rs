//! The change feed.

mod log;

use thiserror::Error;

use crate::Revision;

pub(crate) use self::log::{Found, Log};

/// Commits that a subscription missed, since it was too slow or asked for what is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the commits from {from} to {to} are no longer kept")]
#[non_exhaustive]
pub struct Lagged {
    /// The first one that is missing.
    pub from: Revision,
    /// The last one that is missing.
    pub to: Revision,
}
