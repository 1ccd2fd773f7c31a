//! What a write wants a context to hold.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{ContextRef, Document};

/// What a write wants a context to hold: a document, and if they are to change, metadata and time
/// to live. Writes take a [`Document`] wherever they take a draft.
///
/// What a draft does not name stays as it is; a new context has no metadata, and the
/// [time to live](crate::Builder::time_to_live) of the store.
///
/// ```
/// use std::time::Duration;
///
/// use contexture::{ContextId, Contexts, Document, Draft};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("session/7f3a")?;
/// let draft = Draft::new(Document::parse(r#"{"user": "ann"}"#)?)
///     .metadata(Document::parse(r#"{"origin": "web"}"#)?)
///     .time_to_live(Duration::from_secs(1800));
/// contexts.create_sync(id.clone(), draft)?;
///
/// contexts.try_update_sync(&id, |context| context.with("step", &1))?;
/// let context = contexts.get_sync(&id).unwrap();
/// assert_eq!(context.metadata().unwrap().as_json(), r#"{"origin":"web"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a draft does nothing until it is written"]
pub struct Draft {
    pub(crate) document: Document,
    /// `None`: as it is.
    pub(crate) metadata: Option<Arc<Document>>,
    /// `None`: as it is.
    pub(crate) lifetime: Option<Lifetime>,
}

/// How long a context lives after its last write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Forever,
    For(Duration),
}

impl Lifetime {
    /// When what was written at this time expires, if it does.
    pub(crate) fn end(self, written: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Forever => None,
            // What would expire after the end of time does not expire.
            Self::For(time) => written.checked_add(time),
        }
    }
}

impl Draft {
    /// A draft of this document.
    pub const fn new(document: Document) -> Self {
        Self {
            document,
            metadata: None,
            lifetime: None,
        }
    }

    /// Sets the metadata: what is known about the context rather than in it. An empty document
    /// leaves the context without any.
    pub fn metadata(mut self, metadata: Document) -> Self {
        self.metadata = Some(Arc::new(metadata));
        self
    }

    /// Makes the context expire this long after its last write; see [expiry](crate::expiry).
    pub const fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.lifetime = Some(Lifetime::For(time_to_live));
        self
    }

    /// Lets the context live until it is deleted, whatever the store's time to live.
    pub const fn forever(mut self) -> Self {
        self.lifetime = Some(Lifetime::Forever);
        self
    }

    /// What makes a context what `context` is: its document, metadata and time to live.
    pub(crate) fn all_of(context: ContextRef<'_>) -> Self {
        let mut draft = context.state().draft.clone();
        // No metadata means none, and not what there is.
        draft.metadata.get_or_insert_default();
        draft
    }

    /// The document.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }
}

impl From<Document> for Draft {
    fn from(document: Document) -> Self {
        Self::new(document)
    }
}

/// The document the context holds now. Written to the same context, it leaves the metadata and the
/// time to live as they are.
impl From<ContextRef<'_>> for Draft {
    fn from(context: ContextRef<'_>) -> Self {
        Self::new(context.document().clone())
    }
}
