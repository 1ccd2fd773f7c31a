//! Values that notice when they are not whole.

use crate::operation::Number;

/// A number and its complement, so that a value that is torn, or not one at all, shows.
#[derive(Debug)]
pub struct Payload {
    number: Number,
    complement: Number,
}

impl Payload {
    /// A value.
    #[must_use]
    pub fn new(number: Number) -> Self {
        Self {
            number,
            complement: !number,
        }
    }

    /// Its number.
    ///
    /// # Panics
    ///
    /// If this is not what was written.
    #[must_use]
    pub fn number(&self) -> Number {
        assert_eq!(self.complement, !self.number, "a torn value");
        self.number
    }

    /// Its number, where that of loom must not see the look.
    #[must_use]
    pub(crate) fn unwatched(&self) -> Number {
        self.number()
    }
}
