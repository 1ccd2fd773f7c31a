//! The name of a context.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// The name of a context: any text of 1 to [`MAX_LEN`](ContextId::MAX_LEN) bytes.
///
/// The text means nothing to this crate. In particular it never becomes a path, whole or in
/// part: `../x` is an id like any other.
///
/// Clones share the text. An id borrows as `str`, so a map keyed by ids is searched by text.
///
/// ```
/// use contexture::{ContextId, IdError};
///
/// let id: ContextId = "session/7f3a".parse()?;
/// assert_eq!(id.as_str(), "session/7f3a");
/// assert_eq!(ContextId::new(""), Err(IdError::Empty));
/// # Ok::<(), IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(Arc<str>);

impl ContextId {
    /// The most bytes an id may have.
    pub const MAX_LEN: usize = 512;

    /// An id of this text. `&str`, `String` and `Arc<str>` will do.
    ///
    /// # Errors
    ///
    /// [`IdError`] if the text is empty or too long.
    ///
    /// ```
    /// # use contexture::ContextId;
    /// assert!(ContextId::new("../x").is_ok());
    /// assert!(ContextId::new("x".repeat(513)).is_err());
    /// ```
    pub fn new(text: impl Into<Arc<str>> + AsRef<str>) -> Result<Self, IdError> {
        // Checked first, so that a refused text is not copied.
        match text.as_ref().len() {
            0 => Err(IdError::Empty),
            1..=Self::MAX_LEN => Ok(Self(text.into())),
            len => Err(IdError::TooLong { len }),
        }
    }

    /// The text.
    ///
    /// ```
    /// # use contexture::ContextId;
    /// assert_eq!(ContextId::new("a b")?.as_str(), "a b");
    /// # Ok::<(), contexture::IdError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no [`ContextId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is empty.
    #[error("a context id must not be empty")]
    Empty,
    /// The text is longer than [`ContextId::MAX_LEN`].
    #[error("a context id has at most {max} bytes, not {len}", max = ContextId::MAX_LEN)]
    TooLong {
        /// The bytes it has.
        len: usize,
    },
}

impl TryFrom<&str> for ContextId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl TryFrom<String> for ContextId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl FromStr for ContextId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl AsRef<str> for ContextId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ContextId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for ContextId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ContextId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
