//! Contract models of `tokio::sync::{Mutex, RwLock}`: fair, cancellable locks. As in tokio, both
//! are a semaphore that hands its permits to waiters in arrival order.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{PoisonError, TryLockError, TryLockResult};
use std::task::{Context, Poll, Waker};

use super::base;

/// A lock with room for one.
pub struct Mutex<T> {
    semaphore: Semaphore,
    value: std::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            semaphore: Semaphore::new(1),
            value: std::sync::Mutex::new(value),
        }
    }

    pub(crate) async fn lock(&self) -> impl DerefMut<Target = T> {
        let permit = self.semaphore.acquire(1).await;
        let value = uncontended(self.value.try_lock(), "a mutex has two holders");
        Guard {
            value,
            _permit: permit,
        }
    }
}

/// A lock with room for many readers or one writer.
pub struct RwLock<T> {
    semaphore: Semaphore,
    value: std::sync::RwLock<T>,
}

const MAX_READERS: usize = 1 << 10;

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            semaphore: Semaphore::new(MAX_READERS),
            value: std::sync::RwLock::new(value),
        }
    }

    pub(crate) async fn read(&self) -> impl Deref<Target = T> {
        let permit = self.semaphore.acquire(1).await;
        let value = uncontended(self.value.try_read(), "a reader came in beside a writer");
        Guard {
            value,
            _permit: permit,
        }
    }

    pub(crate) async fn write(&self) -> impl DerefMut<Target = T> {
        let permit = self.semaphore.acquire(MAX_READERS).await;
        let value = uncontended(
            self.value.try_write(),
            "a writer came in beside another holder",
        );
        Guard {
            value,
            _permit: permit,
        }
    }
}

/// The guard of a lock that is never contended, since the permit excludes everyone else. It is a
/// std lock and none of the explorer's, since the semaphore alone must order accesses. tokio knows
/// no poison, so a poisoned one is taken over.
fn uncontended<G>(attempt: TryLockResult<G>, violation: &str) -> G {
    match attempt {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => panic!("the semaphore does not exclude: {violation}"),
    }
}

/// A std guard and the permit that goes with it, dropped in this order.
struct Guard<'a, G> {
    value: G,
    _permit: Permit<'a>,
}

impl<G: Deref> Deref for Guard<'_, G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.value
    }
}

impl<G: DerefMut> DerefMut for Guard<'_, G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.value
    }
}

/// Permits, handed to waiters in arrival order.
struct Semaphore(base::sync::Mutex<State>);

struct State {
    free: usize,
    queue: VecDeque<Waiter>,
    next_ticket: u64,
}

struct Waiter {
    ticket: u64,
    permits: usize,
    /// Set when the permits are this waiter's, though it has not been polled since.
    granted: bool,
    waker: Waker,
}

impl Semaphore {
    fn new(permits: usize) -> Self {
        Self(base::sync::Mutex::new(State {
            free: permits,
            queue: VecDeque::new(),
            next_ticket: 0,
        }))
    }

    fn acquire(&self, permits: usize) -> Acquire<'_> {
        Acquire {
            semaphore: self,
            permits,
            ticket: None,
        }
    }

    /// Changes the state, then grants what has become possible and wakes who got it.
    fn change<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut wake = Vec::new();
        let result = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let result = f(&mut state);
            let State { free, queue, .. } = &mut *state;
            for waiter in queue.iter_mut().filter(|waiter| !waiter.granted) {
                if *free < waiter.permits {
                    break;
                }
                *free -= waiter.permits;
                waiter.granted = true;
                wake.push(waiter.waker.clone());
            }
            result
        };
        wake.into_iter().for_each(Waker::wake);
        result
    }
}

struct Permit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.change(|state| state.free += self.permits);
    }
}

struct Acquire<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
    ticket: Option<u64>,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permit<'a>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit<'a>> {
        let (permits, ticket) = (self.permits, self.ticket);
        let ticket = self.semaphore.change(|state| match ticket {
            None if state.free >= permits && state.queue.iter().all(|waiter| waiter.granted) => {
                state.free -= permits;
                None
            }
            None => {
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                state.queue.push_back(Waiter {
                    ticket,
                    permits,
                    granted: false,
                    waker: context.waker().clone(),
                });
                Some(ticket)
            }
            Some(ticket) => {
                let place = state
                    .queue
                    .iter()
                    .position(|waiter| waiter.ticket == ticket);
                let place = place.unwrap_or_else(|| panic!("a waiter left the queue"));
                if state.queue[place].granted {
                    state.queue.remove(place);
                    return None;
                }
                state.queue[place].waker.clone_from(context.waker());
                Some(ticket)
            }
        });
        self.ticket = ticket;
        match ticket {
            None => Poll::Ready(Permit {
                semaphore: self.semaphore,
                permits,
            }),
            Some(_) => Poll::Pending,
        }
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.semaphore.change(|state| {
                let place = state
                    .queue
                    .iter()
                    .position(|waiter| waiter.ticket == ticket);
                let waiter = place.and_then(|place| state.queue.remove(place));
                // Granted but never taken: hand it on.
                if waiter.is_some_and(|waiter| waiter.granted) {
                    state.free += self.permits;
                }
            });
        }
    }
}
