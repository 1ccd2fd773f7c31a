//! Who is looking at what: one record a thread, in a list that all stores of the process share.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::faults::{fault, ordering};
use crate::handle::Place;
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{HAZARDS, LENT, fence, global, per_thread};

/// What a thread says of itself. Only that thread writes it, but for what is [`taken`](Record::taken)
/// and [`lent`](Record::lent).
#[repr(align(128))]
pub(crate) struct Record {
    /// [`NOTHING`]; or it follows pointers, then the epoch in which it was pinned, [marked](following); or
    /// the address of the one thing that it looks at.
    doing: AtomicUsize,
    /// What it looks at besides, while a closure that it was shown to uses a store: the first `aside` of
    /// these. 0 is nothing.
    hazards: [AtomicUsize; HAZARDS],
    aside: Cell<usize>,
    /// Where it lends handles.
    lent: [Place; LENT],
    /// The passage that it is in, if any; see [`Passage`](super::super::passage::Passage).
    pub(crate) passing: AtomicUsize,
    /// Whether a thread has it.
    taken: AtomicUsize,
    /// How many there were before it.
    pub(crate) number: usize,
    /// The one that was there before it; never changes.
    next: *const Record,
}

const NOTHING: usize = 0;

/// An epoch as what a thread is [`doing`](Record::doing): no address is odd.
const fn following(epoch: usize) -> usize {
    epoch << 1 | 1
}

/// The epoch, if a thread that is doing this follows pointers.
const fn followed(doing: usize) -> Option<usize> {
    if doing & 1 == 1 {
        Some(doing >> 1)
    } else {
        None
    }
}

// SAFETY: what is neither atomic nor constant is used by the thread alone that has taken the record;
// who takes it synchronises with who gave it back.
unsafe impl Send for Record {}
// SAFETY: as above.
unsafe impl Sync for Record {}

/// All records, and the time that they are pinned at.
struct Domain {
    /// Starts at 1.
    epoch: AtomicUsize,
    newest: AtomicPtr<Record>,
}

global! {
    static DOMAIN: Domain = Domain {
        epoch: AtomicUsize::new(1),
        newest: AtomicPtr::new(std::ptr::null_mut()),
    };
}

/// Only that of an explored execution is ever dropped.
#[cfg(any(contexture_loom, contexture_shuttle))]
impl Drop for Domain {
    fn drop(&mut self) {
        // Relaxed: nobody else is left.
        let mut next: *const Record = self.newest.load(Ordering::Relaxed);
        // SAFETY: each came out of a box in `take`, is in the list once, and is still there.
        while let Some(record) = unsafe { next.as_ref() } {
            next = record.next;
            crate::sync::free_after_execution(record);
        }
    }
}

/// All records there are.
pub(crate) fn records() -> impl Iterator<Item = &'static Record> {
    // Acquire: partner of the Release in `take`, to see what is in the records.
    let newest: *const Record = DOMAIN.newest.load(ordering!(Acquire));
    // SAFETY: records are never freed while anyone can ask for them.
    std::iter::successors(unsafe { newest.as_ref() }, |record| unsafe {
        record.next.as_ref()
    })
}

per_thread! {
    /// The record of this thread.
    fn record() -> &'static Record { take, give_back }
}

/// Takes a record that nobody has, or makes one.
fn take() -> &'static Record {
    for record in records() {
        // Acquire: partner of the Release in `give_back`.
        let taken = record.taken.compare_exchange(0, 1, ordering!(Acquire));
        if taken.is_ok() {
            return record;
        }
    }
    #[cfg(any(contexture_loom, contexture_shuttle))]
    if records().next().is_none() {
        crate::sync::free_what_is_left();
    }
    let newest = || {
        records()
            .next()
            .map_or(ptr::null_mut(), |it| ptr::from_ref(it).cast_mut())
    };
    let mut next = newest();
    let record = Box::leak(Box::new(Record {
        doing: AtomicUsize::new(NOTHING),
        hazards: Default::default(),
        aside: Cell::new(0),
        lent: Default::default(),
        passing: AtomicUsize::new(0),
        taken: AtomicUsize::new(1),
        number: 0,
        next: ptr::null(),
    }));
    loop {
        record.next = next;
        // SAFETY: as in `records`, which it came from.
        record.number = unsafe { record.next.as_ref() }.map_or(0, |next| next.number + 1);
        // Release: partner of the Acquire in `records`.
        let order = ordering!(Release);
        match DOMAIN.newest.compare_exchange(next, record, order) {
            Ok(_) => return record,
            Err(_) => next = newest(),
        }
    }
}

/// Lets another thread have the record.
fn give_back(record: &'static Record) {
    // Release: partner of the Acquire in `take`.
    record.taken.store(0, ordering!(Release));
}

/// Says that this thread follows pointers, until it is dropped.
pub(crate) struct Pin {
    record: &'static Record,
    /// Whether the thread was pinned already: the user's code, a key's `Eq` say, uses a store in spite of
    /// what it was told.
    inside: bool,
}

/// Pins the thread.
#[inline]
pub(crate) fn pin() -> Pin {
    let record = record();
    // Relaxed: only this thread writes it.
    let doing = record.doing.load(Ordering::Relaxed);
    let inside = doing != NOTHING && record.is_pinned_inside(doing);
    if !inside {
        record.pin();
    }
    Pin { record, inside }
}

impl Record {
    #[inline]
    fn pin(&self) {
        // Acquire: partner of the Release in `advance`. Whoever is pinned in an epoch sees all that was
        // unlinked before that began. No model fails without it: explorers take the light fence below
        // for a full one.
        let epoch = DOMAIN.epoch.load(ordering!(Acquire));
        // Release: partner of the Acquire in `Watch::new`, which then sees what was protected under
        // former pins.
        self.doing.store(following(epoch), ordering!(Release));
        if !fault!("pin-without-fence") {
            // Partner of the heavy one in `Watch::new`: that sees the pin, or this thread what had
            // been unlinked before.
            fence::light();
        }
    }

    /// Whether the thread is pinned already; if it is looking at something, puts that aside.
    #[cold]
    fn is_pinned_inside(&self, doing: usize) -> bool {
        if followed(doing).is_some() {
            return true;
        }
        let place = self.aside.get();
        // Relaxed: the Release of the next pin is its partner's.
        self.hazards[place].store(doing, Ordering::Relaxed);
        self.aside.set(place + 1);
        false
    }
}

impl Pin {
    /// A place where a handle of what is found under this pin can be lent; `None` if the thread has lent
    /// too many.
    #[inline]
    pub(crate) fn free_place(&self) -> Option<&'static Place> {
        self.record.lent.iter().find(|place| place.is_free())
    }

    /// Protects what is at `pointer`, which was found under this pin, and unpins. `Err` with the pin
    /// if the thread protects too much already.
    #[inline]
    pub(crate) fn protect<T>(self, pointer: NonNull<T>) -> Result<Protected<T>, Self> {
        let record = self.record;
        // There must be room to put it aside.
        if self.inside || record.aside.get() == HAZARDS {
            return Err(self);
        }
        std::mem::forget(self);
        let protected = match fault!("protect-says-nothing") {
            true => NOTHING,
            false => pointer.addr().get(),
        };
        // Release: partner of the Acquire in `Watch::new`: whoever sees that the thread is no longer
        // pinned sees what it protects, and that it is done with all else.
        record.doing.store(protected, ordering!(Release));
        Ok(Protected { record, pointer })
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        if !self.inside {
            // Release: partner of the Acquire in `Watch::new`: this thread is done with what it
            // followed, and has said what it lent.
            self.record.doing.store(NOTHING, ordering!(Release));
        }
    }
}

/// Something that is not freed, until this is dropped. On one thread they must be dropped in the
/// reverse of the order in which they were made.
pub(crate) struct Protected<T> {
    record: &'static Record,
    pointer: NonNull<T>,
}

impl<T> Protected<T> {
    /// What is protected.
    #[inline]
    pub(crate) fn as_ref(&self) -> &T {
        // SAFETY: it was there under the pin it was found under, and has been protected since.
        unsafe { self.pointer.as_ref() }
    }
}

impl<T> Drop for Protected<T> {
    #[inline]
    fn drop(&mut self) {
        let record = self.record;
        // Relaxed: only this thread writes it.
        let word = match record.doing.load(Ordering::Relaxed) {
            // It was put aside.
            NOTHING => {
                let place = record.aside.get().saturating_sub(1);
                record.aside.set(place);
                &record.hazards[place]
            }
            _ => &record.doing,
        };
        // Release: partner of the Acquire in `Watch::new`: this thread is done with it.
        word.store(NOTHING, ordering!(Release));
    }
}

/// Every place where a handle is lent that has not been counted.
pub(crate) fn debts() -> Vec<&'static Place> {
    let places = records().flat_map(|record| &record.lent);
    places.filter(|place| !place.owed().is_null()).collect()
}

/// Begins a new epoch and returns it. What was unlinked before is invisible to all who are pinned in
/// it, or later.
pub(crate) fn advance() -> usize {
    // Release: partner of the Acquire in `pin`; also for those who see a later epoch, since each is made
    // of the one before it by one read-modify-write. No model fails without it: as in `pin`.
    DOMAIN.epoch.fetch_add(1, ordering!(Release)) + 1
}

/// What all threads were looking at.
pub(crate) struct Watch {
    /// The earliest epoch that a thread was pinned in.
    oldest: usize,
    /// What was protected. Hardly ever more than a few.
    protected: Vec<usize>,
}

impl Watch {
    /// Looks at all records.
    pub(crate) fn new() -> Self {
        if !fault!("watch-without-fence") {
            // Partner of the light one in `pin`.
            fence::heavy();
        }
        let mut watch = Self {
            oldest: usize::MAX,
            protected: Vec::new(),
        };
        for record in records() {
            // Acquire: partner of the Release in `pin`, and of that which unpins. First this, then
            // what that thread protects besides: it puts it aside before it does anything else.
            let doing = record.doing.load(ordering!(Acquire));
            let looked_at = match followed(doing) {
                Some(epoch) => {
                    watch.oldest = watch.oldest.min(epoch);
                    NOTHING
                }
                None => doing,
            };
            let hazards = record.hazards.iter().map(|hazard| {
                // Acquire: partner of the Release in the drop of `Protected`.
                hazard.load(ordering!(Acquire))
            });
            let lent = record.lent.iter().map(|place| place.owed().addr());
            let protected = hazards.chain([looked_at]).chain(lent);
            watch
                .protected
                .extend(protected.filter(|address| *address != NOTHING));
        }
        watch
    }

    /// Whether nobody can be looking at something that was unlinked before this look, and before
    /// this epoch began. Its address, as it would be protected.
    pub(crate) fn is_over(&self, epoch: usize, address: *const ()) -> bool {
        let past = epoch <= self.oldest || fault!("nobody-is-waited-for");
        past && (address.is_null() || !self.protected.contains(&address.addr()))
    }
}
