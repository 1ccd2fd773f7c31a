//! How much memory documents take, against the usual ways to keep a JSON object; fails if a
//! target is missed.
//!
//! ```sh
//! cargo bench -p contexture --bench document_bytes
//! ```

#[allow(dead_code, reason = "nothing is looked up here")]
#[path = "document/samples.rs"]
mod samples;
#[allow(dead_code, reason = "nothing is timed here")]
#[path = "document/subjects.rs"]
mod subjects;

use std::alloc::System;
use std::process::ExitCode;

use samples::Sample;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use subjects::{Subject, for_each_subject};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The document must be below the `HashMap` in every sample.
fn main() -> ExitCode {
    println!("bytes per document, its own on the stack included (allocations);");
    println!("what the allocator adds to each allocation comes on top\n");
    let mut code = ExitCode::SUCCESS;
    for sample in samples::all() {
        println!("{}, {} B of text", sample.name, sample.json.len());
        let mut found = Vec::new();
        for_each_subject!(measure(&mut found, &sample));
        if found[0] >= found[1] {
            eprintln!(
                "missed: a document of {} takes {} B, a HashMap {} B",
                sample.name, found[0], found[1]
            );
            code = ExitCode::FAILURE;
        }
        println!();
    }
    code
}

fn measure<S: Subject>(found: &mut Vec<usize>, sample: &Sample) {
    let region = Region::new(ALLOCATOR);
    let subject = S::parse(&sample.json);
    let stats = region.change();
    let live = stats.bytes_allocated - stats.bytes_deallocated;
    let bytes = live + size_of::<S>();
    let allocations = stats.allocations - stats.deallocations;
    drop(subject);
    println!("  {:30} {bytes:>9} ({allocations})", S::NAME);
    found.push(bytes);
}
