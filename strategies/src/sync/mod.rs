//! The one place that synchronisation comes from: the real thing, or under
//! `--cfg contexture_loom` what loom can explore.
//!
//! | here | real | under loom | level |
//! |---|---|---|---|
//! | `atomic`, [`Mutex`], `Arc` of gates | std | loom's own | instrumented |
//! | `OnceLock` | std | `model::once_lock` | protocol, primitive trusted |
//! | [`RwLock`] | parking_lot | loom's own | protocol, primitive trusted |
//! | [`tokio`] | tokio | `model::tokio` | protocol, primitive trusted |
//! | [`ArcSwap`] | arc-swap | `model::arc_swap` | protocol, primitive trusted |

#![allow(clippy::disallowed_types, reason = "this is the facade")]

#[cfg(not(contexture_loom))]
#[path = "real.rs"]
mod imp;
#[cfg(contexture_loom)]
#[path = "model/mod.rs"]
mod imp;

#[cfg(contexture_loom)]
pub use imp::Variant;
pub(crate) use imp::*;

pub(crate) mod atomic;

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
}
