//! What is told to `tracing` and `metrics`, each behind the feature of that name. Without both,
//! every function here is empty or returns what it is given.
//!
//! The names are listed in the crate's documentation.

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
pub(crate) use off::{lag, lagged, operation, retry};
#[cfg(any(feature = "metrics", feature = "tracing"))]
pub(crate) use on::{lag, lagged, operation, retry};

use crate::error::{
    BatchError, CompareAndSetError, CreateError, DeleteError, RollbackError, TransformError,
    UpdateError,
};
use crate::recovery::RecoveryError;

/// How an operation ended, as a label: a small, fixed set of words.
#[cfg_attr(
    not(any(feature = "metrics", feature = "tracing")),
    allow(dead_code, reason = "nobody is told")
)]
pub(crate) trait Outcome {
    fn outcome(&self) -> &'static str;
}

impl<T> Outcome for Option<T> {
    fn outcome(&self) -> &'static str {
        if self.is_some() { "found" } else { "absent" }
    }
}

impl Outcome for crate::Snapshot {
    fn outcome(&self) -> &'static str {
        "ok"
    }
}

impl<T, E: Outcome> Outcome for Result<T, E> {
    fn outcome(&self) -> &'static str {
        match self {
            Ok(_) => "ok",
            Err(error) => error.outcome(),
        }
    }
}

#[cfg_attr(
    not(any(feature = "metrics", feature = "tracing")),
    allow(dead_code, reason = "nobody is told")
)]
const CONFLICT: &str = "conflict";

/// The reasons of each error, by the words that stand for them.
macro_rules! outcomes {
    ($($error:ident $(<$parameter:ident>)? { $($reason:ident: $word:expr,)* })*) => {$(
        impl $(<$parameter>)? Outcome for $error $(<$parameter>)? {
            fn outcome(&self) -> &'static str {
                match self {
                    $(Self::$reason { .. } => $word,)*
                    Self::LimitExceeded(_) => "limit_exceeded",
                    Self::Refused(_) => "refused",
                    Self::Reentrant(_) => "reentrant",
                    Self::Unknown { .. } => "unknown",
                }
            }
        }
    )*};
}

outcomes! {
    CreateError {
        Exists: "exists",
        Full: "full",
    }
    UpdateError<E> {
        NotFound: "absent",
        Aborted: "aborted",
    }
    TransformError {
        NoSuchPlugin: "no_such_plugin",
        NotFound: "absent",
    }
    CompareAndSetError {
        NotFound: "absent",
        Conflict: CONFLICT,
    }
    BatchError {
        Exists: "exists",
        NotFound: "absent",
        Conflict: CONFLICT,
        DuplicateId: "duplicate_id",
        Full: "full",
    }
}

impl Outcome for RollbackError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NoSuchVersion { .. } => "no_such_version",
            Self::Update(error) => error.outcome(),
        }
    }
}

impl Outcome for RecoveryError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Batch(error) => error.outcome(),
            Self::Disabled => "disabled",
            Self::NameTooLong { .. } => "refused",
            Self::NoRecoveryPoints | Self::NotFound { .. } => "no_such_point",
            Self::Corrupt { .. } => "corrupt",
            Self::NotInPoint { .. } => "absent",
            Self::Reentrant(_) => "reentrant",
        }
    }
}

impl Outcome for DeleteError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "absent",
            Self::Conflict { .. } => CONFLICT,
            Self::Reentrant(_) => "reentrant",
            Self::Unknown { .. } => "unknown",
        }
    }
}

#[cfg(any(feature = "metrics", feature = "tracing"))]
mod on {
    use super::{CONFLICT, Outcome};
    use crate::{ContextId, Operation};

    /// Does the work of an operation, in a span and on the clock.
    pub(crate) async fn operation<T: Outcome>(
        operation: Operation,
        strategy: &'static str,
        id: Option<&ContextId>,
        work: impl Future<Output = T>,
    ) -> T {
        #[cfg(feature = "metrics")]
        let start = std::time::Instant::now();

        #[cfg(feature = "tracing")]
        let (span, work) = {
            use tracing::field::Empty;

            let name = operation.name();
            let span = tracing::debug_span!(
                "contexture",
                operation = name,
                strategy,
                id = Empty,
                outcome = Empty
            );
            if let Some(id) = id {
                span.record("id", id.as_str());
            }
            (span.clone(), tracing::Instrument::instrument(work, span))
        };
        #[cfg(not(feature = "tracing"))]
        let _ = id;

        let result = work.await;
        let outcome = result.outcome();

        #[cfg(feature = "tracing")]
        {
            span.record("outcome", outcome);
            if outcome == CONFLICT {
                span.in_scope(|| tracing::debug!("version conflict"));
            }
        }
        #[cfg(feature = "metrics")]
        {
            let operation = operation.name();
            let labels = [
                ("operation", operation),
                ("strategy", strategy),
                ("outcome", outcome),
            ];
            metrics::histogram!("contexture_operation_seconds", &labels).record(start.elapsed());
            if outcome == CONFLICT {
                metrics::counter!("contexture_conflicts_total", &labels[..2]).increment(1);
            }
        }
        result
    }

    /// An operation starts over, since what it had decided on has changed.
    pub(crate) fn retry(operation: Operation) {
        let operation = operation.name();
        #[cfg(feature = "metrics")]
        metrics::counter!("contexture_retries_total", "operation" => operation).increment(1);
        #[cfg(feature = "tracing")]
        tracing::debug!(operation, "retry");
    }

    /// How far behind the newest commit a subscription is when it reads.
    pub(crate) fn lag(commits: u64) {
        #[cfg(feature = "metrics")]
        metrics::histogram!("contexture_feed_lag_commits").record(commits as f64);
        #[cfg(not(feature = "metrics"))]
        let _ = commits;
    }

    /// A subscription missed commits.
    pub(crate) fn lagged(commits: u64) {
        #[cfg(feature = "metrics")]
        metrics::counter!("contexture_feed_lagged_commits_total").increment(commits);
        #[cfg(feature = "tracing")]
        tracing::warn!(commits, "a subscription lagged behind");
    }
}

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
mod off {
    use super::Outcome;
    use crate::{ContextId, Operation};

    pub(crate) fn operation<T: Outcome, F: Future<Output = T>>(
        _operation: Operation,
        _strategy: &'static str,
        _id: Option<&ContextId>,
        work: F,
    ) -> F {
        work
    }

    pub(crate) const fn retry(_operation: Operation) {}

    pub(crate) const fn lag(_commits: u64) {}

    pub(crate) const fn lagged(_commits: u64) {}
}
