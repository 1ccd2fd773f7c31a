//! One recovery point.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::RecoveryError;
use crate::draft::Lifetime;
use crate::{ContextId, ContextRef, Document, Revision, Snapshot};

/// All contexts as they were at one instant, with a number, a time and a checksum.
///
/// Clones share everything. A point that is no longer kept can still be used, and
/// [restored](crate::recovery::Recovery::restore), by whoever holds it. It keeps all versions in
/// it alive, with their histories. Points are equal if they are the very same.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::new())?;
/// let point = contexts.recovery().create_sync(Some("first"))?;
/// assert_eq!((point.number(), point.name(), point.len()), (1, Some("first"), 1));
/// assert_eq!(point.get(&id).unwrap().as_json(), "{}");
/// point.verify()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RecoveryPoint(Arc<Point>);

struct Point {
    about: About,
    snapshot: Snapshot,
    checksum: u32,
}

/// What is known about a point rather than in it.
pub(crate) struct About {
    pub(crate) number: u64,
    pub(crate) name: Option<Box<str>>,
    pub(crate) time: SystemTime,
    pub(crate) revision: Option<Revision>,
}

impl RecoveryPoint {
    /// The most bytes a name may have.
    pub const MAX_NAME_LEN: usize = 512;

    pub(crate) fn new(about: About, snapshot: Snapshot) -> Self {
        let checksum = checksum(&snapshot);
        Self(Arc::new(Point {
            about,
            snapshot,
            checksum,
        }))
    }

    pub(crate) fn check_name(name: Option<&str>) -> Result<(), RecoveryError> {
        match name.map_or(0, str::len) {
            0..=Self::MAX_NAME_LEN => Ok(()),
            len => Err(RecoveryError::NameTooLong { len }),
        }
    }

    /// Its number: 1 for the first that is made or read, then rising. None comes twice, and a
    /// point with a higher number lacks nothing that was committed before one with a lower
    /// number was made.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.about.number
    }

    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.about.name.as_deref()
    }

    /// When it was made, by the [clock](crate::Clock) of the contexts it is of.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.0.about.time
    }

    /// The last revision that is in it, if the contexts it is of have a
    /// [feed](crate::Builder::feed). Of a point that was
    /// [read](crate::recovery::Recovery::read_from) it says where those stood that wrote it.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        self.0.about.revision
    }

    /// All contexts that are in it. If the point was read, neither the snapshot nor the contexts
    /// have revisions, since they are of no commit here.
    pub fn snapshot(&self) -> &Snapshot {
        &self.0.snapshot
    }

    /// A context that is in it.
    #[must_use]
    pub fn get<'a>(&'a self, id: &'a ContextId) -> Option<ContextRef<'a>> {
        self.snapshot().get(id)
    }

    /// How many contexts are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.snapshot().len()
    }

    /// Whether there are none in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.snapshot().is_empty()
    }

    /// The CRC-32 of its contexts, sorted by id: of their ids, versions, documents, metadata and
    /// times to live.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.0.checksum
    }

    /// Checks that its contexts are what they were when it was made. It reads all of them, and is
    /// done before the point is restored or written.
    ///
    /// # Errors
    ///
    /// [`RecoveryError::Corrupt`] if they are not: the memory is damaged.
    pub fn verify(&self) -> Result<(), RecoveryError> {
        if checksum(self.snapshot()) == self.0.checksum {
            return Ok(());
        }
        let number = self.number();
        Err(RecoveryError::Corrupt { number })
    }

    /// All contexts in the order of their ids.
    pub(crate) fn sorted(&self) -> Vec<ContextRef<'_>> {
        sorted(self.snapshot())
    }
}

fn sorted(snapshot: &Snapshot) -> Vec<ContextRef<'_>> {
    let mut contexts: Vec<_> = snapshot.iter().collect();
    contexts.sort_unstable_by_key(|context| context.id());
    contexts
}

fn checksum(snapshot: &Snapshot) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    // Lengths are hashed, too, so that nothing can move from one part to the next.
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for context in sorted(snapshot) {
        add(context.id().as_str().as_bytes());
        add(&context.version().get().to_le_bytes());
        add(context.as_json().as_bytes());
        add(context.metadata().map_or("", Document::as_json).as_bytes());
        match context.state().draft.lifetime {
            Some(Lifetime::For(time)) => add(&time.as_nanos().to_le_bytes()),
            Some(Lifetime::Forever) | None => add(&[]),
        }
    }
    hasher.finalize()
}

impl PartialEq for RecoveryPoint {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for RecoveryPoint {}

impl fmt::Debug for RecoveryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryPoint")
            .field("number", &self.number())
            .field("name", &self.name())
            .field("time", &self.time())
            .field("revision", &self.revision())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "sharded"))]
impl RecoveryPoint {
    /// The same point, of which the memory has changed.
    pub(crate) fn damaged(&self, by: &Self) -> Self {
        Self(Arc::new(Point {
            about: About {
                number: self.number(),
                name: self.name().map(Into::into),
                time: self.time(),
                revision: self.revision(),
            },
            snapshot: by.snapshot().clone(),
            checksum: self.checksum(),
        }))
    }
}
