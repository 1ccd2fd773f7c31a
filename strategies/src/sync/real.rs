//! The primitives of an ordinary build.

use std::cell::Cell;
use std::sync::atomic;
use std::time::{Duration, Instant};

#[cfg(feature = "slotted")]
pub(crate) use std::sync::MutexGuard;
pub(crate) use std::sync::atomic::AtomicPtr as RawAtomicPtr;
pub(crate) use std::sync::atomic::AtomicUsize as RawAtomicUsize;
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::sync::{Mutex as RawMutex, MutexGuard as RawMutexGuard};

#[cfg(feature = "arc-swap")]
pub(crate) use arc_swap::ArcSwap;
#[cfg(any(feature = "parking-lot", feature = "sharded"))]
pub(crate) use parking_lot::RwLock;
#[cfg(feature = "sharded")]
pub(crate) use parking_lot::{RwLockReadGuard, RwLockWriteGuard};
#[cfg(any(feature = "tokio-mutex", feature = "tokio-rwlock"))]
pub(crate) use tokio::sync as tokio;

/// A load of an atomic.
#[inline]
pub(super) fn load(number: &RawAtomicUsize, order: atomic::Ordering) -> usize {
    number.load(order)
}

/// A store to an atomic.
#[inline]
pub(super) fn store(number: &RawAtomicUsize, value: usize, order: atomic::Ordering) {
    number.store(value, order);
}

/// A load of an atomic pointer.
#[inline]
pub(super) fn load_pointer<T>(pointer: &RawAtomicPtr<T>, order: atomic::Ordering) -> *mut T {
    pointer.load(order)
}

/// How long a waiter has been waiting.
#[derive(Clone)]
pub(crate) struct Patience(Instant);

impl Patience {
    /// After another attempt that failed.
    pub(crate) fn again(&self) -> Self {
        self.clone()
    }

    /// Whether it has waited for so long that it should go before anyone else: a hand-over costs
    /// the time to wake a thread, so it must be much rarer than that.
    pub(crate) fn is_over(&self) -> bool {
        self.0.elapsed() >= Duration::from_micros(500)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// Rounds of busy waiting, each twice as long as the one before, before a thread goes to sleep.
pub(crate) const SPINS: u32 = 7;

/// How many lists there are of what threads add to at the same time: about one for each that runs.
#[cfg(feature = "slotted")]
pub(crate) fn lists() -> usize {
    std::thread::available_parallelism().map_or(16, |threads| 4 * threads.get())
}

/// When a bag of garbage is looked through.
#[cfg(feature = "slotted")]
#[derive(Default)]
pub(crate) struct Pace {
    last: Option<Instant>,
    /// How long the threads were made to wait at the last look.
    cost: Duration,
}

#[cfg(feature = "slotted")]
impl Pace {
    /// At the latest.
    const MOST: usize = 512;
    /// Looking makes all other threads that run pass a fence. Not more often than this then, so that
    /// it costs them next to nothing; how much garbage there is is a matter of how much can be written
    /// in this time.
    const INTERVAL: Duration = Duration::from_micros(100);
    /// If no others run, it costs next to nothing anyway, and what was in use a moment ago is better
    /// for the caches than what was then.
    const COSTS: u32 = 32;
    /// Not worth it for fewer.
    const FEW: usize = 256;
    /// How often the clock is read.
    const EACH: usize = 8;

    /// Whether it is time, with so much in the bag since the last look.
    pub(crate) fn is_due(&mut self, fresh: usize) -> bool {
        // At the first, too: who writes now and then frees at once.
        if fresh < Self::MOST && fresh % Self::EACH != 1 {
            return false;
        }
        let now = Instant::now();
        let interval = match fresh {
            ..Self::FEW => Self::INTERVAL,
            _ => Self::INTERVAL.min(self.cost * Self::COSTS),
        };
        let due = fresh >= Self::MOST || self.last.is_none_or(|last| now - last >= interval);
        if due {
            self.last = Some(now);
        }
        due
    }

    /// Runs `fence`, which makes threads wait.
    pub(crate) fn time<R>(&mut self, fence: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let done = fence();
        self.cost = start.elapsed();
        done
    }

    /// Goes on with what another one has seen.
    pub(crate) fn learn(&mut self, other: &Self) {
        self.cost = other.cost;
    }

    /// Whether there is so much that could not be freed that the thread should let others run.
    pub(crate) fn is_crowded(waiting: usize) -> bool {
        waiting > 2 * Self::MOST
    }
}

/// How many versions a thread can have protected at a time: closures of reads inside of one another.
#[cfg(feature = "slotted")]
pub(crate) const HAZARDS: usize = 6;

/// How many handles can be lent by a thread at a time.
#[cfg(feature = "slotted")]
pub(crate) const LENT: usize = 8;

/// Whether something is used only while it is there: where an explorer looks, it watches that.
#[cfg(feature = "slotted")]
#[derive(Default)]
pub(crate) struct Life(());

#[cfg(feature = "slotted")]
impl Life {
    /// It is used now.
    #[inline]
    pub(crate) fn used(&self) {}

    /// It is never used again.
    #[inline]
    pub(crate) fn end(&self) {}
}

/// Where to what is freed goes.
#[cfg(feature = "slotted")]
pub(crate) struct Graveyard<T>(std::marker::PhantomData<fn(T)>);

#[cfg(feature = "slotted")]
impl<T> Default for Graveyard<T> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

#[cfg(feature = "slotted")]
impl<T> Graveyard<T> {
    /// Frees it.
    pub(crate) fn bury(&self, freed: Vec<T>, _end: fn(&T)) {
        drop(freed);
    }
}

/// A static that all stores share.
#[cfg(feature = "slotted")]
macro_rules! global {
    (static $name:ident: $type:ty = $value:expr;) => {
        static $name: $type = $value;
    };
}
#[cfg(feature = "slotted")]
pub(crate) use global;

/// A function that returns what `take` gave to the thread when it first asked; `give_back` gets it when
/// the thread ends. (Not if it first asks while its thread-locals are being dropped: then it is kept.)
#[cfg(feature = "slotted")]
macro_rules! per_thread {
    ($(#[$attribute:meta])* fn $name:ident() -> &'static $type:ty { $take:ident, $give_back:ident }) => {
        $(#[$attribute])*
        #[inline]
        pub(crate) fn $name() -> &'static $type {
            use std::cell::Cell;

            // Two, since what need not be dropped is reached without a check.
            std::thread_local! {
                static HELD: Cell<Option<&'static $type>> = const { Cell::new(None) };
                static LEAVE: Leave = const { Leave };
            }

            struct Leave;
            impl Drop for Leave {
                fn drop(&mut self) {
                    if let Some(held) = HELD.take() {
                        $give_back(held);
                    }
                }
            }

            #[cold]
            fn first() -> &'static $type {
                let held = $take();
                HELD.set(Some(held));
                let _registered = LEAVE.try_with(|_| ());
                held
            }

            HELD.get().unwrap_or_else(first)
        }
    };
}
#[cfg(feature = "slotted")]
pub(crate) use per_thread;

pub(crate) type Hasher = foldhash::fast::RandomState;

/// A hasher with a seed of its own.
pub(crate) fn hasher() -> Hasher {
    Hasher::default()
}

/// How many shards there are, if nobody says: several for each thread that runs at a time.
#[cfg(any(feature = "sharded", feature = "slotted"))]
pub(crate) fn default_shards() -> usize {
    std::thread::available_parallelism().map_or(16, |threads| 4 * threads.get())
}

/// Blocks the thread until the future is ready.
#[cfg(any(
    feature = "parking-lot",
    feature = "arc-swap",
    feature = "sharded",
    feature = "slotted"
))]
pub(crate) fn block_on<F: std::future::Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

/// Lets others go on while the thread waits for something that takes nanoseconds, unless who does it
/// does not run.
#[cfg(feature = "slotted")]
#[derive(Default)]
pub(crate) struct Relax(u32);

#[cfg(feature = "slotted")]
impl Relax {
    pub(crate) fn relax(&mut self) {
        if self.0 < SPINS {
            (0..1 << self.0).for_each(|_| std::hint::spin_loop());
            self.0 += 1;
        } else {
            std::thread::yield_now();
        }
    }
}

/// How many entries a line of an index holds, of all that it could.
#[cfg(feature = "slotted")]
pub(crate) const fn line_load(entries: usize) -> usize {
    entries - entries.div_ceil(4)
}

thread_local! {
    /// How many closures of a store the thread is inside of.
    pub(crate) static CLOSURE_DEPTH: Cell<usize> = const { Cell::new(0) };
}
