//! The scenarios.
//!
//! Odd keys and even keys are in different shards of a model, so keys 1 and 3 share one, and 1
//! and 2 do not.

mod large;
mod small;

pub use large::{Shape, large, random};
pub use small::small;
