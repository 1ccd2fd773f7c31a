//! What happened in one execution: who called what, when, and what the answer was.

use std::collections::BTreeMap;
use std::fmt;

use crate::operation::{Answer, Call, Entry, Key};
use crate::search::Timed;

/// One call with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What was called.
    pub call: Call,
    /// What the answer was.
    pub answer: Answer,
    /// The time before the call.
    pub called: u64,
    /// The time after it. An event whose `returned` is less than another's `called` came first.
    pub returned: u64,
}

impl Timed for Event {
    fn called(&self) -> u64 {
        self.called
    }

    fn returned(&self) -> u64 {
        self.returned
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (call, answer) = (&self.call, &self.answer);
        write!(
            f,
            "{call:?} -> {answer:?} @ {}..{}",
            self.called, self.returned
        )
    }
}

/// Everything that happened to one store.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What was in the store before.
    pub entries: BTreeMap<Key, Entry>,
    /// The store's limit.
    pub limit: Option<usize>,
    /// The events of each thread, in order. Calls from within a closure are a thread of their own.
    pub threads: Vec<Vec<Event>>,
}

impl History {
    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  before: {:?}, limit {:?}", self.entries, self.limit)?;
        for (number, thread) in self.threads.iter().enumerate() {
            for event in thread {
                writeln!(f, "  thread {number}: {event}")?;
            }
        }
        Ok(())
    }
}
