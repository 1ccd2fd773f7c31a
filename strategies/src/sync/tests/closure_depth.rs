//! A thread-local number.

use super::*;
use crate::sync::CLOSURE_DEPTH;

#[test]
fn each_thread_has_its_own() {
    explore(|| {
        let replace = |depth| CLOSURE_DEPTH.with(|now| now.replace(depth));
        assert_eq!(replace(1), 0);
        together(|| (), move || assert_eq!(replace(2), 0));
        assert_eq!(replace(0), 1);
    });
}
