//! arc-swap's.

use std::sync::Arc as Handle;

use super::*;
use crate::sync::{Arc, ArcSwap};

/// A pointer to numbers and what is written before a swap.
struct Published {
    pointer: ArcSwap<Number>,
    before: Plain,
}

struct Number {
    number: usize,
    /// Is gone when the number is.
    token: Handle<()>,
}

fn handle(number: usize) -> Handle<Number> {
    let token = Handle::default();
    Handle::new(Number { number, token })
}

/// It points to 0.
fn published() -> Arc<Published> {
    Arc::new(Published {
        pointer: ArcSwap::new(handle(0)),
        before: Plain::default(),
    })
}

impl Published {
    fn swap(&self, number: usize) -> usize {
        self.pointer.swap(handle(number)).number
    }

    fn load(&self) -> usize {
        self.pointer.load().number
    }

    fn load_full(&self) -> usize {
        self.pointer.load_full().number
    }

    /// Writes, then swaps 1 in.
    fn publish(&self) {
        self.before.set(1);
        self.swap(1);
    }

    /// Whoever has seen `number` sees what was written before it.
    fn check(&self, number: usize) -> &'static str {
        if number == 0 {
            return "old";
        }
        assert_eq!(self.before.get(), 1, "not published");
        "new"
    }
}

#[test]
fn a_load_sees_the_newest_of_ones_own_swaps() {
    explore(|| {
        let published = published();
        assert_eq!(published.load(), 0);
        for number in 1..4 {
            assert_eq!(published.swap(number), number - 1);
            assert_eq!(published.load(), number);
            assert_eq!(published.load_full(), number);
        }
    });
}

#[test]
fn a_load_never_goes_back() {
    explore_all(&["old, old", "old, new", "new, new"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let load = || (published.load(), published.load());
        match together(load, move || shared.swap(1)).0 {
            (0, 0) => "old, old",
            (0, _) => "old, new",
            (_, 1) => "new, new",
            back => panic!("{back:?}"),
        }
    });
}

#[test]
fn a_swap_returns_what_it_replaced() {
    explore_all(&["0, 1, 2", "0, 2, 1"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let swapped = together(|| published.swap(1), move || shared.swap(2));
        match (swapped, published.load()) {
            ((0, 1), 2) => "0, 1, 2",
            ((2, 0), 1) => "0, 2, 1",
            lost => panic!("{lost:?}"),
        }
    });
}

#[test]
fn whoever_loads_a_pointer_sees_what_was_written_before_its_swap() {
    explore_all(&["old", "new"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let load = || published.check(published.load());
        together(load, move || shared.publish()).0
    });
}

#[test]
fn whoever_loads_a_handle_sees_what_was_written_before_its_swap() {
    explore_all(&["old", "new"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let load = || published.check(published.load_full());
        together(load, move || shared.publish()).0
    });
}

#[test]
fn whoever_swaps_a_pointer_out_sees_what_was_written_before_it_came_in() {
    explore_all(&["old", "new"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let swap = || published.check(published.swap(2));
        together(swap, move || shared.publish()).0
    });
}

#[test]
fn an_old_handle_stays_valid() {
    explore(|| {
        let published = published();
        let shared = Arc::clone(&published);
        let load = || (published.pointer.load(), published.pointer.load_full());
        let swap = move || drop(shared.pointer.swap(handle(1)));
        let ((borrowed, owned), ()) = together(load, swap);
        let seen = (borrowed.number, owned.number);
        let alive = [&borrowed.token, &owned.token].map(Handle::downgrade);
        drop(published.pointer.swap(handle(2)));
        assert!(alive.iter().all(|token| token.strong_count() > 0));
        assert_eq!((borrowed.number, owned.number), seen);
    });
}
