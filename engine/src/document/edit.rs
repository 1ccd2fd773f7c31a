//! Several changes of a document in one copy.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use super::fields::Fields;
use super::scratch::Scratch;
use super::{Document, DocumentError};

/// Changes to a copy of a [`Document`], put together by [`finish`](Editor::finish) with one
/// allocation for the new document. Made by [`Document::edit`].
///
/// A key that is there keeps its position when it is set; a new one goes to the end.
///
/// ```
/// # use contexture::Document;
/// let cart = Document::parse(r#"{"items": ["x1"], "coupon": "SPRING", "total": 12}"#)?;
/// let paid = cart
///     .edit()
///     .set("total", &0)?
///     .remove("coupon")
///     .set("paid", &true)?
///     .finish()?;
/// assert_eq!(paid.as_json(), r#"{"items":["x1"],"total":0,"paid":true}"#);
/// # Ok::<(), contexture::DocumentError>(())
/// ```
#[must_use = "an editor changes nothing; `finish` makes the new document"]
pub struct Editor<'a> {
    fields: Fields<'a>,
}

impl<'a> Editor<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self {
            fields: Fields::of_document(document),
        }
    }

    /// Sets a key to a value.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Serialize`] if the value cannot be written as JSON,
    /// [`DocumentError::TooDeep`] if it is nested too deep. Then the editor is as it was.
    ///
    /// ```
    /// # use contexture::Document;
    /// let mut editor = Document::new();
    /// let mut editor = editor.edit();
    /// for (key, value) in [("a", 1), ("b", 2)] {
    ///     editor.set(key, &value)?;
    /// }
    /// assert_eq!(editor.finish()?.as_json(), r#"{"a":1,"b":2}"#);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn set<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<&mut Self, DocumentError> {
        let value = Scratch::new().serialize(value)?.into_owned();
        self.fields
            .set(Cow::Owned(key.to_owned()), Cow::Owned(value));
        Ok(self)
    }

    /// Removes a key, if it is there.
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::parse(r#"{"a": 1, "b": 2}"#)?;
    /// let edited = document.edit().remove("a").remove("nothing").finish()?;
    /// assert_eq!(edited.as_json(), r#"{"b":2}"#);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn remove(&mut self, key: &str) -> &mut Self {
        self.fields.remove(key);
        self
    }

    /// The document with the changes made.
    ///
    /// # Errors
    ///
    /// [`DocumentError::TooLarge`] if it would be beyond [`Document::MAX_BYTES`].
    ///
    /// ```
    /// # use contexture::Document;
    /// let document = Document::new();
    /// assert_eq!(document.edit().finish()?, document);
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn finish(&self) -> Result<Document, DocumentError> {
        self.fields.to_document()
    }
}

/// The document with the changes made so far.
impl fmt::Debug for Editor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.finish() {
            Ok(document) => fmt::Debug::fmt(&document, f),
            Err(error) => fmt::Debug::fmt(&error, f),
        }
    }
}
