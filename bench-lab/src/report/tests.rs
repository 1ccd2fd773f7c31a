#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::keys::Keys;
use crate::requirements;
use crate::results::requirements::{Decision, Memory, Requirements};
use crate::results::{
    Build, Cell, Documents, Environment, Latencies, Latency, Outcome, OverlapCheck, Provenance,
    Round, SCHEMA, SelfTest, Throughput, UpdateCheck, Verified,
};
use crate::subjects::{Body, Kind};
use crate::verification::Level;

pub(super) fn cell(
    subject: &str,
    kind: Kind,
    threads: usize,
    median: f64,
    spread: Option<f64>,
) -> Cell {
    Cell {
        subject: subject.into(),
        kind,
        body: Body::Copied,
        workload: "ycsb-b".into(),
        threads,
        mode: "closed".into(),
        throughput: Throughput {
            median,
            lo: spread.map(|spread| median - spread),
            hi: spread.map(|spread| median + spread),
            min: median * 0.9,
            max: median * 1.1,
        },
        rounds: vec![Round {
            round: 0,
            turn: 0,
            ops_per_s: median,
            operations: 5,
            overlap: 1.0,
            fairness: 0.123_456_789_012_345_6,
            processors: None,
            snapshots: None,
        }],
        latency_ns: Latencies {
            read: Some(Latency {
                p50: 50,
                p99: 1_500,
                p999: None,
                max: 9_999_999,
                samples: 900,
            }),
            ..Latencies::default()
        },
        bytes_per_entry: None,
        fairness: Some(0.99),
        processors: None,
        verification: Level::None,
    }
}

pub(super) fn assert_no_odd_figures(text: &str) {
    for odd in ["NaN", "inf", "-inf"] {
        for before in [" ", ">", "\"", "*"] {
            assert!(!text.contains(&format!("{before}{odd}<")), "{before}{odd}");
            assert!(!text.contains(&format!("{before}{odd} ")), "{before}{odd}");
        }
    }
}

pub(super) fn results(cells: Vec<Cell>) -> Results {
    Results {
        schema: SCHEMA.into(),
        environment: Environment {
            os: "os".into(),
            cpu: None,
            hardware_threads: 2,
            memory_bytes: Some(1 << 34),
            rustc: None,
            allocator: "system".into(),
            lab_version: "0".into(),
            build: Build {
                profile: "release".into(),
                opt_level: "3".into(),
                debug_assertions: false,
                target: "target".into(),
                rustflags: String::new(),
            },
        },
        provenance: Provenance {
            command_line: vec!["run".into(), "--out".into(), "<a|b>\"&".into()],
            profile: "smoke".into(),
            seed: u64::MAX,
            started_at: "2030-01-01T00:00:00Z".into(),
            duration_s: 1.5,
            documents: Documents {
                source: "source".into(),
                count: 2,
                min_bytes: 1,
                median_bytes: 2,
                max_bytes: 3,
            },
            contexts: 10,
            keys: Keys::String,
            rounds: 5,
            round_ms: 20,
            warm_up_ms: 4,
            timer_ns: 18.2,
            latency_sampled_every: 127,
            interrupted: false,
            notes: Vec::new(),
        },
        self_test: SelfTest {
            worker_overlap: OverlapCheck {
                outcome: Outcome::Pass,
                minimum_share: 1.0,
                required_share: 0.99,
                failures: Vec::new(),
            },
            effective_updates: UpdateCheck {
                outcome: Outcome::Pass,
                acknowledged: 7,
                effective: 7,
                failed_operations: 0,
                failures: Vec::new(),
            },
        },
        verification: Vec::new(),
        cells,
        requirements: None,
        scalability: Vec::new(),
        linearizability: None,
    }
}

fn typical() -> Results {
    results(vec![
        cell("ours", Kind::Strategy, 1, 2e6, Some(1e5)),
        cell("theirs", Kind::Peer, 1, 1e6, Some(1e5)),
        cell("ours", Kind::Strategy, 2, 1.05e6, Some(1e5)),
        cell("theirs", Kind::Peer, 2, 1e6, Some(1e5)),
        cell("ours", Kind::Strategy, 8, 1e5, Some(1e4)),
        cell("theirs", Kind::Peer, 8, 1e6, Some(1e5)),
        cell("limit", Kind::Floor, 8, 9e6, None),
    ])
}

#[test]
fn the_same_results_give_the_same_report_from_the_file_too() {
    let results = typical();
    let json = results.to_json().unwrap();
    let again = Results::from_json(&json, Path::new("results.json")).unwrap();
    assert_eq!(render(&results).unwrap(), render(&again).unwrap());
    assert_eq!(again.to_json().unwrap(), json);
}

#[test]
fn wins_ties_and_losses_are_told_in_words() {
    let text = headlines(&typical());
    assert_eq!(
        text,
        "Against the strongest peer, the best strategy wins 1, ties 1 and loses 1 of 3 \
         comparisons.\nycsb-b: ours beats theirs at 1 thread (2.00 of its throughput); ours is tied \
         with theirs at 2 threads (1.05 of its throughput); ours loses to theirs at 8 threads (0.10 \
         of its throughput)."
    );
    let rendered = render(&typical()).unwrap();
    for text in [&rendered.markdown, &rendered.html] {
        assert!(text.contains("loses to theirs at 8 threads"));
        assert!(text.contains("not measured"), "the floor at 1 thread");
        assert_no_odd_figures(text);
    }
}

#[test]
fn the_page_needs_nothing_else_and_escapes_what_it_shows() {
    let html = render(&typical()).unwrap().html;
    for outside in ["src=", "<link", "@import", "url(", "https://", "fetch("] {
        assert!(!html.contains(outside), "{outside}");
    }
    let without_names = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!without_names.contains("http:"));
    assert!(html.contains("&lt;a|b&gt;&quot;&amp;"));
    assert!(html.contains("role=\"img\" aria-label=\"Throughput of ycsb-b"));
    assert!(
        !html.contains("#0100"),
        "every placeholder has become a colour"
    );
}

#[test]
fn what_was_verified_stands_beside_the_figures() {
    let mut verified = typical();
    verified.verification = vec![Verified {
        subject: "ours".into(),
        models: 78,
        executions: 1_234_567,
    }];
    for cell in &mut verified.cells {
        if cell.kind == Kind::Strategy {
            cell.verification = Level::Protocol;
        }
    }
    let said = "protocol: 78 models, 1.23\u{a0}M executions";
    let rendered = render(&verified).unwrap();
    for (text, cells) in [
        (
            &rendered.markdown,
            [format!("| {said} |"), "| none |".into()],
        ),
        (
            &rendered.html,
            [format!("<td>{said}</td>"), "<td>none</td>".into()],
        ),
    ] {
        assert!(cells.iter().all(|cell| text.contains(cell)), "{text}");
    }

    // Results that do not know it are read, too.
    let json = verified.to_json().unwrap();
    let mut older: serde_json::Value = serde_json::from_str(&json).unwrap();
    older.as_object_mut().unwrap().remove("verification");
    let older = Results::from_json(&older.to_string(), Path::new("results.json")).unwrap();
    assert!(render(&older).unwrap().markdown.contains("| protocol |"));
}

/// Two strategies, of which one takes too much memory and too long for a rollback.
fn with_requirements() -> Results {
    let latency = |p50, max| {
        Some(Latency {
            p50,
            p99: p50,
            p999: Some(max),
            max,
            samples: 1_000,
        })
    };
    let observed = |subject: &str, rollback, bytes| {
        let mut observed = requirements::nothing(subject);
        observed.latency_ns.update = latency(3_500, 20_000_000);
        observed.latency_ns.rollback = latency(3_500, rollback);
        observed.memory_bytes.one_field = Some(Memory {
            min: bytes,
            median: bytes,
            max: bytes,
            before: 4_000_000,
            samples: 3,
        });
        observed
    };
    let scale = requirements::Size::Full.scale().unwrap();
    let strategies = vec![
        observed("<ours>", 7_000_000, 100_000_000),
        observed("slow", 200_000_000, 101_000_000),
    ];
    let mut results = typical();
    results.requirements = Some(Requirements {
        scale,
        verdicts: requirements::judge(&scale, &strategies),
        strategies,
    });
    results
}

#[test]
fn requirements_are_told_with_limit_figure_spread_and_verdict() {
    let results = with_requirements();
    let plain = |text: String| text.replace('\u{a0}', " ");
    let told = plain(headlines(&results));
    for line in [
        "Requirements of the engine, over 2 strategies: of 12, 4 hold, 2 fail and 6 are undecided.",
        "update (p99.9 < 50 ms): holds; the highest is 20.0 ms with slow",
        "rollback (max < 200 ms): fails with slow; the highest is 200 ms with slow",
        "memory, one field changes (max ≤ 100 MB): fails with slow; the highest is 101 MB with slow",
        "memory, all values change: not measured",
        "snapshot (max < 100 ms): undecided; not measured",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in\n{told}");
    }
    let rendered = render(&results).unwrap();
    let (markdown, html) = (plain(rendered.markdown), plain(rendered.html));
    for text in [
        "| update | p99.9 < 50 ms | **20.0 ms**<br>median 3.50 µs, max 20.0 ms<br>holds |",
        "| rollback | max < 200 ms | **7.00 ms**<br>median 3.50 µs<br>holds | \
         **200 ms**<br>median 3.50 µs<br>fails |",
        "| slow | one field | 101 MB | 101 MB | 101 MB | 10.1 kB | 4.00 MB | 3 |",
        "10000 contexts of 1024 bytes of JSON in 16 fields",
    ] {
        assert!(markdown.contains(text), "{text} in\n{markdown}");
    }
    for text in [
        "<td class=\"number fails\"><b>200 ms</b><small class=\"fails\">✗ fails</small>\
         <small>median 3.50 µs</small></td>",
        "<small>median 3.50 µs</small><small>max 20.0 ms</small></td>",
        "<th scope=\"row\">rollback<small>max &lt; 200 ms</small></th>",
        "&lt;ours&gt;",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<ours>"));
    assert!(!markdown.contains("<ours>"));
    for text in [&markdown, &html] {
        assert_no_odd_figures(text);
    }

    let verdicts = &results.requirements.as_ref().unwrap().verdicts;
    let failed = verdicts.iter().find(|it| it.decision == Decision::Fails);
    let line = plain(requirement(failed.unwrap()));
    assert_eq!(line, "rollback with slow: 200 ms, required max < 200 ms");
}

#[test]
fn without_requirements_nothing_is_said_of_them() {
    let rendered = render(&typical()).unwrap();
    assert!(!rendered.markdown.contains("Requirements"));
    assert!(!rendered.html.contains("id=\"requirements\""));
    assert!(!headlines(&typical()).contains("equirement"));

    let json = typical().to_json().unwrap();
    let mut older: serde_json::Value = serde_json::from_str(&json).unwrap();
    older.as_object_mut().unwrap().remove("requirements");
    let older = Results::from_json(&older.to_string(), Path::new("results.json")).unwrap();
    assert_eq!(older.requirements, None);
}

#[test]
fn few_rounds_no_peers_no_figures() {
    let undecided = results(vec![
        cell("ours", Kind::Strategy, 1, 2e6, None),
        cell("theirs", Kind::Peer, 1, 1e6, None),
    ]);
    assert!(headlines(&undecided).contains("1 had too few rounds to tell"));
    let alone = results(vec![cell("ours", Kind::Strategy, 1, 2e6, None)]);
    assert!(headlines(&alone).starts_with("No strategy was measured beside a peer"));
    let nothing = results(vec![
        cell("ours", Kind::Strategy, 1, 0.0, None),
        cell("theirs", Kind::Peer, 1, 0.0, None),
    ]);
    for odd in [undecided, alone, nothing, results(Vec::new())] {
        let rendered = render(&odd).unwrap();
        assert_no_odd_figures(&rendered.markdown);
        assert_no_odd_figures(&rendered.html);
    }
}

#[test]
fn failed_checks_and_interruption_stand_first() {
    let mut failed = typical();
    failed.self_test.effective_updates.failures = vec!["ours lost <3>".into()];
    failed.provenance.interrupted = true;
    let rendered = render(&failed).unwrap();
    let before = rendered.html.split("In short").next().unwrap();
    assert!(before.contains("ours lost &lt;3&gt;") && before.contains("Interrupted"));
    let before = rendered.markdown.split("## ").next().unwrap();
    assert!(before.contains("ours lost &lt;3>") && before.contains("Interrupted"));
}

#[test]
fn every_action_and_the_type_of_keys_are_told() {
    let mut results = typical();
    results.provenance.keys = Keys::U64;
    let latency = results.cells[0].latency_ns.read.clone();
    results.cells[0].latency_ns = Latencies {
        read: latency.clone(),
        get: latency.clone(),
        update: latency.clone(),
        create: latency.clone(),
        remove: latency.clone(),
        snapshot: latency,
    };
    // Of 20 ms; of the others it is not known whether snapshots were due.
    results.cells[0].rounds[0].snapshots = Some(15);
    let rendered = render(&results).unwrap();
    for action in [
        "get",
        "update",
        "create",
        "remove",
        "snapshot, 75 % of those due",
    ] {
        assert!(rendered.html.contains(&format!("<td>{action}</td>")));
        assert!(rendered.markdown.contains(&format!("| {action} |")));
    }
    assert!(rendered.html.contains("with u64 keys over"));
    assert!(rendered.markdown.contains("| Keys | u64 |"));
}

#[test]
fn a_plot_has_no_more_peers_than_colours_and_the_strongest_of_them() {
    let mut cells = vec![cell("ours", Kind::Strategy, 1, 1e6, None)];
    let names: Vec<String> = (0..20).map(|n| format!("peer-{n:02}")).collect();
    for (n, name) in names.iter().enumerate() {
        // The later, the faster; but the first is the fastest with two threads.
        cells.push(cell(name, Kind::Peer, 1, 1e6 + n as f64, None));
        let alone = if n == 0 { 9e6 } else { 1e5 };
        cells.push(cell(name, Kind::Peer, 2, alone, None));
    }
    let rendered = render(&results(cells)).unwrap();
    let (_, plot) = &rendered.plots[0];
    let shown: Vec<_> = names.iter().filter(|name| plot.contains(*name)).collect();
    let expected = [
        "peer-00", "peer-15", "peer-16", "peer-17", "peer-18", "peer-19",
    ];
    assert_eq!(shown, expected);
    assert!(names.iter().all(|name| rendered.html.contains(name)));
}
