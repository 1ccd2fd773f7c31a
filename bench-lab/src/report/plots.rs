//! Throughput against threads, as SVG.
//!
//! Plots are drawn with placeholder colours, so that the web page can give them the colours of a
//! light or dark theme and a file by itself can have fixed ones.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{figures, verdict};
use crate::error::LabError;
use crate::results::{Cell, Results};
use crate::subjects::Kind;

const SIZE: (u32, u32) = (720, 420);
const LABEL_HEIGHT: i32 = 18;
const LABEL_WIDTH: u32 = 165;

/// Placeholders: ink, grid, floor, then the series of strategies and of peers.
const INK: RGBColor = RGBColor(1, 0, 0);
const GRID: RGBColor = RGBColor(1, 0, 1);
const FLOOR: RGBColor = RGBColor(1, 0, 2);
const STRATEGY: u8 = 0x10;
const PEER: u8 = 0x20;

/// Colours of a file by itself, which is light; the page's stylesheet has the same and darker.
const STRATEGY_COLOURS: [&str; 6] = [
    "#8a6d00", "#a3369b", "#0b7fab", "#0a7d4f", "#2446d8", "#5b3fc4",
];
const PEER_COLOURS: [&str; 6] = [
    "#e67700", "#d6006c", "#8d4a1f", "#e08e0b", "#a61e1e", "#7a5c61",
];

/// More peers in one plot than there are colours could not be told apart.
pub(super) const PEERS_SHOWN: usize = PEER_COLOURS.len();

/// A plot with placeholders for its colours.
#[derive(Debug)]
pub(super) struct Plot {
    svg: String,
    label: String,
}

impl Plot {
    /// For the page: colours are variables of its stylesheet.
    pub(super) fn inline(&self) -> String {
        let series = |kind: &str, index: usize| format!("var(--{kind}-{index})");
        let svg = self.coloured(["var(--ink)", "var(--grid)", "var(--floor)"], series);
        let label = crate::words::escape(&self.label);
        svg.replacen(
            "<svg ",
            &format!("<svg role=\"img\" aria-label=\"{label}\" "),
            1,
        )
    }

    /// For a file by itself: fixed colours on white.
    pub(super) fn standalone(&self) -> String {
        let series = |kind: &str, index: usize| {
            let colours = match kind {
                "strategy" => STRATEGY_COLOURS,
                _ => PEER_COLOURS,
            };
            colours[index].to_owned()
        };
        let svg = self.coloured(["#24292f", "#d9dee3", "#8c959f"], series);
        let label = crate::words::escape(&self.label);
        let (width, height) = SIZE;
        let Some(end) = svg.find('>') else {
            return svg;
        };
        let (head, rest) = svg.split_at(end + 1);
        format!(
            "{head}\n<title>{label}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>{rest}"
        )
    }

    fn coloured(
        &self,
        [ink, grid, floor]: [&str; 3],
        series: impl Fn(&str, usize) -> String,
    ) -> String {
        let mut svg = self.svg.clone();
        for (placeholder, colour) in [(INK, ink), (GRID, grid), (FLOOR, floor)] {
            svg = svg.replace(&hex(placeholder), colour);
        }
        for index in 0..STRATEGY_COLOURS.len() {
            let strategy = RGBColor(1, 0, STRATEGY + index as u8);
            let peer = RGBColor(1, 0, PEER + index as u8);
            svg = svg.replace(&hex(strategy), &series("strategy", index));
            svg = svg.replace(&hex(peer), &series("peer", index));
        }
        svg
    }
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Where the plot of a workload goes, beside the Markdown.
pub(super) fn file_name(workload: &str) -> String {
    let safe = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    format!(
        "plots/{}.svg",
        workload.chars().map(safe).collect::<String>()
    )
}

/// Throughput against threads of every subject under one workload.
pub(super) fn throughput(results: &Results, workload: &str) -> Result<Plot, LabError> {
    let mut svg = String::new();
    let all = Series::all(results, workload);
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&root, &all, &verdict::threads(results)).map_err(|error| LabError::Plot {
            workload: workload.to_owned(),
            reason: error.to_string(),
        })?;
    }
    let ends: Vec<String> = all.iter().filter_map(Series::in_words).collect();
    Ok(Plot {
        svg,
        label: format!(
            "Throughput of {workload} against threads. {}",
            ends.join(", ")
        ),
    })
}

/// One subject's line.
struct Series<'a> {
    name: &'a str,
    kind: Kind,
    colour: RGBColor,
    /// At each number of threads, by its place on the axis.
    points: Vec<(f64, &'a Cell)>,
}

impl<'a> Series<'a> {
    fn all(results: &'a Results, workload: &str) -> Vec<Self> {
        let threads = verdict::threads(results);
        let mut of_kind = [0_u8; 2];
        let peers = strongest_peers(results, workload);
        let shown = |subject: &&Cell| {
            subject.kind != Kind::Peer || peers.contains(&subject.subject.as_str())
        };
        let subjects = verdict::subjects(results).into_iter().filter(shown);
        let subjects = subjects.map(|subject| {
            let mut next = |kind: usize, base: u8| {
                of_kind[kind] += 1;
                let index = (of_kind[kind] - 1) % STRATEGY_COLOURS.len() as u8;
                RGBColor(1, 0, base + index)
            };
            let colour = match subject.kind {
                Kind::Strategy => next(0, STRATEGY),
                Kind::Peer => next(1, PEER),
                Kind::Floor => FLOOR,
            };
            let at = |(place, threads): (usize, &usize)| {
                let cell = results.cell(workload, *threads, &subject.subject)?;
                (cell.throughput.median > 0.0).then_some((place as f64, cell))
            };
            Self {
                name: &subject.subject,
                kind: subject.kind,
                colour,
                points: threads.iter().enumerate().filter_map(at).collect(),
            }
        });
        subjects
            .filter(|series| !series.points.is_empty())
            .collect()
    }

    fn in_words(&self) -> Option<String> {
        let (_, last) = self.points.last()?;
        let rate = figures::rate(last.throughput.median);
        Some(format!(
            "{} {rate} per second at {}",
            self.name, last.threads
        ))
    }
}

/// The peers that come nearest to the strongest at some number of threads: as many as there are
/// colours for. The tables have all of them.
fn strongest_peers<'a>(results: &'a Results, workload: &str) -> Vec<&'a str> {
    let nearest = |subject: &str| {
        let share = |threads: usize| {
            let best = results.strongest_peer(workload, threads)?.throughput.median;
            let own = results.cell(workload, threads, subject)?.throughput.median;
            Some(own / best)
        };
        let shares = verdict::threads(results).into_iter().filter_map(share);
        shares.fold(0.0, f64::max)
    };
    let subjects = verdict::subjects(results).into_iter();
    let peers = subjects.filter(|subject| subject.kind == Kind::Peer);
    let mut peers: Vec<(f64, &str)> = peers
        .map(|peer| (nearest(&peer.subject), peer.subject.as_str()))
        .collect();
    peers.sort_by(|a, b| b.0.total_cmp(&a.0));
    peers.truncate(PEERS_SHOWN);
    peers.into_iter().map(|(_, name)| name).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Outcome = Result<(), Box<dyn std::error::Error>>;

fn draw(root: &Area<'_>, all: &[Series<'_>], threads: &[usize]) -> Outcome {
    let ends = |cell: &Cell| {
        let figures = cell.throughput;
        let lo = figures.lo.filter(|lo| *lo > 0.0).unwrap_or(figures.median);
        (lo, figures.hi.unwrap_or(figures.median))
    };
    let figures = || {
        all.iter()
            .flat_map(|series| &series.points)
            .map(|(_, cell)| ends(cell))
    };
    let least = figures().map(|(lo, _)| lo).fold(f64::INFINITY, f64::min);
    let most = figures().map(|(_, hi)| hi).fold(0.0, f64::max);
    if all.is_empty() || !least.is_finite() {
        root.present()?;
        return Ok(());
    }
    let last = threads.len().saturating_sub(1) as f64;
    let x = -0.15..last.max(0.5) + 0.1;
    // Where subjects are far apart, a linear axis would lay the slow ones on top of each other.
    let y = (least / 1.4)..(most * 1.4);
    let mut chart = ChartBuilder::on(root)
        .margin(12)
        .margin_right(LABEL_WIDTH)
        .x_label_area_size(44)
        .y_label_area_size(74)
        .build_cartesian_2d(x, y.clone().log_scale().with_key_points(ticks(y)))?;

    let text = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let plain = |rate: &f64| figures::rate(*rate);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(text(14))
        .axis_desc_style(text(14))
        .x_labels(0)
        .y_labels(12)
        .y_label_formatter(&plain)
        .x_desc("threads")
        .y_desc("operations per second (log scale)")
        .draw()?;

    for series in all {
        let style = ShapeStyle::from(series.colour).stroke_width(match series.kind {
            Kind::Floor => 1,
            _ => 2,
        });
        let line: Vec<(f64, f64)> = series
            .points
            .iter()
            .map(|(place, cell)| (*place, cell.throughput.median))
            .collect();
        if series.kind == Kind::Strategy {
            chart.draw_series(LineSeries::new(line.iter().copied(), style))?;
        } else {
            chart.draw_series(DashedLineSeries::new(line.iter().copied(), 6, 4, style))?;
        }
        for (place, cell) in &series.points {
            let (lo, hi) = ends(cell);
            let bar = PathElement::new(vec![(*place, lo), (*place, hi)], style);
            chart.draw_series([bar])?;
        }
        let filled = series.colour.filled();
        match series.kind {
            Kind::Strategy => {
                chart.draw_series(line.iter().map(|point| Circle::new(*point, 4, filled)))?
            }
            Kind::Peer => chart.draw_series(line.iter().map(|point| {
                EmptyElement::at(*point) + Rectangle::new([(-4, -4), (4, 4)], filled)
            }))?,
            Kind::Floor => chart.draw_series(
                line.iter()
                    .map(|point| TriangleMarker::new(*point, 4, filled)),
            )?,
        };
    }

    // Numbers of threads, at their places.
    let (_, bottom) = chart.backend_coord(&(0.0, least / 1.4));
    for (place, threads) in threads.iter().enumerate() {
        let (x, _) = chart.backend_coord(&(place as f64, least));
        let centred = text(14).pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Top,
        ));
        root.draw(&Text::new(threads.to_string(), (x, bottom + 8), centred))?;
    }

    let anchors: Vec<(i32, i32)> = all
        .iter()
        .filter_map(|series| series.points.last())
        .map(|(place, cell)| chart.backend_coord(&(*place, cell.throughput.median)))
        .collect();
    let heights = spread(&anchors.iter().map(|(_, y)| *y).collect::<Vec<_>>());
    let left = SIZE.0 as i32 - LABEL_WIDTH as i32 + 8;
    for ((series, (x, y)), height) in all.iter().zip(anchors).zip(heights) {
        let thin = ShapeStyle::from(series.colour.mix(0.5)).stroke_width(1);
        root.draw(&PathElement::new(
            vec![(x + 6, y), (left - 4, height)],
            thin,
        ))?;
        let label = ("sans-serif", 15).into_font().color(&series.colour);
        root.draw(&Text::new(
            series.name.to_owned(),
            (left, height - 8),
            label,
        ))?;
    }
    root.present()?;
    Ok(())
}

/// Round figures on a log scale: 1, 2 and 5 of each power of ten where there are few powers.
fn ticks(range: std::ops::Range<f64>) -> Vec<f64> {
    let powers = (range.end / range.start).log10();
    let steps: &[f64] = if powers < 3.5 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let first = range.start.log10().floor() as i32;
    let last = range.end.log10().ceil() as i32;
    (first..=last)
        .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
        .filter(|tick| range.contains(tick))
        .collect()
}

/// Moves labels apart until none covers another, each staying near where it belongs.
fn spread(wanted: &[i32]) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| wanted[*index]);
    let mut heights = wanted.to_vec();
    for pair in order.windows(2) {
        heights[pair[1]] = heights[pair[1]].max(heights[pair[0]] + LABEL_HEIGHT);
    }
    // What was pushed past the bottom pushes back.
    let mut limit = SIZE.1 as i32 - 12;
    for index in order.into_iter().rev() {
        heights[index] = heights[index].min(limit);
        limit = heights[index] - LABEL_HEIGHT;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_cover_each_other() {
        let mut heights = spread(&[200, 201, 199, 50, 405, 406, 407]);
        assert_eq!(heights[3], 50, "one that is alone stays");
        heights.sort_unstable();
        assert!(
            heights
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LABEL_HEIGHT)
        );
        assert!(heights.iter().all(|height| *height < SIZE.1 as i32));
    }

    #[test]
    fn file_names_are_safe() {
        assert_eq!(file_name("ycsb-a"), "plots/ycsb-a.svg");
        assert_eq!(file_name("../x"), "plots/---x.svg");
    }
}
