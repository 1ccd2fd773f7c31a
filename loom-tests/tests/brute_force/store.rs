//! A sequential store that knows everything a call may come to.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use contexture_loom_tests::operation::{Answer, Call, Entry, Key, Number, Refusal, Write};

/// An answer, and the store after it.
pub type Way = (Answer, Store);

/// A store by the letter of the contract. It leaves open with which new version a key is created.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub limit: Option<usize>,
    pub entries: BTreeMap<Key, Entry>,
    /// The highest version that each key ever had.
    highest: BTreeMap<Key, u64>,
}

impl Store {
    /// A store with these entries.
    pub fn new(limit: Option<usize>, entries: &BTreeMap<Key, Entry>) -> Self {
        let versions = entries.iter().map(|(&key, entry)| (key, entry.version));
        Self {
            limit,
            entries: entries.clone(),
            highest: versions.collect(),
        }
    }

    /// The highest version that the key ever had.
    pub fn highest(&self, key: Key) -> u64 {
        self.highest.get(&key).copied().unwrap_or(0)
    }

    /// Everything that the call may come to, with versions of new keys up to `last`.
    pub fn ways(&self, call: &Call, last: u64) -> Vec<Way> {
        match call {
            Call::Get(key) => self.unchanged(Answer::Found(self.get(*key))),
            Call::Snapshot => self.unchanged(Answer::Whole(self.entries.clone())),
            Call::Len => self.unchanged(Answer::Counted(self.entries.len())),
            Call::Abort(key) => match self.get(*key) {
                None => self.refused(Refusal::Absent),
                Some(saw) => self.unchanged(Answer::Aborted(saw)),
            },
            Call::Create(key, number) => match self.get(*key) {
                Some(entry) => self.refused(Refusal::Exists(entry.version)),
                None if self.limit.is_some_and(|limit| self.entries.len() >= limit) => {
                    self.refused(Refusal::Full)
                }
                None => self
                    .next_versions(*key, last)
                    .map(|version| (Answer::Wrote(version), self.with(*key, version, *number)))
                    .collect(),
            },
            Call::Update(key, digit) => match self.get(*key) {
                None => self.refused(Refusal::Absent),
                Some(saw) => {
                    let version = saw.version + 1;
                    let number = saw.number.wrapping_mul(10).wrapping_add(*digit);
                    let after = self.with(*key, version, number);
                    vec![(Answer::Updated { saw, version }, after)]
                }
            },
            Call::CompareAndSet(key, expected, number) => match self.get(*key) {
                None => self.refused(Refusal::Absent),
                Some(entry) if entry.version != *expected => {
                    self.refused(Refusal::Conflict(entry.version))
                }
                Some(entry) => {
                    let version = entry.version + 1;
                    let after = self.with(*key, version, *number);
                    vec![(Answer::Wrote(version), after)]
                }
            },
            Call::Remove(key, expected) => match self.get(*key) {
                None => self.refused(Refusal::Absent),
                Some(entry) if expected.is_some_and(|expected| entry.version != expected) => {
                    self.refused(Refusal::Conflict(entry.version))
                }
                Some(entry) => vec![(Answer::Removed(entry), self.without(*key))],
            },
            Call::Apply(writes) => self.batch_ways(writes, last),
            other => unreachable!("{other:?}"),
        }
    }

    fn batch_ways(&self, writes: &[(Key, Write<u64>)], last: u64) -> Vec<Way> {
        for (place, &(key, write)) in writes.iter().enumerate() {
            if let Some(refusal) = self.refusal(key, write) {
                return self.unchanged(Answer::Refused(Some(place), refusal));
            }
        }
        let mut ways = vec![(Vec::new(), self.clone())];
        for &(key, write) in writes {
            let mut longer = Vec::new();
            for (versions, store) in ways {
                for (version, after) in store.changed(key, write, last) {
                    longer.push(([&versions[..], &[version]].concat(), after));
                }
            }
            ways = longer;
        }
        // A batch that adds no entry is never refused for the limit.
        let too_many = |after: &Store| {
            let len = after.entries.len();
            len > self.entries.len() && self.limit.is_some_and(|limit| len > limit)
        };
        if ways.iter().any(|(_, after)| too_many(after)) {
            return self.refused(Refusal::Full);
        }
        ways.into_iter()
            .map(|(versions, after)| (Answer::Applied(versions), after))
            .collect()
    }

    /// Why this change of a batch is impossible, if it is.
    fn refusal(&self, key: Key, write: Write<u64>) -> Option<Refusal> {
        let current = self.get(key).map(|entry| entry.version);
        match (write, current) {
            (Write::Put(_), _) | (Write::Create(_) | Write::Require(None), None) => None,
            (Write::Create(_) | Write::Require(None), Some(current)) => {
                Some(Refusal::Exists(current))
            }
            (_, None) => Some(Refusal::Absent),
            (Write::Remove(None), Some(_)) => None,
            (
                Write::CompareAndSet(expected, _)
                | Write::Remove(Some(expected))
                | Write::Require(Some(expected)),
                Some(current),
            ) => (expected != current).then_some(Refusal::Conflict(current)),
            (other, _) => unreachable!("{other:?}"),
        }
    }

    /// What one change of a batch may come to: the version it answers, and the store after it.
    fn changed(&self, key: Key, write: Write<u64>, last: u64) -> Vec<(Option<u64>, Self)> {
        match write {
            Write::Require(version) => vec![(version, self.clone())],
            Write::Remove(_) => vec![(None, self.without(key))],
            Write::Create(number) | Write::Put(number) | Write::CompareAndSet(_, number) => self
                .next_versions(key, last)
                .map(|version| (Some(version), self.with(key, version, number)))
                .collect(),
            other => unreachable!("{other:?}"),
        }
    }

    /// The versions that the key may have next.
    fn next_versions(&self, key: Key, last: u64) -> RangeInclusive<u64> {
        let next = self.highest(key) + 1;
        match self.get(key) {
            Some(_) => next..=next,
            None => next..=last.max(next),
        }
    }

    fn get(&self, key: Key) -> Option<Entry> {
        self.entries.get(&key).copied()
    }

    fn with(&self, key: Key, version: u64, number: Number) -> Self {
        let mut after = self.clone();
        after.entries.insert(key, Entry { version, number });
        after.highest.insert(key, version);
        after
    }

    fn without(&self, key: Key) -> Self {
        let mut after = self.clone();
        after.entries.remove(&key);
        after
    }

    fn unchanged(&self, answer: Answer) -> Vec<Way> {
        vec![(answer, self.clone())]
    }

    fn refused(&self, refusal: Refusal) -> Vec<Way> {
        self.unchanged(Answer::Refused(None, refusal))
    }
}
