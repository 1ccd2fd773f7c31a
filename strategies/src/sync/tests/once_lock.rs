//! std's.

use super::*;
use crate::sync::atomic::AtomicUsize;
use crate::sync::{Arc, OnceLock};

/// A lock to fill and what is written by whoever fills it.
struct Published {
    lock: OnceLock<usize>,
    before: Plain,
}

fn published() -> Arc<Published> {
    Arc::new(Published {
        lock: OnceLock::new(),
        before: Plain::default(),
    })
}

impl Published {
    fn fill(&self) {
        self.lock.get_or_init(|| {
            self.before.set(1);
            1
        });
    }
}

#[test]
fn it_is_empty_until_it_is_filled() {
    explore(|| {
        let lock = OnceLock::new();
        assert_eq!(lock.get(), None);
        assert_eq!(lock.get_or_init(|| 1), &1);
        assert_eq!(lock.get(), Some(&1));
        assert_eq!(lock.get_or_init(|| unreachable!("filled twice")), &1);
    });
}

#[test]
fn it_may_be_filled_at_birth() {
    explore(|| {
        let lock = OnceLock::from(1);
        assert_eq!(lock.get(), Some(&1));
        assert_eq!(lock.get_or_init(|| unreachable!("filled twice")), &1);
    });
}

#[test]
fn of_two_that_fill_it_one_does_and_both_see_that() {
    explore_all(&["first", "second"], || {
        let lock = Arc::new((OnceLock::new(), AtomicUsize::default()));
        let fill = |lock: Arc<(OnceLock<usize>, AtomicUsize)>, bit: usize| {
            let filled = lock.0.get_or_init(|| {
                // Relaxed: counts, and orders nothing.
                lock.1.fetch_or(bit, Ordering::Relaxed);
                bit
            });
            *filled
        };
        let (own, shared) = (Arc::clone(&lock), Arc::clone(&lock));
        let seen = together(move || fill(own, 1), move || fill(shared, 2));
        assert_eq!(seen.0, seen.1, "two values");
        assert_eq!(lock.0.get(), Some(&seen.0));
        // Relaxed: both threads have ended.
        assert_eq!(lock.1.load(Ordering::Relaxed), seen.0, "both filled it");
        ["first", "second"][seen.0 - 1]
    });
}

#[test]
fn whoever_gets_the_value_sees_what_was_written_before() {
    explore_all(&["empty", "filled"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let get = || match published.lock.get() {
            Some(_) => {
                assert_eq!(published.before.get(), 1, "not published");
                "filled"
            }
            None => "empty",
        };
        together(get, move || shared.fill()).0
    });
}

#[test]
fn whoever_comes_second_sees_what_was_written_before() {
    explore_all(&["first", "second"], || {
        let published = published();
        let shared = Arc::clone(&published);
        let get_or_fill = || match published.lock.get_or_init(|| 2) {
            1 => {
                assert_eq!(published.before.get(), 1, "not published");
                "second"
            }
            _ => "first",
        };
        together(get_or_fill, move || shared.fill()).0
    });
}
