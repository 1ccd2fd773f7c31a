//! All contexts at one point in time.

use contexture_strategies as strategies;

use crate::{ContextId, ContextRef, Document};

/// All contexts as they were at one instant.
///
/// Using or keeping a snapshot never blocks anyone; it keeps the versions in it alive. Clones
/// share everything. The order of iteration is arbitrary.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::new())?;
///
/// let before = contexts.snapshot_sync();
/// contexts.delete_sync(&id, None)?;
/// assert_eq!(before.len(), 1);
/// assert_eq!(before.get(&id).unwrap().as_json(), "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Snapshot(strategies::Snapshot<ContextId, Document>);

impl Snapshot {
    pub(crate) const fn new(snapshot: strategies::Snapshot<ContextId, Document>) -> Self {
        Self(snapshot)
    }

    /// The context with this id at that instant; `None` if there was none.
    #[must_use]
    pub fn get<'a>(&'a self, id: &'a ContextId) -> Option<ContextRef<'a>> {
        Some(ContextRef::new(id, self.0.get(id)?))
    }

    /// Every context at that instant.
    pub fn iter(&self) -> impl Iterator<Item = ContextRef<'_>> {
        self.0
            .iter()
            .map(|(id, committed)| ContextRef::new(id, committed))
    }

    /// The ids of all contexts, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<ContextId> {
        let mut ids: Vec<_> = self.iter().map(|context| context.id().clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// How many contexts there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
