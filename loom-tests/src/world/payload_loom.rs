//! Values whose publication loom watches.

use crate::operation::Number;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// A number that must be written before anyone reads it: loom fails an execution in which the
/// writing does not *happen before* a reading, as it would not if a strategy published a value
/// without Release, or followed a pointer to it without Acquire.
#[derive(Debug)]
pub struct Payload(AtomicUsize);

impl Payload {
    /// A value.
    #[must_use]
    pub fn new(number: Number) -> Self {
        let mut payload = Self(AtomicUsize::new(0));
        payload.0.with_mut(|written| *written = number as usize);
        payload
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> Number {
        // Relaxed, without partner: it must be ordered by what published the value.
        self.0.load(Ordering::Relaxed) as Number
    }
}
