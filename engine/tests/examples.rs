//! Every example runs to its end; what it claims it checks itself.

#![cfg(feature = "all-strategies")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;

macro_rules! examples {
    ($($name:ident => $file:literal,)*) => {
        $(
            #[path = $file]
            mod $name;

            #[test]
            fn $name() {
                $name::main().expect(stringify!($name));
            }
        )*

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    agent_memory => "../examples/agent_memory.rs",
    choosing_a_strategy => "../examples/choosing_a_strategy.rs",
    migration => "../examples/migration.rs",
    watching_a_feed => "../examples/watching_a_feed.rs",
    web_session => "../examples/web_session.rs",
    without_a_runtime => "../examples/without_a_runtime.rs",
}

/// An example that is added must run here, and is short enough to be read.
#[test]
fn every_example_is_listed() {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = file.unwrap().path();
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 100, "{} has {lines} lines", path.display());
        found.extend(path.file_stem().and_then(OsStr::to_str).map(str::to_owned));
    }
    let listed: BTreeSet<_> = LISTED.iter().copied().map(str::to_owned).collect();
    assert_eq!(found, listed);
}
