//! Figures as people read them, and the sentences both reports share.

use crate::results::{Cell, Latency, Results, Throughput};
use crate::verification::Verification;
use crate::words::{count, scaled, short};
use crate::workload::{Action, WORKLOADS};

/// What stands where nothing was measured.
pub(super) const NOT_MEASURED: &str = "not measured";

/// Operations per second with three significant digits: "16.2 M", "940 k", "12".
pub(super) fn rate(ops_per_s: f64) -> String {
    short(ops_per_s)
}

/// The 95 % interval of a throughput, or why there is none.
pub(super) fn interval(throughput: &Throughput) -> String {
    match (throughput.lo, throughput.hi) {
        (Some(lo), Some(hi)) => format!("{}\u{2013}{}", rate(lo), rate(hi)),
        _ => "too few rounds for an interval".to_owned(),
    }
}

/// Nanoseconds with a suitable unit.
pub(super) fn duration(nanos: u64) -> String {
    let units = [
        (1e9, "\u{a0}s"),
        (1e6, "\u{a0}ms"),
        (1e3, "\u{a0}µs"),
        (1.0, "\u{a0}ns"),
    ];
    scaled(nanos as f64, &units)
}

/// A ratio with as many digits as it deserves.
pub(super) fn ratio(ratio: f64) -> String {
    if ratio >= 10.0 {
        format!("{ratio:.0}")
    } else if ratio >= 0.1 {
        format!("{ratio:.2}")
    } else {
        format!("{ratio:.3}")
    }
}

/// A size in bytes, in powers of ten.
pub(super) fn decimal_bytes(bytes: u64) -> String {
    let units = [
        (1e9, "\u{a0}GB"),
        (1e6, "\u{a0}MB"),
        (1e3, "\u{a0}kB"),
        (1.0, "\u{a0}B"),
    ];
    scaled(bytes as f64, &units)
}

/// A size in bytes.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [
        (1073741824.0, " GiB"),
        (1048576.0, " MiB"),
        (1024.0, " KiB"),
        (1.0, " B"),
    ];
    scaled(bytes as f64, &units)
}

/// The percentiles of a latency in the order of the tables' columns.
pub(super) fn percentiles(latency: &Latency) -> [Option<u64>; 4] {
    [
        Some(latency.p50),
        Some(latency.p99),
        latency.p999,
        Some(latency.max),
    ]
}

/// What was timed, and how much of it there was if it was due by time.
pub(super) fn action(results: &Results, cell: &Cell, action: Action) -> String {
    match results.snapshots_taken(cell) {
        Some(taken) if action == Action::Snapshot => {
            format!("{}, {:.0} % of those due", action.name(), taken * 100.0)
        }
        _ => action.name().to_owned(),
    }
}

/// What a workload does, if this version of the lab knows it.
pub(super) fn definition(workload: &str) -> &'static str {
    let known = WORKLOADS.iter().find(|known| known.name == workload);
    known.map_or("", |known| known.definition)
}

/// Everything a reader must know before any figure: failed checks, interruption, notes.
pub(super) fn warnings(results: &Results) -> Vec<String> {
    let mut warnings: Vec<String> = results
        .self_test
        .failures()
        .map(|failure| format!("Check failed, no figure here can be trusted. {failure}"))
        .collect();
    if results.provenance.interrupted {
        warnings.push("Interrupted: this covers the rounds that were finished.".into());
    }
    warnings.extend(results.provenance.notes.iter().cloned());
    warnings
}

/// Names and values of what the run took place on and how.
pub(super) fn provenance(results: &Results) -> Vec<(&'static str, String)> {
    let environment = &results.environment;
    let provenance = &results.provenance;
    let build = &environment.build;
    let documents = &provenance.documents;
    let or_unknown = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".into());
    let overlap = &results.self_test.worker_overlap;
    let updates = &results.self_test.effective_updates;
    let flags = match build.rustflags.as_str() {
        "" => String::new(),
        flags => format!(", flags {flags}"),
    };
    vec![
        ("Processor", or_unknown(&environment.cpu)),
        ("Hardware threads", environment.hardware_threads.to_string()),
        (
            "Memory",
            environment.memory_bytes.map_or("unknown".into(), bytes),
        ),
        ("System", environment.os.clone()),
        ("Allocator", environment.allocator.clone()),
        ("Compiler", or_unknown(&environment.rustc)),
        (
            "Build",
            format!(
                "{}, opt-level {}, {}{flags}",
                build.profile, build.opt_level, build.target
            ),
        ),
        (
            "Lab",
            format!("{}, format {}", environment.lab_version, results.schema),
        ),
        (
            "Command",
            format!("bench-lab {}", provenance.command_line.join(" ")),
        ),
        (
            "Started",
            format!(
                "{}, took {} s",
                provenance.started_at, provenance.duration_s
            ),
        ),
        ("Seed", provenance.seed.to_string()),
        (
            "Documents",
            format!(
                "{}: {} documents of {} to {}, median {}",
                documents.source,
                documents.count,
                bytes(documents.min_bytes as u64),
                bytes(documents.max_bytes as u64),
                bytes(documents.median_bytes as u64),
            ),
        ),
        ("Contexts", provenance.contexts.to_string()),
        ("Keys", provenance.keys.name().to_owned()),
        (
            "Rounds",
            format!(
                "{} of {} ms, each after {} ms of warm-up or more",
                provenance.rounds, provenance.round_ms, provenance.warm_up_ms
            ),
        ),
        (
            "Latency",
            format!(
                "every {}th operation timed, {} ns for the clock in each",
                provenance.latency_sampled_every, provenance.timer_ns
            ),
        ),
        (
            "Check: workers overlap",
            format!(
                "{:.1} % of every window or more",
                overlap.minimum_share * 100.0
            ),
        ),
        (
            "Check: updates took effect",
            format!(
                "{} acknowledged, {} in the documents, {} failed",
                updates.acknowledged,
                updates.effective,
                count(updates.failed_operations as usize, "operation"),
            ),
        ),
    ]
}

/// How far the subject of a cell is verified.
pub(super) fn verification(results: &Results, cell: &Cell) -> String {
    let mut verified = results.verification.iter();
    match verified.find(|verified| verified.subject == cell.subject) {
        Some(verified) => Verification {
            level: cell.verification,
            models: verified.models,
            executions: verified.executions,
        }
        .to_string(),
        // Of results from before models were counted.
        None => cell.verification.name().to_owned(),
    }
}

/// How to read the report, a paragraph each.
pub(super) const READING: &[&str] = &[
    "Throughput is the median over rounds of operations per second, all threads together. Below \
     it stands the 95 % interval of that median (bootstrap). Two subjects whose intervals overlap \
     are tied, whatever their medians say.",
    "Ratios compare with the strongest peer of the same workload and number of threads: above 1 \
     is faster. The floor is a map of its own for each thread, without any synchronisation: a \
     limit, not an alternative, and never counted as a peer.",
    "The body decides what an update costs. A subject that changes a serde_json value in place \
     writes one number; a subject with flat documents copies the whole document, which is what \
     lets readers keep an old version and snapshots be consistent. To hand out a document, as gets \
     and snapshots do, is to count a handle of it or to copy it: those peers count whose names end \
     in -arc, and moka and flurry, as strategies do. Whatever is created gets a document of its \
     own, so churn has the same work with it everywhere that has the same body.",
    "Under snapshot-under-load the throughput is that of reads and updates alone, by all threads, \
     among them the one that is taking a snapshot, which does nothing else meanwhile. A snapshot \
     is due every millisecond; the first thread that comes to the end of a block of operations \
     takes it, and if none does before the next is due, it is left out. So a slow snapshot shows \
     in the throughput, and how many were taken stands beside their latency, which covers copying \
     all entries and dropping them again. Strategies, rwlock, sharded-rwlock and evmap show all \
     entries as of one instant; the other peers iterate while others write.",
    "Latencies are service times of a closed loop: a thread that waits does not issue the \
     operations it would have issued meanwhile. Fairness is Jain's index: 1 when all threads got \
     the same done. Processors is how many the threads kept busy; less than there are means that \
     they waited for each other, or that the machine was busy with something else.",
    "Verification says what a subject's correctness rests on. A model checker has gone through the \
     interleavings of so many models, small scenarios of two or three threads: with \
     \"instrumented\" of the whole of the subject, with \"protocol\" of what it does with \
     primitives that are trusted themselves. With \"none\" this workspace has checked nothing.",
];

/// What these figures cannot tell.
pub(super) const LIMITS: &[&str] = &[
    "One machine, one process, a few hundred milliseconds a cell: ratios hold better elsewhere \
     than absolute figures.",
    "Threads are not pinned. With more threads than the hardware has, the system's scheduler is \
     part of what is measured.",
    "Each worker is a thread of its own. With `tokio-mutex` and `tokio-rwlock` a worker that waits \
     polls again instead of going to sleep, as the thread of a runtime with other tasks would not \
     sleep either. Runtimes with many tasks a thread are not measured yet.",
    "The floor keeps all documents once for every thread, so it fits into caches less well than a \
     shared map; with many threads it is not an upper bound. Its documents are trees, which it \
     copies wherever one is handed out or created: under get-hot, churn and snapshot-under-load it \
     is no limit at all.",
    "Memory for each entry of a strategy or peer, scalability models and the check of recorded histories: not measured.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(plain(rate(16_234_567.0)), "16.2 M");
        assert_eq!(plain(rate(999_999.0)), "1.00 M");
        assert_eq!(plain(rate(940_400.0)), "940 k");
        assert_eq!(plain(rate(12.4)), "12");
        assert_eq!(plain(rate(0.0)), "0");
        assert_eq!(plain(duration(53)), "53 ns");
        assert_eq!(plain(duration(87_551)), "87.6 µs");
        assert_eq!(bytes(26_378), "25.8 KiB");
        assert_eq!(ratio(0.0123), "0.012");
        assert_eq!(ratio(1.0), "1.00");
    }
}
