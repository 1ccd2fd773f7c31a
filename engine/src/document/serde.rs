//! Parsing, and the document as a part of other serialisable types.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::body::Body;
use super::fields::Fields;
use super::text::compact;
use super::{Document, DocumentError};

/// The body of the object that `json` is.
pub(super) fn parse(json: &[u8]) -> Result<Body, DocumentError> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let pairs = parser
        .deserialize_map(Pairs::<&RawValue>(PhantomData))
        .and_then(|pairs| parser.end().map(|()| pairs))
        .map_err(|error| {
            // Anything goes as key or value, so the only wrong type is that of the whole.
            if error.is_data() {
                DocumentError::NotAnObject { found: kind(json) }
            } else {
                DocumentError::Syntax(error)
            }
        })?;
    let mut fields = Fields::default();
    for (key, value) in pairs {
        fields.set(key.0, compact(value.get())?);
    }
    fields.assemble()
}

fn kind(json: &[u8]) -> &'static str {
    match json.trim_ascii_start().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// In JSON, an object with every value written as it is here. In formats that are not for humans
/// to read, a string of JSON. Other formats are not supported.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_str(self.as_json());
        }
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, field) in self {
            let value: &RawValue = field.parse().map_err(S::Error::custom)?;
            map.serialize_entry(&*key, value)?;
        }
        map.end()
    }
}

/// Accepts what [`Serialize`] writes, and checks it as [`Document::parse`] does.
///
/// As a field that is flattened, or in an untagged or internally tagged enum, a document can be
/// written but not read: there `serde` buffers the input and the numbers' text is gone.
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let json = String::deserialize(deserializer)?;
            return Self::parse(json).map_err(D::Error::custom);
        }
        // Owned, since the deserialiser may read from a stream.
        let pairs = deserializer.deserialize_map(Pairs::<Box<RawValue>>(PhantomData))?;
        let mut fields = Fields::default();
        for (key, value) in &pairs {
            let value = compact(value.get()).map_err(D::Error::custom)?;
            fields.set(Cow::Borrowed(&key.0), value);
        }
        let body = fields.assemble().map_err(D::Error::custom)?;
        Ok(Self { body })
    }
}

/// An unescaped key, borrowed from the input where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Takes the pairs of an object in order, each value as raw text of type `R`.
struct Pairs<R>(PhantomData<R>);

impl<'de, R: Deserialize<'de>> Visitor<'de> for Pairs<R> {
    type Value = Vec<(Key<'de>, R)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
