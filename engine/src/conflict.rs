//! What to do when a context has changed since it was read.
//!
//! [`Contexts::write_over`](crate::Contexts::write_over) writes what was made of a context that was
//! read earlier. If the context has changed meanwhile, a [`Resolution`] decides between the two:
//!
//! | resolution | what is written |
//! |---|---|
//! | [`KeepLatest`] | ours, the later write |
//! | [`KeepOldest`] | nothing: theirs was there first |
//! | [`Merge`] | both, field by field, and ours where they conflict: see [`merge`](crate::merge()) |
//! | [`Manual`] | what a function makes of both |
//!
//! A context that is gone is not written in any case; one that was deleted and created again has
//! changed.
//!
//! ```
//! use contexture::conflict::{Merge, Written};
//! use contexture::{ContextId, Contexts, Document};
//!
//! let contexts: Contexts = Contexts::new();
//! let id = ContextId::new("profile")?;
//! contexts.create_sync(id.clone(), Document::parse(r#"{"name": "ann", "theme": "light"}"#)?)?;
//!
//! let read = contexts.get_sync(&id).unwrap();
//! contexts.try_update_sync(&id, |context| context.with("theme", "dark"))?; // somebody else
//! let ours = read.with("name", "anna")?;
//! let written = contexts.write_over_sync(&read, ours, Merge)?;
//! assert!(matches!(written, Written::Resolved { conflicts, .. } if conflicts.is_empty()));
//! let both = contexts.get_sync(&id).unwrap();
//! assert_eq!(both.as_json(), r#"{"name":"anna","theme":"dark"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::document::DocumentError;
use crate::{ContextRef, Draft, Version, merge};

/// Two writes of one context that know nothing of each other.
#[derive(Debug, Clone, Copy)]
pub struct Conflict<'a> {
    pub(crate) base: ContextRef<'a>,
    pub(crate) ours: &'a Draft,
    pub(crate) theirs: ContextRef<'a>,
}

impl<'a> Conflict<'a> {
    /// The context as we read it.
    #[must_use]
    pub const fn base(&self) -> ContextRef<'a> {
        self.base
    }

    /// What we made of it.
    pub const fn ours(&self) -> &'a Draft {
        self.ours
    }

    /// The context as it is now, after the writes of others.
    #[must_use]
    pub const fn theirs(&self) -> ContextRef<'a> {
        self.theirs
    }
}

/// What a [`Resolution`] decides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision does nothing by itself"]
pub struct Decision {
    /// What is to be written; `None` leaves the context as it is.
    pub(crate) draft: Option<Draft>,
    /// The places where one side had to give way, as JSON Pointers.
    pub(crate) conflicts: Vec<String>,
}

impl Decision {
    /// Leave the context as it is.
    pub const fn keep() -> Self {
        Self {
            draft: None,
            conflicts: Vec::new(),
        }
    }

    /// Write this.
    pub fn write(draft: impl Into<Draft>) -> Self {
        Self {
            draft: Some(draft.into()),
            conflicts: Vec::new(),
        }
    }

    /// Names the places where one side had to give way, as JSON Pointers.
    pub fn with_conflicts(mut self, conflicts: Vec<String>) -> Self {
        self.conflicts = conflicts;
        self
    }
}

/// How a conflict is resolved.
///
/// It may be asked several times, if the context goes on changing: at first outside of everything,
/// where it may call the contexts as the writer may, then as an update's closure.
pub trait Resolution {
    /// Decides between what we made of a context and what others did.
    ///
    /// # Errors
    ///
    /// If there is no such document.
    fn resolve(&mut self, conflict: Conflict<'_>) -> Result<Decision, DocumentError>;
}

/// Ours is written over whatever is there: the last write wins.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepLatest;

/// What is there stays: the first write wins.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepOldest;

/// Both sides' changes are written, field by field; where they conflict, ours. See
/// [`merge`](crate::merge()). Metadata and time to live are ours if we set them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Merge;

/// A function decides.
///
/// ```
/// use contexture::conflict::{Conflict, Decision, Manual};
///
/// // The higher bid wins.
/// let highest = Manual(|conflict: Conflict<'_>| {
///     let bid = |document: &contexture::Document| document.get("bid").and_then(|bid| bid.as_u64());
///     if bid(conflict.ours().document()) > bid(&conflict.theirs()) {
///         Decision::write(conflict.ours().clone())
///     } else {
///         Decision::keep()
///     }
/// });
/// # let _ = highest;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Manual<F>(pub F);

impl Resolution for KeepLatest {
    fn resolve(&mut self, conflict: Conflict<'_>) -> Result<Decision, DocumentError> {
        Ok(Decision::write(conflict.ours.clone()))
    }
}

impl Resolution for KeepOldest {
    fn resolve(&mut self, _conflict: Conflict<'_>) -> Result<Decision, DocumentError> {
        Ok(Decision::keep())
    }
}

impl Resolution for Merge {
    fn resolve(&mut self, conflict: Conflict<'_>) -> Result<Decision, DocumentError> {
        let Conflict { base, ours, theirs } = conflict;
        let merged = merge(base.document(), &ours.document, theirs.document())?;
        let draft = Draft {
            document: merged.document,
            ..ours.clone()
        };
        Ok(Decision::write(draft).with_conflicts(merged.conflicts))
    }
}

impl<F: FnMut(Conflict<'_>) -> Decision> Resolution for Manual<F> {
    fn resolve(&mut self, conflict: Conflict<'_>) -> Result<Decision, DocumentError> {
        Ok((self.0)(conflict))
    }
}

/// What [`write_over`](crate::Contexts::write_over) did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// The context was as it had been read, and ours was written.
    AsRead {
        /// The version that was committed.
        version: Version,
    },
    /// The context had changed, and what the resolution made of both was written.
    Resolved {
        /// The version that was committed.
        version: Version,
        /// The places where one side had to give way, as JSON Pointers.
        conflicts: Vec<String>,
    },
    /// The context had changed, and was left as it is.
    Kept {
        /// The version it has.
        current: Version,
    },
}
