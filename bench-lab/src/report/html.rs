//! The report as one web page that needs nothing but itself.

use super::plots::{PEERS_SHOWN, Plot};
use super::verdict::{Among, Verdict};
use super::{figures, requirements, targets, verdict};
use crate::results::{Cell, Latency, Results};
use crate::subjects::Kind;
use crate::words::{count, escape};

const STYLE: &str = include_str!("assets/report.css");
const SCRIPT: &str = include_str!("assets/report.js");

/// The whole page.
pub(super) fn render(results: &Results, plots: &[(&str, Plot)]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Concurrency strategies, measured</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n"
    );
    page += &head(results);
    page += &requirements::html(results);
    page += &targets::html(results);
    for among in verdict::comparisons(results) {
        page += &standings(results, among);
    }
    for (workload, plot) in plots {
        page += &section(results, workload, plot);
    }
    page += &reading(results);
    page += &format!("</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

fn head(results: &Results) -> String {
    let environment = &results.environment;
    let provenance = &results.provenance;
    let mut text = String::from("<header>\n<h1>Concurrency strategies, measured</h1>\n");
    text += &format!(
        "<p class=\"subtitle\">{} · {} · {} allocator · {} with {} keys over {} · {}</p>\n",
        escape(environment.cpu.as_deref().unwrap_or("unknown processor")),
        count(environment.hardware_threads, "hardware thread"),
        escape(&environment.allocator),
        count(provenance.contexts, "context"),
        provenance.keys.name(),
        count(provenance.documents.count, "document"),
        escape(&provenance.started_at),
    );
    text += "</header>\n";
    for warning in figures::warnings(results) {
        let warning = escape(&warning);
        text += &format!("<p class=\"warning\" role=\"note\"><b>Warning.</b> {warning}</p>\n");
    }
    text += "<section class=\"summary\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">In short</h2>\n";
    text += &format!(
        "<p class=\"lead\">{}</p>\n<ul>\n",
        escape(&verdict::summary(results))
    );
    for sentence in verdict::sentences(results) {
        let (workload, rest) = sentence.split_once(':').unwrap_or(("", &sentence));
        let (workload, rest) = (escape(workload), escape(rest));
        text += &format!("<li><a href=\"#{workload}\">{workload}</a>:{rest}</li>\n");
    }
    text + "</ul>\n</section>\n"
}

/// A heat map: every strategy, workload and number of threads against the strongest of some peers.
fn standings(results: &Results, among: Among) -> String {
    let peer = verdict::name(among);
    let id = peer.replace(' ', "-");
    let mut text = format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">Strategies against the {peer}</h2>\n\
         <p>Throughput as a multiple of that peer's. \
         <span class=\"key wins\">▲ wins</span> <span class=\"key tied\">= tied</span> \
         <span class=\"key loses\">▼ loses</span> A deeper colour is further apart.</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}\">\n\
         <table class=\"heat\">\n<thead><tr><th scope=\"col\">Threads</th>\
         <th scope=\"col\" class=\"wide\">Peer</th>",
    );
    let strategies: Vec<&Cell> = verdict::subjects(results)
        .into_iter()
        .filter(|subject| subject.kind == Kind::Strategy)
        .collect();
    for strategy in &strategies {
        let name = escape(&strategy.subject);
        text += &format!("<th scope=\"col\" class=\"number\">{name}</th>");
    }
    text += "</tr></thead>\n";
    let columns = strategies.len() + 2;
    for workload in verdict::workloads(results) {
        let name = escape(workload);
        text += &format!(
            "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"{columns}\"><a href=\"#{name}\">{name}</a> \
             <small>{}</small></th></tr>\n",
            figures::definition(workload)
        );
        for threads in verdict::threads(results) {
            let peer = verdict::strongest_peer(results, workload, threads, among);
            let peer = peer.map_or(figures::NOT_MEASURED, |peer| &peer.subject);
            let peer = escape(peer);
            text += &format!("<tr><td>{threads}</td><td class=\"wide\">{peer}</td>");
            for strategy in &strategies {
                let cell = results.cell(workload, threads, &strategy.subject);
                text += &heat_cell(results, cell, among);
            }
            text += "</tr>\n";
        }
        text += "</tbody>\n";
    }
    text + "</table>\n</div>\n</section>\n"
}

fn heat_cell(results: &Results, cell: Option<&Cell>, among: Among) -> String {
    let comparison = cell.and_then(|cell| verdict::compare(results, cell, among));
    let Some(comparison) = comparison else {
        return format!("<td class=\"missing\">{}</td>", figures::NOT_MEASURED);
    };
    // Full colour at a factor of ten.
    let depth = (comparison.ratio.log10().abs() * 62.0 + 14.0).clamp(14.0, 76.0);
    let depth = match comparison.verdict {
        Verdict::Wins | Verdict::Loses => depth,
        Verdict::Tied | Verdict::Undecided => 0.0,
    };
    let word = comparison.verdict.word();
    format!(
        "<td class=\"number {word}\" style=\"--depth:{depth:.0}%\" title=\"{word}: {} of {}\">\
         {}&nbsp;<span aria-label=\"{word}\">{}</span></td>",
        figures::ratio(comparison.ratio),
        escape(&comparison.peer.subject),
        figures::ratio(comparison.ratio),
        comparison.verdict.sign(),
    )
}

fn section(results: &Results, workload: &str, plot: &Plot) -> String {
    let name = escape(workload);
    let definition = figures::definition(workload);
    let mut text = format!(
        "<section id=\"{name}\" aria-labelledby=\"h-{name}\">\n<h2 id=\"h-{name}\">{name}</h2>\n\
         <p>{definition}.</p>\n<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-labelledby=\"h-{name}\">\n{}</div>\n<figcaption>Solid lines with dots are \
         strategies, dashed lines with squares the strongest peers, {PEERS_SHOWN} at most, the thin \
         grey one the floor. Bars are 95&nbsp;% intervals.</figcaption>\n</figure>\n",
        plot.inline()
    );
    text += &throughput(results, workload);
    text += &latencies(results, workload);
    text + "</section>\n"
}

fn throughput(results: &Results, workload: &str) -> String {
    let all_threads = verdict::threads(results);
    let mut heads = vec![("Subject", false), ("Kind", false), ("Body", false)]
        .into_iter()
        .map(|(name, number)| (name.to_owned(), number))
        .collect::<Vec<_>>();
    heads.extend(
        all_threads
            .iter()
            .map(|threads| (count(*threads, "thread"), true)),
    );
    heads.push(("Verification".to_owned(), false));
    let mut text = format!(
        "<h3>Throughput</h3>\n<p class=\"hint\">Operations per second: median, 95&nbsp;% \
         interval, ratio to the strongest peer.</p>\n{}",
        table_head(&format!("Throughput of {}", escape(workload)), &heads)
    );
    for subject in verdict::subjects(results) {
        text += &format!(
            "<tr class=\"{kind}\"><th scope=\"row\">{}</th><td>{kind}</td><td>{}</td>",
            escape(&subject.subject),
            subject.body.name(),
            kind = subject.kind.name(),
        );
        for threads in &all_threads {
            let cell = results.cell(workload, *threads, &subject.subject);
            text += &match cell {
                Some(cell) => throughput_cell(results, cell),
                None => format!("<td class=\"missing\">{}</td>", figures::NOT_MEASURED),
            };
        }
        text += &format!(
            "<td>{}</td></tr>\n",
            escape(&figures::verification(results, subject))
        );
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn throughput_cell(results: &Results, cell: &Cell) -> String {
    let compared = match verdict::compare(results, cell, None) {
        Some(comparison) if comparison.peer.subject == cell.subject => {
            "<small>strongest peer</small>".to_owned()
        }
        Some(comparison) => format!(
            "<small class=\"{}\">{} {}</small>",
            comparison.verdict.word(),
            figures::ratio(comparison.ratio),
            comparison.verdict.sign()
        ),
        None => String::new(),
    };
    format!(
        "<td class=\"number\" data-value=\"{}\"><b>{}</b><small>{}</small>{compared}</td>",
        cell.throughput.median,
        figures::rate(cell.throughput.median),
        figures::interval(&cell.throughput),
    )
}

fn latencies(results: &Results, workload: &str) -> String {
    let heads = [
        ("Subject", false),
        ("Threads", true),
        ("Operation", false),
        ("p50", true),
        ("p99", true),
        ("p99.9", true),
        ("Max", true),
        ("Samples", true),
        ("Fairness", true),
        ("Processors", true),
    ]
    .map(|(name, number)| (name.to_owned(), number));
    let mut text = String::from("<details open>\n<summary>Latency and fairness</summary>\n");
    text += &table_head(&format!("Latency of {}", escape(workload)), &heads);
    for cell in results
        .cells
        .iter()
        .filter(|cell| cell.workload == workload)
    {
        for (action, latency) in cell.latency_ns.each() {
            text += &latency_row(cell, &figures::action(results, cell, action), latency);
        }
    }
    text + "</tbody>\n</table>\n</div>\n</details>\n"
}

fn latency_row(cell: &Cell, operation: &str, latency: &Latency) -> String {
    let mut row = format!(
        "<tr class=\"{}\"><th scope=\"row\">{}</th><td class=\"number\" data-value=\"{}\">{}</td>\
         <td>{operation}</td>",
        cell.kind.name(),
        escape(&cell.subject),
        cell.threads,
        cell.threads
    );
    for percentile in figures::percentiles(latency) {
        row += &number(percentile.map(|nanos| (nanos as f64, figures::duration(nanos))));
    }
    row += &number(Some((latency.samples as f64, latency.samples.to_string())));
    for share in [cell.fairness, cell.processors] {
        row += &number(share.map(|share| (share, format!("{share:.2}"))));
    }
    row + "</tr>\n"
}

pub(super) fn number(figure: Option<(f64, String)>) -> String {
    match figure {
        Some((value, text)) => format!("<td class=\"number\" data-value=\"{value}\">{text}</td>"),
        None => format!("<td class=\"missing\">{}</td>", figures::NOT_MEASURED),
    }
}

/// The beginning of a table that can be sorted; the script turns the headings into buttons.
pub(super) fn table_head(label: &str, heads: &[(String, bool)]) -> String {
    let mut text = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\n\
         <table class=\"sortable\">\n<thead><tr>"
    );
    for (head, number) in heads {
        let class = if *number { " class=\"number\"" } else { "" };
        text += &format!("<th scope=\"col\"{class}>{head}</th>");
    }
    text + "</tr></thead>\n<tbody>\n"
}

fn reading(results: &Results) -> String {
    let mut text = String::from("<section>\n<h2>How to read this</h2>\n");
    for paragraph in figures::READING {
        text += &format!("<p>{}</p>\n", escape(paragraph));
    }
    text += "<h3>Limits</h3>\n<ul>\n";
    for limit in figures::LIMITS {
        text += &format!("<li>{}</li>\n", escape(limit));
    }
    text += "</ul>\n</section>\n<section>\n<h2>Where and how it ran</h2>\n<dl>\n";
    for (name, value) in figures::provenance(results) {
        text += &format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(&value));
    }
    text + "</dl>\n</section>\n"
}
