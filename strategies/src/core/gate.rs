//! Turns: updates of one key run their closures one after the other, each exactly once.
//!
//! An update holds its key's gate from the read of the current version to the commit of the next,
//! while its closure runs. The store's own locks are free meanwhile. Other writers of the key
//! wait at the gate, in a queue of threads and tasks; a release wakes the first, which then
//! starts its operation over. It may find that a newcomer was faster and queue again: passing the
//! gate to whoever is running costs no context switch per update, and keeps a hot key fast.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, SPINS, block_on};

const HELD: usize = 1;
const ONE_WAITER: usize = 2;

/// The gate of one key.
///
/// Invariant: a waiter queues only while the gate is held (one compare-and-swap checks and counts
/// it), and each release that sees a waiter wakes one. A woken waiter passes the wake-up on when
/// it gives up or turns out not to need the gate. So nobody sleeps at a gate that is free.
#[derive(Default)]
pub struct Gate {
    /// Bit 0: held. The rest: how many waiters are in the queue.
    state: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiters: VecDeque<(u64, Waker)>,
    next_ticket: u64,
}

impl Gate {
    /// Whether an update is under way. Exact for whoever keeps claimants out by a lock.
    pub(crate) fn is_held(&self) -> bool {
        // Acquire: partner of the Release in `Held::drop`, as in `try_hold`.
        self.state.load(Ordering::Acquire) & HELD != 0
    }

    /// Takes the gate if it is free.
    pub(crate) fn try_hold(gate: &Arc<Self>) -> Option<Held> {
        // Acquire: partner of the Release in `Held::drop`; a closure sees all that the closure
        // before it did.
        let state = gate.state.fetch_or(HELD, Ordering::Acquire);
        (state & HELD == 0).then(|| Held(Arc::clone(gate)))
    }

    /// Waits until it is worth trying again. Cancel safe.
    pub(crate) fn turn(gate: Arc<Self>) -> Wait {
        Wait {
            turn: Some(Turn { gate, woken: false }),
            ticket: None,
        }
    }

    /// Blocks the thread until it is worth trying again.
    pub(crate) fn turn_blocking(gate: Arc<Self>) -> Turn {
        // A closure is usually shorter than going to sleep.
        for round in 0..SPINS {
            if !gate.is_held() {
                return Turn { gate, woken: false };
            }
            (0..1 << round).for_each(|_| std::hint::spin_loop());
        }
        block_on(Self::turn(gate))
    }

    /// Queues a waiter and returns its ticket; `None` if the gate is free.
    fn enqueue(&self, waker: &Waker) -> Option<u64> {
        let mut queue = self.queue.lock();
        // Relaxed: the queue is read and written under its mutex; the count only says that there
        // is something in it. The check for HELD is exact because it is part of the swap.
        self.state
            .fetch_update(Ordering::Relaxed, |state| {
                (state & HELD != 0).then_some(state + ONE_WAITER)
            })
            .ok()?;
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiters.push_back((ticket, waker.clone()));
        Some(ticket)
    }

    /// Renews a waiter's waker. `false` if it is no longer queued, because it was woken.
    fn requeue(&self, ticket: u64, waker: &Waker) -> bool {
        let mut queue = self.queue.lock();
        let waiter = queue.waiters.iter_mut().find(|(other, _)| *other == ticket);
        waiter.map(|(_, old)| old.clone_from(waker)).is_some()
    }

    /// Takes a waiter out of the queue. `false` if it was woken already.
    fn dequeue(&self, ticket: u64) -> bool {
        let mut queue = self.queue.lock();
        let place = queue.waiters.iter().position(|(other, _)| *other == ticket);
        let waiter = place.and_then(|place| queue.waiters.remove(place));
        if waiter.is_some() {
            // Relaxed: as in `enqueue`.
            self.state.fetch_sub(ONE_WAITER, Ordering::Relaxed);
        }
        waiter.is_some()
    }

    fn wake_one(&self) {
        let mut queue = self.queue.lock();
        let waiter = queue.waiters.pop_front();
        if waiter.is_some() {
            // Relaxed: as in `enqueue`.
            self.state.fetch_sub(ONE_WAITER, Ordering::Relaxed);
        }
        drop(queue);
        if let Some((_, waker)) = waiter {
            waker.wake();
        }
    }
}

/// The gate is held; dropping this releases it.
pub(crate) struct Held(Arc<Gate>);

impl Drop for Held {
    fn drop(&mut self) {
        // Release: partner of the Acquire in `try_hold` and `is_held`.
        let state = self.0.state.fetch_and(!HELD, Ordering::Release);
        if state >= ONE_WAITER {
            self.0.wake_one();
        }
    }
}

/// The right to try again. Keep it until the attempt is over, then drop it.
pub(crate) struct Turn {
    gate: Arc<Gate>,
    /// Whether a release spent its wake-up on this turn.
    woken: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        // If the gate is held now, its holder wakes the next. If not, nobody else would.
        //
        // Relaxed: a turn was woken under the queue's mutex, so it sees the release that woke it,
        // or something later; and if it sees HELD, that holder's release comes after.
        if self.woken {
            let state = self.gate.state.load(Ordering::Relaxed);
            if state & HELD == 0 && state >= ONE_WAITER {
                self.gate.wake_one();
            }
        }
    }
}

/// Waiting at a gate.
pub(crate) struct Wait {
    turn: Option<Turn>,
    ticket: Option<u64>,
}

impl Future for Wait {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        let this = &mut *self;
        let Some(turn) = &mut this.turn else {
            unreachable!("polled after completion")
        };
        match this.ticket {
            None => this.ticket = turn.gate.enqueue(context.waker()),
            Some(ticket) if turn.gate.requeue(ticket, context.waker()) => {}
            Some(_) => {
                this.ticket = None;
                turn.woken = true;
            }
        }
        match (this.ticket, this.turn.take()) {
            (None, Some(turn)) => Poll::Ready(turn),
            (_, turn) => {
                this.turn = turn;
                Poll::Pending
            }
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let (Some(turn), Some(ticket)) = (&mut self.turn, self.ticket) {
            // If it is not in the queue it was woken: dropping the turn passes that on.
            turn.woken = !turn.gate.dequeue(ticket);
        }
    }
}
