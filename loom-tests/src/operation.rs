//! The words of a scenario: what a thread does ([`Step`]), what that came to as a call of the
//! store ([`Call`]), and what the store answered ([`Answer`]).

use std::collections::BTreeMap;
use std::fmt;

/// Keys of a scenario. In a model, odd keys and even keys are in different shards.
pub type Key = u32;

/// Values of a scenario.
pub type Number = u64;

/// One step of a thread's program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Gets an owned handle.
    Get(Key),
    /// Gets an owned handle and looks at it once more, when the thread has taken all its steps.
    Keep(Key),
    /// Reads in a closure.
    Read(Key),
    /// Reads in a closure that takes another step, on the same store, and looks again. The key must be
    /// there.
    Around(Key, Box<Step>),
    /// Creates a key.
    Create(Key, Number),
    /// Appends a digit to the number of a key, see [`appended`]; so the number tells in which
    /// order updates happened.
    Update(Key, Number),
    /// An update whose closure refuses.
    Refuse(Key),
    /// An update whose closure panics.
    Panic(Key),
    /// Replaces the number if the version is as expected.
    CompareAndSet(Key, Expect, Number),
    /// Removes a key, at a version or at any.
    Remove(Key, Option<Expect>),
    /// Applies a batch.
    Apply(Vec<(Key, Write)>),
    /// Takes a snapshot, with a hook, for which a strategy may do more than without.
    Snapshot,
    /// Takes a snapshot, without a hook.
    SnapshotWithoutHook,
    /// Counts the entries.
    Len,
    /// An update whose closure takes another step, on the same store, before it appends its digit.
    Inside(Key, Number, Box<Step>),
    /// Starts the step, polls it at most so often, one poll right after the other, and drops it.
    DropAfter(usize, Box<Step>),
    /// Starts the step in a task that nobody wakes, and ends it in another.
    MoveToAnotherTask(Box<Step>),
}

impl Step {
    /// This step from within the closure of an update.
    #[must_use]
    pub fn inside(self, key: Key, digit: Number) -> Self {
        Self::Inside(key, digit, Box::new(self))
    }

    /// This step from within the closure of a read.
    #[must_use]
    pub fn inside_read(self, key: Key) -> Self {
        Self::Around(key, Box::new(self))
    }

    /// This step, polled once by a task that nobody wakes.
    #[must_use]
    pub fn moved(self) -> Self {
        Self::MoveToAnotherTask(Box::new(self))
    }

    /// This step, dropped if it is not done after so many polls.
    #[must_use]
    pub fn drop_after(self, polls: usize) -> Self {
        Self::DropAfter(polls, Box::new(self))
    }
}

/// Which version a step expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The one that the key had when the scenario began.
    Initial,
    /// The one that the thread has last seen or made; the initial one if it saw none.
    Seen,
}

/// One change or condition of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Write<E = Expect> {
    /// Create the key.
    Create(Number),
    /// Set the key, whether it is there or not.
    Put(Number),
    /// Set the key if it has this version.
    CompareAndSet(E, Number),
    /// Remove the key.
    Remove(Option<E>),
    /// Change nothing, but insist that the key has this version or is absent.
    Require(Option<E>),
}

impl Write<u64> {
    /// The version that it wants the key to have, if any.
    #[must_use]
    pub fn expects(self) -> Option<u64> {
        match self {
            Self::CompareAndSet(expected, _) => Some(expected),
            Self::Remove(expected) | Self::Require(expected) => expected,
            Self::Create(_) | Self::Put(_) => None,
        }
    }
}

/// What a store was asked to do; versions are those of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Step`")]
#[non_exhaustive]
pub enum Call {
    Get(Key),
    Create(Key, Number),
    Update(Key, Number),
    /// An update whose closure refuses or panics.
    Abort(Key),
    CompareAndSet(Key, u64, Number),
    Remove(Key, Option<u64>),
    Apply(Vec<(Key, Write<u64>)>),
    Snapshot,
    Len,
}

impl Call {
    /// The one key it is about; `None` if it concerns several or all.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Get(key)
            | Self::Create(key, _)
            | Self::Update(key, _)
            | Self::Abort(key)
            | Self::CompareAndSet(key, ..)
            | Self::Remove(key, _) => Some(*key),
            Self::Apply(_) | Self::Snapshot | Self::Len => None,
        }
    }

    /// The keys it names.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::Apply(writes) => writes.iter().map(|(key, _)| *key).collect(),
            call => call.key().into_iter().collect(),
        }
    }

    /// The version that it wants the key to have, if any.
    #[must_use]
    pub fn expects(&self, key: Key) -> Option<u64> {
        match self {
            Self::CompareAndSet(own, expected, _) if *own == key => Some(*expected),
            Self::Remove(own, expected) if *own == key => *expected,
            Self::Apply(writes) => {
                let write = writes.iter().find(|(other, _)| *other == key);
                write.and_then(|(_, write)| write.expects())
            }
            _ => None,
        }
    }

    /// Whether it looks at the whole store.
    #[must_use]
    pub fn is_about_all(&self) -> bool {
        matches!(self, Self::Snapshot | Self::Len)
    }

    /// Whether it would change this key if it succeeded.
    #[must_use]
    pub fn writes(&self, key: Key) -> bool {
        match self {
            Self::Get(_) | Self::Abort(_) | Self::Snapshot | Self::Len => false,
            Self::Apply(writes) => writes
                .iter()
                .any(|(other, write)| *other == key && !matches!(write, Write::Require(_))),
            _ => self.key() == Some(key),
        }
    }
}

/// A number with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "nothing to add")]
pub struct Entry {
    pub version: u64,
    pub number: Number,
}

/// What a store answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// What a read found.
    Found(Option<Entry>),
    /// A create or compare-and-set succeeded with this version.
    Wrote(u64),
    /// An update succeeded.
    Updated {
        /// What its closure saw.
        saw: Entry,
        /// The version it made.
        version: u64,
    },
    /// The closure, which saw this, refused or panicked.
    Aborted(Entry),
    /// What a remove took away.
    Removed(Entry),
    /// The version of each key of a batch.
    Applied(Vec<Option<u64>>),
    /// Why a write did not happen; in a batch, with the place of the change that was refused.
    Refused(Option<usize>, Refusal),
    /// A snapshot.
    Whole(BTreeMap<Key, Entry>),
    /// How many entries there are.
    Counted(usize),
    /// Refused since it was called from within a closure.
    Reentrant,
    /// The future was dropped before it was done.
    Dropped,
}

/// Why a write was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the errors of the store")]
#[non_exhaustive]
pub enum Refusal {
    Absent,
    Exists(u64),
    Conflict(u64),
    Full,
}

impl Answer {
    /// The version that the key had just before the call, as far as the answer tells.
    #[must_use]
    pub fn version_before(&self, call: &Call, key: Key) -> Option<u64> {
        if let Call::Apply(writes) = call {
            let place = writes.iter().position(|(other, _)| *other == key)?;
            return self.version_before_batch(writes[place].1, place);
        }
        if call.key().is_some_and(|own| own != key) {
            return None;
        }
        match self {
            Self::Found(entry) => entry.map(|entry| entry.version),
            Self::Whole(entries) => entries.get(&key).map(|entry| entry.version),
            Self::Updated { saw: entry, .. } | Self::Aborted(entry) | Self::Removed(entry) => {
                Some(entry.version)
            }
            Self::Refused(_, Refusal::Exists(current) | Refusal::Conflict(current)) => {
                Some(*current)
            }
            Self::Wrote(_) => call.expects(key),
            _ => None,
        }
    }

    /// The same for a key of a batch: what it expects, for changes up to the one refused, were as
    /// expected.
    fn version_before_batch(&self, write: Write<u64>, place: usize) -> Option<u64> {
        match self {
            Self::Refused(Some(refused), Refusal::Exists(current) | Refusal::Conflict(current))
                if *refused == place =>
            {
                Some(*current)
            }
            Self::Refused(Some(refused), _) if *refused <= place => None,
            Self::Applied(_) | Self::Refused(..) => write.expects(),
            _ => None,
        }
    }

    /// The version that the answer gives to a key that the call added or wrote.
    #[must_use]
    pub fn version_after(&self, call: &Call, key: Key) -> Option<u64> {
        if call.key().is_some_and(|own| own != key) {
            return None;
        }
        match (self, call) {
            (Self::Wrote(version), _) | (Self::Updated { version, .. }, _) => Some(*version),
            (Self::Applied(versions), Call::Apply(writes)) => {
                let place = writes.iter().position(|(other, _)| *other == key)?;
                versions.get(place).copied().flatten()
            }
            _ => None,
        }
    }
}

/// The answer without its versions: those of a key that was created anew are up to the strategy.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(None) => f.write_str("none"),
            Self::Found(Some(entry)) => write!(f, "{}", entry.number),
            Self::Wrote(_) | Self::Applied(_) => f.write_str("ok"),
            Self::Updated { saw, .. } => write!(f, "updated {}", saw.number),
            Self::Aborted(saw) => write!(f, "aborted at {}", saw.number),
            Self::Removed(entry) => write!(f, "removed {}", entry.number),
            Self::Refused(_, refusal) => f.write_str(match refusal {
                Refusal::Absent => "absent",
                Refusal::Exists(_) => "exists",
                Refusal::Conflict(_) => "conflict",
                Refusal::Full => "full",
            }),
            Self::Whole(entries) => write_entries(f, entries),
            Self::Counted(len) => write!(f, "{len}"),
            Self::Reentrant => f.write_str("re-entrant"),
            Self::Dropped => f.write_str("dropped"),
        }
    }
}

fn write_entries(f: &mut fmt::Formatter<'_>, entries: &BTreeMap<Key, Entry>) -> fmt::Result {
    f.write_str("{")?;
    for (place, (key, entry)) in entries.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(f, "{comma}{key}: {}", entry.number)?;
    }
    f.write_str("}")
}

/// The number with a digit appended. Wraps, in long runs.
#[must_use]
pub fn appended(number: Number, digit: Number) -> Number {
    number.wrapping_mul(10).wrapping_add(digit)
}
