//! Changes as a document of what is to change: JSON Merge Patch, RFC 7396.

use std::borrow::Cow;

use super::fields::Fields;
use super::{Document, DocumentError};

impl Document {
    /// A copy with a [JSON Merge Patch](https://www.rfc-editor.org/rfc/rfc7396) applied: fields
    /// of the patch are set, those that are `null` in it removed, objects merged into objects.
    ///
    /// Fields keep their position and new ones go to the end, in the patch's order. What the
    /// patch does not name keeps its text, at any depth: it works on text, not on values. An
    /// object that is merged into has its keys written as a document writes its own, each once.
    ///
    /// # Errors
    ///
    /// [`DocumentError::TooLarge`] if the copy would be beyond [`Document::MAX_BYTES`].
    ///
    /// ```
    /// # use contexture::Document;
    /// let order = Document::parse(r#"{"price": 1.10, "to": {"name": "ann", "zip": 12345}}"#)?;
    /// let patch = Document::parse(r#"{"to": {"zip": null, "city": "Ulm"}, "paid": true}"#)?;
    /// assert_eq!(
    ///     order.merge_patch(&patch)?.as_json(),
    ///     r#"{"price":1.10,"to":{"name":"ann","city":"Ulm"},"paid":true}"#
    /// );
    /// # Ok::<(), contexture::DocumentError>(())
    /// ```
    pub fn merge_patch(&self, patch: &Self) -> Result<Self, DocumentError> {
        let patch = Fields::of_document(patch);
        let mut patched = Fields::of_document(self);
        merge_into(&mut patched, &patch)?;
        patched.to_document()
    }
}

/// No deeper than the patch is, and the result no deeper than the deeper of the two.
fn merge_into<'a>(target: &mut Fields<'a>, patch: &'a Fields<'_>) -> Result<(), DocumentError> {
    for part in patch.parts() {
        let value = match part.value.as_bytes().first() {
            Some(b'n') => {
                target.remove_escaped(part.key, part.tag);
                continue;
            }
            Some(b'{') => {
                let there = target.get_escaped(part.key, part.tag);
                // Anything but an object is as good as an empty one. So nulls leave the patch
                // also where there is nothing that they remove.
                let object = there.filter(|value| value.starts_with('{'));
                let mut merged = Fields::of_object(object.unwrap_or("{}"))?;
                let patch = Fields::of_object(part.value)?;
                merge_into(&mut merged, &patch)?;
                Cow::Owned(merged.to_json())
            }
            _ => Cow::Borrowed(part.value),
        };
        target.set_escaped(Cow::Borrowed(part.key), part.tag, value);
    }
    Ok(())
}
