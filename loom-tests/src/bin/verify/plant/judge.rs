//! What a run of a test says about a fault.

use crate::process::End;

/// What a run of a test says about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The test passed.
    Passed,
    /// The test failed with the message that was expected. This is its line.
    Killed(String),
    /// The test failed with another message. This is its line.
    Failed(String),
    /// The test took too long.
    Hung,
    /// There is no such test.
    NotRun,
}

impl Verdict {
    /// One word for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Killed(_) => "killed",
            Self::Failed(_) => "failed",
            Self::Hung => "hung",
            Self::NotRun => "not run",
        }
    }
}

/// Judges by how the process ended and all that it printed. Whether it ended by itself or by a
/// signal makes no difference: a panic while another one unwinds aborts.
pub(super) fn judge(end: End, output: &str, test: &str, expected: Option<&str>) -> Verdict {
    let End::Exited(status) = end else {
        return Verdict::Hung;
    };
    if !output.lines().any(|line| line == "running 1 test") {
        return if status.success() {
            Verdict::NotRun
        } else {
            Verdict::Failed(message(output, test))
        };
    }
    if status.success() {
        return Verdict::Passed;
    }
    let expected = expected.and_then(|expected| {
        // The name of a test is no message.
        let mut lines = output.lines().filter(|line| !line.contains(test));
        lines.find(|line| line.contains(expected))
    });
    match expected {
        Some(line) => Verdict::Killed(line.trim().to_owned()),
        None => Verdict::Failed(message(output, test)),
    }
}

/// The line that says most about a failure: what a panic says first, or else the last one.
fn message(output: &str, test: &str) -> String {
    let mut lines = output.lines().map(str::trim);
    let panicked = lines
        .find(|line| line.contains("panicked at"))
        .and_then(|_| lines.next());
    let last = || {
        let mut said = output.lines().filter(|line| !line.trim().is_empty());
        said.rfind(|line| !line.contains(test))
    };
    panicked
        .or_else(last)
        .unwrap_or("no message")
        .trim()
        .to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    const TEST: &str = "sharded::no_deadlock";

    fn exited(code: i32) -> End {
        End::Exited(ExitStatus::from_raw(code << 8))
    }

    fn judged(end: End, output: &str) -> Verdict {
        judge(end, output, TEST, Some("deadlock"))
    }

    const PANIC: &str = "\nrunning 1 test\nthread '<unnamed>' panicked at model.rs:1:2:\n\
        deadlock; threads = 2\ntest sharded::no_deadlock ... FAILED\n";

    #[test]
    fn only_the_expected_message_kills() {
        let killed = Verdict::Killed("deadlock; threads = 2".into());
        assert_eq!(judged(exited(101), PANIC), killed);
        let other = PANIC.replace("deadlock; threads = 2", "not linearizable");
        let failed = Verdict::Failed("not linearizable".into());
        assert_eq!(judged(exited(101), &other), failed);
    }

    #[test]
    fn a_run_that_succeeds_kills_nothing() {
        assert_eq!(judged(exited(0), PANIC), Verdict::Passed);
    }

    #[test]
    fn a_signal_after_the_expected_message_kills() {
        let aborted = End::Exited(ExitStatus::from_raw(6));
        let killed = Verdict::Killed("deadlock; threads = 2".into());
        assert_eq!(judged(aborted, PANIC), killed);
        let silent = "running 1 test\n";
        assert!(matches!(judged(aborted, silent), Verdict::Failed(_)));
    }

    #[test]
    fn a_hang_is_no_kill() {
        assert_eq!(judged(End::TookTooLong, PANIC), Verdict::Hung);
    }

    #[test]
    fn a_test_that_is_not_there_neither_passes_nor_fails() {
        let none = "running 0 tests\n\ntest result: ok.\n";
        assert_eq!(judged(exited(0), none), Verdict::NotRun);
        let usage = "error: unexpected argument\n";
        assert!(matches!(judged(exited(2), usage), Verdict::Failed(_)));
    }
}
