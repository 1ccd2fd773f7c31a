//! Restores of the same contexts take turns: of two at the same time one comes after the other,
//! and not a mixture of both.

use std::cell::Cell;
use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;

use contexture_strategies::{Reentrant, StrategyKind};

use crate::sync::{Mutex, unpark_this, wake};

thread_local! {
    /// How many turns this thread has, of all stores.
    static TURNS: Cell<usize> = const { Cell::new(0) };
}

/// A turn that one has at a time.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    taken: bool,
    tickets: u64,
    /// Who waits, by ticket. All are woken when the turn is free, so none has to pass it on.
    waiting: HashMap<u64, Waker>,
}

/// The turn; dropping it gives it back.
#[derive(Debug)]
#[must_use = "the turn is over when this is dropped"]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    marked: Option<Marked>,
}

/// Says that this thread has a turn, and may call plugins while it has.
///
/// With strategies that never await, a restore is done by one thread in one go. With the others it
/// is not, and no mark is needed: their plugins are known to run inside a closure.
#[derive(Debug)]
struct Marked(());

impl Marked {
    fn new() -> Self {
        TURNS.set(TURNS.get() + 1);
        Self(())
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        TURNS.set(TURNS.get() - 1);
    }
}

impl Turns {
    /// Waits for the turn: as the strategy does, by awaiting or by blocking the thread.
    ///
    /// From inside a closure it does not wait: whoever has the turn may be waiting for the closure.
    /// Nor does it where this thread has a turn, which would not end meanwhile.
    pub(crate) async fn take<S: StrategyKind>(&self) -> Result<Turn<'_>, Reentrant> {
        let mut waiting = Waiting {
            turns: self,
            ticket: None,
        };
        let mut turn = match waiting.try_take(Waker::noop()) {
            Poll::Ready(turn) => turn,
            Poll::Pending => {
                match TURNS.get() {
                    0 => Reentrant::check()?,
                    _ => Reentrant::within(Reentrant::check)?,
                }
                match S::AWAITS {
                    true => waiting.await,
                    false => block_on(waiting),
                }
            }
        };
        turn.marked = (!S::AWAITS).then(Marked::new);
        Ok(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.0.lock();
        state.taken = false;
        let woken = std::mem::take(&mut state.waiting);
        drop(state);
        wake(woken.into_values());
    }
}

struct Waiting<'a> {
    turns: &'a Turns,
    ticket: Option<u64>,
}

impl<'a> Waiting<'a> {
    fn try_take(&mut self, waker: &Waker) -> Poll<Turn<'a>> {
        let waker = waker.clone();
        let mut state = self.turns.0.lock();
        if !state.taken {
            state.taken = true;
            return Poll::Ready(Turn {
                turns: self.turns,
                marked: None,
            });
        }
        let ticket = *self.ticket.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets
        });
        let replaced = state.waiting.insert(ticket, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl<'a> Future for Waiting<'a> {
    type Output = Turn<'a>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn<'a>> {
        self.try_take(context.waker())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let waker = self.turns.0.lock().waiting.remove(&ticket);
            drop(waker);
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = unpark_this();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[cfg(all(test, feature = "sharded"))]
mod tests {
    use super::*;
    use crate::kind::Sharded;

    #[test]
    fn one_has_the_turn_at_a_time_and_all_come_to_it() {
        let turns = Turns::default();
        let inside = Mutex::new(0);
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        let turn = block_on(turns.take::<Sharded>()).expect("no closure");
                        *inside.lock() += 1;
                        thread::yield_now();
                        assert_eq!(*inside.lock(), 1);
                        *inside.lock() -= 1;
                        drop(turn);
                    }
                });
            }
        });
        let state = turns.0.lock();
        assert!(!state.taken && state.waiting.is_empty());
    }

    #[test]
    fn who_no_longer_waits_keeps_nobody_waiting() {
        let turns = Turns::default();
        let waiting = |turns| Waiting {
            turns,
            ticket: None,
        };
        let Poll::Ready(turn) = waiting(&turns).try_take(Waker::noop()) else {
            panic!("nobody had it");
        };
        let [mut first, mut second, mut third] = [(); 3].map(|()| waiting(&turns));
        for waiting in [&mut first, &mut second, &mut third] {
            assert!(waiting.try_take(Waker::noop()).is_pending());
        }
        drop(second);
        assert_eq!(turns.0.lock().waiting.len(), 2);
        drop(turn);
        // Woken, and gone before it came.
        drop(first);
        assert!(third.try_take(Waker::noop()).is_ready());
        assert!(waiting(&turns).try_take(Waker::noop()).is_ready());
    }
}
