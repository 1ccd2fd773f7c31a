//! Whether a history of a store is linearizable: whether there is an order of its events that the
//! [`Reference`] could have gone through, in which every event that returned before another was
//! called comes first.
//!
//! Histories are checked key by key where that is sound, as it is for any set of operations of one
//! key each (Herlihy and Wing: linearizability is local). Keys that meet in a batch are checked
//! together, and all keys at once if there is a snapshot, a count or a limit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::history::{Event, History};
use crate::operation::{Answer, Entry, Key, Refusal};
use crate::reference::Reference;
use crate::search::search;

pub use crate::search::Violation;

/// Checks a history of a store.
///
/// # Errors
///
/// A [`Violation`] if it is not linearizable, or if that is too hard to find out.
pub fn check(history: &History) -> Result<(), Violation> {
    // What is true of the whole store is true of each part of it. And a part that is not
    // linearizable is found sooner.
    for part in parts(history) {
        part.check(None)?;
    }
    let about_all = |event: &Event| {
        event.call.is_about_all() || event.answer == Answer::Refused(None, Refusal::Full)
    };
    if history.limit.is_some() || history.threads.iter().flatten().any(about_all) {
        let all = history.threads.iter().map(|events| events.iter());
        let threads: Vec<Vec<_>> = all.map(Iterator::collect).collect();
        find(history.limit, &history.entries, &threads)?;
    }
    Ok(())
}

fn find(
    limit: Option<usize>,
    entries: &BTreeMap<Key, Entry>,
    threads: &[Vec<&Event>],
) -> Result<(), Violation> {
    let dropped = |event: &&Event| event.answer == Answer::Dropped;
    let careful = threads.iter().flatten().any(dropped);
    search(Reference::new(limit, entries).careful(careful), threads)
}

/// Keys that are checked together: what they held at first, and the events about them, thread by
/// thread.
struct Part<'a> {
    entries: BTreeMap<Key, Entry>,
    threads: Vec<Vec<Cow<'a, Event>>>,
}

impl Part<'_> {
    fn check(&self, limit: Option<usize>) -> Result<(), Violation> {
        let threads = self.threads.iter().map(|events| events.iter());
        let threads: Vec<Vec<_>> = threads
            .map(|events| events.map(|event| &**event).collect())
            .collect();
        find(limit, &self.entries, &threads)
    }
}

/// A history, split so that keys that meet in a batch are together. Of a snapshot, each part has
/// its own share; events that only make sense for the whole store are in none.
fn parts(history: &History) -> Vec<Part<'_>> {
    let mut groups = Groups::default();
    history
        .entries
        .keys()
        .for_each(|&key| groups.join(key, key));
    for event in history.threads.iter().flatten() {
        let keys = event.call.keys();
        keys.iter().for_each(|&key| groups.join(keys[0], key));
    }
    let mut parts = BTreeMap::new();
    for key in groups.0.keys() {
        let part = parts.entry(groups.root(*key)).or_insert_with(|| Part {
            entries: BTreeMap::new(),
            threads: vec![Vec::new(); history.threads.len()],
        });
        let entry = history.entries.get(key);
        part.entries.extend(entry.map(|&entry| (*key, entry)));
    }
    for (number, thread) in history.threads.iter().enumerate() {
        for event in thread {
            if let Answer::Whole(entries) = &event.answer {
                for (&root, part) in &mut parts {
                    let mut share = entries.clone();
                    share.retain(|&key, _| groups.root(key) == root);
                    let answer = Answer::Whole(share);
                    let event = Event {
                        answer,
                        ..event.clone()
                    };
                    part.threads[number].push(Cow::Owned(event));
                }
            } else if event.answer != Answer::Refused(None, Refusal::Full)
                && let Some(key) = event.call.keys().first()
                && let Some(part) = parts.get_mut(&groups.root(*key))
            {
                part.threads[number].push(Cow::Borrowed(event));
            }
        }
    }
    parts.into_values().collect()
}

/// Disjoint sets of keys.
#[derive(Default)]
struct Groups(BTreeMap<Key, Key>);

impl Groups {
    fn root(&self, key: Key) -> Key {
        match self.0.get(&key) {
            Some(&parent) if parent != key => self.root(parent),
            _ => key,
        }
    }

    fn join(&mut self, key: Key, other: Key) {
        let (root, leaf) = (self.root(key), self.root(other));
        self.0.insert(leaf, root);
    }
}
