//! Reading contexts.

use contexture_strategies::{Strategy, StrategyKind, Version, Versioned};

use super::{Contexts, Inner};
use crate::feed::Log;
use crate::observe;
use crate::state::State;
use crate::{Context, ContextId, ContextRef, Operation, Page, Snapshot};

impl<S: StrategyKind> Inner<S> {
    /// Calls `f` with a version, if it has not been called yet. `Err` with the version if it has
    /// expired, unless that does not matter.
    pub(super) fn show<R>(
        &self,
        id: &ContextId,
        committed: &Versioned<State>,
        f: &mut Option<impl FnOnce(ContextRef<'_>) -> R>,
        even_expired: bool,
    ) -> Result<Option<R>, Version> {
        if !even_expired && self.is_expired(committed) {
            return Err(committed.version());
        }
        Ok(f.take().map(|f| f(ContextRef::new(id, committed))))
    }
}

/// Reading, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// An owned handle of the newest version of a context; `None` if there is none.
    ///
    /// The handle's reference count is a shared write: where many threads read one context,
    /// [`read`](Contexts::read) scales better.
    ///
    /// # Panics
    ///
    /// With strategies that await, when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// let context = contexts.get(&id).await.unwrap();
    /// assert_eq!(context.get("n").unwrap().as_u64(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: &ContextId) -> Option<Context> {
        let get = self.get_unless_expired(id);
        observe::operation(Operation::Get, S::NAME, Some(id), get).await
    }

    pub(super) async fn get_unless_expired(&self, id: &ContextId) -> Option<Context> {
        loop {
            let committed = self.inner.store.get(id).await?;
            if !self.inner.is_expired(&committed)
                || !self.inner.expire(id, committed.version()).await
            {
                return Some(Context::new(id.clone(), committed));
            }
        }
    }

    /// Calls `f` with the newest version of a context; `None` if there is none.
    ///
    /// This is the primary read. `f` runs exactly once if the context is there and may take its
    /// time: no writer waits for it.
    ///
    /// # Panics
    ///
    /// If `f` does. With strategies that await, also when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// let n = contexts.read(&id, |context| context.get("n")?.as_u64()).await.flatten();
    /// assert_eq!(n, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read<R: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> R + Send,
    ) -> Option<R> {
        let read = self.read_unless_expired(id, f);
        observe::operation(Operation::Read, S::NAME, Some(id), read).await
    }

    async fn read_unless_expired<R: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> R + Send,
    ) -> Option<R> {
        let inner = &*self.inner;
        let mut f = Some(f);
        loop {
            let read = |committed: &_| inner.show(id, committed, &mut f, false);
            match inner.store.read(id, read).await? {
                Ok(result) => return result,
                Err(expired) => {
                    if !inner.expire(id, expired).await {
                        let read = |committed: &_| inner.show(id, committed, &mut f, true);
                        return inner.store.read(id, read).await?.ok().flatten();
                    }
                }
            }
        }
    }

    /// The ids of all contexts at one point in time, sorted.
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
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
    /// contexts.create(b.clone(), Document::new()).await?;
    /// contexts.create(a.clone(), Document::new()).await?;
    /// assert_eq!(contexts.list().await, [a, b]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self) -> Vec<ContextId> {
        self.snapshot().await.ids()
    }

    /// The ids that begin with a prefix, sorted, a page at a time: the first `limit` of those
    /// after `after`.
    ///
    /// Each page is of its own point in time. To go through all contexts of one point in time, in
    /// pages or not, use [`snapshot`](Contexts::snapshot), whose
    /// [`page`](Snapshot::page) does the same. A page costs a snapshot.
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
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// for n in 1..=3 {
    ///     contexts.create(ContextId::new(format!("session/{n}"))?, Document::new()).await?;
    /// }
    /// let first = contexts.list_page("session/", None, 2).await;
    /// assert_eq!(first.ids.len(), 2);
    /// let second = contexts.list_page("session/", first.next.as_ref(), 2).await;
    /// assert_eq!((second.ids[0].as_str(), second.next), ("session/3", None));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_page(&self, prefix: &str, after: Option<&ContextId>, limit: usize) -> Page {
        self.snapshot().await.page(prefix, after, limit)
    }

    /// All contexts at one point in time.
    ///
    /// # Panics
    ///
    /// With strategies that await, when called from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// contexts.create(ContextId::new("a")?, Document::new()).await?;
    /// for context in contexts.snapshot().await.iter() {
    ///     println!("{} at {}: {}", context.id(), context.version(), context.document());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot(&self) -> Snapshot {
        let snapshot = self.snapshot_unless_expired();
        observe::operation(Operation::Snapshot, S::NAME, None, snapshot).await
    }

    pub(super) async fn snapshot_unless_expired(&self) -> Snapshot {
        let snapshot = self.snapshot_of_all().await;
        if !self.inner.may_expire() || self.purge(&snapshot).await.found == 0 {
            return snapshot;
        }
        self.snapshot_of_all().await
    }

    /// A snapshot, expired contexts included.
    pub(super) async fn snapshot_of_all(&self) -> Snapshot {
        match self.inner.log {
            // Without a hook some strategies wait for nobody.
            None => Snapshot::new(self.inner.store.snapshot().await, None),
            Some(_) => self.snapshot_with(|| ()).await.0,
        }
    }

    /// The same, and what the hook returns at its instant.
    pub(super) async fn snapshot_with<R: Send>(
        &self,
        hook: impl FnOnce() -> R + Send,
    ) -> (Snapshot, R) {
        let log = self.inner.log.as_deref();
        let hook = || (log.map(Log::last), hook());
        let (snapshot, (revision, returned)) = self.inner.store.snapshot_with(hook).await;
        (Snapshot::new(snapshot, revision), returned)
    }

    /// How many contexts there are, at one instant.
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
    /// # use contexture::Contexts;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let contexts: Contexts = Contexts::new();
    /// assert_eq!(contexts.len().await, 0);
    /// # }
    /// ```
    pub async fn len(&self) -> usize {
        if self.inner.may_expire() {
            self.purge_expired().await;
        }
        self.inner.store.len().await
    }

    /// Whether there are no contexts, at one instant.
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
    /// # use contexture::Contexts;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let contexts: Contexts = Contexts::new();
    /// assert!(contexts.is_empty().await);
    /// # }
    /// ```
    pub async fn is_empty(&self) -> bool {
        self.len().await == 0
    }
}
