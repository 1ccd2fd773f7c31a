//! Plugins: validators, transformations and observers, registered at run time.

use crate::{Commit, ContextId, ContextRef, Document};
use thiserror::Error;

/// A write as a validator sees it, before anything is changed.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    pub(crate) id: &'a ContextId,
    pub(crate) before: Option<ContextRef<'a>>,
    pub(crate) document: &'a Document,
    pub(crate) metadata: Option<&'a Document>,
    pub(crate) actor: Option<&'a str>,
}

/// A plugin refused a write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("context `{id}` was refused by `{plugin}`: {reason}")]
#[non_exhaustive]
pub struct Refused {
    /// The context that was to be written.
    pub id: ContextId,
    /// The plugin's name.
    pub plugin: String,
    /// Its reason.
    pub reason: String,
}

#[derive(Debug, Default)]
pub(crate) struct Plugins;

impl Plugins {
    /// Whether any validator is registered.
    pub(crate) fn validating(&self) -> bool {
        false
    }

    /// Whether any observer is registered.
    pub(crate) fn observing(&self) -> bool {
        false
    }

    pub(crate) fn validate(&self, _proposal: Proposal<'_>) -> Result<(), Refused> {
        Ok(())
    }

    pub(crate) fn committed(&self, _commit: &Commit) {}

    pub(crate) fn failed(
        &self,
        _operation: crate::Operation,
        _id: Option<&ContextId>,
        _actor: Option<&str>,
        _error: &(dyn std::error::Error + 'static),
    ) {
    }
}
