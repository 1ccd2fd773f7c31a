//! Memory that is no longer in use, but that somebody may still be looking at.
//!
//! A reader *pins* its thread while it follows pointers, which takes nanoseconds; what was unlinked
//! before can then not be freed until it unpins. What it shows to a closure, which may take its
//! time, it *protects* by name and unpins: that one thing is kept, and nothing else. So with a handle
//! that it *lends*, for as long as that is there, on whatever thread.
//!
//! Neither writes what another thread writes. The price is paid by those who free: see
//! [`Garbage`].

mod domain;
mod garbage;

pub(crate) use domain::{Pin, Record, debts, pin, record, records};
pub(crate) use garbage::{Garbage, Retired};
