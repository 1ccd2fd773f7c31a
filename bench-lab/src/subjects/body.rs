//! The two bodies a document can have, and what a read and an update do with each.

use std::hint::black_box;

#[cfg(feature = "peers")]
use contexture::Document;
use serde_json::Value;

#[cfg(feature = "peers")]
use crate::documents::Dataset;
use crate::documents::{COUNTER, Object};

/// One immutable buffer a document.
pub(super) mod flat {
    use contexture::Document;

    use super::{COUNTER, black_box};

    /// Looks up one field and looks at its raw JSON.
    #[inline]
    pub(in crate::subjects) fn read(document: &Document, field: &str) -> bool {
        let Some(found) = document.get(field) else {
            return false;
        };
        let json = found.as_json();
        black_box((json.len(), json.as_bytes().first()));
        true
    }

    /// A copy with a counter one higher.
    #[inline]
    pub(in crate::subjects) fn incremented(document: &Document) -> Option<Document> {
        let count = document.get(COUNTER)?.as_u64()?;
        document.with(COUNTER, &(count + 1)).ok()
    }

    pub(in crate::subjects) fn counter(document: &Document) -> u64 {
        let field = document.get(COUNTER);
        field.and_then(|count| count.as_u64()).unwrap_or(0)
    }
}

/// A tree of values that can be changed in place.
pub(super) mod tree {
    use super::{COUNTER, Object, Value, black_box};

    /// Looks up one field and looks at its value.
    #[inline]
    pub(in crate::subjects) fn read(object: &Object, field: &str) -> bool {
        match object.get(field) {
            Some(Value::String(text)) => {
                black_box((text.len(), text.as_bytes().first()));
                true
            }
            Some(other) => {
                black_box(other);
                true
            }
            None => false,
        }
    }

    /// Makes the counter one higher.
    #[inline]
    pub(in crate::subjects) fn increment(object: &mut Object) -> bool {
        let Some(value) = object.get_mut(COUNTER) else {
            return false;
        };
        let Some(count) = value.as_u64() else {
            return false;
        };
        *value = Value::from(count + 1);
        true
    }

    pub(in crate::subjects) fn counter(object: &Object) -> u64 {
        object.get(COUNTER).and_then(Value::as_u64).unwrap_or(0)
    }
}

/// A document of either body, for subjects that are measured with both.
#[cfg(feature = "peers")]
pub(super) trait Held: Sized + Send + Sync + 'static {
    fn new(dataset: &Dataset, context: usize) -> Result<Self, String>;
    fn read(&self, field: &str) -> bool;
    fn increment(&mut self) -> bool;
    fn counter(&self) -> u64;
}

#[cfg(feature = "peers")]
impl Held for Document {
    fn new(dataset: &Dataset, context: usize) -> Result<Self, String> {
        dataset.document(context)
    }

    #[inline]
    fn read(&self, field: &str) -> bool {
        flat::read(self, field)
    }

    #[inline]
    fn increment(&mut self) -> bool {
        flat::incremented(self).map(|next| *self = next).is_some()
    }

    fn counter(&self) -> u64 {
        flat::counter(self)
    }
}

#[cfg(feature = "peers")]
impl Held for Object {
    fn new(dataset: &Dataset, context: usize) -> Result<Self, String> {
        Ok(dataset.object(context))
    }

    #[inline]
    fn read(&self, field: &str) -> bool {
        tree::read(self, field)
    }

    #[inline]
    fn increment(&mut self) -> bool {
        tree::increment(self)
    }

    fn counter(&self) -> u64 {
        tree::counter(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{flat, tree};
    use crate::documents::Dataset;

    #[test]
    fn both_bodies_count_alike() {
        let dataset = Dataset::parse(r#"{"a":"text"}"#, "", "").unwrap();
        let document = dataset.document(0).unwrap();
        let mut object = dataset.object(0);
        assert!(flat::read(&document, "a") && tree::read(&object, "a"));
        assert!(!flat::read(&document, "b") && !tree::read(&object, "b"));
        let document = flat::incremented(&flat::incremented(&document).unwrap()).unwrap();
        assert!(tree::increment(&mut object) && tree::increment(&mut object));
        assert_eq!(flat::counter(&document), 2);
        assert_eq!(tree::counter(&object), 2);
        assert!(flat::read(&document, "a"), "the rest is still there");
    }
}
