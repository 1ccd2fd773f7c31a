//! What the predecessor promised and did not keep, as tests.
//!
//! Each row of the predecessor's measured failures is a check. It holds on every enabled strategy,
//! on a runtime of four threads and on one of one, in [`REPETITIONS`] fresh stores; and it fails on
//! a [model of the predecessor](predecessor), so that it can fail.
//!
//! | what was measured | tests |
//! |---|---|
//! | updates that returned Ok are lost: 2 × 1000, 8 × 1000, 64 × 100 | [`updates`]: `no_update_is_lost`, `two_tasks_…`, `eight_tasks_…`, `sixty_four_tasks_…` |
//! | up to 8 of 8 creators succeed | [`life`]: `one_of_eight_creators_succeeds` |
//! | `max_contexts` 10 exceeded | [`life`]: `the_limit_holds_whoever_creates` |
//! | a delete returns Ok several times | [`life`]: `one_of_eight_deletes_succeeds` |
//! | contexts are resurrected | [`life`]: `a_deleted_context_stays_deleted` |
//! | v100 → v1 is accepted | [`versions`]: `an_old_version_is_not_written_over_a_new_one`, `one_of_many_writers_of_a_version_succeeds`, `versions_grow_also_over_deletion` |
//! | the disk is stale, files are torn, empty or not to be parsed | [`stored`]: `what_is_stored_is_what_was_written_last`, `nobody_reads_half_a_write`, `a_damaged_export_is_refused` |
//! | blocking writes stall the runtime | [`paths`]: `the_engine_uses_no_files` |
//! | `../x` and absolute ids write and delete foreign files | [`stored`]: `an_id_is_text_and_no_path`; [`paths`]: `ids_like_paths_touch_no_file` |
//! | a failed save still changes memory | [`refused`]: `a_refused_write_changes_nothing` and those beside it |
//! | the oldest points within a second are kept | [`stored`]: `the_newest_points_of_one_second_are_kept` |
//! | the restore of A returns the state of B | [`stored`]: `a_restore_brings_back_that_very_point` |
//! | points are never written | [`stored`]: `points_outlive_the_store` |
//! | load gives key 1 whatever the id | [`stored`]: `each_id_loads_its_own_context` |
//! | lists are empty | [`life`]: `the_list_has_every_context` |
//! | initialise loads nothing, create overwrites | [`stored`]: `what_was_stored_is_there_and_not_created_again` |
//! | switch does not switch | [`clients`]: `a_switch_changes_the_current_context` |
//! | B shows and gets what A holds | [`clients`]: `activating_b_neither_shows_nor_writes_what_a_holds`, `clients_of_several_contexts_keep_them_apart` |
//! | synchronise does nothing | [`clients`]: `what_one_client_writes_another_sees` |
//! | 12 of 100 test runs fail with several threads | all of them, [`REPETITIONS`] times |
//! | the benchmark panics at 4 tasks (the measurement says no more) | [`updates`]: `four_…`, `sixteen_…`, `sixty_four_tasks_create_update_and_read` |
//!
//! Beyond the rows: the sequences that its tests had, [without](sequences) and [with](recovery)
//! recovery points; futures that are [dropped](cancelled) at
//! every step, more threads and tasks than processors ([`oversubscribed`]).

#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_types,
    reason = "what a test counts with is not what is tested"
)]

mod cancelled;
mod clients;
mod life;
mod oversubscribed;
mod paths;
mod predecessor;
mod recovery;
mod refused;
mod sequences;
mod stored;
mod subject;
mod updates;
mod versions;

use std::sync::Arc;

use contexture::{ContextId, Document};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

/// How often a check is made on each strategy and kind of runtime, in a fresh store each.
const REPETITIONS: usize = 100;

/// A broken promise, in words.
type Kept = Result<(), String>;

/// Ends a check with what is wrong.
macro_rules! ensure {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!($($what)+));
        }
    };
}

/// Tests of a check: that it holds on ours and how it fails on the predecessor.
macro_rules! promises {
    ($($name:ident: $repetitions:expr, $check:ident($($argument:expr),*), broken: $broken:literal;)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn holds() {
                crate::over_everything!($repetitions, |S| {
                    super::$check::<crate::subject::Ours<S>>($($argument),*)
                });
            }

            #[test]
            fn fails_on_the_predecessor() {
                let check = super::$check::<crate::predecessor::Predecessor>($($argument),*);
                let broken = crate::one_thread().block_on(check).unwrap_err();
                assert!(broken.contains($broken), "{broken}");
            }
        }
    )*};
}

/// Makes a check so many times on every strategy and kind of runtime.
macro_rules! over_everything {
    ($repetitions:expr, |$strategy:ident| $check:expr) => {{
        struct Each;
        impl contexture::kind::Visitor for Each {
            fn visit<$strategy: contexture::StrategyKind>(&mut self) {
                for runtime in crate::runtimes() {
                    let flavor = runtime.handle().runtime_flavor();
                    for repetition in 1..=$repetitions {
                        let kept: crate::Kept = runtime.block_on($check);
                        let name = <$strategy as contexture::StrategyKind>::NAME;
                        assert_eq!(kept, Ok(()), "{name} {flavor:?} {repetition}");
                    }
                }
            }
        }
        contexture::kind::visit_all(&mut Each);
    }};
}

/// Tests of our contexts alone.
macro_rules! on_every_strategy {
    ($($name:ident: $repetitions:expr, $check:ident($($argument:expr),*);)*) => {$(
        #[test]
        fn $name() {
            crate::over_everything!($repetitions, |S| $check::<S>($($argument),*));
        }
    )*};
}

use {ensure, on_every_strategy, over_everything, promises};

fn several_threads() -> Runtime {
    let mut several = Builder::new_multi_thread();
    several.worker_threads(4).enable_time().build().unwrap()
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn runtimes() -> [Runtime; 2] {
    [several_threads(), one_thread()]
}

/// Runs so many tasks that start at the same moment; what they return, in their order.
async fn together<T, F>(tasks: usize, work: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(tasks));
    let spawn = |task| {
        let (start, work) = (Arc::clone(&start), work(task));
        tokio::spawn(async move {
            start.wait().await;
            work.await
        })
    };
    let running: Vec<_> = (0..tasks).map(spawn).collect();
    let mut results = Vec::with_capacity(tasks);
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}

fn id(text: &str) -> ContextId {
    ContextId::new(text).unwrap()
}

fn document(json: &str) -> Document {
    Document::parse(json).unwrap()
}

/// A document with one number in it.
fn holding(key: &str, value: usize) -> Document {
    Document::new().with(key, &value).unwrap()
}

/// A number in a document; 0 if it is not there.
fn number(document: &Document, key: &str) -> u64 {
    let field = document.get(key);
    field.map_or(0, |field| field.as_u64().unwrap())
}

fn incremented(document: &Document, key: &str) -> Document {
    document.with(key, &(number(document, key) + 1)).unwrap()
}
