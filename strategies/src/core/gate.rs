//! Turns: updates of one key run their closures one after the other, each at most once.
//!
//! An update holds its key's gate from the read of the current version to the commit of the next,
//! while its closure runs. The store's own locks are free meanwhile. Other writers of the key
//! wait at the gate, in a queue of threads and tasks. A release wakes the first, which then
//! starts its operation over. It may find that a newcomer was faster and queue again, in front:
//! leaving the gate to whoever is running costs no context switch per update, and keeps a hot key
//! fast. While one that was woken is on its way, no other is woken. But whoever has waited for
//! half a millisecond is *handed* the gate, so nobody starves.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::Reentrant;
use crate::core::closure;
use crate::faults::{fault, ordering};
#[cfg(feature = "slotted")]
use crate::sync::Relax;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, Patience};

/// An update is under way, or the gate was handed to a waiter that has not looked yet.
const HELD: usize = 1;
/// A waiter that was woken is on its way: there is one [`Turn`] with [`Call::Woken`], or a
/// [`Wait`] that will become one.
const CALLED: usize = 2;
/// A write without a closure keeps updates out for an instant: see [`Gate::brief`].
const BRIEF: usize = 4;
/// The rest of the bits: how many waiters are in the queue.
const ONE_WAITER: usize = 8;

/// The gate of one key.
///
/// Invariant: a waiter queues only while the gate is held (one compare-and-swap checks and counts
/// it), and each release that sees a waiter wakes one, unless one is on its way. A woken waiter
/// passes the wake-up on when it gives up or turns out not to need the gate. So nobody sleeps at a
/// gate that is free while nobody is on the way to it.
#[derive(Default)]
pub struct Gate {
    /// [`HELD`], [`CALLED`] and the number of waiters.
    state: AtomicUsize,
    queue: Mutex<Queue>,
}

/// Wakers are cloned before and dropped after the queue's mutex is held: they are a runtime's or
/// a user's code.
#[derive(Default)]
struct Queue {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
    /// The tickets of those that were handed the gate and have not looked yet; hardly ever more
    /// than one.
    handed: Vec<u64>,
}

struct Waiter {
    ticket: u64,
    waker: Waker,
    patience: Patience,
}

impl Gate {
    /// One that is held, by somebody who will [release](Self::release) it.
    #[cfg(feature = "slotted")]
    pub(crate) fn held() -> Self {
        Self {
            state: AtomicUsize::new(HELD),
            queue: Mutex::default(),
        }
    }

    /// Whether an update is under way. Exact for whoever keeps claimants out by a lock.
    pub(crate) fn is_held(&self) -> bool {
        // Acquire: partner of the Release in `release`, as in `try_hold`.
        self.state.load(ordering!(Acquire)) & HELD != 0
    }

    /// Takes the gate if it is free, or was handed to this turn.
    pub(crate) fn try_hold(gate: &Arc<Self>, turn: Option<&mut Turn>) -> Option<Held> {
        gate.take(turn).then(|| Held(Arc::clone(gate)))
    }

    /// As [`try_hold`](Self::try_hold), for one who sees to it that the gate stays, and
    /// [releases](Self::release) it.
    #[inline]
    pub(crate) fn take(&self, turn: Option<&mut Turn>) -> bool {
        let mut turn = turn.filter(|turn| std::ptr::eq(&raw const *turn.gate, self));
        let handed = turn.as_ref().is_some_and(|turn| turn.call == Call::Handed);
        // Acquire: partner of the Release in `release`; a closure sees all that the closure
        // before it did.
        let order = ordering!(Acquire unless "gate-taken-relaxed");
        let taken = !handed && self.state.fetch_or(HELD, order) & HELD != 0;
        if taken && !fault!("gate-lets-two-in") {
            return false;
        }
        if let Some(turn) = &mut turn {
            if turn.call == Call::Woken && !fault!("called-mark-stays") {
                // Relaxed: no longer on its way; the next release will see that, or a later state.
                self.state.fetch_and(!CALLED, Ordering::Relaxed);
            }
            turn.call = Call::Tried;
        }
        true
    }

    /// Keeps updates and other writes of the key out, for as long as this is kept: an instant, in which
    /// nobody may be waited for who may wait here. `None` if an update is under way, and it is not
    /// this one's turn.
    #[cfg(feature = "slotted")]
    pub(crate) fn brief(&self, turn: Option<&Turn>) -> Option<Brief<'_>> {
        if turn.is_some_and(|turn| turn.holds(self)) {
            return Some(Brief(None));
        }
        let mut relax = Relax::default();
        loop {
            // Relaxed: the swap below checks it.
            let state = self.state.load(Ordering::Relaxed);
            if state & HELD != 0 {
                return None;
            }
            // Acquire: partner of the Release in the drop of `Brief`, and of that in `release`. No
            // model fails without it: whoever writes a slot reads of it what has a Release of its
            // own; but hooks of one key are to see what those before them did.
            let order = ordering!(Acquire);
            if state & BRIEF == 0
                && self
                    .state
                    .compare_exchange(state, state | BRIEF, order)
                    .is_ok()
            {
                return Some(Brief(Some(self)));
            }
            relax.relax();
        }
    }

    /// Waits until what keeps the holder of the gate out is over.
    #[cfg(feature = "slotted")]
    #[inline]
    pub(crate) fn wait_for_brief(&self) {
        let mut relax = Relax::default();
        // Acquire: partner of the Release in the drop of `Brief`.
        let order = ordering!(Acquire);
        while self.state.load(order) & BRIEF != 0 && !fault!("brief-is-not-waited-for") {
            relax.relax();
        }
    }

    /// Waits until it is worth trying again. `former` is the turn that came to nothing, if any.
    /// Cancel safe.
    pub(crate) fn turn(gate: Arc<Self>, former: Option<Turn>) -> Wait {
        let patience = former
            .as_ref()
            .filter(|former| Arc::ptr_eq(&former.gate, &gate))
            .map(|former| former.patience.again());
        // Only now: what it passes on must not be this very wait.
        drop(former);
        Wait {
            again: patience.is_some(),
            turn: Some(Turn {
                gate,
                patience: patience.unwrap_or_default(),
                call: Call::Tried,
            }),
            ticket: None,
        }
    }

    /// Blocks the thread until it is worth trying again.
    #[cfg(any(
        feature = "parking-lot",
        feature = "arc-swap",
        feature = "sharded",
        feature = "slotted"
    ))]
    pub(crate) fn turn_blocking(gate: Arc<Self>, former: Option<Turn>) -> Result<Turn, Reentrant> {
        closure::check_outside()?;
        let wait = Self::turn(gate, former);
        // A closure is usually shorter than going to sleep.
        for round in 0..crate::sync::SPINS {
            if wait.turn.as_ref().is_some_and(|turn| !turn.gate.is_held()) {
                break;
            }
            (0..1 << round).for_each(|_| std::hint::spin_loop());
        }
        crate::sync::block_on(wait)
    }

    /// Queues a waiter and returns its ticket; `None` if the gate is free.
    fn enqueue(&self, waker: Waker, patience: Patience, in_front: bool) -> Option<u64> {
        let mut queue = self.queue.lock();
        let ticket = queue.next_ticket;
        // Relaxed: the queue is read and written under its mutex; the count only says that there
        // is something in it. The check for HELD is exact because it is part of the swap.
        let queued = self.state.fetch_update(Ordering::Relaxed, |state| {
            let held = state & HELD != 0 || fault!("waiter-queues-without-looking");
            held.then_some(state + ONE_WAITER)
        });
        let waiter = Waiter {
            ticket,
            waker,
            patience,
        };
        if queued.is_err() {
            drop(queue);
            drop(waiter);
            return None;
        }
        queue.next_ticket += 1;
        if in_front {
            queue.waiters.push_front(waiter);
        } else {
            queue.waiters.push_back(waiter);
        }
        Some(ticket)
    }

    /// Renews a waiter's waker, or says how it was called.
    fn requeue(&self, ticket: u64, waker: Waker) -> Option<Call> {
        let mut queue = self.queue.lock();
        let waiter = queue
            .waiters
            .iter_mut()
            .find(|waiter| waiter.ticket == ticket);
        let old = waiter.map(|waiter| match fault!("waker-is-not-renewed") {
            true => waker,
            false => std::mem::replace(&mut waiter.waker, waker),
        });
        let call = match old {
            Some(_) => None,
            None => Some(queue.answer(ticket)),
        };
        drop(queue);
        drop(old);
        call
    }

    /// Takes a waiter out of the queue, or says how it was called.
    fn dequeue(&self, ticket: u64) -> Option<Call> {
        let mut queue = self.queue.lock();
        let place = queue
            .waiters
            .iter()
            .position(|waiter| waiter.ticket == ticket);
        let waiter = place.and_then(|place| queue.waiters.remove(place));
        let call = match waiter {
            Some(_) => {
                // Relaxed: as in `enqueue`.
                self.state.fetch_sub(ONE_WAITER, Ordering::Relaxed);
                None
            }
            None => Some(queue.answer(ticket)),
        };
        drop(queue);
        drop(waiter);
        call
    }

    pub(crate) fn release(&self) {
        // Relaxed: a hint; whoever queues after it is seen by the swap below.
        if self.state.load(Ordering::Relaxed) >= ONE_WAITER && self.hand_over() {
            return;
        }
        // Release: partner of the Acquire in `try_hold` and `is_held`.
        let order = ordering!(Release unless "gate-released-relaxed");
        let state = self.state.fetch_and(!HELD, order);
        if state >= ONE_WAITER && state & CALLED == 0 && !fault!("release-wakes-nobody") {
            self.wake_first();
        }
    }

    /// Hands the gate, which stays held, to the first waiter if that has waited for too long.
    fn hand_over(&self) -> bool {
        let mut queue = self.queue.lock();
        let Some(first) = queue.first_impatient() else {
            return false;
        };
        queue.handed.push(first.ticket);
        // Relaxed: as in `enqueue`. The one who is handed the gate sees what its former holder
        // did through the queue's mutex.
        self.state.fetch_sub(ONE_WAITER, Ordering::Relaxed);
        drop(queue);
        first.waker.wake();
        true
    }

    /// Wakes the first waiter, unless there is somebody who will do that later: a holder or one
    /// that is on its way.
    fn wake_first(&self) {
        let mut queue = self.queue.lock();
        // Relaxed: as in `enqueue`; whoever changes a bit that this sees looks at the count then.
        let called = self.state.fetch_update(Ordering::Relaxed, |state| {
            let needed = state & (HELD | CALLED) == 0 && state >= ONE_WAITER;
            needed.then(|| (state - ONE_WAITER) | CALLED)
        });
        debug_assert!(
            called.map_or(true, |state| state / ONE_WAITER == queue.waiters.len()),
            "a gate that has lost count of its waiters"
        );
        let first = called.ok().and_then(|_| queue.waiters.pop_front());
        drop(queue);
        if let Some(first) = first {
            first.waker.wake();
        }
    }
}

impl Queue {
    /// Takes the first waiter out, if it has waited for too long.
    fn first_impatient(&mut self) -> Option<Waiter> {
        let impatient = self.waiters.front()?.patience.is_over();
        impatient.then(|| self.waiters.pop_front()).flatten()
    }

    /// How the waiter of this ticket, which is no longer queued, was called.
    fn answer(&mut self, ticket: u64) -> Call {
        match self.handed.iter().position(|handed| *handed == ticket) {
            Some(place) => {
                self.handed.swap_remove(place);
                Call::Handed
            }
            None => Call::Woken,
        }
    }
}

/// Updates are kept out; see [`Gate::brief`].
#[cfg(feature = "slotted")]
pub(crate) struct Brief<'a>(Option<&'a Gate>);

#[cfg(feature = "slotted")]
impl Drop for Brief<'_> {
    fn drop(&mut self) {
        if let Some(gate) = self.0 {
            // Release: partner of the Acquire in `brief`, and of that in `wait_for_brief`.
            let order = ordering!(Release);
            gate.state.fetch_and(!BRIEF, order);
        }
    }
}

/// The gate is held; dropping this releases it.
pub(crate) struct Held(Arc<Gate>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// The right to try again. Keep it until the attempt is over.
pub struct Turn {
    gate: Arc<Gate>,
    patience: Patience,
    call: Call,
}

/// How a turn came about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The gate was free to begin with, or has been taken since.
    Tried,
    /// A release spent its wake-up on it.
    Woken,
    /// It holds the gate.
    Handed,
}

impl Turn {
    /// Whether it was handed this gate.
    pub(crate) fn holds(&self, gate: &Gate) -> bool {
        self.call == Call::Handed && std::ptr::eq(&raw const *self.gate, gate)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        match self.call {
            Call::Tried => {}
            Call::Handed if fault!("handed-gate-is-not-passed-on") => {}
            Call::Handed => self.gate.release(),
            Call::Woken => {
                // If the gate is held now, its holder wakes the next, since nobody is on the way
                // any more. If it is not held, nobody else would.
                //
                // Relaxed: of this and the holder's release, both read-modify-writes, the later
                // one sees the other and wakes.
                let state = self.gate.state.fetch_and(!CALLED, Ordering::Relaxed);
                let needed = state & HELD == 0 && state >= ONE_WAITER;
                if needed && !fault!("wake-up-is-lost-with-its-waiter") {
                    self.gate.wake_first();
                }
            }
        }
    }
}

/// Waiting at a gate. Fails if it is polled inside a closure, where it might never end.
pub(crate) struct Wait {
    /// `None` once it is over.
    turn: Option<Turn>,
    /// Whether an attempt has failed before.
    again: bool,
    ticket: Option<u64>,
}

impl Future for Wait {
    type Output = Result<Turn, Reentrant>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        closure::check_outside()?;
        let waker = context.waker().clone();
        let this = &mut *self;
        let Some(turn) = &mut this.turn else {
            unreachable!("polled after completion")
        };
        let ticket = match this.ticket {
            None => {
                let patience = turn.patience.clone();
                turn.gate.enqueue(waker, patience, this.again)
            }
            Some(ticket) => match turn.gate.requeue(ticket, waker) {
                None => Some(ticket),
                Some(call) => {
                    turn.call = call;
                    None
                }
            },
        };
        this.ticket = ticket;
        match (ticket, this.turn.take()) {
            (None, Some(turn)) => Poll::Ready(Ok(turn)),
            (_, turn) => {
                this.turn = turn;
                Poll::Pending
            }
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let (Some(turn), Some(ticket)) = (&mut self.turn, self.ticket)
            && let Some(call) = turn.gate.dequeue(ticket)
        {
            // It was called but never looked: dropping the turn passes that on.
            turn.call = call;
        }
    }
}
