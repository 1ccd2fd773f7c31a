//! The place of one key, which stays where it is from the key's creation to its removal.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::latch::Latch;
use super::reclaim::Pin;
use crate::faults::{fault, ordering};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Life, Relax};
use crate::version::Node;
use crate::{Version, Versioned};

/// A key and its newest version.
///
/// Invariant: only who *has* the slot changes it, which is the one who holds its latch, or has a
/// [`Brief`](super::latch::Brief) of it; who adds or removes it has the lock of its shard, too.
/// Everyone who is pinned may look.
pub(crate) struct Slot<K, V> {
    pub(crate) hash: u64,
    pub(crate) key: K,
    /// A version; or a [`Pending`] change, marked by its lowest bit; null before the key is there and
    /// after it was removed.
    current: AtomicPtr<Node<V>>,
    /// The era of the newest commit; see [`Passage`](super::passage::Passage).
    era: AtomicUsize,
    pub(crate) latch: Latch,
    pub(crate) life: Life,
}

/// One key's part of a batch, while that is being committed.
pub(crate) struct Pending<V> {
    before: Option<NonNull<Node<V>>>,
    after: Option<NonNull<Node<V>>>,
    /// Not 0 from the instant on at which the batch is committed; that of all its parts.
    done: *const AtomicUsize,
}

/// The lowest bit of a pointer.
const PENDING: usize = 1;

impl<V> Pending<V> {
    pub(crate) fn new(
        before: Option<NonNull<Node<V>>>,
        after: Option<NonNull<Node<V>>>,
        done: *const AtomicUsize,
    ) -> Self {
        Self {
            before,
            after,
            done,
        }
    }

    /// What the key holds.
    #[cold]
    fn resolve(&self) -> Option<NonNull<Node<V>>> {
        // SAFETY: it is part of the same allocation, or of one that is retired with it.
        let done = unsafe { &*self.done };
        // Acquire: partner of the Release in `Flight::land`: who sees the batch here sees it in its other
        // slots, too. No model fails without it: explorers take the light fence of the next pin for a
        // full one.
        match done.load(ordering!(Acquire)) {
            0 => self.before,
            _ => self.after,
        }
    }
}

impl<K, V> Slot<K, V> {
    /// A slot that holds nothing yet.
    pub(crate) fn new(hash: u64, key: K) -> Self {
        Self {
            hash,
            key,
            current: AtomicPtr::default(),
            era: AtomicUsize::new(0),
            latch: Latch::default(),
            life: Life::default(),
        }
    }

    /// The newest version, for one who is pinned; `None` if the key is not there.
    #[inline]
    pub(crate) fn look(&self, _pin: &Pin) -> Option<NonNull<Node<V>>> {
        // Acquire: partner of the Release in `publish`.
        let current = self.current.load(ordering!(Acquire));
        if current.addr() & PENDING == 0 {
            return NonNull::new(current);
        }
        let pending: *mut Pending<V> = current.map_addr(|address| address & !PENDING).cast();
        // SAFETY: it was put there by `stage`, and is not freed while the thread is pinned.
        unsafe { &*pending }.resolve()
    }

    /// The newest version, for the one who has the slot, until it gives that up or replaces it.
    pub(crate) fn current(&self) -> Option<Borrowed<'_, V>> {
        let mut relax = Relax::default();
        loop {
            // Acquire: partner of the Release in `publish`. No model fails without it: who has the slot
            // has it by an Acquire from the one who had it last, but for a batch that has closed the
            // passage, whose fence explorers take for a full one.
            let order = ordering!(Acquire);
            let current = NonNull::new(self.current.load(order))?;
            if current.addr().get() & PENDING == 0 {
                // SAFETY: only who has the slot retires what it holds.
                return Some(unsafe { Borrowed::new(current) });
            }
            // The batch that creates the key is about to be done with it.
            relax.relax();
        }
    }

    /// Makes a version the newest. What it replaces, which the caller must have asked for before, is
    /// the caller's to retire.
    #[inline]
    pub(crate) fn publish(&self, next: Option<NonNull<Node<V>>>, era: usize) {
        self.enter(era);
        // Release: partner of the Acquire in `look`.
        let order = ordering!(Release);
        self.current.store(pointer(next), order);
    }

    /// Makes a part of a batch what the slot holds.
    pub(crate) fn stage(&self, pending: NonNull<Pending<V>>, era: usize) {
        self.enter(era);
        let staged: *mut Node<V> = pending.as_ptr().cast();
        // Release: partner of the Acquire in `look`.
        let order = ordering!(Release);
        self.current
            .store(staged.map_addr(|address| address | PENDING), order);
    }

    /// Says that the newest commit is of this era, before that is published.
    fn enter(&self, era: usize) {
        // Release: partner of the Acquire in `era`: who sees it sees what is kept for snapshots.
        let order = ordering!(Release);
        self.era.store(era, order);
    }

    /// The era of the newest commit, or of one that is about to be published.
    pub(crate) fn era(&self) -> usize {
        // Acquire: partner of the Release in `enter`.
        self.era.load(ordering!(Acquire))
    }

    /// What the slot held when a snapshot was taken whose walk this is part of, if it is still there.
    pub(crate) fn look_back(
        &self,
        is_after: impl FnOnce(usize) -> bool,
        _pin: &Pin,
    ) -> Option<Versioned<V>> {
        // Acquire: partner of the Release in `publish` and `stage`. This first: what was published
        // after the snapshot comes with an era that is after it.
        let current = self.current.load(ordering!(Acquire));
        if is_after(self.era()) && !fault!("snapshots-see-later-versions") {
            return None;
        }
        let current = NonNull::new(current)?;
        if current.addr().get() & PENDING != 0 {
            debug_assert!(false, "a batch that was committed before is still pending");
            return None;
        }
        // SAFETY: it is not freed while the thread is pinned.
        let current = unsafe { Borrowed::new(current) };
        Some(Versioned::clone(&current))
    }

    /// Takes out what it holds.
    pub(crate) fn take(&mut self) -> Option<Versioned<V>> {
        // Relaxed: nobody else is looking.
        let current = self.current.load(Ordering::Relaxed);
        self.current = AtomicPtr::default();
        // SAFETY: it came from `into_raw` and counts as a handle; a batch is never left half done.
        NonNull::new(current).map(|current| unsafe { Versioned::from_raw(current) })
    }
}

fn pointer<V>(version: Option<NonNull<Node<V>>>) -> *mut Node<V> {
    version.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// A version that somebody else keeps alive.
pub(crate) struct Borrowed<'a, V>(ManuallyDrop<Versioned<V>>, PhantomData<&'a V>);

impl<V> Borrowed<'_, V> {
    /// # Safety
    ///
    /// The pointer must come from [`Versioned::into_raw`], and count as a handle for as long as this
    /// is used.
    #[inline]
    pub(crate) unsafe fn new(version: NonNull<Node<V>>) -> Self {
        // SAFETY: the caller's; it is never dropped.
        let version = unsafe { Versioned::from_raw(version) };
        Self(ManuallyDrop::new(version), PhantomData)
    }

    /// The pointer it came from.
    pub(crate) fn as_raw(&self) -> NonNull<Node<V>> {
        NonNull::from((**self).node())
    }

    /// The version it is.
    pub(crate) fn version(&self) -> Version {
        (**self).version()
    }
}

impl<V> Deref for Borrowed<'_, V> {
    type Target = Versioned<V>;

    #[inline]
    fn deref(&self) -> &Versioned<V> {
        self.0.node().life.used();
        &self.0
    }
}
