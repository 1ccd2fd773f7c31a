//! JSON Schema as a validator.

use std::fmt;
use std::fmt::Write as _;
use std::panic::{RefUnwindSafe, UnwindSafe};

use jsonschema::ValidationError;
use serde_json::Value;
use thiserror::Error;

use super::{Proposal, Reason, Validator};
use crate::{Document, DocumentError};

/// How many violations a reason names.
const MOST_NAMED: usize = 8;

/// A validator that holds documents to a [JSON Schema](https://json-schema.org): what does not
/// fulfil it is refused, with what is wrong and where, as JSON Pointers.
///
/// Reasons hold no values of documents, so they can be logged. Drafts 4 to 2020-12 are
/// understood; `$schema` tells which, and 2020-12 is meant if nothing does. `format` is checked
/// only in the drafts that say so. A reference to another document is an error: nothing is ever
/// fetched or read from a file.
///
/// Needs the cargo feature `json-schema`.
///
/// ```
/// use contexture::plugins::JsonSchema;
/// use contexture::{ContextId, Contexts, CreateError, Document};
/// use serde_json::json;
///
/// let schema = JsonSchema::new(&json!({
///     "type": "object",
///     "properties": {"user": {"type": "string"}, "hits": {"type": "integer", "minimum": 0}},
///     "required": ["user"],
/// }))?;
/// let contexts: Contexts = Contexts::new();
/// contexts.plugins().add_validator("session", schema.for_prefix("session/"))?;
///
/// let document = Document::parse(r#"{"user": "ann", "hits": -1}"#)?;
/// contexts.create_sync(ContextId::new("cart/1")?, document.clone())?;
/// match contexts.create_sync(ContextId::new("session/1")?, document) {
///     Err(CreateError::Refused(refused)) => {
///         assert_eq!(refused.reason, "/hits: value is less than the minimum of 0");
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JsonSchema {
    validator: jsonschema::Validator,
    /// Which contexts it is for.
    prefix: String,
}

// A compiled schema is only read: a panic leaves nothing in it half-done.
impl UnwindSafe for JsonSchema {}
impl RefUnwindSafe for JsonSchema {}

/// Why a value is no JSON Schema that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is no schema, or refers to one that is not in it.
    #[error("no usable JSON Schema, at `{location}`: {reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
        /// Where, as a JSON Pointer into it.
        location: String,
    },
    /// The document that it was to be made of cannot be read as a value.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl JsonSchema {
    /// A validator of this schema, for all contexts.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Invalid`] if it is no schema, or refers to another document.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        let validator =
            jsonschema::validator_for(schema).map_err(|error| SchemaError::Invalid {
                location: error.instance_path().to_string(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            validator,
            prefix: String::new(),
        })
    }

    /// The same for a schema that is kept as a document.
    ///
    /// # Errors
    ///
    /// As [`new`](JsonSchema::new), and [`SchemaError::Document`] if a number in it is beyond the
    /// range of `f64`.
    pub fn from_document(schema: &Document) -> Result<Self, SchemaError> {
        Self::new(&schema.to_value()?)
    }

    /// Holds only those contexts to it whose ids begin with a prefix.
    #[must_use]
    pub fn for_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}

impl Validator for JsonSchema {
    fn validate(&self, proposal: &Proposal<'_>) -> Result<(), Reason> {
        if !proposal.id().as_str().starts_with(&self.prefix) {
            return Ok(());
        }
        let value = proposal.document().to_value()?;
        let mut violations = self.validator.iter_errors(&value);
        let named: Vec<_> = violations.by_ref().take(MOST_NAMED).collect();
        match named.as_slice() {
            [] => Ok(()),
            named => Err(reason(named, violations.count())),
        }
    }
}

/// What is wrong and where.
fn reason(named: &[ValidationError<'_>], more: usize) -> Reason {
    let mut reason = String::new();
    for (index, violation) in named.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        // Masked: without the values.
        let (path, what) = (violation.instance_path(), violation.masked());
        // Writing to a string cannot fail.
        let _ = match path.as_str() {
            "" => write!(reason, "{separator}the document: {what}"),
            path => write!(reason, "{separator}{path}: {what}"),
        };
    }
    if more > 0 {
        let _ = write!(reason, "; and {more} more");
    }
    reason.into()
}

/// The prefix; not the schema, which is compiled.
impl fmt::Debug for JsonSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSchema")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
