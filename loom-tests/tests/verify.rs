//! The command `verify`, with a script in place of cargo and of the test binary.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use contexture_loom_tests::mutants::all;
use contexture_loom_tests::report::Verification;
use tempfile::TempDir;

/// Stands for cargo and for the test binary. `WITHOUT` and `WITH` say what it does without a
/// fault and with one, `PART` which part of the proof fails or is not handed in.
const SCRIPT: &str = r#"#!/bin/sh
row() { echo "[$2]" > "$CONTEXTURE_VERIFICATION/$1.json"; }
case "$*" in
    metadata*) exec "$REAL_CARGO" "$@" ;;
    loom*)
        [ "$PART" = models-fail ] && exit 101
        [ "$PART" = models-forgotten ] || row models '{"strategy":"sharded",
            "scenario":"update_update","explorations":[],"outcomes":2,"seconds":0.5}' ;;
    shuttle*)
        row shuttle '{"strategy":"sharded","scenario":"update_update","scheduler":"random",
            "executions":10,"events":20,"outcomes":2,"allowed":2,"seconds":0.5}' ;;
    test*)
        row stress '{"strategy":"sharded","history":"pairs of keys","threads":8,"operations":10,
            "overlapping":1,"ran_seconds":0.5,"checked_seconds":0.5}' ;;
    --exact*)
        echo "running 1 test"
        case "${CONTEXTURE_FAULT:+$WITH}${CONTEXTURE_FAULT:-$WITHOUT}" in
            pass*) exit 0 ;;
            abort*) echo "panicked at x:"; echo "$EXPECTED"; kill -ABRT $$ ;;
            hang*) echo "$EXPECTED"; touch "$HANGS.$$"; sleep 60 ;;
            other*) echo "panicked at x:"; echo "another message"; exit 101 ;;
            *) echo "panicked at x:"; echo "well: $EXPECTED!"; exit 101 ;;
        esac ;;
    *) echo "unexpected: $*"; exit 99 ;;
esac
"#;

/// The script, written before anything is run: a file that is open for writing cannot be.
static FAKE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fake");
    fs::write(&path, SCRIPT).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, path)
});

/// `verify` with the first fault expected to be found, unless the arguments say otherwise.
fn verify(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let script = &FAKE.1;
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    command
        .args(arguments)
        .env("REAL_CARGO", env!("CARGO"))
        .env("CARGO", script)
        .env("EXPECTED", all()[0].expected)
        .env("WITHOUT", "pass")
        .env("WITH", "fail")
        .envs(settings.iter().copied())
        .stdin(Stdio::null());
    if arguments[0] == "mutants" {
        command.args(["--binary", script.to_str().unwrap()]);
    }
    command
}

fn mutants(more: &[&str], settings: &[(&str, &str)]) -> Output {
    let arguments = [&["mutants", "--only", all()[0].fault], more].concat();
    verify(&arguments, settings).output().unwrap()
}

#[track_caller]
fn assert_ends(output: &Output, code: i32, error: &str) {
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}\n{complained}");
    let lines: Vec<_> = complained.lines().collect();
    if error.is_empty() {
        assert!(lines.is_empty(), "{complained}");
    } else {
        assert!(lines[0].starts_with("error: "), "{complained}");
        assert!(complained.contains(error), "{complained}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_fault_that_is_found_with_its_message_is_killed() {
    for way in ["fail", "abort"] {
        let output = mutants(&[], &[("WITH", way)]);
        assert_ends(&output, 0, "");
        let said = text(&output.stdout);
        assert!(said.contains("1 of 1 tests pass without a fault"), "{said}");
        assert!(
            said.ends_with("1 of 1 mutant killed, 0 survivors\n"),
            "{said}"
        );
    }
}

#[test]
fn a_fault_that_is_not_found_survives() {
    let output = mutants(&[], &[("WITH", "pass")]);
    assert_ends(&output, 1, "survived");
    let said = text(&output.stdout);
    assert!(
        said.ends_with("0 of 1 mutant killed, 1 survivor\n"),
        "{said}"
    );
    assert!(said.contains("SURVIVED"), "{said}");
}

#[test]
fn a_fault_that_is_found_with_another_message_survives() {
    let output = mutants(&[], &[("WITH", "other")]);
    assert_ends(&output, 1, "it fails: another message");
    assert!(text(&output.stdout).contains("1 survivor\n"));
}

#[test]
fn a_test_that_hangs_kills_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = folder.path().join("hangs");
    let settings = [("WITH", "hang"), ("HANGS", hangs.to_str().unwrap())];
    let output = mutants(&["--limit", "1"], &settings);
    assert_ends(&output, 1, "it took too long");
}

#[test]
fn a_test_that_fails_without_a_fault_proves_nothing() {
    let output = mutants(&[], &[("WITHOUT", "fail")]);
    assert_ends(&output, 1, "must pass without a fault: it fails: well: ");
    assert!(text(&output.stdout).contains("0 of 1 tests pass without a fault"));
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let output = verify(&["mutants", "--only", "nope"], &[])
        .output()
        .unwrap();
    assert_ends(&output, 2, "unknown fault `nope`; there are: ");
    let binary = ["mutants", "--binary", "/nowhere/models"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    assert_ends(
        &command.args(binary).output().unwrap(),
        1,
        "cannot run /nowhere/models: ",
    );
}

/// Ctrl-C ends what runs, at once, and what that has started.
#[test]
fn an_interrupt_ends_everything() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = folder.path().join("hangs");
    let settings = [("WITHOUT", "hang"), ("HANGS", hangs.to_str().unwrap())];
    let mut command = verify(&["mutants"], &settings);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    // Two at a time.
    while fs::read_dir(folder.path()).unwrap().count() < 2 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it does not begin"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert_ends(&child.wait_with_output().unwrap(), 130, "interrupted");
    assert!(began.elapsed() < Duration::from_secs(30));
    for entry in fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name();
        let id: i32 = name
            .to_str()
            .unwrap()
            .strip_prefix("hangs.")
            .unwrap()
            .parse()
            .unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        let gone = rustix::process::test_kill_process(id).is_err();
        assert!(gone, "{id:?} goes on");
    }
}

/// `verify all` into a folder.
fn whole(out: &Path, settings: &[(&str, &str)]) -> Output {
    let expected = all()[0].expected;
    // Every fault of the list would need its own message.
    let everything: Vec<_> = all().iter().map(|mutant| mutant.expected).collect();
    let everything = everything.join(" ");
    let mut settings = settings.to_vec();
    settings.push(("EXPECTED", &everything));
    assert!(everything.contains(expected));
    let binary = FAKE.1.to_str().unwrap();
    let arguments = [
        "all",
        "--short",
        "--out",
        out.to_str().unwrap(),
        "--binary",
        binary,
    ];
    verify(&arguments, &settings).output().unwrap()
}

#[test]
fn a_report_is_written_if_all_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/reports");
    assert_ends(&whole(&out, &[]), 0, "");
    let json = fs::read_to_string(out.join("verification.json")).unwrap();
    let report: Verification = serde_json::from_str(&json).unwrap();
    assert_eq!(report.to_json().unwrap(), json);
    assert_eq!(report.provenance.effort, "short");
    assert_eq!(report.provenance.command, "cargo verify all --short");
    assert_eq!(
        report.provenance.loom.split('.').count(),
        3,
        "{}",
        report.provenance.loom
    );
    assert_eq!(report.strategies[0].name, "sharded");
    assert_eq!(report.mutants.len(), all().len());
    let markdown = fs::read_to_string(out.join("verification.md")).unwrap();
    assert_eq!(report.to_markdown(), markdown);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn the_last_report_stays_if_something_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("verification.json");
    fs::write(&json, "the last one").unwrap();
    for (settings, error) in [
        ([("PART", "models-fail")], "error: models: the tests failed"),
        (
            [("PART", "models-forgotten")],
            "models.json: the tests did not hand it in",
        ),
        ([("WITH", "pass")], "survived"),
    ] {
        assert_ends(&whole(folder.path(), &settings), 1, error);
        assert_eq!(fs::read_to_string(&json).unwrap(), "the last one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_known_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_ends(&whole(file.path(), &[]), 1, "it is not a folder");
    assert_ends(
        &whole(Path::new("/proc/reports"), &[]),
        1,
        "cannot use /proc/reports",
    );
}
