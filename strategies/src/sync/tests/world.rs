//! The threads that cases run in, and how often they do.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};

pub(super) use side::linger;

/// Runs a case.
pub(super) fn explore(case: fn()) {
    side::repeat(case);
}

/// Runs a case that says what came of it. Only these outcomes may be; where interleavings are
/// explored, all of them must be seen, or the case would not explore what it says.
pub(super) fn explore_all(outcomes: &[&'static str], case: fn() -> &'static str) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    side::repeat({
        let seen = Arc::clone(&seen);
        move || {
            let outcome = case();
            seen.lock().unwrap().insert(outcome);
        }
    });
    let outcomes = BTreeSet::from_iter(outcomes.iter().copied());
    let seen = seen.lock().unwrap();
    assert!(seen.is_subset(&outcomes), "seen: {seen:?}");
    if side::EXPLORES {
        assert_eq!(*seen, outcomes, "not all were seen");
    }
}

/// Runs both at a time, the first on this thread.
pub(super) fn together<A, B: Send + 'static>(
    a: impl FnOnce() -> A,
    b: impl FnOnce() -> B + Send + 'static,
) -> (A, B) {
    let line = side::starting_line();
    let other = side::thread::spawn({
        let line = line.clone();
        move || {
            line();
            b()
        }
    });
    line();
    let a = a();
    (a, other.join().unwrap())
}

/// Blocks the thread until the future is ready.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    side::block_on(future)
}

/// Real threads.
#[cfg(not(any(contexture_loom, contexture_shuttle)))]
mod side {
    use std::panic::resume_unwind;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{self, RecvTimeoutError};
    use std::time::Duration;

    pub(super) use std::thread;

    pub(super) use pollster::block_on;

    /// Interleavings come as they come.
    pub(super) const EXPLORES: bool = false;

    const RUNS: usize = 500;

    /// A deadlock is a failure and not a hang.
    const DEADLINE: Duration = Duration::from_secs(20);

    pub(super) fn repeat(case: impl Fn() + Send + 'static) {
        let (running, ended) = mpsc::channel::<()>();
        let runs = thread::spawn(move || {
            let _running = running;
            (0..RUNS).for_each(|_| case());
        });
        let timeout = Err(RecvTimeoutError::Timeout);
        assert!(ended.recv_timeout(DEADLINE) != timeout, "a deadlock");
        runs.join().unwrap_or_else(|panic| resume_unwind(panic));
    }

    /// Gives others the time to come in between.
    pub(crate) fn linger() {
        (0..100).for_each(|_| std::hint::spin_loop());
    }

    /// Where two threads wait for each other, busily: a thread that is woken would come too late
    /// to meet the other.
    pub(super) fn starting_line() -> impl Fn() + Clone {
        let arrived = Arc::new(AtomicUsize::new(0));
        move || {
            // Relaxed: nothing is handed over here.
            arrived.fetch_add(1, Ordering::Relaxed);
            while arrived.load(Ordering::Relaxed) < 2 {
                thread::yield_now();
            }
        }
    }
}

/// Threads of an explorer.
#[cfg(any(contexture_loom, contexture_shuttle))]
mod side {
    pub(super) use crate::sync::base::thread;
    pub(super) use crate::sync::block_on;

    pub(super) const EXPLORES: bool = true;

    /// Every interleaving, with plain loads and with loads as writes (see
    /// [`Variant`](crate::Variant)).
    #[cfg(contexture_loom)]
    pub(super) fn repeat(case: impl Fn() + Send + Sync + 'static) {
        let case = std::sync::Arc::new(case);
        for loads_as_writes in [false, true] {
            crate::Variant {
                loads_as_writes,
                ..crate::Variant::PLAIN
            }
            .choose();
            let case = std::sync::Arc::clone(&case);
            loom::model(move || case());
        }
    }

    #[cfg(contexture_shuttle)]
    pub(super) fn repeat(case: impl Fn() + Send + Sync + 'static) {
        shuttle::check_random(case, 500);
    }

    /// The explorer comes in between by itself.
    pub(crate) fn linger() {}

    /// Nor need anyone wait to meet.
    pub(super) fn starting_line() -> impl Fn() + Clone {
        || {}
    }
}
