//! What the strategies rely on, one promise a case. The cases run on the side of the facade that is
//! compiled: the real crates, or their models under loom or shuttle. So a model cannot promise
//! what its crate does not keep, and what a crate promises, its model does.
//!
//! An ordinary build repeats each case with real threads, shuttle with threads that it schedules
//! at random; loom goes through all interleavings and all stale loads.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use world::{explore, explore_all, linger, together};

mod world;

#[cfg(feature = "arc-swap")]
mod arc_swap;
mod closure_depth;
mod mutex;
mod once_lock;
#[cfg(any(feature = "parking-lot", feature = "sharded"))]
mod rw_lock;
#[cfg(any(feature = "tokio-mutex", feature = "tokio-rwlock"))]
mod tokio_mutex;
#[cfg(any(feature = "tokio-mutex", feature = "tokio-rwlock"))]
mod tokio_rw_lock;

/// A number without any synchronisation of its own, so what orders accesses to it is what guards
/// it. Its loads are never performed as writes, which would see the newest number in any case.
#[derive(Default)]
struct Plain(super::RawAtomicUsize);

impl Plain {
    fn get(&self) -> usize {
        // Relaxed: on purpose without a partner, see the type.
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, number: usize) {
        // Relaxed: as in `get`.
        self.0.store(number, Ordering::Relaxed);
        linger();
    }

    /// Loses increments, its own or another one, unless each sees the one before.
    fn increment(&self) {
        let number = self.get();
        linger();
        self.set(number + 1);
    }
}

/// A future that is polled by hand.
struct ByHand<F> {
    future: Pin<Box<F>>,
    woken: std::sync::Arc<Woken>,
    waited: bool,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        // Release: partner of the Acquire in `ByHand::poll`.
        self.0.store(true, Ordering::Release);
    }
}

impl<F: Future> ByHand<F> {
    fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            woken: std::sync::Arc::default(),
            waited: false,
        }
    }

    /// Its output if it is ready, which one that waited must have been told by its waker.
    fn poll(&mut self) -> Option<F::Output> {
        // Acquire: partner of the Release in `wake`.
        let told = !self.waited || self.woken.0.load(Ordering::Acquire);
        let waker = Waker::from(std::sync::Arc::clone(&self.woken));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => {
                assert!(told, "ready, but never woken");
                Some(output)
            }
            Poll::Pending => {
                self.waited = true;
                None
            }
        }
    }

    /// Must be ready.
    #[track_caller]
    fn ready(&mut self) -> F::Output {
        self.poll().expect("has to wait")
    }

    /// Must not be ready.
    #[track_caller]
    fn waits(&mut self) {
        assert!(self.poll().is_none(), "does not wait");
    }
}

/// A future that is ready when it is polled first.
#[track_caller]
fn ready<F: Future>(future: F) -> F::Output {
    ByHand::new(future).ready()
}

/// A future that was polled and waits.
#[track_caller]
fn waiting<F: Future>(future: F) -> ByHand<F> {
    let mut waiting = ByHand::new(future);
    waiting.waits();
    waiting
}

/// Panics while `held` is, in silence, and catches that.
fn panic_with<G>(held: G) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = held;
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
}
