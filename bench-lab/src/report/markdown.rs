//! The report as Markdown, with its plots beside it.

use super::verdict::Among;
use super::{figures, plots, requirements, targets, verdict};
use crate::results::{Cell, Latency, Results};
use crate::subjects::Kind;
use crate::words::count;

/// The whole document.
pub(super) fn render(results: &Results) -> String {
    let mut text = String::from("# Concurrency strategies, measured\n\n");
    for warning in figures::warnings(results) {
        text += &format!("> **Warning.** {}\n>\n", cell_text(&warning));
    }
    text += "\n";
    text += &verdict::summary(results);
    text += "\n\n";
    for sentence in verdict::sentences(results) {
        text += &format!("- {sentence}\n");
    }
    text += &requirements::markdown(results);
    text += &targets::markdown(results);
    text += "\n## Where strategies stand\n\n";
    for among in verdict::comparisons(results) {
        text += &format!(
            "Throughput against the {}: ▲ wins, = tied (intervals overlap), ▼ loses.\n\n",
            verdict::name(among)
        );
        text += &heat_map(results, among);
    }
    for workload in verdict::workloads(results) {
        text += &section(results, workload);
    }
    text += "## How to read this\n\n";
    for paragraph in figures::READING {
        text += &format!("{paragraph}\n\n");
    }
    text += "## Limits\n\n";
    for limit in figures::LIMITS {
        text += &format!("- {limit}\n");
    }
    text += "\n## Where and how it ran\n\n| | |\n|---|---|\n";
    for (name, value) in figures::provenance(results) {
        text += &format!("| {name} | {} |\n", cell_text(&value));
    }
    text
}

fn heat_map(results: &Results, among: Among) -> String {
    let strategies: Vec<&Cell> = verdict::subjects(results)
        .into_iter()
        .filter(|subject| subject.kind == Kind::Strategy)
        .collect();
    let mut text = String::from("| workload | threads | peer |");
    for strategy in &strategies {
        text += &format!(" {} |", strategy.subject);
    }
    text += "\n|---|---:|---|";
    text += &"---:|".repeat(strategies.len());
    text += "\n";
    for workload in verdict::workloads(results) {
        for threads in verdict::threads(results) {
            let peer = verdict::strongest_peer(results, workload, threads, among);
            let peer = peer.map_or(figures::NOT_MEASURED, |peer| &peer.subject);
            text += &format!("| {workload} | {threads} | {peer} |");
            for strategy in &strategies {
                let cell = results.cell(workload, threads, &strategy.subject);
                text += &format!(
                    " {} |",
                    cell.map_or(String::new(), |cell| mark(results, cell, among))
                );
            }
            text += "\n";
        }
    }
    text + "\n"
}

fn mark(results: &Results, cell: &Cell, among: Among) -> String {
    match verdict::compare(results, cell, among) {
        Some(comparison) => format!(
            "{} {}",
            figures::ratio(comparison.ratio),
            comparison.verdict.sign()
        ),
        None => figures::NOT_MEASURED.to_owned(),
    }
}

fn section(results: &Results, workload: &str) -> String {
    let definition = figures::definition(workload);
    let mut text = format!("## {workload}\n\n{definition}.\n\n");
    text += &format!(
        "![Throughput of {workload}]({})\n\n",
        plots::file_name(workload)
    );
    text += &format!(
        "The plot has the strongest peers, {} at most; the table has all.\n\n",
        plots::PEERS_SHOWN
    );
    text += "Operations per second: median, 95 % interval, ratio to the strongest peer.\n\n";
    text += &throughput(results, workload);
    text += "Latency, fairness and processors kept busy.\n\n";
    text += "| subject | threads | operation | p50 | p99 | p99.9 | max | fairness | processors |\n";
    text += "|---|---:|---|---:|---:|---:|---:|---:|---:|\n";
    for cell in results
        .cells
        .iter()
        .filter(|cell| cell.workload == workload)
    {
        for (action, latency) in cell.latency_ns.each() {
            text += &latency_row(cell, &figures::action(results, cell, action), latency);
        }
    }
    text + "\n"
}

fn throughput(results: &Results, workload: &str) -> String {
    let all_threads = verdict::threads(results);
    let mut text = String::from("| subject | kind | body | verification |");
    for threads in &all_threads {
        text += &format!(" {} |", count(*threads, "thread"));
    }
    text += "\n|---|---|---|---|";
    text += &"---:|".repeat(all_threads.len());
    text += "\n";
    for subject in verdict::subjects(results) {
        text += &format!(
            "| {} | {} | {} | {} |",
            subject.subject,
            subject.kind.name(),
            subject.body.name(),
            figures::verification(results, subject)
        );
        for threads in &all_threads {
            let cell = results.cell(workload, *threads, &subject.subject);
            text += &match cell {
                Some(cell) => format!(
                    " **{}**<br>{}<br>{} |",
                    figures::rate(cell.throughput.median),
                    figures::interval(&cell.throughput),
                    mark(results, cell, None)
                ),
                None => format!(" {} |", figures::NOT_MEASURED),
            };
        }
        text += "\n";
    }
    text + "\n"
}

fn latency_row(cell: &Cell, operation: &str, latency: &Latency) -> String {
    let mut row = format!("| {} | {} | {operation} |", cell.subject, cell.threads);
    for percentile in figures::percentiles(latency) {
        let text = percentile.map_or(figures::NOT_MEASURED.into(), figures::duration);
        row += &format!(" {text} |");
    }
    for share in [cell.fairness, cell.processors] {
        let text = share.map_or(figures::NOT_MEASURED.into(), |share| format!("{share:.2}"));
        row += &format!(" {text} |");
    }
    row + "\n"
}

/// Text from outside, harmless inside a table.
pub(super) fn cell_text(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\n', '\r'], " ")
}
