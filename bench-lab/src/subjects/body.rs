//! The two bodies a document can have, and what a read and an update do with each.

use std::hint::black_box;
#[cfg(feature = "peers")]
use std::sync::Arc;

#[cfg(feature = "peers")]
use contexture::Document;
use serde_json::Value;

use crate::documents::{COUNTER, Dataset, Object};

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

/// A document as a map of the lab's peers holds it.
pub(super) trait Held: Clone + Send + Sync + 'static {
    fn new(dataset: &Dataset, entry: usize) -> Result<Self, String>;

    /// A document of its own with the same content, as if it had just arrived.
    fn fresh(&self) -> Self;

    fn read(&self, field: &str) -> bool;

    /// Makes the counter one higher.
    fn increment(&mut self) -> bool;

    fn counter(&self) -> u64;
}

/// A document that is never changed: its next version is another one.
#[cfg(feature = "peers")]
pub(super) trait Immutable: Held {
    /// The next version, with a counter one higher.
    fn incremented(&self) -> Option<Self>;
}

#[cfg(feature = "peers")]
impl Held for Document {
    fn new(dataset: &Dataset, entry: usize) -> Result<Self, String> {
        dataset.document(entry)
    }

    #[inline]
    fn fresh(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn read(&self, field: &str) -> bool {
        flat::read(self, field)
    }

    #[inline]
    fn increment(&mut self) -> bool {
        self.incremented().map(|next| *self = next).is_some()
    }

    fn counter(&self) -> u64 {
        flat::counter(self)
    }
}

#[cfg(feature = "peers")]
impl Immutable for Document {
    #[inline]
    fn incremented(&self) -> Option<Self> {
        flat::incremented(self)
    }
}

/// A flat document that can be handed out without copying it.
#[cfg(feature = "peers")]
impl Held for Arc<Document> {
    fn new(dataset: &Dataset, entry: usize) -> Result<Self, String> {
        dataset.document(entry).map(Self::new)
    }

    #[inline]
    fn fresh(&self) -> Self {
        Self::new(Document::clone(self))
    }

    #[inline]
    fn read(&self, field: &str) -> bool {
        flat::read(self, field)
    }

    #[inline]
    fn increment(&mut self) -> bool {
        self.incremented().map(|next| *self = next).is_some()
    }

    fn counter(&self) -> u64 {
        flat::counter(self)
    }
}

#[cfg(feature = "peers")]
impl Immutable for Arc<Document> {
    #[inline]
    fn incremented(&self) -> Option<Self> {
        flat::incremented(self).map(Self::new)
    }
}

impl Held for Object {
    fn new(dataset: &Dataset, entry: usize) -> Result<Self, String> {
        Ok(dataset.object(entry))
    }

    fn fresh(&self) -> Self {
        self.clone()
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
