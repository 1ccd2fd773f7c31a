//! Why something could not be made a document, or a document something else, or patched.

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

/// Why a [`JsonPatch`](super::JsonPatch) could not be read or applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The text is not a JSON array of objects; the source tells line and column.
    #[error("the text is not a JSON array of objects")]
    Syntax(#[source] serde_json::Error),
    /// An object in the array is no operation of RFC 6902.
    #[error("operation {operation} is not one of JSON Patch")]
    NotAnOperation {
        /// Its place in the patch, from 0.
        operation: usize,
        /// What is missing or wrong.
        source: DocumentError,
    },
    /// An operation could not be applied.
    #[error("operation {operation}, at {pointer:?}, failed")]
    Failed {
        /// Its place in the patch, from 0.
        operation: usize,
        /// Its `path`.
        pointer: String,
        /// Why it failed.
        source: PatchFailure,
    },
    /// All operations could be applied, but what results is no document.
    #[error("what results is not a document")]
    NotADocument(#[source] DocumentError),
}

/// Why an operation of a [`JsonPatch`](super::JsonPatch) could not be applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchFailure {
    /// Its `path` leads nowhere: a field that is not there, an index beyond the end, or into a
    /// value that has no parts.
    #[error("`path` leads nowhere")]
    Path,
    /// Its `from` leads nowhere.
    #[error("`from` leads nowhere")]
    From,
    /// It is a `test`, and the value is another one.
    #[error("the value is another one")]
    Test,
    /// It would move a value into itself.
    #[error("a value cannot be moved into itself")]
    IntoItself,
    /// It meets a limit: the nesting or size of a document, or a number in a field it names that
    /// is beyond what [`serde_json::Number`] can hold.
    #[error("it meets a limit of documents")]
    Limit(#[source] DocumentError),
}
