//! One version of a context, owned or borrowed.

use std::ops::Deref;

use contexture_strategies::{Version, Versioned};

use crate::{ContextId, Document};

/// One committed version of a context: an owned handle, cheap to clone.
///
/// It dereferences to its [`Document`]. A handle never changes and never blocks a writer; it
/// keeps its version alive, also after the context was updated or deleted.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::parse(r#"{"n": 1}"#)?)?;
///
/// let before = contexts.get_sync(&id).unwrap();
/// contexts.try_update_sync(&id, |document| document.with("n", &2))?;
/// assert_eq!(before.get("n").unwrap().as_u64(), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    id: ContextId,
    committed: Versioned<Document>,
}

impl Context {
    pub(crate) const fn new(id: ContextId, committed: Versioned<Document>) -> Self {
        Self { id, committed }
    }

    /// The context's id.
    #[must_use]
    pub const fn id(&self) -> &ContextId {
        &self.id
    }

    /// The version this is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.committed.version()
    }

    /// What the context held at that version.
    #[must_use]
    pub fn document(&self) -> &Document {
        self.committed.value()
    }
}

impl Deref for Context {
    type Target = Document;

    fn deref(&self) -> &Document {
        self.document()
    }
}

/// One committed version of a context, borrowed: what a [`read`](crate::Contexts::read) closure
/// and a [`Snapshot`](crate::Snapshot) show.
///
/// It dereferences to its [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct ContextRef<'a> {
    id: &'a ContextId,
    committed: &'a Versioned<Document>,
}

impl<'a> ContextRef<'a> {
    pub(crate) const fn new(id: &'a ContextId, committed: &'a Versioned<Document>) -> Self {
        Self { id, committed }
    }

    /// The context's id.
    #[must_use]
    pub const fn id(self) -> &'a ContextId {
        self.id
    }

    /// The version this is.
    #[must_use]
    pub fn version(self) -> Version {
        self.committed.version()
    }

    /// What the context held at that version.
    #[must_use]
    pub fn document(self) -> &'a Document {
        self.committed.value()
    }

    /// An owned handle of the same version.
    #[must_use]
    pub fn to_context(self) -> Context {
        Context::new(self.id.clone(), self.committed.clone())
    }
}

impl Deref for ContextRef<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        self.committed.value()
    }
}
