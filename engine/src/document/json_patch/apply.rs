//! Applying a patch: the crate `json-patch` does the operations, on values of the few fields that
//! they name.

use std::borrow::Cow;
use std::collections::HashSet;
use std::mem;
use std::slice;

use json_patch::jsonptr::Pointer;
use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::{Map, Value};

use super::JsonPatch;
use crate::document::field::unescape_token;
use crate::document::{Document, DocumentError, Field, PatchError, PatchFailure, same_value};

impl Document {
    /// A copy with a [`JsonPatch`] applied. Nothing is half applied: there is the whole copy or an
    /// error.
    ///
    /// Fields that no operation changes keep their text, and all keep their position; new ones go
    /// to the end. A field in which something changes is written anew, its numbers as
    /// [`to_value`](Document::to_value) has them. A `test` compares numbers by what they are in
    /// decimal: `1` is `1.0`.
    ///
    /// # Errors
    ///
    /// * [`PatchError::Failed`] with the operation that failed, its `path` and why. It fails also
    ///   where a value would nest deeper than [`Document::MAX_DEPTH`], or what was copied so far
    ///   takes more than [`Document::MAX_BYTES`]: so no patch takes all memory.
    /// * [`PatchError::NotADocument`] if the operations replace the whole document, at the
    ///   pointer `""`, by what is none, or make it larger than [`Document::MAX_BYTES`].
    ///
    /// ```
    /// # use contexture::{Document, JsonPatch, PatchError};
    /// let document = Document::parse(r#"{"n": 1.10, "a": {"b": 1}}"#)?;
    /// let patch = r#"[{"op": "move", "from": "/a/b", "path": "/c"}]"#.parse::<JsonPatch>()?;
    /// assert_eq!(document.patch(&patch)?.as_json(), r#"{"n":1.10,"a":{},"c":1}"#);
    ///
    /// let patch = JsonPatch::parse(r#"[{"op": "remove", "path": "/b"}]"#)?;
    /// let error = document.patch(&patch).unwrap_err();
    /// assert!(matches!(error, PatchError::Failed { operation: 0, pointer, .. } if pointer == "/b"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn patch(&self, patch: &JsonPatch) -> Result<Self, PatchError> {
        let mut patching = Patching::new(self);
        for (operation, change) in patch.operations.iter().enumerate() {
            patching
                .apply(change)
                .map_err(|source| PatchError::Failed {
                    operation,
                    pointer: change.path().to_string(),
                    source,
                })?;
        }
        patching.finish().map_err(PatchError::NotADocument)
    }
}

/// A document under way.
struct Patching<'a> {
    document: &'a Document,
    /// The fields that were named so far, as an object, unless it was replaced as a whole.
    value: Value,
    /// The keys of fields named so far; they are not looked up again, since they may be gone.
    named: HashSet<Cow<'a, str>>,
    /// The whole document was named, and so every field.
    all_named: bool,
    /// The keys of fields that may have changed, as they came, some more than once.
    changed: Vec<Cow<'a, str>>,
    /// The whole document was replaced.
    replaced: bool,
    /// How much memory the copies take together.
    copied: usize,
}

impl<'a> Patching<'a> {
    fn new(document: &'a Document) -> Self {
        Self {
            document,
            value: Value::Object(Map::new()),
            named: HashSet::new(),
            all_named: false,
            changed: Vec::new(),
            replaced: false,
            copied: 0,
        }
    }

    fn apply(&mut self, operation: &'a PatchOperation) -> Result<(), PatchFailure> {
        let path = operation.path();
        let from = match operation {
            PatchOperation::Move(change) => Some(&*change.from),
            PatchOperation::Copy(change) => Some(&*change.from),
            _ => None,
        };
        for pointer in [from, Some(path)].into_iter().flatten() {
            self.name(pointer).map_err(PatchFailure::Limit)?;
        }
        self.check_limits(operation).map_err(PatchFailure::Limit)?;
        match operation {
            // The crate would tell 1 from 1.0.
            PatchOperation::Test(test) => {
                let found = self
                    .value
                    .pointer(path.as_str())
                    .ok_or(PatchFailure::Path)?;
                return if same_value(&found.to_string(), &test.value.to_string()) {
                    Ok(())
                } else {
                    Err(PatchFailure::Test)
                };
            }
            PatchOperation::Move(change) => self.mark_changed(&change.from),
            _ => {}
        }
        self.mark_changed(path);
        // "Unsafe" in that it leaves the value as it is where it fails; it is thrown away then.
        json_patch::patch_unsafe(&mut self.value, slice::from_ref(operation)).map_err(|error| {
            match error.kind {
                PatchErrorKind::InvalidFromPointer => PatchFailure::From,
                PatchErrorKind::CannotMoveInsideItself => PatchFailure::IntoItself,
                PatchErrorKind::TestFailed => PatchFailure::Test,
                _ => PatchFailure::Path,
            }
        })
    }

    /// Makes a value of the field that the pointer leads to or into, or of all of them.
    fn name(&mut self, pointer: &'a Pointer) -> Result<(), DocumentError> {
        if self.all_named {
            return Ok(());
        }
        match key(pointer) {
            Some(key) => {
                if let Some(field) = self.document.get(&key) {
                    self.name_field(key, field)?;
                }
            }
            None => {
                for (key, field) in self.document {
                    self.name_field(key, field)?;
                }
                self.all_named = true;
            }
        }
        Ok(())
    }

    fn name_field(&mut self, key: Cow<'a, str>, field: Field<'_>) -> Result<(), DocumentError> {
        if let Some(fields) = self.value.as_object_mut()
            && self.named.insert(key.clone())
        {
            fields.insert(key.into_owned(), field.to_value()?);
        }
        Ok(())
    }

    fn mark_changed(&mut self, pointer: &'a Pointer) {
        match key(pointer) {
            Some(key) => self.changed.push(key),
            None => self.replaced = true,
        }
    }

    /// A few dozen copies of a value into itself would make a value that is larger than any memory,
    /// and moves of values into each other one that is deeper than any stack.
    fn check_limits(&mut self, operation: &PatchOperation) -> Result<(), DocumentError> {
        let placed = match operation {
            PatchOperation::Add(change) => Some(&change.value),
            PatchOperation::Replace(change) => Some(&change.value),
            PatchOperation::Move(change) => self.value.pointer(change.from.as_str()),
            PatchOperation::Copy(change) => self.value.pointer(change.from.as_str()),
            _ => None,
        };
        let Some(extent) = placed.map(Extent::of) else {
            return Ok(());
        };
        if operation.path().count() + extent.depth > Document::MAX_DEPTH {
            return Err(DocumentError::TooDeep);
        }
        if let PatchOperation::Copy(_) = operation {
            self.copied += extent.bytes;
            if self.copied > Document::MAX_BYTES {
                return Err(DocumentError::TooLarge { bytes: self.copied });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Document, DocumentError> {
        if self.replaced {
            return Document::try_from(self.value);
        }
        let mut editor = self.document.edit();
        let mut done = HashSet::new();
        for key in self.changed.iter().filter(|key| done.insert(&***key)) {
            match self.value.get(&**key) {
                Some(value) => editor.set(key, value)?,
                None => editor.remove(key),
            };
        }
        editor.finish()
    }
}

/// The key of the field that a pointer leads to or into; `None` for the whole document.
fn key(pointer: &Pointer) -> Option<Cow<'_, str>> {
    let token = pointer.as_str().strip_prefix('/')?.split('/').next()?;
    Some(unescape_token(token))
}

/// How deep a value nests and about how much memory it takes.
#[derive(Default)]
struct Extent {
    depth: usize,
    bytes: usize,
}

impl Extent {
    /// The value must not be nested much deeper than a document.
    fn of(value: &Value) -> Self {
        let own = |bytes| Self {
            depth: 0,
            bytes: mem::size_of::<Value>() + bytes,
        };
        match value {
            Value::Array(items) => own(0).around(items.iter().map(Self::of)),
            Value::Object(members) => {
                let keys = members
                    .keys()
                    .map(|key| mem::size_of::<String>() + key.len());
                own(keys.sum()).around(members.values().map(Self::of))
            }
            Value::String(text) => own(text.len()),
            _ => own(0),
        }
    }

    fn around(self, parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self { depth: 1, ..self }, |whole, part| Self {
            depth: whole.depth.max(1 + part.depth),
            bytes: whole.bytes + part.bytes,
        })
    }
}
