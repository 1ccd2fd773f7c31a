//! Running a scenario on a strategy many times: in every interleaving under loom, in many random
//! ones under shuttle, in those that happen on real threads.

#[cfg(contexture_loom)]
mod loom;
mod panics;
#[cfg(contexture_shuttle)]
mod shuttle;
mod threads;

#[cfg(contexture_loom)]
pub use loom::{Effort, Exploration, Model, Pass, explore};
pub use panics::hide_expected;
#[cfg(contexture_shuttle)]
pub use shuttle::{Sampled, Scheduler, sample};
pub use threads::{Stressed, stress};
