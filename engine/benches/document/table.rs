//! Medians of interleaved rounds as a table, held against the targets.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::samples::{self, Sample};
use crate::subjects::{Subject, for_each_subject};

/// At sixteen fields, a copy costs at most this part of that of a `HashMap`.
const COPY: f64 = 0.1;
/// At sixteen fields, a look-up costs at most this many times that in a `HashMap`.
const LOOK_UP: f64 = 1.5;

const ROUNDS: usize = 41;
const ROUND: Duration = Duration::from_millis(2);

/// Prints everything; fails if a target is missed.
pub(crate) fn check() -> ExitCode {
    println!("ns, median of {ROUNDS} interleaved rounds (lower to upper quartile)\n");
    let mut missed = Vec::new();
    for (at, sample) in samples::all().iter().enumerate() {
        println!("## {}, {} B of text\n", sample.name, sample.json.len());
        for (operation, subjects) in operations(sample) {
            let times = measure(subjects);
            println!("{operation}");
            let [document, map, ..] = &times[..] else {
                unreachable!("there are four subjects");
            };
            for (name, time) in &times {
                println!(
                    "  {name:30} {:>9.1} ({:.1} to {:.1}), {:.2} x",
                    time.median,
                    time.lower,
                    time.upper,
                    time.median / map.1.median
                );
            }
            let target = match operation {
                "copy_with_one_change" => COPY,
                "look_up" => LOOK_UP,
                _ => continue,
            };
            let ratio = document.1.median / map.1.median;
            if at == 0 && ratio > target {
                missed.push(format!(
                    "{operation}: {ratio:.3} x HashMap, target {target}"
                ));
            }
        }
        println!();
    }
    if missed.is_empty() {
        println!("at {}, every target is met", samples::all()[0].name);
        return ExitCode::SUCCESS;
    }
    for target in missed {
        eprintln!("missed at sixteen fields: {target}");
    }
    ExitCode::FAILURE
}

/// Runs something so many times.
type Repeat<'a> = Box<dyn FnMut(u32) + 'a>;
type Timed<'a> = Vec<(&'static str, Repeat<'a>)>;

fn operations(sample: &Sample) -> [(&'static str, Timed<'_>); 4] {
    let mut copies: Timed<'_> = Vec::new();
    let mut look_ups: Timed<'_> = Vec::new();
    let mut parses: Timed<'_> = Vec::new();
    let mut texts: Timed<'_> = Vec::new();
    for_each_subject!(add_copy(&mut copies, sample));
    for_each_subject!(add_look_up(&mut look_ups, sample));
    for_each_subject!(add_parse(&mut parses, sample));
    for_each_subject!(add_to_text(&mut texts, sample));
    [
        ("copy_with_one_change", copies),
        ("look_up", look_ups),
        ("parse", parses),
        ("to_text", texts),
    ]
}

fn add<'a, S: Subject, T>(to: &mut Timed<'a>, mut once: impl FnMut() -> T + 'a) {
    let repeat = move |times| {
        for _ in 0..times {
            drop(black_box(once()));
        }
    };
    to.push((S::NAME, Box::new(repeat)));
}

fn add_copy<'a, S: Subject + 'a>(to: &mut Timed<'a>, sample: &'a Sample) {
    let subject = S::parse(&sample.json);
    add::<S, _>(to, move || {
        black_box(&subject).with(black_box(&sample.key), black_box(7))
    });
}

fn add_look_up<'a, S: Subject + 'a>(to: &mut Timed<'a>, sample: &'a Sample) {
    let subject = S::parse(&sample.json);
    assert!(subject.has(&sample.key, &sample.expected));
    add::<S, _>(to, move || {
        black_box(&subject).has(black_box(&sample.key), black_box(&sample.expected))
    });
}

fn add_parse<'a, S: Subject + 'a>(to: &mut Timed<'a>, sample: &'a Sample) {
    add::<S, _>(to, move || S::parse(black_box(&sample.json)));
}

fn add_to_text<'a, S: Subject + 'a>(to: &mut Timed<'a>, sample: &'a Sample) {
    let subject = S::parse(&sample.json);
    add::<S, _>(to, move || black_box(&subject).to_text());
}

/// Nanoseconds.
struct Time {
    median: f64,
    lower: f64,
    upper: f64,
}

/// All subjects in each round, so that what disturbs one disturbs the others.
fn measure(subjects: Timed<'_>) -> Vec<(&'static str, Time)> {
    let mut running: Vec<_> = subjects
        .into_iter()
        .map(|(name, mut repeat)| {
            let times = repetitions(&mut repeat);
            (name, repeat, times, Vec::with_capacity(ROUNDS))
        })
        .collect();
    for _ in 0..ROUNDS {
        for (_, repeat, times, found) in &mut running {
            let start = Instant::now();
            repeat(*times);
            found.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(*times));
        }
    }
    running
        .into_iter()
        .map(|(name, _, _, mut found)| {
            found.sort_by(f64::total_cmp);
            let [lower, median, upper] = [1, 2, 3].map(|quarter| found[ROUNDS * quarter / 4]);
            let time = Time {
                median,
                lower,
                upper,
            };
            (name, time)
        })
        .collect()
}

/// How many fill a round.
fn repetitions(repeat: &mut Repeat<'_>) -> u32 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        repeat(times);
        if start.elapsed() >= ROUND {
            return times;
        }
        times *= 2;
    }
}
