//! The one place that synchronisation comes from: the real thing, or under
//! `--cfg contexture_loom` or `--cfg contexture_shuttle` what loom or shuttle can explore.
//!
//! | here | real | explored | level |
//! |---|---|---|---|
//! | `atomic`, [`Mutex`] | std | the explorer's own | instrumented |
//! | `Arc` of gates | std | loom's own; shuttle has none, it is std's | instrumented by loom |
//! | `OnceLock` | std | `model::once_lock` | protocol, primitive trusted |
//! | [`RwLock`] | parking_lot | the explorer's own | protocol, primitive trusted |
//! | [`tokio`] | tokio | `model::tokio` | protocol, primitive trusted |
//! | [`ArcSwap`] | arc-swap | `model::arc_swap` | protocol, primitive trusted |
//!
//! `tests` holds both columns to the same promises.

#![allow(clippy::disallowed_types, reason = "this is the facade")]

#[cfg(all(contexture_loom, contexture_shuttle))]
compile_error!("explore with `--cfg contexture_loom` or `--cfg contexture_shuttle`, not with both");

#[cfg(not(any(contexture_loom, contexture_shuttle)))]
#[path = "real.rs"]
mod imp;
#[cfg(any(contexture_loom, contexture_shuttle))]
#[path = "model/mod.rs"]
mod imp;

#[cfg(any(contexture_loom, contexture_shuttle))]
pub use imp::Variant;
pub(crate) use imp::*;

pub(crate) mod atomic;
#[cfg(feature = "slotted")]
pub(crate) mod fence;
#[cfg(test)]
mod tests;

/// A std-like mutex that does not know poison: nothing that can panic while it is held leaves
/// what it guards half-done.
#[derive(Default)]
pub(crate) struct Mutex<T>(imp::RawMutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn lock(&self) -> imp::RawMutexGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What it guards, for who has it alone.
    #[cfg(feature = "slotted")]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
