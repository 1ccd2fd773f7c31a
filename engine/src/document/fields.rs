//! Fields on their way into a document: an ordered collection with one value a key.

use std::borrow::Cow;
use std::collections::HashMap;

use super::body::{Body, write_object};
use super::layout::{Part, View, escape, tag};
use super::text::members;
use super::value::string;
use super::{Document, DocumentError};

/// From how many fields on keys are found through a hash table. It is keyed at random, so that
/// nobody can choose keys that make it slow; below, comparing tags one by one is faster.
const INDEXED_FROM: usize = 32;

/// The fields of one document, in order.
///
/// Setting a key that is there keeps its position; removed and set again, it goes to the end.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    /// The document that is changed, if any. Its fields are the first slots.
    base: Option<View<'a>>,
    /// Removed fields stay as slots without a value.
    slots: Vec<Slot<'a>>,
    /// Positions of the slots that are not of `base`, by escaped key; empty as long as they are
    /// few.
    index: HashMap<Cow<'a, str>, usize>,
}

struct Slot<'a> {
    key: Cow<'a, str>,
    tag: u8,
    value: Option<Cow<'a, str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(base: View<'a>) -> Self {
        let slot = |field| {
            let Part { key, tag, value } = base.part(field);
            Slot {
                key: Cow::Borrowed(key),
                tag,
                value: Some(Cow::Borrowed(value)),
            }
        };
        Self {
            base: Some(base),
            slots: (0..base.fields).map(slot).collect(),
            index: HashMap::new(),
        }
    }

    pub(crate) fn of_document(document: &'a Document) -> Self {
        Self::of(document.body.view())
    }

    /// Those of an object within a document, which is compact JSON.
    pub(crate) fn of_object(json: &'a str) -> Result<Self, DocumentError> {
        let mut fields = Self::default();
        for (key, value) in members(json) {
            fields.set(string(key)?, Cow::Borrowed(value));
        }
        Ok(fields)
    }

    /// Sets an unescaped key to a value that is compact JSON.
    pub(super) fn set(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) {
        let key = match escape(&key) {
            Cow::Owned(escaped) => Cow::Owned(escaped),
            Cow::Borrowed(_) => key,
        };
        let tag = tag(&key);
        self.set_escaped(key, tag, value);
    }

    /// Sets a key, as it stands between its quotes, to a value.
    pub(crate) fn set_escaped(&mut self, key: Cow<'a, str>, tag: u8, value: Cow<'a, str>) {
        match self.position(&key, tag) {
            Some(slot) => self.slots[slot].value = Some(value),
            None => self.push(key, tag, value),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        let key = escape(key);
        self.remove_escaped(&key, tag(&key));
    }

    pub(super) fn remove_escaped(&mut self, key: &str, tag: u8) {
        if let Some(slot) = self.position(key, tag) {
            self.slots[slot].value = None;
            self.index.remove(key);
        }
    }

    /// The value of a key as it stands between its quotes.
    pub(crate) fn get_escaped(&self, key: &str, tag: u8) -> Option<&str> {
        self.slots[self.position(key, tag)?].value.as_deref()
    }

    pub(super) fn assemble(&self) -> Result<Body, DocumentError> {
        let parts: Vec<_> = self.parts().collect();
        Body::assemble(parts.into_iter())
    }

    pub(crate) fn to_document(&self) -> Result<Document, DocumentError> {
        Ok(Document {
            body: self.assemble()?,
        })
    }

    /// The fields as a value within a document.
    pub(crate) fn to_json(&self) -> String {
        let mut json = String::new();
        write_object(self.parts(), &mut json);
        json
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.slots.iter().filter_map(|slot| {
            Some(Part {
                key: &slot.key,
                tag: slot.tag,
                value: slot.value.as_deref()?,
            })
        })
    }

    /// The slot that holds a value for this escaped key.
    fn position(&self, key: &str, tag: u8) -> Option<usize> {
        if let Some(slot) = self.base.and_then(|base| base.find_escaped(key))
            && self.slots[slot].value.is_some()
        {
            return Some(slot);
        }
        let first = self.own_from();
        let own = &self.slots[first..];
        if own.len() >= INDEXED_FROM {
            return self.index.get(key).copied();
        }
        let found = own
            .iter()
            .position(|slot| slot.tag == tag && slot.value.is_some() && slot.key == key);
        found.map(|slot| first + slot)
    }

    fn push(&mut self, key: Cow<'a, str>, tag: u8, value: Cow<'a, str>) {
        self.slots.push(Slot {
            key,
            tag,
            value: Some(value),
        });
        let first = self.own_from();
        let unindexed = match self.slots.len() - first {
            ..INDEXED_FROM => return,
            INDEXED_FROM => first,
            _ => self.slots.len() - 1,
        };
        for (position, slot) in self.slots.iter().enumerate().skip(unindexed) {
            if slot.value.is_some() {
                self.index.insert(slot.key.clone(), position);
            }
        }
    }

    /// The first slot that is not of `base`.
    fn own_from(&self) -> usize {
        self.base.map_or(0, |base| base.fields)
    }
}
