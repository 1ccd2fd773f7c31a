//! Hearing of what is committed.

use std::sync::Arc;

use contexture_strategies::StrategyKind;

use super::Contexts;
use crate::Snapshot;
use crate::feed::{Filter, Log, SubscribeError, Subscription};

/// The [feed](crate::feed), for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// Subscribes to commits: those that are made from now on, unless the filter
    /// [says otherwise](Filter::after). Every write that is called after this returns is among
    /// them, and none that had returned before it was called.
    ///
    /// # Errors
    ///
    /// [`SubscribeError::NoFeed`] without [`Builder::feed`](crate::Builder::feed),
    /// [`SubscribeError::Future`] if the filter starts after a revision that there is not yet.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// use contexture::feed::{Filter, SubscribeError};
    ///
    /// let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let mut subscription = contexts.subscribe(Filter::new())?;
    /// contexts.create_sync(ContextId::new("a")?, Document::new())?;
    /// assert_eq!(subscription.try_next()?.unwrap()?.changes().len(), 1);
    ///
    /// let without: Contexts = Contexts::new();
    /// assert_eq!(without.subscribe(Filter::new()).unwrap_err(), SubscribeError::NoFeed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(&self, filter: Filter) -> Result<Subscription, SubscribeError> {
        Subscription::new(self.log()?, filter)
    }

    /// All contexts at one instant, and a subscription to exactly what is committed after it: no
    /// commit is in both, none in neither. The filter is for the subscription; where it starts is
    /// the [revision of the snapshot](Snapshot::revision), whatever the filter
    /// [says](Filter::after).
    ///
    /// # Errors
    ///
    /// [`SubscribeError::NoFeed`] without [`Builder::feed`](crate::Builder::feed).
    ///
    /// # Panics
    ///
    /// As [`snapshot`](Contexts::snapshot).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document, Revision};
    /// # use contexture::feed::Filter;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
    /// contexts.create(a.clone(), Document::new()).await?;
    ///
    /// let (snapshot, mut changes) = contexts.watch(Filter::new()).await?;
    /// assert_eq!(snapshot.ids(), [a]);
    /// contexts.create(b.clone(), Document::new()).await?;
    /// let commit = changes.next().await.expect("the contexts are alive")?;
    /// assert_eq!(commit.changes()[0].id(), &b);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn watch(&self, filter: Filter) -> Result<(Snapshot, Subscription), SubscribeError> {
        let log = self.log()?;
        let snapshot = self.snapshot().await;
        let revision = snapshot.revision().ok_or(SubscribeError::NoFeed)?;
        let subscription = Subscription::new(log, filter.after(revision))?;
        Ok((snapshot, subscription))
    }

    fn log(&self) -> Result<&Arc<Log>, SubscribeError> {
        self.inner.log.as_ref().ok_or(SubscribeError::NoFeed)
    }
}
