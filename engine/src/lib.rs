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
//! # A tour
//!
//! **Contexts and documents.** A [`ContextId`] is text that was checked once; a [`Document`] is a JSON
//! object in one piece, whose fields are found without parsing the others and keep their text to the
//! digit. Beside its document a context has [metadata](Draft::metadata), times, and a [`Version`]
//! that only ever grows, also when the context is deleted and created again. [`Contexts::read`] looks
//! at the newest version, [`get`](Contexts::get) keeps it, [`snapshot`](Contexts::snapshot) keeps all
//! contexts as they were at one instant. None of them is a lock, so all may be kept across an
//! `.await`.
//!
//! **Updates and conflicts.** Who changes a context says what is to become of what it holds *then*,
//! not of what it held when somebody looked:
//!
//! | you | use |
//! |---|---|
//! | change what is there | [`update`](Contexts::update), [`try_update`](Contexts::try_update): in turn, closures run at most once |
//! | decide whether to change it | [`update_if`](Contexts::update_if): the closure runs again if the context has changed meanwhile |
//! | have read it long ago | [`compare_and_set`](Contexts::compare_and_set) with its version, or [`write_over`](Contexts::write_over) with a [resolution](conflict): the latest, the oldest, a [`merge`](merge()), a function |
//! | change several at once, or none | [`apply`](Contexts::apply) a [`Batch`] |
//!
//! Changes that come as data are documents, too: [`Document::merge_patch`] (RFC 7396) and
//! [`Document::patch`] (RFC 6902). An error, a panic or a dropped future has changed nothing.
//!
//! **History and recovery.** Each version remembers those before it, as differences, 1000 unless
//! the builder [says otherwise](Builder::history): [`Context::history`], [`Context::at`] a version or
//! time, [`Context::diff`] between two. [`Contexts::rollback`] commits what one context held before.
//! A [recovery point](recovery) keeps all of them, and restores them in one step.
//!
//! **The feed.** With [`Builder::feed`] all commits are numbered in one [order](Revision), and whoever
//! [subscribes](Contexts::subscribe) gets them in this order without a gap, or is told which ones
//! were missed. [`Contexts::watch`] gives a snapshot and exactly what it lacks. See [`feed`].
//!
//! **Expiry.** A context with a [time to live](Draft::time_to_live) expires that long after its last
//! write; nobody sees it afterwards, and its removal is a commit like any other. See [`expiry`].
//!
//! **Sessions.** A client that works on some contexts, one of them current, has a [`Session`]; it keeps
//! ids and never documents, so there is nothing to bring in line. See [`sessions`].
//!
//! **Plugins.** Validators see each write before it happens and may refuse it, transformations are
//! updates with a name, observers are told of what happened. They come and go at run time. An audit
//! trail and JSON Schemas are among them. See [`plugins`].
//!
//! ```
//! use std::time::Duration;
//!
//! use contexture::feed::Filter;
//! use contexture::{ContextId, Contexts, CreateError, Document, Draft, ManualClock};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = ManualClock::new(); // by default the system's
//! let contexts: Contexts = Contexts::builder().feed(1_000).clock(clock.clone()).build();
//! contexts.plugins().add_validator("small", |proposal: &contexture::plugins::Proposal<'_>| {
//!     if proposal.document().len() > 3 { Err("too many fields".into()) } else { Ok(()) }
//! })?;
//! let mut feed = contexts.subscribe(Filter::new())?;
//!
//! let cart = ContextId::new("cart/1")?;
//! let draft = Draft::new(Document::parse(r#"{"items": 0}"#)?).time_to_live(Duration::from_secs(60));
//! let empty = contexts.create_sync(cart.clone(), draft)?;
//! contexts.try_update_sync(&cart, |cart| cart.with("items", &1))?;
//!
//! let now = contexts.get_sync(&cart).unwrap();
//! assert_eq!(now.at(empty).unwrap().document().as_json(), r#"{"items":0}"#);
//! contexts.rollback_sync(&cart, empty)?;
//! assert_eq!(contexts.get_sync(&cart).unwrap().as_json(), r#"{"items":0}"#);
//!
//! clock.advance(Duration::from_secs(60));
//! assert!(contexts.get_sync(&cart).is_none());
//! let large = Document::parse(r#"{"a": 1, "b": 2, "c": 3, "d": 4}"#)?;
//! let refused = contexts.create_sync(cart, large);
//! assert!(matches!(refused, Err(CreateError::Refused(_))));
//!
//! // Created, updated, rolled back, expired; what was refused is no commit.
//! let mut commits = 0;
//! while let Ok(Some(_)) = feed.try_next() {
//!     commits += 1;
//! }
//! assert_eq!(commits, 4);
//! # Ok(())
//! # }
//! ```
//!
//! Whole programs are in `engine/examples`; `specs/patterns/migration.md` goes from a map behind a lock
//! to contexts, step by step.
//!
//! # How a write goes through
//!
//! An update, in the caller's task or thread:
//!
//! ```text
//!   begin        whoever the handle acts as is noted
//! ┌─ its turn ────────────────────────── other writers of this context wait, nobody else ──┐
//! │ closure      gets the newest version, makes a draft; under no lock                     │
//! │ limits       LimitExceeded                                                             │
//! │ validators   Refused                                                                   │
//! │ history      the difference to the version before                                      │
//! │ ┌─ critical section ────────────────────────── the lock of the map, or of a shard ─┐   │
//! │ │ hook         time, expiry, revision; a place in the feed                         │   │
//! │ │ the new version is in place                                                      │   │
//! │ └──────────────────────────────────────────────────────────────────────────────────┘   │
//! └────────────────────────────────────────────────────────────────────────────────────────┘
//!   publish      the feed shows the commit, and wakes who waits for it
//!   observers    are told
//!   Ok(version)
//! ```
//!
//! A create, a compare-and-set, a deletion and a batch go the same way without a turn of their own:
//! limits and validators come first (of a deletion there are none), and the critical section finds
//! out whether what they saw is still there. Reads, and every other context, are held up by the critical section at most.
//!
//! # Which strategy should you use?
//!
//! How the contexts are shared is a type parameter of [`Contexts`], a [`kind`], and each kind a
//! cargo feature. All keep the same contract, so this is about time alone. The default is `sharded`:
//! a hash map in parts, each behind its own lock. It is the wrong one
//!
//! * **if nearly everything is a read**, of few contexts above all. Readers of one context write the
//!   same lock. `arc-swap` reads without one: eleven times as many reads of one context with two threads
//!   (59 million a second against 5), three times as many of a thousand. Its writes queue at one lock
//!   and copy; at one write in twenty it has lost its lead.
//! * **if snapshots are frequent**, and there are many contexts: it copies a handle of each while writers
//!   wait. A snapshot of `arc-swap` copies nothing, and without a feed waits for nobody.
//! * **if one thread does it all**: `parking-lot` is one map with one lock, and a little faster.
//! * **if no thread may ever block**, or waiting writers must be
//!   [cut short](Contexts#cancel-safety-and-timeouts): only `tokio-rwlock` and `tokio-mutex` wait by
//!   awaiting. They are several times slower under contention.
//! * **if documents change in place, all the time, and nobody wants snapshots**: then it is not only
//!   the wrong strategy. See [below](#when-not-to-use-it).
//!
//! Measure it: `cargo run --release --example choosing_a_strategy --features all-strategies` with your
//! load in the place of its own, or the lab (`cargo lab run`), from whose
//! report these figures are. What each method of each strategy waits for is a table of
//! `specs/contract.md`.
//!
//! # Limits
//!
//! None but [`Document::MAX_BYTES`] and [`ContextId::MAX_LEN`] are set at first. [`Builder`] sets
//! [how many contexts](Builder::max_contexts) there may be, how large
//! [documents](Builder::max_document_bytes) and [ids](Builder::max_id_bytes) may get, how many
//! [versions](Builder::history), [commits](Builder::feed) and
//! [recovery points](Builder::max_recovery_points) are kept. They hold under any interleaving, and
//! whoever meets one is told by an error that names it. What no limit can see: handles, snapshots and
//! subscribers keep the versions they show alive.
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
#[cfg(doctest)]
mod pages;
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
