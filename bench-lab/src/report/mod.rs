//! What people read: `report.md` and `report.html`, drawn from [`Results`] and nothing else, so
//! that the same results always give the same report.

mod figures;
mod html;
mod markdown;
mod plots;
mod requirements;
mod targets;
mod verdict;

use crate::error::LabError;
use crate::output::Folder;
use crate::results::Results;
use crate::results::requirements::Verdict;

/// The file of the results themselves.
pub const RESULTS: &str = "results.json";
/// The file of the report as Markdown.
pub const MARKDOWN: &str = "report.md";
/// The file of the report as one web page.
pub const HTML: &str = "report.html";

/// A report, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The content of [`MARKDOWN`].
    pub markdown: String,
    /// The content of [`HTML`].
    pub html: String,
    /// Names and contents of the plots that the Markdown shows.
    pub plots: Vec<(String, String)>,
}

/// Draws the report of some results.
///
/// # Errors
///
/// If a plot cannot be drawn.
pub fn render(results: &Results) -> Result<Rendered, LabError> {
    let mut plots = Vec::new();
    for workload in verdict::workloads(results) {
        plots.push((workload, plots::throughput(results, workload)?));
    }
    Ok(Rendered {
        markdown: markdown::render(results),
        html: html::render(results, &plots),
        plots: plots
            .into_iter()
            .map(|(workload, plot)| (plots::file_name(workload), plot.standalone()))
            .collect(),
    })
}

/// A requirement of one strategy in a line of plain text: its limit, what was measured, and
/// whether it holds.
#[must_use]
pub fn requirement(verdict: &Verdict) -> String {
    requirements::line(verdict)
}

/// The comparison of strategies and peers, the targets, and the requirements, in a few lines of plain text.
#[must_use]
pub fn headlines(results: &Results) -> String {
    let mut lines = vec![verdict::summary(results)];
    lines.extend(verdict::sentences(results));
    lines.extend(targets::headlines(results));
    lines.extend(requirements::headlines(results));
    lines.join("\n")
}

impl Rendered {
    /// Writes all files of the report into a folder.
    ///
    /// # Errors
    ///
    /// If one cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<(), LabError> {
        for (name, plot) in &self.plots {
            folder.write(name, plot)?;
        }
        folder.write(MARKDOWN, &self.markdown)?;
        folder.write(HTML, &self.html)
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod targets_tests;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
