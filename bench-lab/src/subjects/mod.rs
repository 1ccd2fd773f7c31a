//! What is measured: strategies, their peers, and the floor, all behind one trait.
//!
//! A strategy appears here by being registered in `contexture-strategies`. A peer is one file
//! beside this one and one line in `peers`.

mod body;
#[cfg(feature = "peers")]
mod dashmap;
#[cfg(feature = "peers")]
mod evmap;
mod floor;
#[cfg(feature = "peers")]
mod flurry;
mod map;
#[cfg(feature = "peers")]
mod moka;
#[cfg(feature = "peers")]
mod papaya;
#[cfg(feature = "peers")]
mod rwlock;
#[cfg(feature = "peers")]
mod scc_hashindex;
#[cfg(feature = "peers")]
mod scc_hashmap;
#[cfg(feature = "peers")]
mod sharded;
mod strategy;

use serde::{Deserialize, Serialize};

use crate::documents::Dataset;
use crate::error::LabError;
use crate::verification::Verification;
use crate::worker::{Tally, Worker};
use crate::workload::Operation;

/// In what relation a subject stands to the strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A strategy of this workspace.
    Strategy,
    /// A map someone might use instead.
    Peer,
    /// Not an alternative but a limit: what the operations cost without any synchronisation.
    Floor,
}

impl Kind {
    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::Peer => "peer",
            Self::Floor => "floor",
        }
    }
}

/// How a subject holds documents, which decides what its updates cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// One buffer a document; an update copies it.
    #[serde(rename = "flat document, copied")]
    Copied,
    /// A tree of values; an update changes it where it is.
    #[serde(rename = "serde_json value, in place")]
    InPlace,
}

impl Body {
    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Copied => "flat document, copied",
            Self::InPlace => "serde_json value, in place",
        }
    }
}

/// What there is to say about a subject before it is measured.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name in every interface.
    pub name: &'static str,
    /// What it is to the strategies.
    pub kind: Kind,
    /// How it holds documents.
    pub body: Body,
    /// What its correctness rests on.
    pub verification: Verification,
    /// How it is used here, in one line.
    pub note: &'static str,
}

/// A map filled with the documents of a run.
pub trait Subject: Send + Sync {
    /// Performs the operations of one worker, until the round is over. Called on the worker's
    /// own thread.
    fn work(&self, worker: &mut Worker<'_>);

    /// What is in it. Called while nobody works.
    fn audit(&self) -> Audit;
}

/// One worker at a subject that never awaits.
trait Perform {
    /// Performs one operation, and says whether it was done.
    fn perform(&mut self, operation: Operation) -> bool;

    /// Takes a snapshot, and says whether every entry is in it.
    fn snapshot(&mut self) -> bool;

    /// The whole loop of a worker.
    fn drive(&mut self, worker: &mut Worker<'_>) {
        while let Some(block) = worker.next_block() {
            let mut tally = Tally::default();
            for operation in block.untimed {
                tally.count(*operation, self.perform(*operation));
            }
            let timer = worker.start_timer();
            let done = self.perform(block.timed);
            tally.count(block.timed, done);
            worker.finish(block.timed, timer, tally);
            if worker.snapshot_is_due() {
                let timer = worker.start_timer();
                let whole = self.snapshot();
                worker.finish_snapshot(timer, whole);
            }
        }
        if let Some(operation) = worker.unfinished() {
            let mut tally = Tally::default();
            tally.count(operation, self.perform(operation));
            worker.finish_last(tally);
        }
    }
}

/// What a subject holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many entries.
    pub entries: usize,
    /// The sum of the update counters of all documents.
    pub updates: u64,
}

/// Makes a subject and fills it with the documents, for so many workers; or says why it cannot.
pub type Fill = fn(&Dataset, usize) -> Result<Box<dyn Subject>, String>;

/// A subject that can be built: what `list` shows and the harness fills.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What there is to say about it.
    pub about: About,
    /// Makes one.
    pub fill: Fill,
}

/// Every subject, strategies first, in the order of reports.
#[must_use]
pub fn catalog() -> Vec<Entry> {
    let mut entries = strategy::entries();
    #[cfg(feature = "peers")]
    entries.extend(peers());
    entries.push(floor::ENTRY);
    entries
}

#[cfg(feature = "peers")]
fn peers() -> impl Iterator<Item = Entry> {
    let peers: [&[Entry]; 9] = [
        &dashmap::ENTRIES,
        &papaya::ENTRIES,
        &scc_hashmap::ENTRIES,
        &scc_hashindex::ENTRIES,
        &flurry::ENTRIES,
        &evmap::ENTRIES,
        &moka::ENTRIES,
        &rwlock::ENTRIES,
        &sharded::ENTRIES,
    ];
    peers.into_iter().flatten().copied()
}

/// The subject of that name.
///
/// # Errors
///
/// If there is none; the message lists those there are.
pub fn find(name: &str) -> Result<Entry, LabError> {
    let catalog = catalog();
    let found = catalog.iter().find(|entry| entry.about.name == name);
    found.copied().ok_or_else(|| {
        LabError::unknown(
            "subject",
            name,
            catalog.iter().map(|entry| entry.about.name),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::documents::Sample;
    use crate::keys::Keys;

    #[test]
    fn names_are_distinct_and_there_is_one_floor() {
        let catalog = catalog();
        for entry in &catalog {
            assert_eq!(find(entry.about.name).unwrap().about.note, entry.about.note);
            let namesakes = catalog
                .iter()
                .filter(|other| other.about.name == entry.about.name);
            assert_eq!(namesakes.count(), 1, "{}", entry.about.name);
        }
        let floors = catalog.iter().filter(|e| e.about.kind == Kind::Floor);
        assert_eq!(floors.count(), 1);
        let message = find("nope").err().unwrap().to_string();
        assert!(
            message.starts_with("unknown subject `nope`; there are: "),
            "{message}"
        );
    }

    #[test]
    fn a_new_subject_holds_every_entry_without_updates() {
        for keys in Keys::ALL {
            let dataset = Dataset::sample(Sample::Webhooks).unwrap().spread(50);
            let dataset = dataset.with_keys(keys).with_extra(7);
            for entry in catalog() {
                let audit = (entry.fill)(&dataset, 2).unwrap().audit();
                let expected = Audit {
                    entries: 57,
                    updates: 0,
                };
                assert_eq!(audit, expected, "{}", entry.about.name);
            }
        }
    }
}
