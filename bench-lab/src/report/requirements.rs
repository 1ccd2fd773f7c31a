//! What the engine is required to do, and whether it does: in both reports and on the terminal.

use super::{figures, html, markdown};
use crate::results::requirements::{
    Decision, Memory, Observed, Requirements, Scale, Statistic, Unit, Verdict,
};
use crate::results::{Latency, Results};
use crate::words::{count, escape};

/// A verdict in a line: what `run` complains of.
pub(super) fn line(verdict: &Verdict) -> String {
    format!(
        "{} with {}: {}, required {}",
        verdict.requirement,
        verdict.subject,
        measured(verdict),
        limit(verdict),
    )
}

/// A line for each requirement: over all strategies, and where it is closest to its limit.
pub(super) fn headlines(results: &Results) -> Vec<String> {
    let Some(requirements) = &results.requirements else {
        return Vec::new();
    };
    let mut lines = vec![summary(requirements)];
    for row in rows(requirements) {
        let Some(first) = row.first() else { continue };
        let worst = row.iter().max_by_key(|verdict| verdict.measured);
        let worst = worst.filter(|worst| worst.measured.is_some());
        let highest = worst.map_or(figures::NOT_MEASURED.to_owned(), |worst| {
            format!("the highest is {} with {}", measured(worst), worst.subject)
        });
        lines.push(match first.decision {
            Decision::Told => format!("{}: {highest}", first.requirement),
            _ => format!(
                "{} ({}): {}; {highest}",
                first.requirement,
                limit(first),
                tally(row)
            ),
        });
    }
    lines
}

/// All of them in a sentence.
fn summary(requirements: &Requirements) -> String {
    let of = |decision| {
        let verdicts = requirements.verdicts.iter();
        verdicts.filter(|v| v.decision == decision).count()
    };
    let (holds, fails) = (of(Decision::Holds), of(Decision::Fails));
    let undecided = of(Decision::Undecided);
    let all = holds + fails + undecided;
    let told = if all == holds {
        format!("all {all} hold")
    } else {
        format!("of {all}, {holds} hold, {fails} fail and {undecided} are undecided")
    };
    let strategies = match requirements.strategies.len() {
        1 => "1 strategy".to_owned(),
        several => format!("{several} strategies"),
    };
    let size = if requirements.scale.full {
        ""
    } else {
        " This was less than the full size, where they can fail but not hold."
    };
    format!("Requirements of the engine, over {strategies}: {told}.{size}")
}

/// "holds", or what else there is.
fn tally(row: &[Verdict]) -> String {
    let fails = row.iter().filter(|v| v.decision == Decision::Fails);
    let fails: Vec<&str> = fails.map(|verdict| &*verdict.subject).collect();
    if !fails.is_empty() {
        format!("fails with {}", fails.join(", "))
    } else if row.iter().all(|v| v.decision == Decision::Holds) {
        Decision::Holds.name().to_owned()
    } else {
        Decision::Undecided.name().to_owned()
    }
}

/// The verdicts of each requirement.
fn rows(requirements: &Requirements) -> impl Iterator<Item = &[Verdict]> {
    let verdicts = &requirements.verdicts;
    verdicts.chunk_by(|one, next| one.requirement == next.requirement)
}

fn in_unit(unit: Unit, figure: u64) -> String {
    match unit {
        Unit::Ns => figures::duration(figure),
        Unit::Bytes => figures::decimal_bytes(figure),
    }
}

/// "p99.9 < 50.0 ms"
fn limit(verdict: &Verdict) -> String {
    let Some(limit) = verdict.limit else {
        return "no limit".to_owned();
    };
    let sign = match verdict.unit {
        Unit::Ns => "<",
        Unit::Bytes => "≤",
    };
    // A limit is exact, so what is behind its point says nothing.
    let limit = in_unit(verdict.unit, limit).replace(".0\u{a0}", "\u{a0}");
    format!("{} {sign} {limit}", verdict.statistic.name())
}

fn measured(verdict: &Verdict) -> String {
    let measured = verdict.measured;
    measured.map_or(figures::NOT_MEASURED.to_owned(), |figure| {
        in_unit(verdict.unit, figure)
    })
}

/// The median and the highest of the samples that the figure stands for; only the former if the
/// figure is the latter.
fn spread(verdict: &Verdict) -> Option<String> {
    let (median, max) = (verdict.median?, verdict.max?);
    let [median, max] = [median, max].map(|figure| in_unit(verdict.unit, figure));
    Some(match verdict.statistic {
        Statistic::P999 => format!("median {median}, max {max}"),
        Statistic::Max => format!("median {median}"),
    })
}

/// What was measured, in words.
fn setting(results: &Results, scale: &Scale) -> String {
    format!(
        "{} of {} bytes of JSON in {} fields, each with {} former versions, in the engine and not \
         in a strategy alone. {} on {} of a runtime: {} updates, {} snapshots and {} rollbacks \
         timed for each row; memory is what {} grew by with the {} allocator, 1 MB being 10⁶ bytes.",
        count(scale.contexts, "context"),
        scale.document_bytes,
        scale.fields,
        scale.history,
        count(scale.tasks, "task"),
        count(scale.worker_threads, "thread"),
        scale.updates,
        scale.snapshots,
        scale.rollbacks,
        match scale.processes {
            1 => "a fresh process".to_owned(),
            processes => format!("each of {processes} fresh processes"),
        },
        results.environment.allocator,
    )
}

const READING: &str = "Times are those of a call, from inside a task; what a task waits for its \
    turn on the runtime is not in them. A machine that is busy with something else shows in max.";

/// Operations and their latencies.
fn timed(observed: &Observed) -> [(&'static str, Option<&Latency>); 5] {
    let timed = &observed.latency_ns;
    [
        ("update", timed.update.as_ref()),
        (
            "update beside snapshots",
            timed.update_beside_snapshots.as_ref(),
        ),
        ("snapshot", timed.snapshot.as_ref()),
        (
            "snapshot beside updates",
            timed.snapshot_beside_updates.as_ref(),
        ),
        ("rollback", timed.rollback.as_ref()),
    ]
}

/// Kinds of updates and the memory they led to.
fn memories(observed: &Observed) -> [(&'static str, Option<&Memory>); 2] {
    let memory = &observed.memory_bytes;
    [
        ("one field", memory.one_field.as_ref()),
        ("all values", memory.whole_document.as_ref()),
    ]
}

fn per_context(scale: &Scale, memory: &Memory) -> u64 {
    memory.median / scale.contexts.max(1) as u64
}

/// A strategy's name in a table of Markdown.
fn name(observed: &Observed) -> String {
    markdown::cell_text(&observed.subject)
}

/// The section of the Markdown report; empty if nothing was measured.
pub(super) fn markdown(results: &Results) -> String {
    let Some(requirements) = &results.requirements else {
        return String::new();
    };
    let scale = &requirements.scale;
    let mut text = format!(
        "\n## Requirements\n\n{}\n\n{} {READING}\n\n| requirement | limit |",
        summary(requirements),
        setting(results, scale)
    );
    for observed in &requirements.strategies {
        text += &format!(" {} |", name(observed));
    }
    text += "\n|---|---|";
    text += &"---:|".repeat(requirements.strategies.len());
    text += "\n";
    for row in rows(requirements) {
        let Some(first) = row.first() else { continue };
        text += &format!("| {} | {} |", first.requirement, limit(first));
        for verdict in row {
            text += &format!(" **{}**", measured(verdict));
            if let Some(spread) = spread(verdict) {
                text += &format!("<br>{spread}");
            }
            if verdict.limit.is_some() {
                text += &format!("<br>{}", verdict.decision.name());
            }
            text += " |";
        }
        text += "\n";
    }
    text += "\n| strategy | operation | p50 | p99 | p99.9 | max | samples |\n";
    text += "|---|---|---:|---:|---:|---:|---:|\n";
    for observed in &requirements.strategies {
        for (operation, latency) in timed(observed) {
            text += &format!("| {} | {operation} |", name(observed));
            for figure in latency.map_or([None; 4], figures::percentiles) {
                let figure = figure.map_or(figures::NOT_MEASURED.into(), figures::duration);
                text += &format!(" {figure} |");
            }
            text += &format!(" {} |\n", latency.map_or(0, |latency| latency.samples));
        }
    }
    text += "\n| strategy | each update changes | min | median | max | a context | before | processes |\n";
    text += "|---|---|---:|---:|---:|---:|---:|---:|\n";
    for observed in &requirements.strategies {
        for (updates, memory) in memories(observed) {
            text += &format!("| {} | {updates} |", name(observed));
            for figure in memory_figures(scale, memory) {
                let figure = figure.map_or(figures::NOT_MEASURED.into(), figures::decimal_bytes);
                text += &format!(" {figure} |");
            }
            text += &format!(" {} |\n", memory.map_or(0, |memory| memory.samples));
        }
    }
    text
}

fn memory_figures(scale: &Scale, memory: Option<&Memory>) -> [Option<u64>; 5] {
    memory.map_or([None; 5], |memory| {
        let per_context = per_context(scale, memory);
        [
            memory.min,
            memory.median,
            memory.max,
            per_context,
            memory.before,
        ]
        .map(Some)
    })
}

/// The section of the web page; empty if nothing was measured.
pub(super) fn html(results: &Results) -> String {
    let Some(requirements) = &results.requirements else {
        return String::new();
    };
    let mut text = format!(
        "<section aria-labelledby=\"requirements\">\n<h2 id=\"requirements\">Requirements</h2>\n\
         <p class=\"lead\">{}</p>\n<p class=\"hint\">{} {READING}</p>\n",
        escape(&summary(requirements)),
        escape(&setting(results, &requirements.scale)),
    );
    text += &verdicts(requirements);
    text += "<details>\n<summary>All figures</summary>\n";
    text += &all_latencies(requirements);
    text += &all_memories(requirements);
    text + "</details>\n</section>\n"
}

fn verdicts(requirements: &Requirements) -> String {
    let mut text = String::from(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"requirements\">\n\
         <table class=\"required\">\n<thead><tr><th scope=\"col\">Requirement</th>",
    );
    for observed in &requirements.strategies {
        let name = escape(&observed.subject);
        text += &format!("<th scope=\"col\" class=\"number\">{name}</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows(requirements) {
        let Some(first) = row.first() else { continue };
        text += &format!(
            "<tr><th scope=\"row\">{}<small>{}</small></th>",
            escape(&first.requirement),
            escape(&limit(first))
        );
        for verdict in row {
            text += &verdict_cell(verdict);
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn verdict_cell(verdict: &Verdict) -> String {
    if verdict.measured.is_none() {
        return format!("<td class=\"missing\">{}</td>", figures::NOT_MEASURED);
    }
    let sign = match verdict.decision {
        Decision::Holds => "✓ ",
        Decision::Fails => "✗ ",
        Decision::Undecided | Decision::Told => "",
    };
    let word = verdict.decision.name();
    let spread = spread(verdict).unwrap_or_default();
    let spread = spread.replace(", ", "</small><small>");
    let judged = match verdict.limit {
        Some(_) => format!("<small class=\"{word}\">{sign}{word}</small>"),
        None => String::new(),
    };
    format!(
        "<td class=\"number {word}\"><b>{}</b>{judged}<small>{spread}</small></td>",
        measured(verdict)
    )
}

fn all_latencies(requirements: &Requirements) -> String {
    let heads = [
        ("Strategy", false),
        ("Operation", false),
        ("p50", true),
        ("p99", true),
        ("p99.9", true),
        ("Max", true),
        ("Samples", true),
    ];
    let mut text = html::table_head("Latency of the engine", &owned(&heads));
    for observed in &requirements.strategies {
        for (operation, latency) in timed(observed) {
            text += &row_head(observed, operation);
            for figure in latency.map_or([None; 4], figures::percentiles) {
                text += &html::number(figure.map(|it| (it as f64, figures::duration(it))));
            }
            text += &samples(latency.map(|latency| latency.samples));
        }
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn all_memories(requirements: &Requirements) -> String {
    let heads = [
        ("Strategy", false),
        ("Each update changes", false),
        ("Min", true),
        ("Median", true),
        ("Max", true),
        ("A context", true),
        ("Before", true),
        ("Processes", true),
    ];
    let mut text = html::table_head("Memory of the engine", &owned(&heads));
    for observed in &requirements.strategies {
        for (updates, memory) in memories(observed) {
            text += &row_head(observed, updates);
            for figure in memory_figures(&requirements.scale, memory) {
                text += &html::number(figure.map(|it| (it as f64, figures::decimal_bytes(it))));
            }
            text += &samples(memory.map(|memory| memory.samples));
        }
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn row_head(observed: &Observed, what: &str) -> String {
    let name = escape(&observed.subject);
    format!("<tr><th scope=\"row\">{name}</th><td>{what}</td>")
}

/// The last cell of a row.
fn samples(samples: Option<u64>) -> String {
    html::number(samples.map(|it| (it as f64, it.to_string()))) + "</tr>\n"
}

fn owned(heads: &[(&str, bool)]) -> Vec<(String, bool)> {
    let heads = heads.iter();
    heads
        .map(|(name, number)| ((*name).to_owned(), *number))
        .collect()
}
