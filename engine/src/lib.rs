//! Shared, versioned JSON contexts for async services.
//!
//! A *context* is what a service keeps about something that many tasks work on: a session, a
//! cart, a conversation. It has an id and a [`Document`], an immutable JSON object. Changing a
//! context commits a new version of its document, so readers never wait for writers and never see
//! half a change.
//!
//! ```
//! use contexture::{ContextId, Contexts, Document};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let contexts: Contexts = Contexts::new();
//! let id = ContextId::new("session/7f3a")?;
//! let first = contexts.create(id.clone(), Document::parse(r#"{"user": "ann"}"#)?).await?;
//!
//! // An atomic read-modify-write: no update is lost, however many tasks there are.
//! contexts.try_update(&id, |context| context.with("step", &"checkout")).await?;
//! // Optimistic: fails, since the context has changed since `first`.
//! assert!(contexts.compare_and_set(&id, first, Document::new()).await.is_err());
//!
//! let step = contexts.read(&id, |context| context.get("step").unwrap().to_string()).await;
//! assert_eq!(step.unwrap(), r#""checkout""#);
//! assert_eq!(contexts.delete(&id, None).await?.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Concurrency strategies
//!
//! How the contexts are shared is a type parameter of [`Contexts`], a [`kind`], and each kind a
//! cargo feature. All keep the same contract; the documentation of [`contexture_strategies`] tells
//! which one to use when. The default is `sharded`.
//!
//! # Observability
//!
//! With the feature `tracing` each operation runs in a span `contexture` (level debug) with the fields
//! `operation`, `strategy`, `id` and `outcome`; conflicts, retries and lagging subscriptions are
//! events. With the feature `metrics` the crate of that name is told:
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `contexture_operation_seconds` | histogram | `operation`, `strategy`, `outcome` |
//! | `contexture_conflicts_total` | counter | `operation`, `strategy` |
//! | `contexture_retries_total` | counter | `operation` |
//! | `contexture_feed_lag_commits` | histogram: how far behind a subscription is when it reads | |
//! | `contexture_feed_lagged_commits_total` | counter: commits that subscriptions missed | |
//!
//! Without the features there is no code for any of it.
//!
//! # When not to use it
//!
//! * For values that are no JSON objects, or that code needs as Rust types all the time: use
//!   [`contexture_strategies`] with the type itself. A field of a document is parsed on each read.
//! * For documents of megabytes that change often: each change copies the document.
//! * To share data between processes: contexts live in one.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod conflict;
pub mod document;
pub mod error;
pub mod expiry;
pub mod feed;
pub mod history;
pub mod plugins;
pub mod recovery;
pub mod sessions;

mod batch;
mod builder;
mod commit;
mod context;
mod contexts;
mod draft;
#[cfg(doctest)]
mod guards;
mod id;
mod limits;
mod merge;
mod observe;
mod operation;
mod revision;
mod snapshot;
mod state;
mod sync;

pub use contexture_strategies::{Change, Reentrant, StrategyKind, SyncStrategyKind, Version, kind};

pub use self::batch::Batch;
pub use self::builder::Builder;
pub use self::clock::{Clock, ManualClock, SystemClock};
pub use self::commit::{ChangeKind, Commit, ContextChange};
pub use self::context::{Context, ContextRef};
pub use self::contexts::Contexts;
pub use self::document::{Document, DocumentError, Field, JsonPatch, PatchError};
pub use self::draft::Draft;
pub use self::error::{
    BatchError, CompareAndSetError, CreateError, DeleteError, LimitExceeded, RollbackError,
    TransformError, UpdateError,
};
pub use self::history::{History, HistoryEntry, Moment};
pub use self::id::{ContextId, IdError};
pub use self::merge::{Merged, merge};
pub use self::operation::Operation;
pub use self::recovery::RecoveryPoint;
pub use self::revision::Revision;
pub use self::sessions::{Session, SessionError, Sessions};
pub use self::snapshot::{Page, Snapshot};
