//! Values whose publication loom watches.

use crate::operation::Number;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// A number that must be written before anyone reads it: loom fails an execution in which the
/// writing does not *happen before* a reading, as it would not if a strategy published a value
/// without Release, or followed a pointer to it without Acquire.
#[derive(Debug)]
pub struct Payload {
    watched: AtomicUsize,
    number: Number,
}

impl Payload {
    /// A value.
    #[must_use]
    pub fn new(number: Number) -> Self {
        let mut watched = AtomicUsize::new(0);
        watched.with_mut(|written| *written = number as usize);
        Self { watched, number }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> Number {
        // Relaxed, without partner: it must be ordered by what published the value.
        self.watched.load(Ordering::Relaxed) as Number
    }

    /// Its number, without a look that loom would see.
    #[must_use]
    pub(crate) fn unwatched(&self) -> Number {
        self.number
    }
}
