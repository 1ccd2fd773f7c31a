//! Taking part in the re-entrancy check from outside this crate.

use crate::Reentrant;
use crate::core::closure;

/// For implementors of a [`Strategy`](crate::Strategy): their closures and those of all other
/// stores of the process know of each other by these two. See
/// [re-entrancy](crate#calling-back-from-a-closure).
///
/// ```
/// use contexture_strategies::Reentrant;
///
/// assert!(Reentrant::check().is_ok());
/// assert!(Reentrant::within(Reentrant::check).is_err());
/// ```
impl Reentrant {
    /// Fails inside a closure of a store. To be called by whoever is about to wait.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] if the thread is inside a closure of a store.
    pub fn check() -> Result<(), Self> {
        closure::check_outside()
    }

    /// Runs the closure of an update: inside of it, [`check`](Reentrant::check) fails, and so does
    /// whatever would have to wait. To be called with what was passed to
    /// [`try_update`](crate::Strategy::try_update), and by strategies that await with what was
    /// passed to [`read`](crate::Strategy::read), too.
    ///
    /// # Panics
    ///
    /// If `f` does.
    pub fn within<R>(f: impl FnOnce() -> R) -> R {
        closure::run(f)
    }
}
