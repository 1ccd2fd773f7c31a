//! How a run tells what it is doing: a bar with the time that is left on a terminal, a plain
//! line for each finished cell group elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::words::count;

/// Tells on standard error how a run is coming along.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    lines: bool,
}

impl Progress {
    /// For a run of so many turns.
    #[must_use]
    pub fn new(turns: usize) -> Self {
        let terminal = stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta} left");
        let bar = ProgressBar::with_draw_target(Some(turns as u64), target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            started: Instant::now(),
            lines: !terminal,
        }
    }

    /// Tells nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            started: Instant::now(),
            lines: false,
        }
    }

    /// One subject has had its turn in a round.
    pub(crate) fn turn_done(&self) {
        self.bar.inc(1);
    }

    /// One workload has been measured with one number of threads.
    pub(crate) fn group_done(&self, workload: &str, threads: usize) {
        let threads = count(threads, "thread");
        self.bar.set_message(format!("{workload}, {threads}"));
        if self.lines {
            let left = match self.left() {
                Some(left) => format!(", about {} s left", left.as_secs()),
                None => String::new(),
            };
            // Whoever closed standard error does not want to know.
            let _ = writeln!(stderr(), "measured {workload} with {threads}{left}");
        }
    }

    /// What is required has been measured of one strategy.
    pub(crate) fn requirements_done(&self, strategy: &str) {
        self.bar.set_message(format!("requirements, {strategy}"));
        if self.lines {
            // As above.
            let _ = writeln!(stderr(), "measured the requirements with {strategy}");
        }
    }

    /// The run is over.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn left(&self) -> Option<Duration> {
        let (done, all) = (self.bar.position(), self.bar.length()?);
        let left = all.checked_sub(done).filter(|left| *left > 0)?;
        (done > 0).then(|| self.started.elapsed().mul_f64(left as f64 / done as f64))
    }
}
