//! Going over the fields of a document.

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use super::Field;
use super::layout::{View, unescape};

/// The fields of a document in order; made by [`Document::iter`](super::Document::iter).
#[derive(Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Iter<'a> {
    view: View<'a>,
    /// The positions still to come.
    left: Range<usize>,
}

impl<'a> Iter<'a> {
    pub(super) fn new(view: View<'a>) -> Self {
        Self {
            view,
            left: 0..view.fields,
        }
    }

    fn field(&self, position: usize) -> (Cow<'a, str>, Field<'a>) {
        let key = unescape(self.view.raw_key(position));
        (key, Field::new(self.view.value(position)))
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Cow<'a, str>, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left.next().map(|position| self.field(position))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left.next_back().map(|position| self.field(position))
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}
