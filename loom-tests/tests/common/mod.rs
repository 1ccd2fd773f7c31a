//! What the runs that fill a part of the report have in common.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use contexture_loom_tests::report::Part;
use libtest_mimic::{Arguments, Trial};

/// Rows that trials add, in the order of the trials.
pub struct Rows<R>(Arc<Mutex<BTreeMap<usize, R>>>);

impl<R> Rows<R> {
    pub fn new() -> Self {
        Self(Arc::default())
    }

    pub fn add(&self, place: usize, row: R) {
        self.0.lock().unwrap().insert(place, row);
    }
}

impl<R> Clone for Rows<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// At least so much of something must have been there.
pub struct Least {
    pub what: &'static str,
    pub least: usize,
    pub was: usize,
}

/// Of how many strategies all trials run, by what is filtered: the whole run is of at least so
/// many as are known, `cargo loom -- sharded::` of one, and of anything else nothing is known.
pub fn whole_strategies(arguments: &Arguments, strategies: &[&str], known: usize) -> usize {
    let of_one = |filter: &String| {
        let strategy = filter.strip_suffix("::");
        strategy.is_some_and(|strategy| strategies.contains(&strategy))
    };
    if !arguments.skip.is_empty() || arguments.exact || arguments.ignored {
        return 0;
    }
    match &arguments.filter {
        None => known,
        Some(filter) => usize::from(of_one(filter)),
    }
}

/// Runs the trials and prints what they came to. Fails if it was less than `least` says, as a
/// build that explores nothing would be. A whole run is handed in for the report.
pub fn run<R: Part>(
    arguments: &Arguments,
    trials: Vec<Trial>,
    rows: &Rows<R>,
    print: impl FnOnce(&[R]),
    least: impl FnOnce(&[R]) -> Vec<Least>,
) -> ExitCode {
    let conclusion = libtest_mimic::run(arguments, trials);
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    let rows: Vec<R> = std::mem::take(&mut *rows.0.lock().unwrap())
        .into_values()
        .collect();
    if !rows.is_empty() {
        print(&rows);
    }
    if conclusion.has_failed() {
        return ExitCode::from(101);
    }
    let mut enough = true;
    for Least { what, least, was } in least(&rows) {
        if was < least {
            eprintln!("error: {was} {what}, and there should be {least} at least");
            enough = false;
        }
    }
    if !enough {
        return ExitCode::from(101);
    }
    if conclusion.num_filtered_out + conclusion.num_ignored > 0 {
        return ExitCode::SUCCESS;
    }
    if let Err(error) = R::hand_in(&rows) {
        eprintln!("error: {error}");
        return ExitCode::from(101);
    }
    ExitCode::SUCCESS
}
