//! Making recovery points, and going back to them.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use contexture_strategies::{Change, Reentrant, StrategyKind, SyncStrategyKind, Version, kind};

use super::sync::ready;
use super::{Contexts, Enabled};
use crate::observe;
use crate::recovery::{About, RecoveryError, RecoveryIoError, RecoveryPoint, Select, import};
use crate::{Batch, BatchError, ContextId, ContextRef, Draft, Operation, Snapshot};

/// How often a restore requires that what it leaves alone has not changed, before it writes that,
/// too.
const OPTIMISTIC_ATTEMPTS: usize = 4;

/// The recovery points of [`Contexts`]; made by [`Contexts::recovery`]. See
/// [recovery](crate::recovery).
///
/// This is a handle: clones, and those that the same contexts made, are of the same points.
pub struct Recovery<S: Enabled<'static> = kind::Sharded> {
    contexts: Contexts<S>,
}

/// What a [`restore`](Recovery::restore) did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Restored {
    /// The point it went back to.
    pub point: RecoveryPoint,
    /// How many contexts it put back, as new versions.
    pub written: usize,
    /// How many contexts it deleted, since they are not in the point.
    pub deleted: usize,
    /// How many contexts it left alone, since they were what they are in the point.
    pub unchanged: usize,
}

impl<S: StrategyKind> Contexts<S> {
    /// The recovery points of these contexts; see [recovery](crate::recovery). What is restored
    /// through it is written in the name of this handle.
    #[must_use]
    pub fn recovery(&self) -> Recovery<S> {
        Recovery {
            contexts: self.clone(),
        }
    }
}

/// Recovery, for every strategy.
impl<S: StrategyKind> Recovery<S> {
    /// Makes a recovery point of all contexts as they are now, and keeps it: the oldest point, that
    /// with the lowest number, goes if there are too many. Names need not be unique.
    ///
    /// It costs a [snapshot](Contexts::snapshot), and reading all documents for the checksum.
    ///
    /// # Errors
    ///
    /// [`RecoveryError::Disabled`] if [no points are kept](crate::Builder::max_recovery_points),
    /// [`RecoveryError::NameTooLong`], and [`RecoveryError::Reentrant`] from inside a closure.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the point is kept or it is not. A number may be left out.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// contexts.create(ContextId::new("a")?, Document::new()).await?;
    /// let point = contexts.recovery().create(Some("nightly")).await?;
    /// assert_eq!(point.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, name: Option<&str>) -> Result<RecoveryPoint, RecoveryError> {
        let inner = &*self.contexts.inner;
        inner.recovery.check_enabled()?;
        RecoveryPoint::check_name(name)?;
        check_reentrant::<S>()?;
        self.contexts.purge_expired().await;
        let number_and_time = || (inner.recovery.next_number(), inner.settings.clock.now());
        let snapshot = self.contexts.snapshot_with(number_and_time).await;
        let (snapshot, (number, time)) = snapshot;
        let about = About {
            number,
            name: name.map(Into::into),
            time,
            revision: snapshot.revision(),
        };
        let point = RecoveryPoint::new(about, snapshot);
        inner.recovery.add(point.clone());
        Ok(point)
    }

    /// The points that are kept, the oldest first: in the order of their numbers.
    #[must_use]
    pub fn list(&self) -> Vec<RecoveryPoint> {
        self.contexts.inner.recovery.list()
    }

    /// A point that is kept.
    ///
    /// # Errors
    ///
    /// [`RecoveryError::NoRecoveryPoints`] if there are none, [`RecoveryError::NotFound`] if this
    /// one is not among them.
    ///
    /// ```
    /// # use contexture::Contexts;
    /// # use contexture::recovery::Select;
    /// let contexts: Contexts = Contexts::new();
    /// let recovery = contexts.recovery();
    /// let first = recovery.create_sync(Some("a"))?;
    /// let second = recovery.create_sync(None)?;
    /// assert_eq!(recovery.get("a")?, first);
    /// assert_eq!(recovery.get(Select::Latest)?, second);
    /// assert_eq!(recovery.get(second.number())?, second);
    /// assert_eq!(recovery.get(second.time())?, second);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, select: impl Into<Select>) -> Result<RecoveryPoint, RecoveryError> {
        self.contexts.inner.recovery.find(&select.into())
    }

    /// Forgets the point with this number, and returns it.
    ///
    /// # Errors
    ///
    /// As [`get`](Recovery::get).
    pub fn delete(&self, number: u64) -> Result<RecoveryPoint, RecoveryError> {
        self.contexts.inner.recovery.delete(number)
    }

    /// Goes back to a point, in one atomic batch.
    /// [What it does](crate::recovery#what-a-restore-does) stands there in full.
    ///
    /// # Errors
    ///
    /// As [`get`](Recovery::get); [`RecoveryError::Corrupt`] if the point is damaged;
    /// [`RecoveryError::Batch`] if a validator refuses, from inside a closure, and if a point of
    /// other contexts does not fit the limits of these. Then nothing has changed. What others
    /// write meanwhile is no reason to fail.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: everything is restored or nothing. A future that is neither polled nor dropped
    /// may keep other restores waiting.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # use contexture::recovery::Select;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::new()).await?;
    /// contexts.recovery().create(None).await?;
    /// contexts.delete(&id, None).await?;
    /// contexts.recovery().restore(Select::Latest).await?;
    /// assert!(contexts.get(&id).await.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restore(&self, select: impl Into<Select>) -> Result<Restored, RecoveryError> {
        let select = select.into();
        let restore = async {
            let point = self.get(select)?;
            point.verify()?;
            Ok(self.put_all_back(&point).await?)
        };
        self.contexts
            .operation(Operation::Restore, None, restore)
            .await
    }

    /// Puts one context back to what it is in a point: document, metadata and time to live, whether
    /// it is there now or not. Returns the version it now has: a new one, unless it still has the
    /// very version of the point.
    ///
    /// # Errors
    ///
    /// As [`restore`](Recovery::restore), and [`RecoveryError::NotInPoint`] if the context is not
    /// in the point. [`BatchError::Full`] if it is not there and there is no room for it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the context is put back or it is not.
    ///
    /// ```
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let contexts: Contexts = Contexts::new();
    /// let id = ContextId::new("a")?;
    /// contexts.create(id.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
    /// let point = contexts.recovery().create(None).await?;
    /// contexts.update(&id, |context| context.without("n")).await?;
    /// contexts.recovery().restore_context(&point, &id).await?;
    /// assert_eq!(contexts.get(&id).await.unwrap().as_json(), r#"{"n":1}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restore_context(
        &self,
        select: impl Into<Select>,
        id: &ContextId,
    ) -> Result<Version, RecoveryError> {
        let select = select.into();
        let restore = async {
            let point = self.get(select)?;
            point.verify()?;
            let then = point.get(id).ok_or_else(|| RecoveryError::NotInPoint {
                number: point.number(),
                id: id.clone(),
            })?;
            Ok(self.put_back(then).await?)
        };
        self.contexts
            .operation(Operation::Restore, Some(id), restore)
            .await
    }

    /// Reads a point that was [written](RecoveryPoint::write_to) and keeps it as a new one: under a
    /// new number, with the name and the time it had. It is kept in place of the oldest one if
    /// there are too many. No context is changed.
    ///
    /// It blocks on the reader, in large pieces, and reads it to its end.
    ///
    /// # Errors
    ///
    /// [`RecoveryIoError::Io`] if the reader fails; [`RecoveryIoError::Damaged`] with line and
    /// reason for anything but a whole point that these contexts could hold: within their limits
    /// for the number of contexts, ids, documents and metadata. [`RecoveryIoError::Point`] if no
    /// points are kept.
    pub fn read_from(&self, reader: impl io::Read) -> Result<RecoveryPoint, RecoveryIoError> {
        let inner = &*self.contexts.inner;
        inner.recovery.check_enabled()?;
        let number = || inner.recovery.next_number();
        let point = import(reader, &inner.settings.limits, number)?;
        inner.recovery.add(point.clone());
        Ok(point)
    }

    async fn put_back(&self, then: ContextRef<'_>) -> Result<Version, BatchError> {
        let now = self.contexts.get_for_write(then.id()).await?;
        if let Some(now) = now.filter(|now| is_same(now.as_ref(), then)) {
            return Ok(now.version());
        }
        let batch = Batch::new().put(then.id().clone(), Draft::all_of(then));
        let versions = self.contexts.try_apply(&batch, None).await?;
        versions
            .into_iter()
            .flatten()
            .next()
            .ok_or(BatchError::Unknown)
    }

    async fn put_all_back(&self, point: &RecoveryPoint) -> Result<Restored, BatchError> {
        check_reentrant::<S>()?;
        let inner = &*self.contexts.inner;
        let _turn = inner.recovery.turns.take::<S>().await?;
        let limit = inner.settings.limits.contexts;
        let fits = limit.is_none_or(|limit| point.len() <= limit);
        let mut now = self.contexts.snapshot_unless_expired().await;
        // Those that must go, as far as they are there.
        let mut surplus: BTreeSet<ContextId> = surplus(&now, point).collect();
        // How often one that was to be left alone had changed by then.
        let mut disturbed = 0;
        loop {
            let plan = Plan::new(point, &now, &surplus, disturbed < OPTIMISTIC_ATTEMPTS);
            match self.contexts.try_apply(&plan.batch, Some(&now)).await {
                Ok(_) => return Ok(plan.restored),
                // What has filled the store must go: with nothing else there, the point has room.
                Err(BatchError::Full { .. }) if fits => {
                    now = self.contexts.snapshot_unless_expired().await;
                    surplus = self::surplus(&now, point).collect();
                }
                // One that was to go is gone, or one that was to be left alone has changed. This
                // ends: the former happens once a context, the latter a few times.
                Err(
                    BatchError::NotFound { index, .. }
                    | BatchError::Conflict { index, .. }
                    | BatchError::Exists { index, .. },
                ) => {
                    now = self.contexts.snapshot_unless_expired().await;
                    surplus.retain(|id| now.get(id).is_some());
                    disturbed += usize::from(plan.spares(index));
                }
                Err(reason) => return Err(reason),
            }
            observe::retry(Operation::Restore);
        }
    }
}

/// A batch that restores a point, and what it does.
struct Plan {
    batch: Batch,
    restored: Restored,
}

impl Plan {
    /// What to do to the contexts of `now`. `sparing`: what is as it was is not written.
    fn new(
        point: &RecoveryPoint,
        now: &Snapshot,
        surplus: &BTreeSet<ContextId>,
        sparing: bool,
    ) -> Self {
        let mut batch = Batch::new();
        let mut unchanged = 0;
        for then in point.snapshot().iter() {
            let id = then.id().clone();
            let same = now.get(then.id()).filter(|now| is_same(*now, then));
            batch = match same {
                Some(same) if sparing => {
                    unchanged += 1;
                    batch.require(id, Some(same.version()))
                }
                _ => batch.put(id, Draft::all_of(then)),
            };
        }
        for id in surplus {
            batch = batch.delete(id.clone(), None);
        }
        let restored = Restored {
            point: point.clone(),
            written: point.len() - unchanged,
            deleted: surplus.len(),
            unchanged,
        };
        Self { batch, restored }
    }

    /// Whether this change of the batch leaves a context alone.
    fn spares(&self, index: usize) -> bool {
        let change = self.batch.changes.get(index);
        matches!(change, Some((_, Change::Require { .. })))
    }
}

/// The contexts that are there and not in the point.
fn surplus(now: &Snapshot, point: &RecoveryPoint) -> impl Iterator<Item = ContextId> {
    let ids = now.iter().map(|context| context.id());
    ids.filter(|id| point.get(id).is_none()).cloned()
}

/// Whether a context is at the very version it had then. Versions alone do not tell: those of a
/// point that was read may be of another store.
fn is_same(now: ContextRef<'_>, then: ContextRef<'_>) -> bool {
    now.committed().same(then.committed())
        || now.version() == then.version() && now.state().draft == then.state().draft
}

fn check_reentrant<S: StrategyKind>() -> Result<(), Reentrant> {
    match S::AWAITS {
        true => Reentrant::check(),
        false => Ok(()),
    }
}

/// Without async, for strategies that never await. Each method does what its namesake does and
/// fails as that does.
impl<S: SyncStrategyKind> Recovery<S> {
    /// See [`create`](Recovery::create).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn create_sync(&self, name: Option<&str>) -> Result<RecoveryPoint, RecoveryError> {
        ready(self.create(name))
    }

    /// See [`restore`](Recovery::restore).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restore_sync(&self, select: impl Into<Select>) -> Result<Restored, RecoveryError> {
        ready(self.restore(select))
    }

    /// See [`restore_context`](Recovery::restore_context).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restore_context_sync(
        &self,
        select: impl Into<Select>,
        id: &ContextId,
    ) -> Result<Version, RecoveryError> {
        ready(self.restore_context(select, id))
    }
}

impl<S: StrategyKind> Clone for Recovery<S> {
    fn clone(&self) -> Self {
        self.contexts.recovery()
    }
}

/// The points that are kept.
impl<S: StrategyKind> fmt::Debug for Recovery<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recovery").field(&self.list()).finish()
    }
}

#[cfg(all(test, feature = "sharded"))]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn a_damaged_point_is_neither_restored_nor_written() {
        let contexts = Contexts::<kind::Sharded>::new();
        let recovery = contexts.recovery();
        let id = ContextId::new("a").expect("an id");
        let document = |json| Document::parse(json).expect("a document");
        let one = document(r#"{"n":1}"#);
        contexts.create_sync(id.clone(), one).expect("created");
        let point = recovery.create_sync(None).expect("made");
        let metadata = Draft::new(document(r#"{"n":1}"#)).metadata(document(r#"{"m":1}"#));
        let lifetime = Draft::new(document(r#"{"n":1}"#)).time_to_live(std::time::Duration::MAX);
        for draft in [Draft::new(document(r#"{"n":3}"#)), metadata, lifetime] {
            // A point with the very version, of which one part is another.
            let others = Contexts::<kind::Sharded>::new();
            others.create_sync(id.clone(), draft).expect("created");
            let other = others.recovery().create_sync(None).expect("made");
            let (then, now) = (point.get(&id), other.get(&id));
            let versions = [then, now].map(|context| context.expect("there").version());
            assert_eq!(versions[0], versions[1]);

            let damaged = point.damaged(&other);
            let corrupt = RecoveryError::Corrupt { number: 1 };
            assert_eq!(damaged.verify(), Err(corrupt.clone()));
            contexts.inner.recovery.delete(1).expect("there");
            contexts.inner.recovery.add(damaged.clone());
            let refused = recovery.restore_sync(1).map(|_| ());
            assert_eq!(refused, Err(corrupt.clone()));
            let refused = recovery.restore_context_sync(Select::Latest, &id);
            assert_eq!(refused, Err(corrupt.clone()));
            let mut written = Vec::new();
            let refused = damaged.write_to(&mut written);
            assert!(matches!(refused, Err(RecoveryIoError::Point(error)) if error == corrupt));
            assert!(written.is_empty());
        }
        assert_eq!(point.verify(), Ok(()));
        let context = contexts.get_sync(&id).expect("there");
        assert_eq!(context.as_json(), r#"{"n":1}"#);
    }
}
