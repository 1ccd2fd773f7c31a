//! From and to [`serde_json::Value`].

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::text::{items, members, unquote};
use super::{Document, DocumentError};

impl TryFrom<Value> for Document {
    type Error = DocumentError;

    /// # Errors
    ///
    /// [`DocumentError::NotAnObject`] for anything but an object, [`DocumentError::TooDeep`] and
    /// [`DocumentError::TooLarge`] beyond the limits of a document.
    fn try_from(value: Value) -> Result<Self, DocumentError> {
        Self::from_serialize(&value)
    }
}

impl TryFrom<&Document> for Value {
    type Error = DocumentError;

    /// See [`Document::to_value`].
    fn try_from(document: &Document) -> Result<Self, DocumentError> {
        document.to_value()
    }
}

/// The value of compact JSON. The nesting is limited by what a document accepts.
pub(super) fn to_value(json: &str) -> Result<Value, DocumentError> {
    Ok(match json.as_bytes().first() {
        Some(b'{') => {
            let mut map = Map::new();
            for (key, value) in members(json) {
                map.insert(string(key)?.into_owned(), to_value(value)?);
            }
            Value::Object(map)
        }
        Some(b'[') => Value::Array(items(json).map(to_value).collect::<Result<_, _>>()?),
        Some(b'"') => Value::String(string(json)?.into_owned()),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(number(json)?),
    })
}

/// What a string token stands for.
pub(super) fn string(json: &str) -> Result<Cow<'_, str>, DocumentError> {
    unquote(json).ok_or(DocumentError::UnpairedSurrogate)
}

/// The number, or the `f64` nearest to it.
///
/// `serde_json` parses floats to within one unit in the last place unless its feature
/// `float_roundtrip` is on, so they are compared with the nearest one. With its feature
/// `arbitrary_precision` a number is its text, which is kept.
fn number(json: &str) -> Result<Number, DocumentError> {
    let nearest: Option<f64> = json.parse().ok();
    match serde_json::from_str::<Number>(json) {
        Ok(number) if !number.is_f64() || number.as_f64() == nearest => Ok(number),
        _ => nearest
            .and_then(Number::from_f64)
            .ok_or_else(|| DocumentError::NumberOutOfRange {
                number: json.to_owned(),
            }),
    }
}
