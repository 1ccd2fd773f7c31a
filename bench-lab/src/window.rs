//! The window of a round: the stretch of time in which every worker is known to be at work, and
//! the operations that fall into it.
//!
//! Workers start one after another and stop one after another. Operations before the last start
//! and after the first stop run with less contention than the round claims, so they do not
//! count. A gate opens the window when every worker has reported for work, and lets none stop
//! before every worker has seen the window's end; [`account`] then checks that it was so.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::statistics;

/// From publishing a window to its start: long enough for workers to learn of it first.
const NOTICE: Duration = Duration::from_millis(2);

/// What the workers of a round and their coordinator share.
#[derive(Debug)]
pub(crate) struct Gate {
    epoch: Instant,
    workers: usize,
    arrived: AtomicUsize,
    reported: AtomicUsize,
    /// Start and end in nanoseconds since the epoch; the end is 0 until the window is set, and
    /// is set last.
    start: AtomicU64,
    end: AtomicU64,
    /// How many workers have seen the window's end.
    past: AtomicUsize,
    /// When the next snapshot is due, in nanoseconds since the epoch.
    snapshot_due: AtomicU64,
}

impl Gate {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            epoch: Instant::now(),
            workers,
            arrived: AtomicUsize::new(0),
            reported: AtomicUsize::new(0),
            start: AtomicU64::new(0),
            end: AtomicU64::new(0),
            past: AtomicUsize::new(0),
            snapshot_due: AtomicU64::new(0),
        }
    }

    /// Whether the caller is the one to take the snapshot that is due, if one is, with one due
    /// every so many nanoseconds. Of those that fell due since the last was taken, all but one
    /// are left out.
    #[inline]
    pub(crate) fn claim_snapshot(&self, every: u64) -> bool {
        let (now, due) = (self.now(), self.snapshot_due.load(Ordering::Relaxed));
        if now < due {
            return false;
        }
        let next = due + ((now - due) / every + 1) * every;
        let claimed =
            self.snapshot_due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        claimed.is_ok()
    }

    /// Nanoseconds since the round was set up.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    /// The barrier workers start behind. They stay runnable while they wait: a worker that slept
    /// would be woken on the processor of the one that woke it, and the two would share it for
    /// much of a short round.
    pub(crate) fn assemble(&self) {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        while self.arrived.load(Ordering::Relaxed) < self.workers {
            std::thread::yield_now();
        }
    }

    /// A worker has done its first operations.
    pub(crate) fn report(&self) {
        self.reported.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens the window after every worker has reported and `warm_up` is over since then, and
    /// waits for its end. Gives up waiting for reports, and opens it nevertheless, when workers
    /// end without having reported.
    ///
    /// Returns how many processors the process kept busy during the window, where the system
    /// tells.
    pub(crate) fn hold(
        &self,
        warm_up: Duration,
        length: Duration,
        ended: impl Fn() -> bool,
    ) -> Option<f64> {
        while self.reported.load(Ordering::Relaxed) < self.workers && !ended() {
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(warm_up);
        let start = self.now() + NOTICE.as_nanos() as u64;
        self.start.store(start, Ordering::Relaxed);
        // Release: who sees the end sees the start.
        let end = start + length.as_nanos() as u64;
        self.end.store(end, Ordering::Release);
        let (before, began) = (self.busy_at(start), self.now());
        let (after, over) = (self.busy_at(end), self.now());
        Some(after?.saturating_sub(before?) as f64 / over.saturating_sub(began).max(1) as f64)
    }

    /// Nanoseconds of processor time that the process has had by an instant, which is waited for.
    fn busy_at(&self, instant: u64) -> Option<u64> {
        let wait = instant.saturating_sub(self.now());
        std::thread::sleep(Duration::from_nanos(wait));
        processor_time()
    }

    /// The window, if it is set.
    #[inline]
    pub(crate) fn window(&self) -> Option<Window> {
        // Acquire: pairs with the release in `hold`.
        let end = self.end.load(Ordering::Acquire);
        (end != 0).then(|| Window {
            start: self.start.load(Ordering::Relaxed),
            end,
        })
    }

    /// A worker has seen the window's end.
    pub(crate) fn pass(&self) {
        self.past.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether every worker has seen the window's end, so that all may stop.
    #[inline]
    pub(crate) fn all_past(&self) -> bool {
        self.past.load(Ordering::Relaxed) >= self.workers
    }
}

#[cfg(unix)]
fn processor_time() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u64::try_from(time.tv_nsec).ok()?;
    Some(seconds * 1_000_000_000 + nanos)
}

#[cfg(not(unix))]
fn processor_time() -> Option<u64> {
    None
}

/// A stretch of time, in nanoseconds since the round was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it starts.
    pub start: u64,
    /// When it ends.
    pub end: u64,
}

impl Window {
    fn length(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// What one worker reports of a round. Times as in [`Window`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Attendance {
    /// When its first operation was about to start; `None` if it did none.
    pub started: Option<u64>,
    /// When its last operation was over.
    pub stopped: u64,
    /// Its operations inside the window, as far as it attended.
    pub operations: f64,
}

/// What a round comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Operations per second of all workers together, over the time they were all at work.
    pub ops_per_s: f64,
    /// Operations inside the window.
    pub operations: f64,
    /// The share of the window during which every worker was at work: 1 in a sound round.
    pub overlap: f64,
    /// Jain's index over the workers' operations.
    pub fairness: f64,
}

/// Draws up the account of a round.
///
/// `ops_per_s` divides by the length of the window, which is the time between the last start and
/// the first stop as long as `overlap` is 1. Where it is less, the figure is wrong and the run
/// fails, see [`required overlap`](crate::harness::REQUIRED_OVERLAP).
#[must_use]
pub fn account(window: Window, workers: &[Attendance]) -> Account {
    let last_start = workers
        .iter()
        .map(|worker| worker.started.unwrap_or(u64::MAX))
        .fold(window.start, u64::max);
    let first_stop = workers
        .iter()
        .map(|worker| worker.stopped)
        .fold(window.end, u64::min);
    let length = window.length() as f64;
    let share = |part: f64| if length > 0.0 { part / length } else { 0.0 };
    let operations: Vec<f64> = workers.iter().map(|worker| worker.operations).collect();
    let total: f64 = operations.iter().sum();
    Account {
        ops_per_s: share(total) * 1e9,
        operations: total,
        overlap: share(first_stop.saturating_sub(last_start) as f64),
        fairness: statistics::jain(&operations).unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    const WINDOW: Window = Window {
        start: 1_000,
        end: 2_000,
    };

    fn worker(started: u64, stopped: u64) -> Attendance {
        Attendance {
            started: Some(started),
            stopped,
            operations: 100.0,
        }
    }

    #[test]
    fn sound_round() {
        let account = account(WINDOW, &[worker(10, 2_005), worker(900, 3_000)]);
        assert_eq!(account.overlap, 1.0);
        assert_eq!(account.operations, 200.0);
        assert_eq!(account.ops_per_s, 2e8);
        assert_eq!(account.fairness, 1.0);
    }

    #[test]
    fn late_start_early_stop_and_absence_are_noticed() {
        let sound = worker(10, 3_000);
        assert_eq!(account(WINDOW, &[sound, worker(1_400, 3_000)]).overlap, 0.6);
        assert_eq!(account(WINDOW, &[sound, worker(10, 1_250)]).overlap, 0.25);
        let one_after_the_other = [worker(10, 1_500), worker(1_500, 3_000)];
        assert_eq!(account(WINDOW, &one_after_the_other).overlap, 0.0);
        let with_absentee = account(WINDOW, &[sound, Attendance::default()]);
        assert_eq!(with_absentee.overlap, 0.0);
    }

    #[test]
    fn nothing_at_all_is_nothing_not_nan() {
        let nothing = account(Window { start: 5, end: 5 }, &[]);
        assert_eq!(nothing.ops_per_s, 0.0);
        assert_eq!(nothing.overlap, 0.0);
        assert_eq!(nothing.fairness, 0.0);
    }

    #[test]
    fn each_snapshot_is_claimed_once_and_none_is_made_up_for() {
        let gate = Gate::new(1);
        let every = Duration::from_millis(20).as_nanos() as u64;
        assert!(gate.claim_snapshot(every), "one is due at the start");
        assert!(!gate.claim_snapshot(every), "and was claimed");
        std::thread::sleep(Duration::from_millis(45));
        assert!(gate.claim_snapshot(every));
        let next = gate.snapshot_due.load(Ordering::Relaxed);
        assert!(next > gate.now() - every && next.is_multiple_of(every));
    }

    #[test]
    fn gate_opens_when_all_have_reported() {
        let gate = Gate::new(2);
        gate.report();
        assert_eq!(gate.window(), None);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                gate.report();
            });
            gate.hold(Duration::ZERO, Duration::from_millis(1), || false);
        });
        let window = gate.window().map_or(0, |window| window.start);
        assert!(window > Duration::from_millis(20).as_nanos() as u64);
        gate.pass();
        assert!(!gate.all_past());
        gate.pass();
        assert!(gate.all_past());
    }
}
