//! Tables that read well on a terminal and as Markdown, and the figures in them.

use std::fmt;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement};

/// A table with a header.
pub(super) struct Table<'a> {
    header: Vec<&'a str>,
    cells: comfy_table::Table,
}

impl<'a> Table<'a> {
    pub(super) fn new(header: impl IntoIterator<Item = &'a str>) -> Self {
        let header: Vec<_> = header.into_iter().collect();
        let mut cells = comfy_table::Table::new();
        cells
            .load_style(ASCII_MARKDOWN)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(&header);
        Self { header, cells }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // A line, and no column of its own.
        let escape = |cell: String| cell.replace('\n', " ").replace('|', "\\|");
        self.cells.add_row(cells.into_iter().map(escape));
    }

    /// Says which columns hold numbers.
    pub(super) fn numbers<'b>(&mut self, columns: impl IntoIterator<Item = &'b str>) {
        for column in columns {
            let place = self.header.iter().position(|&name| name == column);
            if let Some(column) = place.and_then(|place| self.cells.column_mut(place)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.cells)
    }
}

/// A number with its thousands apart.
pub(super) fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something.
pub(super) fn count(how_many: usize, what: &str) -> String {
    let plural = if how_many == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(how_many))
}

/// A time with the precision it is known with.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds:.1}")
}

/// A time for a report: seconds, no finer than thousandths.
#[must_use]
pub fn thousandths(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let numbers = [0, 12, 999, 1_000, 123_456, 1_234_567];
        let texts = numbers.map(number);
        assert_eq!(texts, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
        assert_eq!(count(1, "model"), "1 model");
        assert_eq!(count(1_000, "model"), "1,000 models");
    }

    #[test]
    fn a_cell_stays_in_its_column_and_line() {
        let mut table = Table::new(["what", "seconds"]);
        table.row(["a | b\nc".to_owned(), seconds(1.04)]);
        table.numbers(["seconds"]);
        let table = table.to_string();
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert_eq!(lines[2], r"| a \| b c |     1.0 |");
    }
}
