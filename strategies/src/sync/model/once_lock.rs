//! Contract model of `std::sync::OnceLock`: whoever sees the value sees all that came before it
//! was put there, and nothing more is ordered.

use super::base::sync::Mutex;
use super::base::sync::atomic::{AtomicUsize, Ordering};

/// The value is in std's own lock, whose ordering the explorer cannot see; `state` models it.
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    state: AtomicUsize,
    /// Held by whoever fills it; others who want to, wait.
    filling: Mutex<()>,
}

const EMPTY: usize = 0;
const READY: usize = 1;

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: std::sync::OnceLock::new(),
            state: AtomicUsize::new(EMPTY),
            filling: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: partner of the Release in `get_or_init`.
        match super::load(&self.state, Ordering::Acquire) {
            READY => self.value.get(),
            _ => None,
        }
    }

    pub(crate) fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let _filling = self.filling.lock();
        let value = self.value.get_or_init(f);
        // Release: partner of the Acquire in `get`.
        self.state.store(READY, Ordering::Release);
        value
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self {
            value: std::sync::OnceLock::from(value),
            state: AtomicUsize::new(READY),
            filling: Mutex::new(()),
        }
    }
}
