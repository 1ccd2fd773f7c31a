//! The gate of a key in one word, for as long as nobody has to wait at it.

use std::ptr;

use super::reclaim::pin;
use crate::core::gate::{self, Gate, Turn};
use crate::faults::{fault, ordering};
use crate::sync::atomic::AtomicPtr;
use crate::sync::{Arc, Life, Relax};

/// Keeps updates of one key apart, as a [`Gate`] does; whoever has to wait makes it one, and it
/// stays one.
///
/// Its word is [`FREE`], [`HELD`], [`BRIEF`], or a gate, in whose own state these are from then on.
#[derive(Default)]
pub(crate) struct Latch {
    word: AtomicPtr<Gate>,
    pub(crate) life: Life,
}

const FREE: *mut Gate = ptr::null_mut();
/// An update is under way.
const HELD: *mut Gate = ptr::without_provenance_mut(1);
/// A write without a closure keeps updates out for an instant.
const BRIEF: *mut Gate = ptr::without_provenance_mut(2);

impl Latch {
    /// Takes it if no update is under way, or if it was handed to this turn, and waits until whoever
    /// keeps updates out for an instant is done. The latch must stay for as long as it is held.
    #[inline]
    pub(crate) fn hold(&self, turn: Option<&mut Turn>) -> Option<Hold<'_>> {
        self.life.used();
        let mut relax = Relax::default();
        let gate = loop {
            match self.take(HELD) {
                Ok(()) => break None,
                Err(HELD) => return None,
                Err(BRIEF) => relax.relax(),
                Err(_) => {
                    let gate = self.gate().filter(|gate| gate.take(turn))?;
                    gate.wait_for_brief();
                    break Some(gate);
                }
            }
        };
        Some(Hold { latch: self, gate })
    }

    /// Keeps updates and other writes of the key out, for as long as this is kept: see [`Gate::brief`].
    pub(crate) fn brief(&self, turn: Option<&Turn>) -> Option<Brief<'_>> {
        self.life.used();
        let mut relax = Relax::default();
        let gate = loop {
            match self.take(BRIEF) {
                Ok(()) => break None,
                Err(HELD) => return None,
                Err(BRIEF) => relax.relax(),
                Err(_) => break Some(self.gate()?.brief(turn)?),
            }
        };
        Some(Brief {
            latch: gate.is_none().then_some(self),
            _gate: gate,
        })
    }

    /// What to wait at, for one who is pinned and found it taken; `None` if it is free again.
    pub(crate) fn to_wait_at(&self) -> Option<Arc<Gate>> {
        loop {
            if let Some(gate) = self.gate() {
                let gate = ptr::from_ref(gate);
                // SAFETY: it came out of an `Arc`, which this counts once more.
                return Some(unsafe {
                    Arc::increment_strong_count(gate);
                    Arc::from_raw(gate)
                });
            }
            let gate = Arc::into_raw(Arc::new(Gate::held())).cast_mut();
            // Release: partner of the Acquire in `gate`.
            let order = ordering!(Release);
            let Err(other) = self.word.compare_exchange(HELD, gate, order) else {
                continue;
            };
            // SAFETY: nobody else has seen it.
            drop(unsafe { Arc::from_raw(gate) });
            // What is brief is not worth waiting for.
            if other == FREE || other == BRIEF {
                return None;
            }
        }
    }

    #[inline]
    fn take(&self, how: *mut Gate) -> Result<(), *mut Gate> {
        // Acquire: partner of the Release in the drops of `Hold` and `Brief`; a closure sees all that the
        // closure before it did.
        let taken = self.word.compare_exchange(FREE, how, ordering!(Acquire));
        taken.map(|_| ())
    }

    /// The gate that it has become, if it has.
    fn gate(&self) -> Option<&Gate> {
        // Acquire: partner of the Release in `to_wait_at`.
        match self.word.load(ordering!(Acquire)) {
            HELD | BRIEF => None,
            // SAFETY: it came out of an `Arc`, and stays until the latch is dropped.
            gate => unsafe { gate.as_ref() },
        }
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        if let Some(gate) = self.gate() {
            // SAFETY: it came out of an `Arc`, for which it counted.
            drop(unsafe { Arc::from_raw(gate) });
        }
    }
}

/// An update's exclusive right to a key; dropping this gives it up.
pub(crate) struct Hold<'a> {
    latch: &'a Latch,
    /// What is held, if it was a gate already.
    gate: Option<&'a Gate>,
}

impl Drop for Hold<'_> {
    #[inline]
    fn drop(&mut self) {
        self.latch.life.used();
        // Release: partner of the Acquire in `take`.
        let order = ordering!(Release);
        let word = &self.latch.word;
        if self.gate.is_none() && word.compare_exchange(HELD, FREE, order).is_ok() {
            return;
        }
        // Who releases a gate still looks at it when another may already take its slot away.
        let _pin = (!fault!("gate-is-released-without-pin")).then(pin);
        if let Some(gate) = self.gate.or_else(|| self.latch.gate()) {
            gate.release();
        }
        self.latch.life.used();
    }
}

/// The right to one write of a key; dropping this gives it up.
pub(crate) struct Brief<'a> {
    /// Unless it was a gate already.
    latch: Option<&'a Latch>,
    _gate: Option<gate::Brief<'a>>,
}

impl Drop for Brief<'_> {
    fn drop(&mut self) {
        if let Some(latch) = self.latch {
            // Release: partner of the Acquire in `take`. Nobody makes it a gate meanwhile.
            latch.word.store(FREE, ordering!(Release));
        }
    }
}
