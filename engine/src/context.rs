//! One version of a context, owned or borrowed.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

use contexture_strategies::{Version, Versioned};

use crate::draft::Lifetime;
use crate::history::{History, HistoryEntry, Moment};
use crate::state::State;
use crate::{ContextId, Document, DocumentError, JsonPatch, Revision};

/// One committed version of a context: an owned handle, cheap to clone.
///
/// It dereferences to its [`Document`]. A handle never changes and never blocks a writer; it
/// keeps its version alive, also after the context was updated or deleted.
///
/// ```
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let id = ContextId::new("a")?;
/// contexts.create_sync(id.clone(), Document::parse(r#"{"n": 1}"#)?)?;
///
/// let before = contexts.get_sync(&id).unwrap();
/// contexts.try_update_sync(&id, |context| context.with("n", &2))?;
/// assert_eq!(before.get("n").unwrap().as_u64(), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Context {
    id: ContextId,
    committed: Versioned<State>,
}

/// One committed version of a context, borrowed: what a [`read`](crate::Contexts::read) closure
/// and a [`Snapshot`](crate::Snapshot) show.
///
/// It dereferences to its [`Document`].
#[derive(Clone, Copy)]
pub struct ContextRef<'a> {
    id: &'a ContextId,
    committed: &'a Versioned<State>,
}

impl Context {
    pub(crate) const fn new(id: ContextId, committed: Versioned<State>) -> Self {
        Self { id, committed }
    }

    pub(crate) const fn committed(&self) -> &Versioned<State> {
        &self.committed
    }

    /// The same, borrowed.
    #[must_use]
    pub const fn as_ref(&self) -> ContextRef<'_> {
        ContextRef::new(&self.id, &self.committed)
    }
}

impl<'a> ContextRef<'a> {
    pub(crate) const fn new(id: &'a ContextId, committed: &'a Versioned<State>) -> Self {
        Self { id, committed }
    }

    pub(crate) fn state(self) -> &'a State {
        self.committed.value()
    }

    pub(crate) const fn committed(self) -> &'a Versioned<State> {
        self.committed
    }

    /// An owned handle of the same version.
    #[must_use]
    pub fn to_context(self) -> Context {
        Context::new(self.id.clone(), self.committed.clone())
    }
}

/// What both handles have; written once.
macro_rules! accessors {
    ($(#[$attribute:meta])* impl $handle:ty, $lifetime:lifetime, ($this:ident) -> $self:ty, $as_ref:expr) => {
        $(#[$attribute])*
        impl<$lifetime> $handle {
            /// The context's id.
            #[must_use]
            pub const fn id($this: $self) -> &$lifetime ContextId {
                let context: ContextRef<$lifetime> = $as_ref;
                context.id
            }

            /// The version this is.
            #[must_use]
            pub fn version($this: $self) -> Version {
                $as_ref.committed.version()
            }

            /// The place of this version's commit in the order of all commits; `None` without a
            /// [feed](crate::Builder::feed).
            #[must_use]
            pub fn revision($this: $self) -> Option<Revision> {
                $as_ref.state().revision
            }

            /// What the context held at this version.
            #[must_use]
            pub fn document($this: $self) -> &$lifetime Document {
                $as_ref.state().document()
            }

            /// What was known about the context at this version, if anything.
            #[must_use]
            pub fn metadata($this: $self) -> Option<&$lifetime Document> {
                $as_ref.state().draft.metadata.as_deref()
            }

            /// When the context was created.
            #[must_use]
            pub fn created($this: $self) -> SystemTime {
                $as_ref.state().created
            }

            /// When this version was committed. The times of a context's versions never decrease,
            /// even if the clock does.
            #[must_use]
            pub fn updated($this: $self) -> SystemTime {
                $as_ref.state().updated
            }

            /// When the context expires unless it is written before; `None` if it does not.
            #[must_use]
            pub fn expires($this: $self) -> Option<SystemTime> {
                $as_ref.state().expires
            }

            /// How long the context lives after each write; `None` if until it is deleted.
            #[must_use]
            pub fn time_to_live($this: $self) -> Option<Duration> {
                match $as_ref.state().draft.lifetime {
                    Some(Lifetime::For(time)) => Some(time),
                    _ => None,
                }
            }

            /// The versions before this one that are [kept](crate::Builder::history), newest first.
            pub fn history($this: $self) -> History<$lifetime> {
                History::of($as_ref.state())
            }

            /// This or a former version: the one with this number, or the newest at a time.
            /// `None` if it is not, or no longer, kept.
            #[must_use]
            pub fn at($this: $self, moment: impl Into<Moment>) -> Option<HistoryEntry> {
                moment.into().find($as_ref)
            }

            /// What turns the document of one version into that of another, as a JSON Patch; of
            /// this and former versions. `None` if one of the two is not, or no longer, kept.
            ///
            /// # Errors
            ///
            /// As [`JsonPatch::between`].
            pub fn diff(
                $this: $self,
                from: impl Into<Moment>,
                to: impl Into<Moment>,
            ) -> Result<Option<JsonPatch>, DocumentError> {
                match ($as_ref.at(from), $as_ref.at(to)) {
                    (Some(from), Some(to)) => {
                        JsonPatch::between(from.document(), to.document()).map(Some)
                    }
                    _ => Ok(None),
                }
            }
        }
    };
}

accessors! { impl Context, 'a, (self) -> &'a Self, self.as_ref() }
accessors! { impl ContextRef<'a>, 'a, (self) -> Self, self }

impl Deref for Context {
    type Target = Document;

    fn deref(&self) -> &Document {
        self.document()
    }
}

impl Deref for ContextRef<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        self.document()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl fmt::Debug for ContextRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("id", self.id)
            .field("version", &self.version())
            .field("document", self.document())
            .finish_non_exhaustive()
    }
}
