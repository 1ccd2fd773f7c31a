//! Why something could not be made a document, or a document something else.

use thiserror::Error;

use super::Document;

/// Why a [`Document`] could not be made, changed or converted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not JSON; the source tells line and column.
    #[error("the text is not valid JSON")]
    Syntax(#[source] serde_json::Error),
    /// It is JSON, but not an object.
    #[error("a document is a JSON object, not {found}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// The document would take more than [`Document::MAX_BYTES`].
    #[error(
        "the document would take {bytes} bytes, and the most is {limit}",
        limit = Document::MAX_BYTES
    )]
    TooLarge {
        /// The bytes it would take.
        bytes: usize,
    },
    /// Arrays and objects are nested deeper than [`Document::MAX_DEPTH`].
    #[error("arrays and objects are nested deeper than {limit} levels", limit = Document::MAX_DEPTH)]
    TooDeep,
    /// A string has an escape for half of a surrogate pair (`"\ud800"`), so it is no Unicode text.
    #[error("a string has an escape for half of a surrogate pair")]
    UnpairedSurrogate,
    /// The value refused to be serialised, or has a map whose keys are not strings.
    #[error("the value cannot be written as JSON")]
    Serialize(#[source] serde_json::Error),
    /// The JSON does not fit the type it was to become.
    #[error("the JSON does not fit the requested type")]
    Deserialize(#[source] serde_json::Error),
    /// The number is beyond what [`serde_json::Number`] can hold.
    #[error("the number {number} is out of range")]
    NumberOutOfRange {
        /// The number as it is written.
        number: String,
    },
}
