//! What plugins say, and what can go wrong with them.

use std::fmt;

use thiserror::Error;

use crate::{ContextId, DocumentError};

/// Why a plugin refuses: a text for people.
///
/// Made of texts with `into`, and of document errors by the operator `?`.
///
/// ```
/// use contexture::plugins::Reason;
///
/// let reason: Reason = "sold out".into();
/// assert_eq!(reason.as_str(), "sold out");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<DocumentError> for Reason {
    fn from(error: DocumentError) -> Self {
        Self(error.to_string())
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
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
    /// Its reason; if it panicked, `panicked: ` and the panic's message.
    pub reason: String,
}

/// Why a plugin was not registered: there is one with this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is a plugin `{name}` already")]
#[non_exhaustive]
pub struct DuplicatePlugin {
    /// The name.
    pub name: String,
}

/// A plugin panicked; see [`Plugins::last_panic`](super::Plugins::last_panic).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("plugin `{plugin}` panicked: {message}")]
#[non_exhaustive]
pub struct PluginPanic {
    /// The plugin's name.
    pub plugin: String,
    /// What it panicked with, as far as that is a text.
    pub message: String,
}
