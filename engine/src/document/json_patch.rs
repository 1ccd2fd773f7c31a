//! Changes as a list of operations: JSON Patch, RFC 6902.
//!
//! The crate `json-patch` finds differences and does the operations. It does not appear in the
//! interface.

mod apply;

use std::fmt;
use std::str::FromStr;

use json_patch::PatchOperation;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Document, DocumentError, PatchError};

/// A [JSON Patch](https://www.rfc-editor.org/rfc/rfc6902): operations that are applied to a
/// [`Document`] one after the other, all or none.
///
/// ```
/// use contexture::{Document, JsonPatch};
///
/// let cart = Document::parse(r#"{"price": 1.10, "items": ["x1"], "coupon": "SPRING"}"#)?;
/// let patch = JsonPatch::parse(r#"[
///     {"op": "test", "path": "/items/0", "value": "x1"},
///     {"op": "add", "path": "/items/-", "value": "x2"},
///     {"op": "remove", "path": "/coupon"}
/// ]"#)?;
/// assert_eq!(cart.patch(&patch)?.as_json(), r#"{"price":1.10,"items":["x1","x2"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JsonPatch {
    operations: Vec<PatchOperation>,
}

impl JsonPatch {
    /// Reads a patch from JSON text, which may be `&str`, `&[u8]` and the like. Members that the
    /// RFC does not name are ignored.
    ///
    /// # Errors
    ///
    /// [`PatchError::Syntax`] if the text is not a JSON array of objects,
    /// [`PatchError::NotAnOperation`] if one of these is no operation.
    ///
    /// ```
    /// # use contexture::{JsonPatch, PatchError};
    /// let patch = JsonPatch::parse(r#"[{"op": "remove", "path": "/a"}]"#)?;
    /// assert_eq!(patch.len(), 1);
    ///
    /// let error = JsonPatch::parse(r#"[{"op": "remove"}]"#).unwrap_err();
    /// assert!(matches!(error, PatchError::NotAnOperation { operation: 0, .. }));
    /// # Ok::<(), PatchError>(())
    /// ```
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self, PatchError> {
        let objects = serde_json::from_slice(json.as_ref()).map_err(PatchError::Syntax)?;
        Self::of_objects(objects)
    }

    /// The patch that makes a document with the values of `to` of `from`. It is empty if the
    /// values are the same; that of a document's fields need not be the same order, and numbers
    /// may be written in another way.
    ///
    /// Array elements are compared one by one from the front: removing the first one is a change
    /// of every element. So this is not the shortest patch.
    ///
    /// # Errors
    ///
    /// [`DocumentError::NumberOutOfRange`] if a field that differs has a number beyond the range
    /// of `f64`, which a patch cannot hold.
    ///
    /// ```
    /// # use contexture::{Document, JsonPatch};
    /// let from = Document::parse(r#"{"a": {"b": 1, "c": 2}}"#)?;
    /// let to = Document::parse(r#"{"a": {"b": 1, "c": 3}}"#)?;
    /// let patch = JsonPatch::between(&from, &to)?;
    /// assert_eq!(patch.to_string(), r#"[{"op":"replace","path":"/a/c","value":3}]"#);
    /// assert_eq!(from.patch(&patch).unwrap(), to);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn between(from: &Document, to: &Document) -> Result<Self, DocumentError> {
        // Equal text is an equal value, and most fields are equal.
        let differing = |of: &Document, other: &Document| {
            of.iter()
                .filter(|(key, field)| other.get(key) != Some(*field))
                .map(|(key, field)| Ok((key.into_owned(), field.to_value()?)))
                .collect::<Result<Map<_, _>, DocumentError>>()
                .map(Value::Object)
        };
        let patch = json_patch::diff(&differing(from, to)?, &differing(to, from)?);
        Ok(Self {
            operations: patch.0,
        })
    }

    /// How many operations there are.
    ///
    /// ```
    /// # use contexture::JsonPatch;
    /// assert_eq!(JsonPatch::parse(r#"[{"op": "remove", "path": "/a"}]"#)?.len(), 1);
    /// # Ok::<(), contexture::PatchError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there are no operations, so that nothing changes.
    ///
    /// ```
    /// # use contexture::JsonPatch;
    /// assert!(JsonPatch::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Each operation was read as a document first: that keeps numbers exact that `serde_json`
    /// alone would round to a neighbour.
    fn of_objects(objects: Vec<Document>) -> Result<Self, PatchError> {
        let read = |object: Document| {
            serde_json::from_value(object.to_value()?).map_err(DocumentError::Deserialize)
        };
        let operations = (0..).zip(objects).map(|(operation, object)| {
            read(object).map_err(|source| PatchError::NotAnOperation { operation, source })
        });
        Ok(Self {
            operations: operations.collect::<Result<_, _>>()?,
        })
    }
}

impl FromStr for JsonPatch {
    type Err = PatchError;

    /// See [`JsonPatch::parse`].
    fn from_str(json: &str) -> Result<Self, PatchError> {
        Self::parse(json)
    }
}

/// The patch as compact JSON.
impl fmt::Display for JsonPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.operations).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for JsonPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A sequence of operations, each as a [`Document`] is serialised.
impl Serialize for JsonPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let operations: Result<Vec<_>, _> = self
            .operations
            .iter()
            .map(Document::from_serialize)
            .collect();
        serializer.collect_seq(operations.map_err(S::Error::custom)?)
    }
}

/// Accepts what [`Serialize`] writes, and checks it as [`JsonPatch::parse`] does.
impl<'de> Deserialize<'de> for JsonPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let objects = Vec::<Document>::deserialize(deserializer)?;
        Self::of_objects(objects).map_err(|error| {
            // An error of serde is one line, so the reason comes with it.
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            D::Error::custom(format_args!("{error}: {}", reason.unwrap_or_default()))
        })
    }
}
