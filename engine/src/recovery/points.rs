//! The recovery points that are kept.

use std::cmp::Reverse;

use super::turn::Turns;
use super::{RecoveryError, RecoveryPoint, Select};
use crate::sync::Mutex;

/// The newest recovery points of a store.
#[derive(Debug)]
pub(crate) struct Points {
    kept: Mutex<Kept>,
    most: usize,
    /// To restore one of them.
    pub(crate) turns: Turns,
}

/// Invariant: the points are in the order of their numbers, none of which is above `last`.
#[derive(Debug, Default)]
struct Kept {
    last: u64,
    points: Vec<RecoveryPoint>,
}

impl Points {
    /// Keeps at most this many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            kept: Mutex::default(),
            most,
            turns: Turns::default(),
        }
    }

    /// Fails if none are kept.
    pub(crate) const fn check_enabled(&self) -> Result<(), RecoveryError> {
        match self.most {
            0 => Err(RecoveryError::Disabled),
            _ => Ok(()),
        }
    }

    /// A number that no point had or will have, but for the one it is taken for.
    ///
    /// It is taken at the instant of the point's snapshot, so the order of the numbers is that of
    /// what the points hold.
    pub(crate) fn next_number(&self) -> u64 {
        let mut kept = self.kept.lock();
        kept.last += 1;
        kept.last
    }

    /// Keeps a point; drops the oldest ones that are too many, be it this one.
    pub(crate) fn add(&self, point: RecoveryPoint) {
        let mut kept = self.kept.lock();
        let points = &mut kept.points;
        let at = points.partition_point(|kept| kept.number() < point.number());
        points.insert(at, point);
        let too_many = points.len().saturating_sub(self.most);
        let dropped: Vec<_> = points.drain(..too_many).collect();
        drop(kept);
        // A point may be the last that holds its documents: they are dropped without the lock.
        drop(dropped);
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<RecoveryPoint> {
        self.kept.lock().points.clone()
    }

    pub(crate) fn find(&self, wanted: &Select) -> Result<RecoveryPoint, RecoveryError> {
        let points = match wanted {
            Select::Point(point) => return Ok(point.clone()),
            _ => self.list(),
        };
        let mut newest_first = points.iter().rev();
        let found = match wanted {
            Select::Latest | Select::Point(_) => newest_first.next(),
            Select::Number(number) => newest_first.find(|point| point.number() == *number),
            Select::Name(name) => newest_first.find(|point| point.name() == Some(name)),
            Select::AtOrBefore(time) => newest_first
                .filter(|point| point.time() <= *time)
                .min_by_key(|point| Reverse(point.time())),
        };
        match found {
            Some(point) => Ok(point.clone()),
            None if points.is_empty() => Err(RecoveryError::NoRecoveryPoints),
            None => Err(RecoveryError::NotFound {
                wanted: wanted.clone(),
            }),
        }
    }

    /// Forgets a point and returns it.
    pub(crate) fn delete(&self, number: u64) -> Result<RecoveryPoint, RecoveryError> {
        let mut kept = self.kept.lock();
        if kept.points.is_empty() {
            return Err(RecoveryError::NoRecoveryPoints);
        }
        let found = kept.points.iter().position(|it| it.number() == number);
        let index = found.ok_or(RecoveryError::NotFound {
            wanted: Select::Number(number),
        })?;
        Ok(kept.points.remove(index))
    }
}
