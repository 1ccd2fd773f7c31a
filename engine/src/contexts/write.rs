//! Writing one context.

use std::convert::Infallible;

use contexture_strategies::{
    self as strategies, Reentrant, Strategy, StrategyKind, Version, Versioned,
};

use super::Contexts;
use crate::observe;
use crate::plugins::Proposal;
use crate::state::State;
use crate::{
    CompareAndSetError, Context, ContextId, ContextRef, CreateError, DeleteError, Document, Draft,
    Operation, UpdateError,
};

/// How often [`Contexts::update_if`] decides without keeping other writers waiting.
pub(super) const OPTIMISTIC_ATTEMPTS: usize = 4;

/// Writing one context, for every strategy.
impl<S: StrategyKind> Contexts<S> {
    /// Creates a context. Of several concurrent creators of one id exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`CreateError::Exists`] if there is one with this id, [`CreateError::Full`] and
    /// [`CreateError::LimitExceeded`] at the limits, [`CreateError::Refused`] by a plugin.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is created or it is not.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, CreateError, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let id = ContextId::new("a")?;
    /// let version = contexts.create(id.clone(), Document::new()).await?;
    /// let again = contexts.create(id.clone(), Document::new()).await;
    /// assert!(matches!(again, Err(CreateError::Exists { current, .. }) if current == version));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(
        &self,
        id: ContextId,
        draft: impl Into<Draft>,
    ) -> Result<Version, CreateError> {
        let create = self.try_create(&id, draft.into());
        self.operation(Operation::Create, Some(&id), create).await
    }

    async fn try_create(&self, id: &ContextId, draft: Draft) -> Result<Version, CreateError> {
        let inner = &*self.inner;
        inner.settings.limits.check(id, &draft)?;
        let validators = inner.plugins.validators();
        validators.validate(&self.proposal(id, None, &draft))?;
        let mut made_room = false;
        loop {
            let mut write = self.begin();
            let state = State::new(draft.clone());
            let hook = write.hook();
            let created = inner.store.create_with(id.clone(), state, hook).await;
            drop(write);
            match created {
                Ok(version) => return Ok(version),
                Err(strategies::CreateError::Exists { current }) => {
                    let found = inner.store.get(id).await;
                    let expired = found.as_ref().is_some_and(|it| inner.is_expired(it));
                    match found {
                        Some(found) if expired && inner.expire(id, found.version()).await => {}
                        _ => {
                            return Err(CreateError::Exists {
                                id: id.clone(),
                                current,
                            });
                        }
                    }
                }
                // What has expired takes no room; it may be another who takes it away.
                Err(strategies::CreateError::Full { .. }) if !made_room && inner.may_expire() => {
                    made_room = true;
                    self.purge_expired().await;
                }
                Err(reason) => return Err(CreateError::new(reason, id.clone())),
            }
        }
    }

    /// Replaces the document of a context by what `f` makes of it: an atomic read-modify-write
    /// that commits exactly one version further.
    ///
    /// `f` runs at most once, however many tasks update the context; they take turns. It may
    /// return a [`Draft`] to change metadata and time to live as well.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] if there is no such context, [`UpdateError::LimitExceeded`]
    /// at the limit, [`UpdateError::Refused`] by a plugin.
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the update is made or it is not. A future that is neither polled nor dropped
    /// may keep other writers of the same context waiting.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1, "old": 2}"#)?).await?;
    /// contexts.update(&id, |context| context.without("old")).await?;
    /// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"n":1}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update<D: Into<Draft>>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> D + Send,
    ) -> Result<Version, UpdateError> {
        self.try_update(id, |context| Ok::<_, Infallible>(f(context)))
            .await
    }

    /// Like [`update`](Contexts::update), with a closure that may refuse.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Aborted`] with the closure's error if it returned one; otherwise as
    /// [`update`](Contexts::update).
    ///
    /// # Panics
    ///
    /// If `f` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document, UpdateError};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"stock": 0}"#)?).await?;
    /// let taken = contexts.try_update(&id, |context| {
    ///     match context.get("stock").and_then(|stock| stock.as_u64()) {
    ///         None | Some(0) => Err("sold out"),
    ///         Some(left) => context.with("stock", &(left - 1)).map_err(|_| "too large"),
    ///     }
    /// });
    /// assert_eq!(taken.await, Err(UpdateError::Aborted("sold out")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_update<D: Into<Draft>, E: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> Result<D, E> + Send,
    ) -> Result<Version, UpdateError<E>> {
        let update = self.update_in_turn(id, f);
        self.operation(Operation::Update, Some(id), update).await
    }

    /// [`try_update`](Contexts::try_update), of whose failure nobody is told yet: an operation that
    /// is made of it may fail with another error, or not at all.
    pub(super) async fn update_in_turn<D: Into<Draft>, E: Send>(
        &self,
        id: &ContextId,
        f: impl FnOnce(ContextRef<'_>) -> Result<D, E> + Send,
    ) -> Result<Version, UpdateError<E>> {
        let inner = &*self.inner;
        let validators = inner.plugins.validators();
        let mut f = Some(f);
        let updated = loop {
            // Some(version) if the closure was not called, since that version has expired.
            let mut expired = None;
            let next = |current: &Versioned<State>| {
                if inner.is_expired(current) {
                    expired = Some(current.version());
                }
                let (None, Some(f)) = (expired, f.take()) else {
                    return Err(UpdateError::NotFound { id: id.clone() });
                };
                let before = ContextRef::new(id, current);
                let draft = f(before).map_err(UpdateError::Aborted)?.into();
                inner.settings.limits.check(id, &draft)?;
                validators.validate(&self.proposal(id, Some(before), &draft))?;
                Ok(State::following(draft, current, inner.settings.history))
            };
            let mut write = self.begin();
            let hook = write.hook();
            let updated = inner.store.try_update_with(id, next, hook).await;
            drop(write);
            match expired {
                // It is gone, or it was renewed and the closure's turn comes.
                Some(version) => {
                    inner.expire(id, version).await;
                }
                None => break updated,
            }
        };
        updated.map_err(|reason| UpdateError::new(reason, id))
    }

    /// Replaces what is known about a context, and leaves its document as it is.
    ///
    /// # Errors
    ///
    /// As [`update`](Contexts::update).
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::new()).await?;
    /// contexts.set_metadata(&id, Document::parse(r#"{"origin": "web"}"#)?).await?;
    /// assert!(contexts.get(&id).await.unwrap().metadata().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_metadata(
        &self,
        id: &ContextId,
        metadata: Document,
    ) -> Result<Version, UpdateError> {
        self.update(id, |context| Draft::from(context).metadata(metadata))
            .await
    }

    /// Decides on a read whether and how a context is to change, and commits that if the context
    /// is still what was decided on: check-then-act that is safe.
    ///
    /// `decide` runs under no lock and keeps nobody waiting. If the context changes between the
    /// read and the commit, it runs again on the newer version; after a few times in turn with
    /// other writers, as [`update`](Contexts::update) does, so that it ends. It returns `None` to
    /// leave the context as it is.
    ///
    /// Returns the version it committed; `None` if it left the context as it was.
    ///
    /// # Errors
    ///
    /// As [`update`](Contexts::update).
    ///
    /// # Panics
    ///
    /// If `decide` does; then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// As [`update`](Contexts::update).
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"owner": null}"#)?).await?;
    /// let claim = async |name: &str| {
    ///     contexts.update_if(&id, |context| {
    ///         let free = context.get("owner").is_none_or(|owner| owner.is_null());
    ///         free.then(|| context.with("owner", name).unwrap())
    ///     }).await
    /// };
    /// assert!(claim("ann").await?.is_some());
    /// assert!(claim("bob").await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_if<D: Into<Draft>>(
        &self,
        id: &ContextId,
        decide: impl FnMut(ContextRef<'_>) -> Option<D> + Send,
    ) -> Result<Option<Version>, UpdateError> {
        let update = self.decide_and_update(id, decide);
        self.operation(Operation::Update, Some(id), update).await
    }

    async fn decide_and_update<D: Into<Draft>>(
        &self,
        id: &ContextId,
        mut decide: impl FnMut(ContextRef<'_>) -> Option<D> + Send,
    ) -> Result<Option<Version>, UpdateError> {
        for _ in 0..OPTIMISTIC_ATTEMPTS {
            let Some(context) = self.get_for_write(id).await? else {
                break;
            };
            let Some(draft) = decide(context.as_ref()).map(Into::into) else {
                return Ok(None);
            };
            match self.try_compare_and_set(&context, draft).await {
                Ok(version) => return Ok(Some(version)),
                Err(CompareAndSetError::Conflict { .. }) => observe::retry(Operation::Update),
                Err(reason) => return Err(UpdateError::from_compare_and_set(reason)),
            }
        }
        let decided = self.update_in_turn(id, |context| decide(context).ok_or(()));
        match decided.await {
            Ok(version) => Ok(Some(version)),
            Err(error) => error.unless_aborted().map_or(Ok(None), Err),
        }
    }

    /// Replaces the document of a context if the context has the expected version.
    ///
    /// Versions never repeat, so one from before a delete never matches.
    ///
    /// # Errors
    ///
    /// [`CompareAndSetError::Conflict`] with the version the context has,
    /// [`CompareAndSetError::NotFound`] if there is no such context,
    /// [`CompareAndSetError::LimitExceeded`] at the limit, [`CompareAndSetError::Refused`] by a
    /// plugin.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the document is set or it is not.
    ///
    /// ```
    /// # use contexture::{CompareAndSetError, ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// let first = contexts.create(id.clone(), Document::new()).await?;
    /// let document = Document::parse(r#"{"n": 1}"#)?;
    /// contexts.compare_and_set(&id, first, document.clone()).await?;
    /// let stale = contexts.compare_and_set(&id, first, document).await;
    /// assert!(matches!(stale, Err(CompareAndSetError::Conflict { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn compare_and_set(
        &self,
        id: &ContextId,
        expected: Version,
        draft: impl Into<Draft>,
    ) -> Result<Version, CompareAndSetError> {
        let draft = draft.into();
        let set = async {
            match self.get_for_write(id).await? {
                None => Err(CompareAndSetError::NotFound { id: id.clone() }),
                Some(context) if context.version() != expected => {
                    Err(CompareAndSetError::Conflict {
                        id: id.clone(),
                        expected,
                        current: context.version(),
                    })
                }
                Some(context) => self.try_compare_and_set(&context, draft).await,
            }
        };
        self.operation(Operation::CompareAndSet, Some(id), set)
            .await
    }

    /// Replaces a version, if it is still the newest.
    pub(super) async fn try_compare_and_set(
        &self,
        before: &Context,
        draft: Draft,
    ) -> Result<Version, CompareAndSetError> {
        let (inner, id, expected) = (&*self.inner, before.id(), before.version());
        inner.settings.limits.check(id, &draft)?;
        let validators = inner.plugins.validators();
        validators.validate(&self.proposal(id, Some(before.as_ref()), &draft))?;
        let next = State::following(draft, before.committed(), inner.settings.history);
        let mut write = self.begin();
        let hook = write.hook();
        let set = inner.store.compare_and_set_with(id, expected, next, hook);
        let set = set.await;
        set.map_err(|reason| CompareAndSetError::new(reason, id, expected))
    }

    /// Deletes a context and returns its last version; only at the expected version, if one is
    /// given. Of several concurrent deletions exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`DeleteError::NotFound`] if there is no such context, [`DeleteError::Conflict`] if it has
    /// another version than the expected one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is deleted or it is not. If it is and the future is dropped
    /// before it returns, the handle is lost.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// # let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::new()).await?;
    /// let last = contexts.delete(&id, None).await?;
    /// assert!(last.is_empty());
    /// assert!(contexts.get(&id).await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(
        &self,
        id: &ContextId,
        expected: Option<Version>,
    ) -> Result<Context, DeleteError> {
        let delete = self.try_delete(id, expected);
        self.operation(Operation::Delete, Some(id), delete).await
    }

    async fn try_delete(
        &self,
        id: &ContextId,
        expected: Option<Version>,
    ) -> Result<Context, DeleteError> {
        // What has expired is not there to be deleted.
        if self.inner.may_expire() {
            self.get_for_write(id).await?;
        }
        let mut write = self.begin();
        let hook = write.hook();
        let removed = self.inner.store.remove_with(id, expected, hook).await;
        match removed {
            Ok(committed) => Ok(Context::new(id.clone(), committed)),
            Err(reason) => Err(DeleteError::new(reason, id)),
        }
    }

    /// The context as a write finds it; what has expired is removed. Unlike a read it fails from
    /// inside a closure if it would have to wait.
    pub(super) async fn get_for_write(&self, id: &ContextId) -> Result<Option<Context>, Reentrant> {
        if S::AWAITS {
            Reentrant::check()?;
        }
        Ok(self.get_unless_expired(id).await)
    }

    /// What validators are shown.
    pub(super) fn proposal<'a>(
        &'a self,
        id: &'a ContextId,
        before: Option<ContextRef<'a>>,
        draft: &'a Draft,
    ) -> Proposal<'a> {
        Proposal {
            id,
            before,
            document: &draft.document,
            metadata: draft.metadata.as_deref(),
            actor: self.actor(),
        }
    }
}
