//! The change feed: every commit, in one order, for whoever subscribes.
//!
//! [`Builder::feed`](crate::Builder::feed) turns it on: commits are then numbered, and the newest
//! of them kept. A [`Subscription`] shows them, all or what its [`Filter`] lets through:
//!
//! ```
//! use contexture::feed::Filter;
//! use contexture::{ContextId, Contexts, Document, Revision};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let contexts: Contexts = Contexts::builder().feed(1_000).build();
//! let mut subscription = contexts.subscribe(Filter::new().prefix("session/"))?;
//!
//! contexts.create(ContextId::new("cart/1")?, Document::new()).await?;
//! contexts.create(ContextId::new("session/1")?, Document::new()).await?;
//!
//! let commit = subscription.next().await.expect("the contexts are alive")?;
//! assert_eq!(commit.revision(), Some(Revision::new(2)));
//! assert_eq!(commit.changes()[0].after().unwrap().id().as_str(), "session/1");
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! * **Ordered.** All subscriptions see commits in the order of their [revisions](crate::Revision).
//!   Commits of one context have revisions in the order of its versions.
//! * **Gapless.** A subscription passes each revision exactly once: it is shown, or skipped since
//!   nothing in it matches the filter, or within a [`Lagged`].
//! * **Whole.** A batch is one commit and has one revision.
//! * **Never ahead of the store.** Whoever is shown a change finds it there, or something newer.
//! * **Nobody waits for a subscriber.** A slow one misses commits, and is told exactly which.
//! * **Everything until the end.** When the last handle of the contexts is gone, a subscription
//!   still shows what is kept, and then ends.
//!
//! [`Contexts::watch`](crate::Contexts::watch) gives a snapshot, and a subscription to exactly what
//! the snapshot lacks: with both, a copy of the contexts is always that of some instant, and never
//! misses one unless it is told.
//!
//! # How it works, and what it costs
//!
//! ```text
//!   writer of a              writer of b                   the log
//!   ┌─ critical section ─┐
//!   │ append             │                                 …  6  7 [8]
//!   └────────────────────┘   ┌─ critical section ─┐
//!                            │ append             │        …  6  7 [8] [9]
//!                            └────────────────────┘
//!                            publish 9                     …  6  7 [8] 9     waits for 8
//!   publish 8                                              …  6  7  8  9     both are shown
//!                                                    shown to here  ┘
//! ```
//!
//! A commit gets its revision inside the critical section of its write, which makes the order of
//! revisions that of the store. It is shown after the critical section, when everyone can see what
//! it changed, and not before all commits with lower revisions are. Nothing is awaited between the
//! two, and a future that is dropped, or a closure that panics, has either no revision or publishes
//! it.
//!
//! *Writers* take one mutex twice, each time for a few instructions: it is what all writes of a
//! store with a feed share. Without [`Builder::feed`](crate::Builder::feed) nothing is numbered
//! and no write touches anything that all writes share.
//!
//! *Memory.* The feed keeps as many commits as the builder says, and those that are not shown yet.
//! Each keeps the versions before and after its changes alive, with their
//! [history](crate::Builder::history), most of which they share. A subscription holds at most 64
//! commits more, read ahead, and a commit whose changes a filter thins out is a new one. With room
//! for 0 commits, commits are numbered and none is ever shown: every subscription lags.
//!
//! # A task, a thread or a callback
//!
//! | you have | use |
//! |---|---|
//! | a task that also does other things | [`next`](Subscription::next), or the [`Stream`](futures_core::Stream) |
//! | a task for this alone | [`for_each`](Subscription::for_each) |
//! | no runtime, a thread for this alone | [`next_blocking`](Subscription::next_blocking) |
//! | no runtime, a loop that also does other things | [`next_timeout`](Subscription::next_timeout), [`try_next`](Subscription::try_next) |
//! | no runtime, and nobody who would wait | [`spawn`](Subscription::spawn): a thread of its own that calls you |

mod callback;
mod filter;
mod log;
mod subscription;

use std::sync::Arc;

use thiserror::Error;

pub use self::callback::{CallbackPanicked, Watching};
pub use self::filter::Filter;
pub(crate) use self::log::Log;
pub use self::subscription::Subscription;
use crate::{Commit, Revision};

/// What a subscription shows: a commit, or which ones it missed.
pub type Event = Result<Arc<Commit>, Lagged>;

/// Commits that a subscription missed, since it was too slow or asked for what is no longer kept.
/// It goes on with the one after `to`.
///
/// They are counted whether or not the filter would have shown them: nobody knows any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the commits from {from} to {to} are no longer kept")]
#[non_exhaustive]
pub struct Lagged {
    /// The first one that is missing.
    pub from: Revision,
    /// The last one that is missing.
    pub to: Revision,
}

/// There is nothing to show yet; there may be later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is nothing to show yet")]
#[non_exhaustive]
pub struct NothingYet;

/// Why nobody was subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// These contexts have no feed.
    #[error("these contexts have no feed, which `Builder::feed` would turn on")]
    NoFeed,
    /// The filter starts after a revision that there is not yet: one of other contexts, say, or
    /// from before a restart.
    #[error("{after} is in the future: the newest commit is {newest}")]
    Future {
        /// What the filter says.
        after: Revision,
        /// The newest revision there is.
        newest: Revision,
    },
}
