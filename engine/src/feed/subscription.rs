//! Who is shown the commits.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::log::{Found, Log};
use super::{Event, Filter, NothingYet, SubscribeError};
use crate::sync::unpark_this;
use crate::{Commit, Revision, observe};

/// After so many commits without a pause a task lets others run.
const YIELD_AFTER: usize = 1024;

/// The commits of a store, one after the other, as far as a [`Filter`] lets them through; made by
/// [`Contexts::subscribe`] and [`Contexts::watch`].
///
/// See [the feed](super) for what is promised. It has no part in the store: it keeps neither the
/// contexts alive, but for the versions in the commits it holds, nor anyone waiting. Dropping it
/// ends it.
///
/// It is a [`Stream`], which ends when the last handle of the contexts is gone and everything that
/// is kept was shown. Mind that a task or a callback that owns a handle itself never sees that end.
///
/// ```
/// use contexture::feed::Filter;
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::builder().feed(1_000).build();
/// let mut subscription = contexts.subscribe(Filter::new())?;
/// let thread = std::thread::spawn(move || {
///     let mut ids = Vec::new();
///     while let Some(event) = subscription.next_blocking() {
///         match event {
///             Ok(commit) => ids.extend(commit.changes().iter().map(|it| it.id().to_string())),
///             Err(lagged) => eprintln!("{lagged}"),
///         }
///     }
///     ids
/// });
/// contexts.create_sync(ContextId::new("a")?, Document::new())?;
/// contexts.create_sync(ContextId::new("b")?, Document::new())?;
/// drop(contexts);
/// assert_eq!(thread.join().unwrap(), ["a", "b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Contexts::subscribe`]: crate::Contexts::subscribe
/// [`Contexts::watch`]: crate::Contexts::watch
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    log: Arc<Log>,
    number: u64,
    filter: Filter,
    passed: Revision,
    /// The commits after `passed` that were read already.
    ahead: VecDeque<Arc<Commit>>,
    /// The commits that were passed since there was last nothing to do.
    busy: usize,
}

impl Subscription {
    pub(crate) fn new(log: &Arc<Log>, filter: Filter) -> Result<Self, SubscribeError> {
        let start = log.subscribe(filter.start());
        let (number, passed) = start.map_err(|newest| SubscribeError::Future {
            after: filter.start().unwrap_or(newest),
            newest,
        })?;
        Ok(Self {
            log: Arc::clone(log),
            number,
            filter,
            passed,
            ahead: VecDeque::new(),
            busy: 0,
        })
    }

    /// The next commit, or which ones were missed; `None` at the end.
    ///
    /// A task that is never kept waiting lets others run now and then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is not returned is shown by the next call.
    ///
    /// ```
    /// # use contexture::feed::Filter;
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let mut subscription = contexts.subscribe(Filter::new())?;
    /// contexts.create(ContextId::new("a")?, Document::new()).await?;
    /// drop(contexts);
    /// while let Some(event) = subscription.next().await {
    ///     println!("{:?}", event?.changes());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|task| self.poll(Some(task.waker()))).await
    }

    /// The next commit if there is one now, or which ones were missed; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`NothingYet`]: everything that was acknowledged before this call has been shown, unless
    /// another writer with a lower revision is just about to return.
    ///
    /// ```
    /// # use contexture::feed::Filter;
    /// # use contexture::{ContextId, Contexts, Document};
    /// # let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let mut subscription = contexts.subscribe(Filter::new())?;
    /// assert!(subscription.try_next().is_err());
    /// contexts.create_sync(ContextId::new("a")?, Document::new())?;
    /// while let Ok(Some(event)) = subscription.try_next() {
    ///     println!("{:?}", event?.changes());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_next(&mut self) -> Result<Option<Event>, NothingYet> {
        match self.poll(None) {
            Poll::Ready(event) => Ok(event),
            Poll::Pending => Err(NothingYet),
        }
    }

    /// The next commit, or which ones were missed; `None` at the end. Blocks the thread until
    /// there is something; in async code use [`next`](Subscription::next).
    pub fn next_blocking(&mut self) -> Option<Event> {
        let waker = unpark_this();
        loop {
            if let Poll::Ready(event) = self.poll(Some(&waker)) {
                return event;
            }
            thread::park();
        }
    }

    /// Like [`next_blocking`](Subscription::next_blocking), for at most this long.
    ///
    /// # Errors
    ///
    /// [`NothingYet`] when the time is over.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use contexture::feed::Filter;
    /// # use contexture::{ContextId, Contexts, Document};
    /// # let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let mut subscription = contexts.subscribe(Filter::new())?;
    /// assert!(subscription.next_timeout(Duration::from_millis(1)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Event>, NothingYet> {
        // `None` after the end of time.
        let deadline = Instant::now().checked_add(timeout);
        let waker = unpark_this();
        loop {
            if let Poll::Ready(event) = self.poll(Some(&waker)) {
                return Ok(event);
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                // Once more, for what came when time was up.
                Some(Duration::ZERO) => return self.try_next(),
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    /// The last revision that was passed: shown, skipped since nothing in it matches the filter,
    /// or reported as missed. At first the one that the subscription starts after.
    ///
    /// A subscription [after](Filter::after) it goes on from here.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.passed
    }

    /// What is next. If that is nothing yet, the waker is woken when there may be something.
    pub(super) fn poll(&mut self, waker: Option<&Waker>) -> Poll<Option<Event>> {
        loop {
            while let Some(commit) = self.ahead.pop_front() {
                self.passed = self.passed.next();
                self.busy += 1;
                if let Some(shown) = self.filter.show(commit) {
                    return Poll::Ready(Some(Ok(shown)));
                }
            }
            if let Some(waker) = waker
                && self.busy >= YIELD_AFTER
            {
                self.busy = 0;
                waker.wake_by_ref();
                return Poll::Pending;
            }
            let waiting = waker.map(|waker| (self.number, waker.clone()));
            match self.log.read(self.passed, &mut self.ahead, waiting) {
                Found::Commits { behind } => observe::lag(behind),
                Found::Lagged(lagged) => {
                    self.passed = lagged.to;
                    observe::lagged(lagged.to.get() - lagged.from.get() + 1);
                    return Poll::Ready(Some(Err(lagged)));
                }
                Found::Nothing => {
                    self.busy = 0;
                    return Poll::Pending;
                }
                Found::Closed => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Event>> {
        self.poll(Some(task.waker()))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.log.unsubscribe(self.number);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter)
            .field("revision", &self.passed)
            .finish_non_exhaustive()
    }
}
