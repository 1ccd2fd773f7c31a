//! The binary as people meet it: what it writes, and what it says when it cannot.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-lab"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs with bad input and returns the one line it must say, without the program's name.
fn complaint(arguments: &[&str]) -> String {
    let output = lab(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let line = said.trim_end().strip_prefix("bench-lab: ");
    line.expect("the line names the program").to_owned()
}

/// The same for a run into an empty folder, which must be empty afterwards.
fn run_complaint(arguments: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let mut all = vec!["run", "--out", folder.path().to_str().unwrap()];
    all.extend(arguments);
    let line = complaint(&all);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "{arguments:?}"
    );
    line
}

fn file(folder: &TempDir, content: &[u8]) -> String {
    let path = folder.path().join("documents.ndjson");
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const SHORT: [&str; 9] = [
    "run",
    "--profile",
    "smoke",
    "--rounds",
    "3",
    "--round-ms",
    "4",
    "--contexts",
    "50",
];

fn short_run(folder: &Path, more: &[&str]) -> Output {
    let mut arguments = SHORT.to_vec();
    arguments.extend(["--out", folder.to_str().unwrap()]);
    arguments.extend(more);
    lab(&arguments)
}

#[test]
fn a_run_writes_results_that_fit_the_schema_and_both_reports() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("new/folder");
    let output = short_run(&out, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert_eq!(
        told.starts_with("Against the strongest peer, "),
        cfg!(feature = "peers")
    );
    assert!(text(&output.stderr).contains("measured ycsb-a with 4 threads"));
    assert!(told.contains("Targets of slotted: 27 targets, "));

    let schema = include_str!("../../specs/results.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let json = fs::read_to_string(out.join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&json).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&results)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let cells = results["cells"].as_array().unwrap();
    for name in ["tokio-mutex", "sharded", "hashmap-per-thread"] {
        let of_subject = cells.iter().filter(|cell| cell["subject"] == name);
        assert_eq!(of_subject.count(), 4 * 2, "{name} under every workload");
    }
    // Every action was timed somewhere, and snapshots are counted where they are due.
    for action in ["read", "get", "update", "create", "remove", "snapshot"] {
        let timed = |cell: &serde_json::Value| cell["latency_ns"][action].is_object();
        assert!(cells.iter().any(timed), "{action}");
    }
    for cell in cells {
        let due = cell["workload"] == "snapshot-under-load";
        assert_eq!(cell["rounds"][0]["snapshots"].is_u64(), due);
    }
    assert_eq!(results["provenance"]["keys"], "string");
    // What was verified is told of strategies, and of nothing else.
    let verified = results["verification"].as_array().unwrap();
    for cell in cells {
        let subject = &cell["subject"];
        let told = verified.iter().any(|row| row["subject"] == *subject);
        assert_eq!(told, cell["kind"] == "strategy", "{subject}");
        assert_eq!(told, cell["verification"] != "none", "{subject}");
    }
    // What is required is measured of every strategy, at a size that cannot prove it.
    let required = &results["requirements"];
    assert_eq!(required["scale"]["full"], false);
    let verdicts = required["verdicts"].as_array().unwrap();
    assert_eq!(
        verdicts.len(),
        7 * required["strategies"].as_array().unwrap().len()
    );
    assert_eq!(
        required["strategies"].as_array().unwrap().len(),
        verified.len()
    );
    for verdict in verdicts {
        let told = verdict["limit"].is_null();
        assert_eq!(verdict["decision"], if told { "told" } else { "undecided" });
        let everywhere = verdict["unit"] == "ns" || cfg!(target_os = "linux");
        assert_eq!(verdict["measured"].is_u64(), everywhere, "{verdict}");
    }
    assert!(told.contains("Requirements of the engine, over 6 strategies: of 36, 0 hold"));
    assert!(text(&output.stderr).contains("measured the requirements with sharded"));
    let update = &results["self_test"]["effective_updates"];
    assert_eq!(update["acknowledged"], update["effective"]);
    for name in ["report.md", "report.html", "plots/ycsb-a.svg"] {
        assert!(
            fs::metadata(out.join(name)).unwrap().len() > 1_000,
            "{name}"
        );
    }

    // The report renders again from the results alone, to the same files.
    let before = fs::read_to_string(out.join("report.html")).unwrap();
    fs::remove_file(out.join("report.html")).unwrap();
    fs::write(out.join("report.md"), "outdated").unwrap();
    assert!(lab(&["report", out.to_str().unwrap()]).status.success());
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), before);
    assert!(
        fs::read_to_string(out.join("report.md"))
            .unwrap()
            .starts_with("# ")
    );
}

#[test]
fn documents_of_ones_own() {
    let folder = TempDir::new().unwrap();
    let documents = file(
        &folder,
        b"{\"first\":[1,2],\"b\":true}\n\n{}\n{\"event\":\"e\"}",
    );
    let out = folder.path().join("out");
    let more = [
        "--documents",
        &documents,
        "--threads",
        "2",
        "--workloads",
        "ycsb-a,churn",
        "--requirements",
        "off",
        "--keys",
        "u64",
    ];
    let output = short_run(&out, &more);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results = fs::read_to_string(out.join("results.json")).unwrap();
    assert!(results.contains("\"count\": 3"));
    assert!(results.contains("\"requirements\": null"));
    assert!(results.contains("\"keys\": \"u64\""));
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("| Keys | u64 |"));
    assert!(!text(&output.stdout).contains("Requirements"));
}

#[test]
fn list_names_everything() {
    let output = lab(&["list"]);
    assert!(output.status.success());
    let list = text(&output.stdout);
    for name in [
        "sharded",
        "floor",
        "serde_json value, in place",
        "ycsb-a",
        "snapshot-under-load",
        "smoke",
        "9 rounds of 150 ms, threads 1, 2, 8, requirements full",
        "10000 contexts, sessions",
        "string, u64",
    ] {
        assert!(list.contains(name), "{name}");
    }
    let of = |subject: &str| {
        let mut lines = list.lines().map(str::trim);
        lines
            .find(|line| line.starts_with(&format!("{subject} ")))
            .unwrap()
    };
    let levels = ["verification: protocol: ", "verification: instrumented: "];
    let sharded = of("sharded");
    assert!(
        levels.iter().any(|level| sharded.contains(level)),
        "{sharded}"
    );
    assert!(
        sharded.contains(" models, ") && sharded.ends_with(" executions"),
        "{sharded}"
    );
    assert!(of("hashmap-per-thread").ends_with("verification: none"));
}

#[test]
fn unknown_names_come_with_the_known_ones() {
    let line = run_complaint(&["--subjects", "sharded,hashtable"]);
    assert!(line.starts_with("unknown subject `hashtable`; there are: tokio-mutex, "));
    let line = run_complaint(&["--workloads", "ycsb-z"]);
    assert!(line.starts_with("unknown workload `ycsb-z`; there are: read-uniform, "));
    let line = run_complaint(&["--profile", "slow"]);
    assert_eq!(
        line,
        "unknown profile `slow`; there are: smoke, quick, full"
    );
    let line = run_complaint(&["--keys", "u32"]);
    assert_eq!(line, "unknown type of keys `u32`; there are: string, u64");
    let line = run_complaint(&["--sample", "carts"]);
    assert_eq!(
        line,
        "unknown sample `carts`; there are: webhooks, sessions"
    );
    let line = run_complaint(&["--sample", "sessions", "--documents", "x"]);
    assert_eq!(line, "--sample: there is a file of documents already");
    let line = run_complaint(&["--requirements", "some"]);
    assert_eq!(
        line,
        "unknown size of requirements `some`; there are: off, small, full"
    );
}

#[test]
fn numbers_that_make_no_sense() {
    let line = run_complaint(&["--threads", "0"]);
    assert_eq!(line, "--threads: must be at least 1, not 0");
    let line = run_complaint(&["--threads", "1,two"]);
    assert!(line.starts_with("--threads: `two` is not a whole number"));
    let line = run_complaint(&["--threads", "1,,2"]);
    assert_eq!(line, "--threads: `1,,2` is not a list separated by commas");
    let line = run_complaint(&["--contexts", "0"]);
    assert_eq!(line, "--contexts: must be at least 1, not 0");
    let line = run_complaint(&["--contexts", "-5"]);
    assert!(line.starts_with("--contexts: `-5` is not a whole number"));
    assert!(run_complaint(&["--contexts", "2000000000"]).starts_with("--contexts: "));
    assert!(run_complaint(&["--rounds", "0"]).starts_with("--rounds: "));
    assert!(run_complaint(&["--round-ms", "1e3"]).starts_with("--round-ms: "));
    assert!(run_complaint(&["--seed", "x"]).starts_with("--seed: "));
}

#[test]
fn documents_that_are_none() {
    let folder = TempDir::new().unwrap();
    let complain = |content: &[u8]| {
        let path = file(&folder, content);
        run_complaint(&["--documents", &path]).replace(&path, "FILE")
    };
    assert_eq!(complain(b""), "FILE: there is no document in it");
    assert_eq!(complain(b"\n \n"), "FILE: there is no document in it");
    assert!(complain(b"{\"a\":1}\n{\"a\":\n").starts_with("FILE:2: EOF while parsing"));
    let line = complain(b"{\"a\":1}\n\n[1,2]\n");
    assert_eq!(line, "FILE:3: a JSON object is needed, this is an array");
    assert_eq!(
        complain(b"{\"a\":1}\n{\"\xff\":1}"),
        "FILE:2: not UTF-8 text"
    );

    let missing = folder.path().join("missing");
    let line = run_complaint(&["--documents", missing.to_str().unwrap()]);
    assert!(line.starts_with("cannot read ") && line.contains("missing: No such file"));
    let line = run_complaint(&["--documents", folder.path().to_str().unwrap()]);
    assert!(line.starts_with("cannot read "));
}

#[test]
fn folders_that_cannot_hold_results() {
    let folder = TempDir::new().unwrap();
    let occupied = file(&folder, b"{}");
    let line = complaint(&["run", "--out", &occupied]);
    assert!(
        line.ends_with("for the results: it is not a folder"),
        "{line}"
    );
    let below = format!("{occupied}/out");
    assert!(complaint(&["run", "--out", &below]).starts_with("cannot use "));
    #[cfg(target_os = "linux")]
    assert!(complaint(&["run", "--out", "/proc/out"]).starts_with("cannot use /proc/out"));
}

#[test]
fn reports_of_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(complaint(&["report", path]).contains("results.json: No such file"));
    let missing = folder.path().join("missing");
    let line = complaint(&["report", missing.to_str().unwrap()]);
    assert!(line.ends_with("there is no such folder"));
    for (content, reason) in [
        ("{", "results.json: not a results file: EOF"),
        (
            "{}",
            "results.json: not a results file: missing field `schema`",
        ),
        (
            "{\"schema\":\"other/9\"}",
            "has schema `other/9`, this lab reads `contexture-lab/1`",
        ),
        (
            "{\"schema\":\"contexture-lab/1\"}",
            "results.json: not a results file: missing field",
        ),
    ] {
        fs::write(folder.path().join("results.json"), content).unwrap();
        let line = complaint(&["report", path]);
        assert!(line.contains(reason), "{line}");
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing but the results that were there");
}

#[test]
fn slips_on_the_command_line() {
    assert!(complaint(&["run"]).contains("--out <DIR>"));
    assert!(complaint(&["walk"]).contains("unrecognized subcommand 'walk'"));
    assert!(complaint(&["run", "--out", "x", "--fast"]).contains("'--fast'"));
    let version = lab(&["--version"]);
    assert!(version.status.success() && text(&version.stdout).starts_with("bench-lab "));
}

/// The process that `run` starts for its memory, as people would meet it.
#[test]
fn the_process_whose_memory_is_measured() {
    let output = lab(&["memory-of", "sharded", "whole-document", "small", "1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let growth: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    if cfg!(target_os = "linux") {
        let [before, after] = ["before", "after"].map(|at| growth[at].as_u64().unwrap());
        // The texts of 200 contexts of 11 versions of 1,024 bytes, at least.
        assert!(after - before > 200 * 11 * 1_024, "{before} to {after}");
    } else {
        assert!(growth.is_null());
    }

    let complain =
        |strategy, updates, size, seed| complaint(&["memory-of", strategy, updates, size, seed]);
    let line = complain("hashtable", "one-field", "small", "1");
    assert!(line.starts_with("unknown strategy `hashtable`; there are: tokio-mutex, "));
    let line = complain("sharded", "two-fields", "small", "1");
    assert_eq!(
        line,
        "unknown kind of update `two-fields`; there are: one-field, whole-document"
    );
    let line = complain("sharded", "one-field", "off", "1");
    assert_eq!(line, "SIZE: nothing is measured at this size");
    assert!(complain("sharded", "one-field", "small", "x").contains("'x'"));
    assert!(!text(&lab(&["--help"]).stdout).contains("memory-of"));
}

/// A disk that is full stops the results from being written, not half of them.
#[test]
#[cfg(target_os = "linux")]
fn no_space() {
    let folder = TempDir::new().unwrap();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bench-lab")])
        .args(SHORT)
        .args([
            "--threads",
            "1",
            "--workloads",
            "ycsb-a,read-hot,update-hot",
        ])
        .args(["--out", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("bench-lab: cannot write ") && last.contains("results.json: "));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
mod interrupt {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    fn interrupt_after(wait: Duration, more: &[&str], folder: &Path) -> Output {
        let child = Command::new(env!("CARGO_BIN_EXE_bench-lab"))
            .args(["run", "--contexts", "50", "--out", folder.to_str().unwrap()])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        child.wait_with_output().unwrap()
    }

    /// What was measured before is written; of the requirements, which are either complete or not
    /// there, nothing is.
    #[test]
    fn requirements_that_are_not_finished_are_left_out() {
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bench-lab"))
            .args(SHORT)
            .args(["--threads", "1", "--workloads", "ycsb-a"])
            .args(["--requirements", "full", "--out"])
            .arg(folder.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // When this is told, what remains are the requirements, which take longer than a signal.
        let told = lines.next().unwrap().unwrap();
        assert!(told.starts_with("measured ycsb-a with 1 thread"), "{told}");
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
        let json = fs::read_to_string(folder.path().join("results.json")).unwrap();
        assert!(json.contains("\"interrupted\": true"));
        assert!(json.contains("\"requirements\": null"));
    }

    #[test]
    fn finished_rounds_are_kept() {
        let folder = TempDir::new().unwrap();
        let more = ["--threads", "1", "--rounds", "1000", "--round-ms", "20"];
        let output = interrupt_after(Duration::from_millis(1_500), &more, folder.path());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.ends_with("interrupted; the report covers the rounds that were finished\n"));
        let json = fs::read_to_string(folder.path().join("results.json")).unwrap();
        assert!(json.contains("\"interrupted\": true"));
        let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
        assert!(html.contains("Interrupted: "));
    }
}
