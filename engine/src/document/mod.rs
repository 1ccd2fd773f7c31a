//! Documents: immutable JSON objects in one piece of memory.

mod body;
mod delta;
mod edit;
mod equal;
mod error;
mod field;
mod fields;
#[cfg(test)]
#[path = "../../tests/document/generate.rs"]
mod generate;
mod iter;
mod json_patch;
mod layout;
mod merge_patch;
mod scratch;
mod serde;
mod text;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ::serde::{Deserialize, Serialize};
use serde_json::Value;

use self::body::Body;
use self::layout::{Part, escape, tag};
use self::scratch::Scratch;

#[allow(unused_imports, reason = "histories, which use it, are yet to come")]
pub(crate) use self::delta::Delta;
pub use self::edit::Editor;
pub(crate) use self::equal::same_value;
pub use self::error::{DocumentError, PatchError, PatchFailure};
pub use self::field::Field;
pub(crate) use self::field::escape_token;
pub(crate) use self::fields::Fields;
pub use self::iter::Iter;
pub use self::json_patch::JsonPatch;

/// An immutable JSON object in one allocation: a small index and the compact JSON text.
///
/// A store keeps every version of a context as a document and commits the next one as a changed
/// copy. So a document is made for two things: [`get`](Document::get) finds a field without
/// parsing anything, and [`with`](Document::with) copies the document with one field changed at
/// about the price of copying its bytes.
///
/// ```
/// use contexture::Document;
///
/// let session = Document::parse(r#"{"user": "ann", "cart": ["x1", "x2"], "hits": 41}"#)?;
/// assert_eq!(session.get("hits").unwrap().as_u64(), Some(41));
/// assert_eq!(session.pointer("/cart/1").unwrap().as_str().unwrap(), "x2");
///
/// let next = session.with("hits", &42)?;
/// assert_eq!(next.to_string(), r#"{"user":"ann","cart":["x1","x2"],"hits":42}"#);
/// assert_eq!(session.get("hits").unwrap().as_u64(), Some(41));
/// # Ok::<(), contexture::DocumentError>(())
/// ```
///
/// # What is kept
///
/// * Fields keep their order. A key that comes twice has its last value at its first position.
/// * Values keep their text but for white space around tokens: `1.10` stays `1.10`, and
///   `123456789012345678901234567890` and `1e400` stay what they are.
/// * Keys are equal if they are the same Unicode text, however they were escaped.
///
/// # Equality
///
/// Documents are equal if their text is: the same fields in the same order, written the same way.
/// `{"a":1.0}` and `{"a":1}` differ, and so do `{"a":1,"b":2}` and `{"b":2,"a":1}`. To compare by
/// content, compare what [`to_value`](Document::to_value) returns.
///
/// # Limits
///
/// A document takes at most [`MAX_BYTES`](Document::MAX_BYTES) and nests at most
/// [`MAX_DEPTH`](Document::MAX_DEPTH) levels. It is meant for tens of fields: a look-up compares
/// eight at a time, and a change copies the document.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Document {
    body: Body,
}

impl Document {
    /// The most memory a document may take, index included: 2²⁸ − 1 bytes, as in PostgreSQL's
    /// `jsonb`.
    pub const MAX_BYTES: usize = body::MAX_BYTES;

    /// The deepest nesting of arrays and objects, the document's own braces included. It is the
    /// deepest that `serde_json` parses.
    pub const MAX_DEPTH: usize = text::MAX_VALUE_DEPTH + 1;

    /// The empty object.
    ///
    /// ```
    /// # use contexture::Document;
    /// assert_eq!(Document::new().as_json(), "{}");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        match Body::assemble(std::iter::empty()) {
            Ok(body) => Self { body },
            Err(_) => unreachable!("an empty document is within the limits"),
        }
    }

    /// Reads a document from JSON text, which may be `&str`, `&[u8]` and the like.
    ///
    /// # Errors
    ///
    /// * [`DocumentError::Syntax`] with line and column if the text is not JSON in UTF-8.
    /// * [`DocumentError::NotAnObject`] if it is another value than an object.
    /// * [`DocumentError::UnpairedSurrogate`] if a string is not Unicode text.
    /// * [`DocumentError::TooDeep`] and [`DocumentError::TooLarge`] beyond the limits.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse("{ \"a\": [1, 2.50], \"b\": {} }")?;
    /// assert_eq!(document.as_json(), r#"{"a":[1,2.50],"b":{}}"#);
    ///
    /// assert!(Document::parse(b"{\"a\": }").is_err());
    /// assert!(Document::parse("[1, 2]").is_err());
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self, DocumentError> {
        Ok(Self {
            body: serde::parse(json.as_ref())?,
        })
    }

    /// Makes a document of any value that is serialised as an object: a struct, a map.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Serialize`] if the value cannot be written as JSON; otherwise as
    /// [`parse`](Document::parse).
    ///
    /// ```
    /// # use contexture::Document;
    /// #[derive(serde::Serialize)]
    /// struct Session<'a> { user: &'a str, hits: u32 }
    ///
    /// let document = Document::from_serialize(&Session { user: "ann", hits: 1 })?;
    /// assert_eq!(document.as_json(), r#"{"user":"ann","hits":1}"#);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, DocumentError> {
        Self::parse(serde_json::to_vec(value).map_err(DocumentError::Serialize)?)
    }

    /// The whole document as a type of the caller's. Strings without escapes can be borrowed.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Deserialize`] if the document does not fit the type.
    ///
    /// ```
    /// # use contexture::Document;
    /// #[derive(serde::Deserialize)]
    /// struct Session<'a> { user: &'a str, hits: u32 }
    ///
    /// let document = Document::parse(r#"{"user": "ann", "hits": 1, "more": []}"#)?;
    /// let session: Session<'_> = document.deserialize()?;
    /// assert_eq!((session.user, session.hits), ("ann", 1));
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DocumentError> {
        Field::new(self.as_json()).parse()
    }

    /// The document as a [`serde_json::Value`], which made a document again gives the same value.
    ///
    /// Numbers with a fraction or an exponent, and those beyond 64 bits, become the nearest
    /// `f64`, unless the program turns on `arbitrary_precision` of `serde_json`. The order of the
    /// fields is kept if it turns on `preserve_order`.
    ///
    /// # Errors
    ///
    /// [`DocumentError::NumberOutOfRange`] for a number beyond the range of `f64`.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": [1, "x", null]}"#)?;
    /// assert_eq!(document.to_value()?, serde_json::json!({"a": [1, "x", null]}));
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn to_value(&self) -> Result<Value, DocumentError> {
        value::to_value(self.as_json())
    }

    /// The document as compact JSON, without a copy.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse("{\"a\": 1.10}")?;
    /// assert_eq!(document.as_json(), "{\"a\":1.10}");
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.body.view().text
    }

    /// The value of a field, if it is there.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"hits": 7, "null": null}"#)?;
    /// assert_eq!(document.get("hits").unwrap().as_json(), "7");
    /// assert!(document.get("null").unwrap().is_null());
    /// assert!(document.get("misses").is_none());
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<Field<'_>> {
        let view = self.body.view();
        let field = view.find(key)?;
        Some(Field::new(view.value(field)))
    }

    /// Whether there is a field with this key.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"hits": null}"#)?;
    /// assert!(document.contains_key("hits"));
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.body.view().find(key).is_some()
    }

    /// The value at a JSON Pointer (RFC 6901), if it is there. The empty pointer is the document.
    ///
    /// The way there is walked on the text; no value is made but that of keys with escapes.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"cart": [{"sku": "x1"}], "a/b": {"m~n": 1}}"#)?;
    /// assert_eq!(document.pointer("/cart/0/sku").unwrap().as_str().unwrap(), "x1");
    /// assert_eq!(document.pointer("/a~1b/m~0n").unwrap().as_u64(), Some(1));
    /// assert!(document.pointer("/cart/1").is_none());
    /// assert_eq!(document.pointer("").unwrap().as_json(), document.as_json());
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<Field<'_>> {
        let Some(path) = pointer.strip_prefix('/') else {
            return pointer.is_empty().then(|| Field::new(self.as_json()));
        };
        let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        self.get(&field::unescape_token(first))?.pointer(rest)
    }

    /// The fields in order, as unescaped keys and their values.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"b": 1, "a": 2}"#)?;
    /// for (key, value) in &document {
    ///     println!("{key} = {value}");
    /// }
    /// assert_eq!(document.iter().map(|(_, value)| value.as_u64().unwrap()).sum::<u64>(), 3);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self.body.view())
    }

    /// The keys in order, unescaped; borrowed unless written with an escape.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"b": 1, "a": 2}"#)?;
    /// assert_eq!(document.keys().collect::<Vec<_>>(), ["b", "a"]);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Cow<'_, str>> + ExactSizeIterator {
        self.iter().map(|(key, _)| key)
    }

    /// How many fields there are.
    ///
    /// ```
    /// # use contexture::Document;
    /// assert_eq!(Document::parse(r#"{"a": {"b": 1, "c": 2}}"#)?.len(), 1);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.view().fields
    }

    /// Whether there are no fields.
    ///
    /// ```
    /// # use contexture::Document;
    /// assert!(Document::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory the document takes: its text and, for n fields, an index of
    /// 4 + 9 n bytes, rounded up by at most 7.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 1}"#)?;
    /// assert_eq!(document.byte_size(), document.as_json().len() + 20);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.body.byte_size()
    }

    /// A copy with a field set to a value: at its position if it is there, else at the end.
    ///
    /// This costs one allocation and the copying of the bytes; a value longer than a number or a
    /// short string is serialised into an allocation of its own first.
    ///
    /// # Errors
    ///
    /// * [`DocumentError::Serialize`] if the value cannot be written as JSON.
    /// * [`DocumentError::TooDeep`] and [`DocumentError::TooLarge`] beyond the limits.
    /// * [`DocumentError::UnpairedSurrogate`] if a [`RawValue`](serde_json::value::RawValue) in
    ///   it has one.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"hits": 9, "user": "ann"}"#)?;
    /// let document = document.with("hits", &10)?.with("tags", &["a", "b"])?;
    /// assert_eq!(document.as_json(), r#"{"hits":10,"user":"ann","tags":["a","b"]}"#);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn with<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<Self, DocumentError> {
        let mut scratch = Scratch::new();
        let value = &*scratch.serialize(value)?;
        let body = match self.body.view().find(key) {
            Some(field) => self.body.replace(field, value)?,
            None => {
                let key = &*escape(key);
                let tag = tag(key);
                self.body.append(Part { key, tag, value })?
            }
        };
        Ok(Self { body })
    }

    /// A copy without a field; a plain copy if it is not there.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 1, "b": 2, "c": 3}"#)?;
    /// assert_eq!(document.without("b").as_json(), r#"{"a":1,"c":3}"#);
    /// assert_eq!(document.without("z"), document);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        match self.body.view().find(key) {
            Some(field) => Self {
                body: self.body.remove(field),
            },
            None => self.clone(),
        }
    }

    /// Starts several changes that are made in one copy.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 1, "b": 2}"#)?;
    /// let edited = document.edit().set("a", &0)?.remove("b").set("c", "x")?.finish()?;
    /// assert_eq!(edited.as_json(), r#"{"a":0,"c":"x"}"#);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn edit(&self) -> Editor<'_> {
        Editor::new(self)
    }
}

/// The empty object.
impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl FromStr for Document {
    type Err = DocumentError;

    /// See [`Document::parse`].
    fn from_str(json: &str) -> Result<Self, DocumentError> {
        Self::parse(json)
    }
}

/// The document as compact JSON.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl<'a> IntoIterator for &'a Document {
    type Item = <Iter<'a> as Iterator>::Item;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
