//! Documents against the usual ways to keep a JSON object.
//!
//! ```sh
//! cargo bench -p contexture --bench document             # criterion
//! cargo bench -p contexture --bench document -- --check  # a table; fails if a target is missed
//! ```

mod samples;
mod subjects;
mod table;

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, measurement::WallTime};

use samples::Sample;
use subjects::{Subject, for_each_subject};

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--check") {
        return table::check();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let samples = samples::all();
    for (name, add) in OPERATIONS {
        let mut group = criterion.benchmark_group(*name);
        for sample in &samples {
            add(&mut group, sample);
        }
        group.finish();
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;
type Add = fn(&mut Group<'_>, &Sample);

const OPERATIONS: &[(&str, Add)] = &[
    ("copy_with_one_change", |group, sample| {
        fn add<S: Subject>(group: &mut Group<'_>, sample: &Sample) {
            let subject = S::parse(&sample.json);
            group.bench_function(BenchmarkId::new(S::NAME, &sample.name), |bencher| {
                bencher.iter(|| black_box(&subject).with(black_box(&sample.key), black_box(7)));
            });
        }
        for_each_subject!(add(group, sample));
    }),
    ("look_up", |group, sample| {
        fn add<S: Subject>(group: &mut Group<'_>, sample: &Sample) {
            let subject = S::parse(&sample.json);
            group.bench_function(BenchmarkId::new(S::NAME, &sample.name), |bencher| {
                bencher.iter(|| {
                    black_box(&subject).has(black_box(&sample.key), black_box(&sample.expected))
                });
            });
        }
        for_each_subject!(add(group, sample));
    }),
    ("parse", |group, sample| {
        fn add<S: Subject>(group: &mut Group<'_>, sample: &Sample) {
            group.bench_function(BenchmarkId::new(S::NAME, &sample.name), |bencher| {
                bencher.iter(|| S::parse(black_box(&sample.json)));
            });
        }
        for_each_subject!(add(group, sample));
    }),
    ("to_text", |group, sample| {
        fn add<S: Subject>(group: &mut Group<'_>, sample: &Sample) {
            let subject = S::parse(&sample.json);
            group.bench_function(BenchmarkId::new(S::NAME, &sample.name), |bencher| {
                bencher.iter(|| black_box(&subject).to_text());
            });
        }
        for_each_subject!(add(group, sample));
    }),
];
