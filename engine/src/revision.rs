//! The place of a commit in the order of all commits.

use std::fmt;

/// The place of a commit in the order of all commits of one [`Contexts`](crate::Contexts) with a
/// [feed](crate::feed): 1 for the first, then without gaps, one for a whole batch.
///
/// Commits of one context have revisions in the order of its versions. A [`Snapshot`] knows the
/// last revision that is in it.
///
/// [`Snapshot`]: crate::Snapshot
///
/// ```
/// use contexture::{ContextId, Contexts, Document, Revision};
///
/// let contexts: Contexts = Contexts::builder().feed(1_000).build();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::new())?;
/// contexts.update_sync(&id, |context| context.without("n"))?;
/// assert_eq!(contexts.get_sync(&id).unwrap().revision(), Some(Revision::new(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(u64);

impl Revision {
    /// Before the first commit.
    pub const ZERO: Self = Self(0);

    /// The revision with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The revision as a number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision after this one.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
