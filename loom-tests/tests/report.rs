//! The report that is committed is of what there is.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use contexture_loom_tests::report::{FORMAT, Level, StrategyRow, Verification};
use contexture_loom_tests::{catalogue, mutants};
use contexture_strategies::StrategyKind;
use contexture_strategies::kind::{self, Visitor};

const ADVICE: &str = "run `cargo verify all --out reports` and commit what it writes";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../reports")
        .join(name)
}

fn read(name: &str) -> String {
    let path = file(name);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; {ADVICE}", path.display()))
}

fn report() -> Verification {
    let read = serde_json::from_str(&read("verification.json"));
    read.unwrap_or_else(|error| panic!("reports/verification.json: {error}; {ADVICE}"))
}

#[derive(Default)]
struct Names(Vec<&'static str>);

impl Visitor for Names {
    fn visit<S: StrategyKind>(&mut self) {
        self.0.push(S::NAME);
    }
}

fn strategies() -> Vec<&'static str> {
    let mut names = Names::default();
    kind::visit_all(&mut names);
    names.0
}

#[track_caller]
fn assert_same<T: Ord + Debug>(
    what: &str,
    reported: impl IntoIterator<Item = T>,
    there: impl IntoIterator<Item = T>,
) {
    let reported: BTreeSet<_> = reported.into_iter().collect();
    let there: BTreeSet<_> = there.into_iter().collect();
    let missing: Vec<_> = there.difference(&reported).collect();
    let gone: Vec<_> = reported.difference(&there).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "reports/verification.json is not of these {what}: {missing:?} are missing, {gone:?} are \
         no more; {ADVICE}"
    );
}

#[test]
fn it_is_of_these_strategies_and_scenarios() {
    let report = report();
    assert_eq!(report.format, FORMAT);
    assert_eq!(report.provenance.effort, "full", "{ADVICE}");
    let models = report.models.iter();
    let models = models.map(|row| (row.strategy.clone(), row.scenario.clone()));
    let small = catalogue::small();
    let names = || small.iter().map(|scenario| scenario.name().to_owned());
    let there = strategies().into_iter();
    let there = there.flat_map(|name| names().map(move |scenario| (name.to_owned(), scenario)));
    assert_same("models", models, there);

    let sampled = report.shuttle.iter().map(|row| row.scenario.clone());
    let large = catalogue::large();
    let large = large.iter().map(|scenario| scenario.name().to_owned());
    assert_same("scenarios", sampled, names().chain(large));
    let owned = || strategies().into_iter().map(str::to_owned);
    assert_same(
        "strategies",
        report.shuttle.iter().map(|row| row.strategy.clone()),
        owned(),
    );
    assert_same(
        "strategies",
        report.stress.iter().map(|row| row.strategy.clone()),
        owned(),
    );
    assert_same(
        "strategies",
        report.strategies.iter().map(|row| row.name.clone()),
        owned(),
    );
}

#[test]
fn its_sums_and_levels_are_right() {
    let report = report();
    assert_eq!(
        report.strategies,
        StrategyRow::of(&report.models),
        "{ADVICE}"
    );
    for strategy in &report.strategies {
        assert_eq!(strategy.level, Level::of(&strategy.name), "{ADVICE}");
    }
}

#[test]
fn it_is_of_these_mutants_and_all_are_killed() {
    let report = report();
    let reported = report.mutants.iter().map(|row| {
        assert!(row.killed_by.is_some(), "{} survived; {ADVICE}", row.fault);
        let [fault, file, does] = [&row.fault, &row.file, &row.does].map(Clone::clone);
        [
            fault,
            file,
            does,
            row.strategy.clone(),
            row.scenario.clone(),
        ]
    });
    let there = mutants::all().into_iter().map(|mutant| {
        let fields = [
            mutant.fault,
            mutant.file,
            mutant.does,
            mutant.strategy,
            mutant.scenario,
        ];
        fields.map(str::to_owned)
    });
    assert_same("mutants", reported, there);
}

#[test]
fn both_files_say_the_same() {
    assert_eq!(report().to_markdown(), read("verification.md"), "{ADVICE}");
}
