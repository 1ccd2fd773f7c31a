//! Small things about text that several rooms need.

use std::any::Any;

/// "1 thread", "2 threads".
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A figure with three significant digits: "16.2 M", "940 k", "12".
pub(crate) fn short(figure: f64) -> String {
    scaled(
        figure,
        &[
            (1e9, "\u{a0}G"),
            (1e6, "\u{a0}M"),
            (1e3, "\u{a0}k"),
            (1.0, ""),
        ],
    )
}

/// A figure with three significant digits in the largest unit that it reaches.
pub(crate) fn scaled(figure: f64, units: &[(f64, &str)]) -> String {
    // Half a unit of the last digit below the step, it would be rounded up to it.
    let found = units.iter().find(|(size, _)| figure >= size * 0.9995);
    let (size, unit) = found.or(units.last()).copied().unwrap_or((1.0, ""));
    let figure = figure / size;
    let digits = match figure {
        _ if size <= 1.0 => 0,
        f if f >= 99.95 => 0,
        f if f >= 9.995 => 1,
        _ => 2,
    };
    format!("{figure:.digits$}{unit}")
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

/// Text from outside, harmless in the text and attributes of HTML and SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
