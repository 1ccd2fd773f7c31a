//! The primitives under loom or shuttle: the explorer's own where it has them, contract models of
//! the others.

use std::cell::Cell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// The explorer. Both offer the same names, those of std.
#[cfg(contexture_loom)]
pub(crate) use loom as base;
#[cfg(not(contexture_loom))]
pub(crate) use shuttle as base;

pub(crate) use base::future::block_on;
pub(crate) use base::sync::Arc;
pub(crate) use base::sync::MutexGuard;
pub(crate) use base::sync::atomic::AtomicUsize as RawAtomicUsize;
pub(crate) use base::sync::{Mutex as RawMutex, MutexGuard as RawMutexGuard};
pub(crate) use base::sync::{RwLockReadGuard, RwLockWriteGuard};
pub(crate) use life::{Graveyard, Life};

pub(crate) use arc_swap::ArcSwap;
pub(crate) use once_lock::OnceLock;
pub(crate) use pointer::{RawAtomicPtr, load_pointer};

mod arc_swap;
mod life;
mod once_lock;
mod pointer;
pub(crate) mod tokio;

/// What can be chosen about a model, apart from the explorer's own settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variant {
    /// Perform each atomic load as a read-modify-write that changes nothing.
    ///
    /// loom does not explore every order of a load and a later store of the same atomic
    /// ([issue 392](https://github.com/tokio-rs/loom/issues/392)). As writes, loads are ordered
    /// against everything; but then none is ever stale. So each model is explored both ways.
    pub loads_as_writes: bool,
    /// Hand a gate over to the first waiter at once, and not only to one that has tried before.
    pub impatient: bool,
}

impl Variant {
    /// Plain loads, patient waiters.
    pub const PLAIN: Self = Self {
        loads_as_writes: false,
        impatient: false,
    };
    /// Every variant worth exploring.
    pub const ALL: [Self; 3] = [
        Self::PLAIN,
        Self {
            loads_as_writes: true,
            impatient: false,
        },
        Self {
            loads_as_writes: true,
            impatient: true,
        },
    ];

    /// Makes this the variant of all models that this thread runs from now on.
    pub fn choose(self) {
        VARIANT.set(self);
    }
}

thread_local! {
    static VARIANT: Cell<Variant> = const { Cell::new(Variant::PLAIN) };
}

/// A load of an atomic.
pub(super) fn load(number: &RawAtomicUsize, order: Ordering) -> usize {
    if VARIANT.get().loads_as_writes {
        number.fetch_add(0, order)
    } else {
        number.load(order)
    }
}

/// A store to an atomic. It is a read-modify-write where loads are: loom does not order a plain one
/// behind a read-modify-write that came before it
/// ([issue 389](https://github.com/tokio-rs/loom/issues/389)).
pub(super) fn store(number: &RawAtomicUsize, value: usize, order: Ordering) {
    if VARIANT.get().loads_as_writes {
        number.swap(value, order);
    } else {
        number.store(value, order);
    }
}

/// The explorer explores waiting itself. No constant, since clippy denies a loop that it can see to
/// be empty.
pub(crate) static SPINS: u32 = 0;

/// How often a waiter has tried: models know no time.
#[derive(Clone, Default)]
pub(crate) struct Patience(usize);

impl Patience {
    pub(crate) fn again(&self) -> Self {
        Self(self.0 + 1)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0 > 0 || VARIANT.get().impatient
    }
}

/// Sends numbers to tables in turn: models say which keys share a shard, and an explorer that
/// replays executions must find the same ones each time.
#[derive(Clone, Default)]
pub(crate) struct Hasher(u64);

pub(crate) fn hasher() -> Hasher {
    Hasher::default()
}

impl std::hash::BuildHasher for Hasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        self.clone()
    }
}

impl std::hash::Hasher for Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte));
    }

    /// Tables are picked by the upper half.
    fn finish(&self) -> u64 {
        self.0 << 32 | self.0
    }
}

/// Everything that is retired is looked at at once, and the explorer runs whom it likes.
#[derive(Default)]
pub(crate) struct Pace;

impl Pace {
    pub(crate) fn is_due(&mut self, _fresh: usize) -> bool {
        true
    }

    pub(crate) fn time<R>(&mut self, fence: impl FnOnce() -> R) -> R {
        fence()
    }

    pub(crate) fn learn(&mut self, _other: &Self) {}

    pub(crate) fn is_crowded(_waiting: usize) -> bool {
        false
    }
}

/// One, so that a read inside of another has none left.
pub(crate) const HAZARDS: usize = 1;

/// One, so that a second handle is counted.
pub(crate) const LENT: usize = 1;

/// All add to one.
pub(crate) fn lists() -> usize {
    1
}

/// Lets others go on.
#[derive(Default)]
pub(crate) struct Relax;

impl Relax {
    pub(crate) fn relax(&mut self) {
        base::thread::yield_now();
    }
}

/// As few as can be, so that an index grows with its second key.
pub(crate) const fn line_load(_entries: usize) -> usize {
    1
}

thread_local! {
    /// What former executions left.
    static LEFT: std::cell::RefCell<Vec<Left>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Memory that an execution leaves behind.
struct Left(*mut u8, std::alloc::Layout);

/// Frees what came out of a box, without dropping it, after the execution that is about to end: loom
/// drops statics before the thread-locals of its first thread, which may still use it.
pub(crate) fn free_after_execution<T>(boxed: &'static T) {
    let left = Left(
        std::ptr::from_ref(boxed).cast_mut().cast(),
        std::alloc::Layout::new::<T>(),
    );
    LEFT.with_borrow_mut(|all| all.push(left));
}

/// Frees what former executions on this thread of the explorer left. To be called when a new one has
/// begun.
pub(crate) fn free_what_is_left() {
    for Left(pointer, layout) in LEFT.take() {
        // SAFETY: it came out of a box, and the execution that used it has ended.
        unsafe { std::alloc::dealloc(pointer, layout) };
    }
}

/// A static of each execution.
macro_rules! global {
    (static $name:ident: $type:ty = $value:expr;) => {
        $crate::sync::base::lazy_static! {
            static ref $name: $type = $value;
        }
    };
}
pub(crate) use global;

/// A function that returns what `take` gave to the thread when it first asked; `give_back` gets it when
/// the thread ends.
macro_rules! per_thread {
    ($(#[$attribute:meta])* fn $name:ident() -> &'static $type:ty { $take:ident, $give_back:ident }) => {
        $(#[$attribute])*
        pub(crate) fn $name() -> &'static $type {
            $crate::sync::base::thread_local! {
                static HELD: Held = Held($take());
            }

            struct Held(&'static $type);
            impl Drop for Held {
                fn drop(&mut self) {
                    // A failed execution is not taken any further.
                    if !std::thread::panicking() {
                        $give_back(self.0);
                    }
                }
            }

            HELD.with(|held| held.0)
        }
    };
}
pub(crate) use per_thread;

/// Odd keys and even keys.
pub(crate) fn default_shards() -> usize {
    2
}

base::thread_local! {
    /// How many closures of a store the thread is inside of.
    pub(crate) static CLOSURE_DEPTH: Cell<usize> = Cell::new(0);
}

/// parking_lot's RwLock, which knows no poison.
#[derive(Default)]
pub(crate) struct RwLock<T>(base::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
