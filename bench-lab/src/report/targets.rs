//! What the flagship is to reach, beside what it reached: one table, and a few lines of text.

use super::figures;
use super::markdown::cell_text;
use crate::results::Results;
use crate::targets::{FLAGSHIP, Judged, Reached, Row, THREADS, count, judge};
use crate::words::{count as counted, escape};

/// How the table is to be read.
const READING: &str = "Throughput as a multiple of the strongest peer's, with its 95 % interval: \
                       the ratio of the medians over the rounds, in which both took turns. The \
                       ratio decides; where the target lies inside the interval, it might have \
                       come out otherwise.";

/// In plain text: how many targets are met, and the table; nothing if the flagship was not
/// measured.
pub(super) fn headlines(results: &Results) -> Vec<String> {
    let Some(rows) = judge(results) else {
        return Vec::new();
    };
    let mut lines = vec![format!("Targets of {FLAGSHIP}: {}.", told(&rows))];
    let line = |name: &str, cells: Vec<String>| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:<27}")).collect();
        format!("{name:<20} {}", cells.join(" "))
            .trim_end()
            .to_owned()
    };
    lines.push(line(
        "",
        THREADS.map(|threads| counted(threads, "thread")).to_vec(),
    ));
    for row in &rows {
        lines.push(line(row.workload, row.cells.iter().map(plain).collect()));
    }
    lines
}

pub(super) fn markdown(results: &Results) -> String {
    let Some(rows) = judge(results) else {
        return String::new();
    };
    let mut text = format!(
        "\n## Targets of {FLAGSHIP}\n\nOf {}. {READING}\n\n| workload |",
        told(&rows)
    );
    for threads in THREADS {
        text += &format!(" {} |", counted(threads, "thread"));
    }
    text += "\n|---|";
    text += &"---:|".repeat(THREADS.len());
    text += "\n";
    for row in &rows {
        text += &format!("| {} |", row.workload);
        for cell in &row.cells {
            text += &format!(" {} |", markdown_cell(cell));
        }
        text += "\n";
    }
    text
}

fn markdown_cell(cell: &Judged<'_>) -> String {
    let target = target(cell);
    match &cell.reached {
        None => format!("{}<br>{target}", figures::NOT_MEASURED),
        Some(reached) => format!(
            "**{}** {}<br>{}<br>{target}<br>{}",
            figures::ratio(reached.ratio),
            sign(cell),
            interval(reached),
            cell_text(reached.peer),
        ),
    }
}

pub(super) fn html(results: &Results) -> String {
    let Some(rows) = judge(results) else {
        return String::new();
    };
    let mut text = format!(
        "<section aria-labelledby=\"targets\">\n<h2 id=\"targets\">Targets of {FLAGSHIP}</h2>\n\
         <p>Of {}. {READING}</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"targets\">\n\
         <table class=\"required\">\n<thead><tr><th scope=\"col\">Workload</th>",
        told(&rows)
    );
    for threads in THREADS {
        let head = counted(threads, "thread");
        text += &format!("<th scope=\"col\" class=\"number\">{head}</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in &rows {
        text += &format!("<tr><th scope=\"row\">{}</th>", row.workload);
        for cell in &row.cells {
            text += &html_cell(cell);
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n</div>\n</section>\n"
}

fn html_cell(cell: &Judged<'_>) -> String {
    let target = target(cell);
    let (Some(reached), Some(met)) = (&cell.reached, cell.met()) else {
        let nothing = figures::NOT_MEASURED;
        return format!("<td class=\"missing\">{nothing}<small>{target}</small></td>");
    };
    let class = if met { "holds" } else { "fails" };
    format!(
        "<td class=\"number {class}\"><b>{}</b><small class=\"{class}\">{}</small>\
         <small>{}</small><small>{target}</small><small>{}</small></td>",
        figures::ratio(reached.ratio),
        sign(cell),
        interval(reached),
        escape(reached.peer),
    )
}

fn told(rows: &[Row<'_>]) -> String {
    let [met, missed, unmeasured] = count(rows);
    let all = counted(met + missed + unmeasured, "target");
    format!("{all}, {met} met, {missed} missed, {unmeasured} not measured")
}

fn plain(cell: &Judged<'_>) -> String {
    match &cell.reached {
        None => figures::NOT_MEASURED.to_owned(),
        Some(reached) => format!(
            "{} of {:.2} {} {}",
            figures::ratio(reached.ratio),
            cell.target,
            reached.peer,
            if cell.met() == Some(false) {
                "MISSED"
            } else {
                ""
            }
        ),
    }
}

fn target(cell: &Judged<'_>) -> String {
    format!("target {:.2}", cell.target)
}

fn sign(cell: &Judged<'_>) -> &'static str {
    match cell.met() {
        Some(true) => "✓ met",
        Some(false) => "✗ missed",
        None => "",
    }
}

fn interval(reached: &Reached<'_>) -> String {
    match reached.interval {
        Some((lo, hi)) => format!("{}\u{2013}{}", figures::ratio(lo), figures::ratio(hi)),
        None => "too few rounds for an interval".to_owned(),
    }
}
