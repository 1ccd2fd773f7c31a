//! One value of a document, as text until somebody asks for more.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use super::text::{items, members, unquote};
use super::{DocumentError, value};

/// A value in a [`Document`](super::Document), borrowed from it as JSON text.
///
/// Nothing is parsed until one of the methods is called, and then only this value.
///
/// ```
/// # use contexture::Document;
/// let document = Document::parse(r#"{"user": "ann", "hits": 41, "tags": ["a", "b"]}"#)?;
/// let hits = document.get("hits").and_then(|field| field.as_u64());
/// assert_eq!(hits, Some(41));
///
/// let tags: Vec<&str> = document.get("tags").unwrap().parse()?;
/// assert_eq!(tags, ["a", "b"]);
/// # Ok::<(), contexture::DocumentError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Field<'a> {
    /// Valid, compact JSON.
    json: &'a str,
}

impl<'a> Field<'a> {
    pub(super) const fn new(json: &'a str) -> Self {
        Self { json }
    }

    /// The value as compact JSON. A number is written as it was when it came in.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"price": 1.10, "size": [1, 2]}"#)?;
    /// assert_eq!(document.get("price").unwrap().as_json(), "1.10");
    /// assert_eq!(document.get("size").unwrap().as_json(), "[1,2]");
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub const fn as_json(self) -> &'a str {
        self.json
    }

    /// The value as a type of the caller's. Strings without escapes can be borrowed.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Deserialize`] if the value does not fit the type.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"at": [52.5, 13.4]}"#)?;
    /// let (lat, lon): (f64, f64) = document.get("at").unwrap().parse()?;
    /// assert_eq!((lat, lon), (52.5, 13.4));
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, DocumentError> {
        serde_json::from_str(self.json).map_err(DocumentError::Deserialize)
    }

    /// The string, if the value is one; borrowed unless it has escapes.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"name": "ann", "line": "a\nb", "n": 1}"#)?;
    /// assert_eq!(document.get("name").unwrap().as_str().unwrap(), "ann");
    /// assert_eq!(document.get("line").unwrap().as_str().unwrap(), "a\nb");
    /// assert_eq!(document.get("n").unwrap().as_str(), None);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        unquote(self.json)
    }

    /// The number, if the value is one that is written without fraction and exponent, and an
    /// `i64`.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": -7, "b": 7.0}"#)?;
    /// assert_eq!(document.get("a").unwrap().as_i64(), Some(-7));
    /// assert_eq!(document.get("b").unwrap().as_i64(), None);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.json.parse().ok()
    }

    /// The number, if the value is one that is written without fraction and exponent, and a
    /// `u64`.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 18446744073709551615, "b": -1}"#)?;
    /// assert_eq!(document.get("a").unwrap().as_u64(), Some(u64::MAX));
    /// assert_eq!(document.get("b").unwrap().as_u64(), None);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn as_u64(self) -> Option<u64> {
        self.json.parse().ok()
    }

    /// The `f64` nearest to the number, if the value is one and within the range of `f64`.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 2.5, "b": 3, "c": 1e400}"#)?;
    /// assert_eq!(document.get("a").unwrap().as_f64(), Some(2.5));
    /// assert_eq!(document.get("b").unwrap().as_f64(), Some(3.0));
    /// assert_eq!(document.get("c").unwrap().as_f64(), None);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        self.json
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// The boolean, if the value is one.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"on": true, "n": 1}"#)?;
    /// assert_eq!(document.get("on").unwrap().as_bool(), Some(true));
    /// assert_eq!(document.get("n").unwrap().as_bool(), None);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        self.json.parse().ok()
    }

    /// Whether the value is `null`.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"gone": null}"#)?;
    /// assert!(document.get("gone").unwrap().is_null());
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn is_null(self) -> bool {
        self.json == "null"
    }

    /// The value at a JSON Pointer (RFC 6901) that starts here; see
    /// [`Document::pointer`](super::Document::pointer).
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"cart": {"items": [{"sku": "x1"}]}}"#)?;
    /// let cart = document.get("cart").unwrap();
    /// assert_eq!(cart.pointer("/items/0/sku").unwrap().as_json(), r#""x1""#);
    /// assert!(cart.pointer("/items/1").is_none());
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    #[must_use]
    pub fn pointer(self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let tokens = pointer.strip_prefix('/')?.split('/');
        tokens
            .map(unescape_token)
            .try_fold(self, |field, token| field.child(&token))
    }

    /// The value as a [`serde_json::Value`].
    ///
    /// # Errors
    ///
    /// As [`Document::to_value`](super::Document::to_value).
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"tags": ["a", null]}"#)?;
    /// let tags = document.get("tags").unwrap().to_value()?;
    /// assert_eq!(tags, serde_json::json!(["a", null]));
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn to_value(self) -> Result<serde_json::Value, DocumentError> {
        value::to_value(self.json)
    }

    fn child(self, token: &str) -> Option<Self> {
        let json = match self.json.as_bytes().first()? {
            // All of the object: should a key stand in it twice, the last one counts.
            b'{' => members(self.json)
                .filter(|(key, _)| unquote(key).is_some_and(|key| key == token))
                .last()
                .map(|(_, value)| value)?,
            b'[' => items(self.json).nth(array_index(token)?)?,
            _ => return None,
        };
        Some(Self { json })
    }
}

/// A token of a JSON Pointer writes `~` as `~0` and `/` as `~1`.
pub(super) fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        return Cow::Owned(token.replace("~1", "/").replace("~0", "~"));
    }
    Cow::Borrowed(token)
}

/// The inverse of [`unescape_token`].
pub(crate) fn escape_token(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) {
        return Cow::Owned(token.replace('~', "~0").replace('/', "~1"));
    }
    Cow::Borrowed(token)
}

/// An array index has neither sign nor leading zeros.
fn array_index(token: &str) -> Option<usize> {
    match token.as_bytes() {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => token.parse().ok(),
        _ => None,
    }
}

/// The value as compact JSON.
impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json)
    }
}
