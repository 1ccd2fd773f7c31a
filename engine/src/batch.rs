//! Changes of several contexts that happen together or not at all.

use contexture_strategies::{Change, Version};

use crate::{ContextId, Draft};

/// Changes of several contexts that [`Contexts::apply`](crate::Contexts::apply) makes all or
/// nothing: no reader, snapshot or other writer ever sees some of them without the others.
///
/// A batch takes documents, not closures: read first, build the batch with
/// [`compare_and_set`](Batch::compare_and_set) or [`require`](Batch::require), and start again
/// if it fails. Each id may be named once.
///
/// ```
/// use contexture::{Batch, ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let (cart, order) = (ContextId::new("cart")?, ContextId::new("order")?);
/// contexts.create_sync(cart.clone(), Document::parse(r#"{"items": ["x1"]}"#)?)?;
///
/// let context = contexts.get_sync(&cart).unwrap();
/// let check_out = Batch::new()
///     .create(order.clone(), context.with("paid", &false)?)
///     .delete(cart.clone(), Some(context.version()));
/// contexts.apply_sync(check_out)?;
/// assert_eq!(contexts.list_sync(), [order]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a batch does nothing until it is applied"]
pub struct Batch {
    pub(crate) changes: Vec<(ContextId, Change<Draft>)>,
}

impl Batch {
    /// A batch of nothing.
    pub const fn new() -> Self {
        Self {
            changes: Vec::new(),
        }
    }

    /// Adds a change.
    pub fn with(mut self, id: ContextId, change: Change<Draft>) -> Self {
        self.changes.push((id, change));
        self
    }

    /// Creates a context; there must be none with this id.
    pub fn create(self, id: ContextId, draft: impl Into<Draft>) -> Self {
        self.with(id, Change::Create(draft.into()))
    }

    /// Gives a context this document, whether it is there or not.
    pub fn put(self, id: ContextId, draft: impl Into<Draft>) -> Self {
        self.with(id, Change::Put(draft.into()))
    }

    /// Gives a context this document; it must have the expected version.
    pub fn compare_and_set(
        self,
        id: ContextId,
        expected: Version,
        draft: impl Into<Draft>,
    ) -> Self {
        let value = draft.into();
        self.with(id, Change::CompareAndSet { expected, value })
    }

    /// Deletes a context; it must be there, at the expected version if one is given.
    pub fn delete(self, id: ContextId, expected: Option<Version>) -> Self {
        self.with(id, Change::Remove { expected })
    }

    /// Changes nothing, but requires that the context has this version; with `None`, that it is
    /// not there.
    pub fn require(self, id: ContextId, version: Option<Version>) -> Self {
        self.with(id, Change::Require { version })
    }

    /// The changes in order, with the ids of their contexts.
    pub fn iter(&self) -> std::slice::Iter<'_, (ContextId, Change<Draft>)> {
        self.changes.iter()
    }

    /// How many changes and conditions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Extend<(ContextId, Change<Draft>)> for Batch {
    fn extend<T: IntoIterator<Item = (ContextId, Change<Draft>)>>(&mut self, changes: T) {
        self.changes.extend(changes);
    }
}

impl FromIterator<(ContextId, Change<Draft>)> for Batch {
    fn from_iter<T: IntoIterator<Item = (ContextId, Change<Draft>)>>(changes: T) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}
