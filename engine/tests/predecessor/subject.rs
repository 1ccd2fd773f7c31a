//! What the checks ask of a store, and how ours answers.

use contexture::sessions::{Session, Sessions};
use contexture::{
    CompareAndSetError, Contexts, CreateError, DeleteError, Document, ManualClock, StrategyKind,
    UpdateError,
};

use crate::id;

/// Why a store did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Exists,
    NotFound,
    Full,
    Conflict,
    /// The store does not take this document.
    Invalid,
}

/// What was read of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) document: Document,
}

/// A store that checks can be run on. Clones are the same store.
pub(crate) trait Subject: Clone + Send + Sync + 'static {
    type Client: Client;

    fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// One that takes so many contexts.
    fn with_limit(contexts: usize) -> Self;

    /// One that cannot take documents with the field `bad`.
    fn refusing() -> Self;

    fn create(
        &self,
        id: &str,
        document: Document,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Reads, changes, writes.
    fn update(
        &self,
        id: &str,
        f: impl FnOnce(&Document) -> Document + Send,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Writes what was read, as it was read.
    fn write_back(&self, held: &Held) -> impl Future<Output = Result<(), Refusal>> + Send;

    fn delete(&self, id: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    fn get(&self, id: &str) -> impl Future<Output = Option<Held>> + Send;

    fn list(&self) -> impl Future<Output = Vec<String>> + Send;

    /// A new client, with nothing active.
    fn client(&self, name: &str) -> Self::Client;
}

/// One who has contexts active and works on one of them.
pub(crate) trait Client: Send + Sync {
    fn activate(&self, id: &str) -> impl Future<Output = ()> + Send;

    /// Turns to a context that is active.
    fn switch(&self, id: &str) -> impl Future<Output = ()> + Send;

    fn current(&self) -> impl Future<Output = Option<String>> + Send;

    /// Sets a field of the current context.
    fn set(&self, key: &str, value: u64) -> impl Future<Output = ()> + Send;

    /// What the current context holds.
    fn shown(&self) -> impl Future<Output = Document> + Send;

    /// Fetches what others have written. Ours has nothing to fetch.
    fn synchronise(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Contexts over one strategy.
pub(crate) struct Ours<S: StrategyKind>(pub(crate) Contexts<S>);

impl<S: StrategyKind> Clone for Ours<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: StrategyKind> Subject for Ours<S> {
    type Client = Session<S>;

    fn with_limit(contexts: usize) -> Self {
        // It stands still: everything happens within one second.
        let clock = ManualClock::new();
        Self(
            Contexts::builder()
                .max_contexts(contexts)
                .clock(clock)
                .build(),
        )
    }

    fn refusing() -> Self {
        let contexts = Contexts::new();
        let validator =
            |proposal: &contexture::plugins::Proposal<'_>| match proposal.document().get("bad") {
                Some(_) => Err("it is bad".into()),
                None => Ok(()),
            };
        contexts.plugins().add_validator("good", validator).unwrap();
        Self(contexts)
    }

    async fn create(&self, text: &str, document: Document) -> Result<(), Refusal> {
        match self.0.create(id(text), document).await {
            Ok(_) => Ok(()),
            Err(CreateError::Exists { .. }) => Err(Refusal::Exists),
            Err(CreateError::Full { .. }) => Err(Refusal::Full),
            Err(CreateError::Refused(_)) => Err(Refusal::Invalid),
            Err(error) => panic!("{error}"),
        }
    }

    async fn update(
        &self,
        text: &str,
        f: impl FnOnce(&Document) -> Document + Send,
    ) -> Result<(), Refusal> {
        match self.0.update(&id(text), |context| f(&context)).await {
            Ok(_) => Ok(()),
            Err(UpdateError::NotFound { .. }) => Err(Refusal::NotFound),
            Err(UpdateError::Refused(_)) => Err(Refusal::Invalid),
            Err(error) => panic!("{error}"),
        }
    }

    async fn write_back(&self, held: &Held) -> Result<(), Refusal> {
        let version = contexture::Version::from_u64(held.version).unwrap();
        let document = held.document.clone();
        let id = id(&held.id);
        match self.0.compare_and_set(&id, version, document).await {
            Ok(_) => Ok(()),
            Err(CompareAndSetError::Conflict { .. }) => Err(Refusal::Conflict),
            Err(CompareAndSetError::NotFound { .. }) => Err(Refusal::NotFound),
            Err(error) => panic!("{error}"),
        }
    }

    async fn delete(&self, text: &str) -> Result<(), Refusal> {
        match self.0.delete(&id(text), None).await {
            Ok(_) => Ok(()),
            Err(DeleteError::NotFound { .. }) => Err(Refusal::NotFound),
            Err(error) => panic!("{error}"),
        }
    }

    async fn get(&self, text: &str) -> Option<Held> {
        let context = self.0.get(&id(text)).await?;
        Some(Held {
            id: context.id().to_string(),
            version: context.version().get(),
            document: context.document().clone(),
        })
    }

    async fn list(&self) -> Vec<String> {
        let ids = self.0.list().await;
        ids.iter().map(ToString::to_string).collect()
    }

    fn client(&self, name: &str) -> Session<S> {
        Sessions::builder(self.0.clone()).build().client(name)
    }
}

impl<S: StrategyKind> Client for Session<S> {
    async fn activate(&self, text: &str) {
        Session::activate(self, &id(text)).await.unwrap();
    }

    async fn switch(&self, text: &str) {
        Session::switch(self, &id(text)).await.unwrap();
    }

    async fn current(&self) -> Option<String> {
        let current = Session::current(self).await?;
        Some(current.to_string())
    }

    async fn set(&self, key: &str, value: u64) {
        Session::set(self, key, &value).await.unwrap();
    }

    async fn shown(&self) -> Document {
        self.get().await.unwrap().document().clone()
    }
}
