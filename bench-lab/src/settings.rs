//! What a run is to do: a profile, with whatever the command line says otherwise.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::documents::{Dataset, Sample};
use crate::error::LabError;
use crate::keys::Keys;
use crate::requirements::Size;
use crate::subjects::{self, Body, Entry, Kind};
use crate::targets;
use crate::workload::{Operation, WORKLOADS, Workload};

/// A named set of settings.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// Rounds of each cell.
    pub rounds: usize,
    /// The length of a round's window in milliseconds.
    pub round_ms: u64,
    /// How much of the requirements it measures.
    pub requirements: Size,
    /// The workloads it measures.
    pub workloads: &'static [&'static str],
    /// With how many threads; if it does not say, what suits the hardware.
    pub threads: Option<&'static [usize]>,
    /// How many contexts there are.
    pub contexts: usize,
    /// What they hold.
    pub sample: Sample,
}

/// How many threads for each hardware thread when oversubscribed.
pub const OVERSUBSCRIPTION: usize = 4;

/// Every profile.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "smoke",
        purpose: "does everything work? Well under a minute; figures are rough",
        rounds: 5,
        round_ms: 10,
        requirements: Size::Small,
        // One at least with every action.
        workloads: &["get-hot", "ycsb-a", "churn", "snapshot-under-load"],
        // With more threads than processors a round takes several times its length.
        threads: Some(&[1, 4]),
        contexts: 1_000,
        sample: Sample::Webhooks,
    },
    Profile {
        name: "quick",
        purpose: "figures to work with, in under 5 minutes",
        rounds: 7,
        round_ms: 30,
        requirements: Size::Full,
        workloads: &[
            "read-hot",
            "ycsb-c",
            "ycsb-b",
            "ycsb-a",
            "update-uniform",
            "update-hot",
        ],
        threads: None,
        contexts: 1_000,
        sample: Sample::Webhooks,
    },
    Profile {
        name: "full",
        purpose: "every cell that has a target, in under 40 minutes on 2 cores",
        rounds: 9,
        round_ms: 150,
        requirements: Size::Full,
        workloads: &[
            "read-uniform",
            "read-hot",
            "get-hot",
            "ycsb-b",
            "ycsb-a",
            "update-uniform",
            "update-hot",
            "churn",
            "snapshot-under-load",
        ],
        threads: Some(&targets::THREADS),
        contexts: 10_000,
        sample: Sample::Sessions,
    },
];

/// Above this many contexts or threads a run is more likely a slip of the finger.
const MOST_THREADS: usize = 4_096;

impl Profile {
    /// The profile of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<&'static Self, LabError> {
        PROFILES
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| {
                LabError::unknown("profile", name, PROFILES.iter().map(|known| known.name))
            })
    }

    /// The numbers of threads it measures, if it does not say 1, 2, what the hardware has, and
    /// four times that.
    #[must_use]
    pub fn threads(&self) -> Vec<usize> {
        if let Some(threads) = self.threads {
            return threads.to_vec();
        }
        let hardware = hardware_threads();
        let mut threads = vec![1, 2, hardware, OVERSUBSCRIPTION * hardware];
        threads.sort_unstable();
        threads.dedup();
        threads
    }
}

/// What the command line of `run` says, before it is checked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The profile's name.
    pub profile: String,
    /// A file of documents instead of the built-in ones.
    pub documents: Option<PathBuf>,
    /// The name of a built-in sample.
    pub sample: Option<String>,
    /// The type of keys.
    pub keys: Option<String>,
    /// Names of subjects, separated by commas.
    pub subjects: Option<String>,
    /// Names of workloads, separated by commas.
    pub workloads: Option<String>,
    /// Numbers of threads, separated by commas.
    pub threads: Option<String>,
    /// How many contexts.
    pub contexts: Option<String>,
    /// The seed.
    pub seed: Option<String>,
    /// Rounds of each cell.
    pub rounds: Option<String>,
    /// The length of a round.
    pub round_ms: Option<String>,
    /// How much of the requirements.
    pub requirements: Option<String>,
}

/// What a run is to do, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile it started from.
    pub profile: &'static Profile,
    /// What to measure.
    pub subjects: Vec<Entry>,
    /// Under which workloads.
    pub workloads: Vec<&'static Workload>,
    /// With how many threads.
    pub threads: Vec<usize>,
    /// How many contexts.
    pub contexts: usize,
    /// The type of their keys.
    pub keys: Keys,
    /// A file of what they hold, or
    pub documents: Option<PathBuf>,
    /// if there is none, a built-in sample.
    pub sample: Sample,
    /// What all randomness comes from.
    pub seed: u64,
    /// Rounds of each cell.
    pub rounds: usize,
    /// The length of a round's window.
    pub round: Duration,
    /// How much of the requirements to measure.
    pub requirements: Size,
}

impl Settings {
    /// Checks a request and fills in what it leaves open.
    ///
    /// # Errors
    ///
    /// If a name is unknown or a number makes no sense.
    pub fn new(request: &Request) -> Result<Self, LabError> {
        let profile = Profile::find(&request.profile)?;
        let subjects = match &request.subjects {
            None => subjects::catalog(),
            Some(list) => {
                let mut chosen = Vec::new();
                for name in items("--subjects", list)? {
                    chosen.push(subjects::find(name)?);
                }
                // In the order of reports, whatever was typed, and each once.
                let mut catalog = subjects::catalog();
                catalog.retain(|entry| chosen.iter().any(|c| c.about.name == entry.about.name));
                catalog
            }
        };
        let mut chosen = profile.workloads.to_vec();
        if let Some(list) = &request.workloads {
            chosen.clear();
            for name in items("--workloads", list)? {
                chosen.push(Workload::find(name)?.name);
            }
        }
        let workloads = WORKLOADS.iter();
        let workloads = workloads.filter(|workload| chosen.contains(&workload.name));
        if request.documents.is_some() && request.sample.is_some() {
            return Err(LabError::Argument {
                option: "--sample",
                reason: "there is a file of documents already".into(),
            });
        }
        let threads = match &request.threads {
            None => profile.threads(),
            Some(list) => {
                let mut threads = Vec::new();
                for item in items("--threads", list)? {
                    threads.push(number("--threads", item, 1, MOST_THREADS as u64)? as usize);
                }
                threads.sort_unstable();
                threads.dedup();
                threads
            }
        };
        let or = |option, given: &Option<String>, least, most, default| match given {
            None => Ok(default),
            Some(given) => number(option, given, least, most),
        };
        let most_contexts = Operation::MAX_CONTEXTS as u64;
        Ok(Self {
            profile,
            subjects,
            workloads: workloads.collect(),
            threads,
            contexts: or(
                "--contexts",
                &request.contexts,
                1,
                most_contexts,
                profile.contexts as u64,
            )? as usize,
            keys: match &request.keys {
                None => Keys::default(),
                Some(name) => Keys::find(name)?,
            },
            documents: request.documents.clone(),
            sample: match &request.sample {
                None => profile.sample,
                Some(name) => Sample::find(name)?,
            },
            seed: or("--seed", &request.seed, 0, u64::MAX, 1)?,
            rounds: or(
                "--rounds",
                &request.rounds,
                1,
                10_000,
                profile.rounds as u64,
            )? as usize,
            round: Duration::from_millis(or(
                "--round-ms",
                &request.round_ms,
                1,
                600_000,
                profile.round_ms,
            )?),
            requirements: match &request.requirements {
                None => profile.requirements,
                Some(name) => Size::find(name)?,
            },
        })
    }

    /// The documents, dealt to the contexts.
    ///
    /// # Errors
    ///
    /// If there is a file of them and it is not one, or they would take more memory than there is.
    pub fn dataset(&self, memory: Option<u64>) -> Result<Dataset, LabError> {
        let dataset = match &self.documents {
            Some(path) => Dataset::load(path)?,
            None => Dataset::sample(self.sample)?,
        };
        self.check_memory(&dataset, memory)?;
        Ok(dataset.spread(self.contexts).with_keys(self.keys))
    }

    /// Refuses a run that would take more memory than there is, as far as that is known.
    ///
    /// # Errors
    ///
    /// If it would.
    fn check_memory(&self, dataset: &Dataset, memory: Option<u64>) -> Result<(), LabError> {
        let most_threads = self.threads.iter().max().copied().unwrap_or(1);
        let workloads = self.workloads.iter();
        let extra = workloads.map(|workload| workload.extra(self.contexts, most_threads));
        let [flat, tree] = dataset.memory(self.contexts + extra.max().unwrap_or(0));
        let most_threads = most_threads as u64;
        let of_subject = |entry: &Entry| match (entry.about.kind, entry.about.body) {
            (Kind::Floor, _) => tree.saturating_mul(most_threads),
            (_, Body::Copied) => flat,
            (_, Body::InPlace) => tree,
        };
        let needed = self.subjects.iter().map(of_subject);
        let needed = needed.fold(0_u64, u64::saturating_add);
        match memory {
            Some(memory) if needed > memory => Err(LabError::Argument {
                option: "--contexts",
                reason: format!(
                    "{} with {most_threads} threads take about {} GiB of memory, there are {} GiB",
                    self.contexts,
                    needed >> 30,
                    memory >> 30
                ),
            }),
            _ => Ok(()),
        }
    }

    /// What runs before each round's window, at least.
    #[must_use]
    pub fn warm_up(&self) -> Duration {
        (self.round / 5).max(Duration::from_millis(2))
    }
}

/// Threads the hardware runs at once, as far as this process may use them.
#[must_use]
pub fn hardware_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn items<'a>(option: &'static str, list: &'a str) -> Result<Vec<&'a str>, LabError> {
    let items: Vec<_> = list.split(',').map(str::trim).collect();
    if items.iter().any(|item| item.is_empty()) {
        return Err(LabError::Argument {
            option,
            reason: format!("`{list}` is not a list separated by commas"),
        });
    }
    Ok(items)
}

fn number(option: &'static str, text: &str, least: u64, most: u64) -> Result<u64, LabError> {
    let reason = match text.trim().parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => return Ok(number),
        Ok(number) if number < least => format!("must be at least {least}, not {number}"),
        Ok(number) => format!("must be at most {most}, not {number}"),
        Err(_) => format!("`{text}` is not a whole number from {least} to {most}"),
    };
    Err(LabError::Argument { option, reason })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::workload::Mix;

    fn request() -> Request {
        Request {
            profile: "smoke".into(),
            ..Request::default()
        }
    }

    #[test]
    fn profiles_measure_enough_rounds() {
        for profile in PROFILES {
            assert!(profile.rounds >= 5);
            assert!(profile.threads().contains(&1));
            let most = 4 * hardware_threads();
            assert!(profile.threads.is_some() || profile.threads().contains(&most));
            let workloads = profile.workloads.iter();
            assert!(
                workloads
                    .map(|name| Workload::find(name))
                    .all(|it| it.is_ok())
            );
        }
    }

    #[test]
    fn full_has_every_cell_with_a_target() {
        let full = Profile::find("full").unwrap();
        let targets: Vec<_> = targets::TARGETS.iter().map(|it| it.workload).collect();
        assert!(targets.iter().all(|name| full.workloads.contains(name)));
        assert_eq!(targets.len(), full.workloads.len());
        assert_eq!(full.threads(), targets::THREADS);
        assert!(full.rounds >= 9 && full.contexts == 10_000);
    }

    #[test]
    fn smoke_has_every_action() {
        let smoke = Profile::find("smoke").unwrap();
        let workloads = smoke
            .workloads
            .iter()
            .map(|name| Workload::find(name).unwrap());
        let workloads: Vec<_> = workloads.collect();
        let mixes = |mix| workloads.iter().any(|workload| workload.mix == mix);
        assert!(mixes(Mix::Updates(50)) && mixes(Mix::Gets) && mixes(Mix::Churn));
        assert!(workloads.iter().any(|workload| workload.snapshots));
    }

    #[test]
    fn lists_are_sorted_and_without_repetition() {
        let settings = Settings::new(&Request {
            threads: Some("8, 1,2,1".into()),
            workloads: Some("ycsb-a,read-hot".into()),
            ..request()
        });
        let settings = settings.unwrap();
        assert_eq!(settings.threads, [1, 2, 8]);
        let names: Vec<_> = settings.workloads.iter().map(|w| w.name).collect();
        assert_eq!(names, ["read-hot", "ycsb-a"]);
    }

    #[test]
    fn numbers_out_of_range_are_explained() {
        let message = |request: Request| Settings::new(&request).unwrap_err().to_string();
        let zero = message(Request {
            threads: Some("1,0".into()),
            ..request()
        });
        assert_eq!(zero, "--threads: must be at least 1, not 0");
        let word = message(Request {
            contexts: Some("many".into()),
            ..request()
        });
        assert!(word.starts_with("--contexts: `many` is not a whole number from 1"));
        let gap = message(Request {
            subjects: Some("a,,b".into()),
            ..request()
        });
        assert_eq!(gap, "--subjects: `a,,b` is not a list separated by commas");
        let both = message(Request {
            documents: Some("file".into()),
            sample: Some("sessions".into()),
            ..request()
        });
        assert_eq!(both, "--sample: there is a file of documents already");
        let keys = message(Request {
            keys: Some("u32".into()),
            ..request()
        });
        assert_eq!(keys, "unknown type of keys `u32`; there are: string, u64");
    }
}
