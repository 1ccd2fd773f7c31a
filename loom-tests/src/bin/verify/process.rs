//! Other processes: they end when this one is interrupted, and those they started with them.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Whether to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Becomes true at the first Ctrl-C. At the second the process ends at once.
    pub(crate) fn on_interrupt() -> Self {
        let stop = Self::default();
        let handler = stop.clone();
        // If there can be no handler, Ctrl-C does what it does by default: end the process.
        let _ = ctrlc::set_handler(move || {
            // Relaxed: nothing is handed over with it.
            if handler.0.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
        stop
    }

    pub(crate) fn is_asked_for(&self) -> bool {
        // Relaxed: as above.
        self.0.load(Ordering::Relaxed)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It took longer than it may, and was killed.
    TookTooLong,
    /// Everything is to end, and so did it.
    Interrupted,
}

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs a process, for so long at most.
pub(crate) fn run(command: &mut Command, limit: Duration, stop: &Stop) -> io::Result<End> {
    command.stdin(Stdio::null());
    let mut group = Group::start(command)?;
    let started = Instant::now();
    loop {
        if let Some(status) = group.child.try_wait()? {
            group.ended = true;
            return Ok(End::Exited(status));
        }
        if stop.is_asked_for() {
            return Ok(End::Interrupted);
        }
        if started.elapsed() >= limit {
            return Ok(End::TookTooLong);
        }
        thread::sleep(PAUSE);
    }
}

/// A process and those that it starts. Dropping it ends them.
struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn()?;
        Ok(Self {
            child,
            ended: false,
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::KILL,
        );
        // Of a process that has ended in the meantime there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_that_takes_too_long_ends_with_those_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let late = folder.path().join("late");
        let script = format!("(sleep 1; touch {}) & sleep 60", late.display());
        let limit = Duration::from_millis(100);
        let end = run(&mut shell(&script), limit, &Stop::default()).unwrap();
        assert_eq!(end, End::TookTooLong);
        thread::sleep(Duration::from_millis(1500));
        assert!(!late.exists());
    }

    #[test]
    fn an_interrupt_ends_it() {
        let stop = Stop::default();
        stop.0.store(true, Ordering::Relaxed);
        let end = run(&mut shell("sleep 60"), Duration::MAX, &stop).unwrap();
        assert_eq!(end, End::Interrupted);
    }

    #[test]
    fn it_says_how_it_ended() {
        let end = run(&mut shell("exit 3"), Duration::MAX, &Stop::default()).unwrap();
        assert!(matches!(end, End::Exited(status) if status.code() == Some(3)));
    }
}
