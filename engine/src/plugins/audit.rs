//! The audit trail.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use serde::Serialize;

use super::rfc3339::Rfc3339;
use super::{Failure, Observer};
use crate::sync::Mutex;
use crate::{ChangeKind, Commit, ContextChange, ContextRef, Document};

/// An observer that writes who changed what and when, as JSON, a line for each change.
///
/// When a write returns, its lines have been given to the writer and flushed. The lines of a batch
/// stand together. This is a line of a change, and one of a write that failed:
///
/// ```json
/// {"time":"2001-09-09T01:46:40.000000Z","actor":"ann","change":"updated","id":"cart/7","before":1,"after":2,"revision":9,"keys":["items"]}
/// {"time":"2001-09-09T01:46:41.000000Z","actor":null,"failed":"delete","id":"cart/8","reason":"there is no context `cart/8`"}
/// ```
///
/// * `time` is RFC 3339 in UTC, by the [clock](crate::Clock) of the contexts, to the microsecond.
/// * `change` is `created`, `updated`, `deleted` or `expired`; `failed` the name of the
///   [operation](crate::Operation), whose `id` is null for a batch.
/// * `before` and `after` are versions, and null where there is none. `revision` is null without
///   a [feed](crate::Builder::feed).
/// * `keys` are the fields of the document that were added, removed or changed, and
///   `metadata_keys`, which is left out if there are none, those of the metadata. Values are never
///   written. The reason of a failure is the text of its error, so that of a plugin is what the
///   plugin says.
///
/// Lines come in the order in which observers are called, see [`Observer`]; of one context, `after`
/// tells the order.
///
/// Clones are the same trail: keep one to ask for its [`error`](Audit::error).
///
/// The writer is called under a lock of the trail's, so a slow one makes all writers of these
/// contexts wait for each other. It must not use the contexts; if it does, what it writes there
/// is not in the trail, which [`error`](Audit::error) then says.
///
/// ```
/// use contexture::plugins::Audit;
/// use contexture::{ContextId, Contexts, Document};
///
/// let contexts: Contexts = Contexts::new();
/// let audit = Audit::new(std::io::stderr());
/// contexts.plugins().add_observer("audit", audit.clone())?;
/// contexts.acting_as("ann").create_sync(ContextId::new("a")?, Document::new())?;
/// assert!(audit.error().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Audit<W> {
    trail: Arc<Trail<W>>,
}

struct Trail<W> {
    /// Who holds `sink`: a writer that calls itself by way of the contexts must not wait for
    /// itself.
    holder: Mutex<Option<ThreadId>>,
    sink: Mutex<Sink<W>>,
    failed: Mutex<Failed>,
}

struct Sink<W> {
    writer: W,
    /// The line that is made; kept for its memory.
    line: Vec<u8>,
    /// Whether the last line may have been written in part.
    torn: bool,
}

#[derive(Default)]
struct Failed {
    error: Option<Arc<io::Error>>,
    lines: u64,
}

impl<W: Write + Send + 'static> Audit<W> {
    /// A trail that goes to this writer: a file opened to append, say. Each line is one call of
    /// `write_all`.
    pub fn new(writer: W) -> Self {
        let sink = Sink {
            writer,
            line: Vec::new(),
            torn: false,
        };
        Self {
            trail: Arc::new(Trail {
                holder: Mutex::default(),
                sink: Mutex::new(sink),
                failed: Mutex::default(),
            }),
        }
    }

    /// The newest error of the writer; `None` if there was none. The trail goes on after it, on a
    /// new line.
    #[must_use]
    pub fn error(&self) -> Option<Arc<io::Error>> {
        self.trail.failed.lock().error.clone()
    }

    /// How many lines were lost, wholly or in part, to errors of the writer. An error of flushing
    /// loses an unknown number, and counts as one.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.trail.failed.lock().lines
    }

    /// Writes lines, and flushes.
    fn write<L: Serialize>(&self, lines: impl ExactSizeIterator<Item = L>) {
        let trail = &*self.trail;
        let thread = thread::current().id();
        if *trail.holder.lock() == Some(thread) {
            let error = io::Error::other("the writer of the audit trail uses the contexts");
            trail.failed.lock().lose(error, lines.len() as u64);
            return;
        }
        let mut sink = trail.sink.lock();
        let _held = Held::new(&trail.holder, thread);
        for line in lines {
            if let Err(error) = sink.write(&line) {
                trail.failed.lock().lose(error, 1);
            }
        }
        if let Err(error) = sink.writer.flush() {
            trail.failed.lock().lose(error, 1);
        }
    }
}

impl<W: Write> Sink<W> {
    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        if self.torn {
            self.line.push(b'\n');
        }
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        // Until it is known to be whole, be it that the writer panics.
        self.torn = true;
        self.writer.write_all(&self.line)?;
        self.torn = false;
        Ok(())
    }
}

impl Failed {
    fn lose(&mut self, error: io::Error, lines: u64) {
        self.error = Some(Arc::new(error));
        self.lines += lines;
    }
}

/// For as long as a thread holds the sink.
struct Held<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Held<'a> {
    fn new(holder: &'a Mutex<Option<ThreadId>>, thread: ThreadId) -> Self {
        *holder.lock() = Some(thread);
        Self(holder)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl<W: Write + Send + 'static> Observer for Audit<W> {
    fn committed(&self, commit: &Commit) {
        let time = Rfc3339(commit.time()).to_string();
        self.write(
            commit
                .changes()
                .iter()
                .map(|it| Change::of(commit, it, &time)),
        );
    }

    fn failed(&self, failure: &Failure<'_>) {
        self.write(std::iter::once(FailedLine::of(failure)));
    }
}

/// The line of a change.
#[derive(Serialize)]
struct Change<'a> {
    time: &'a str,
    actor: Option<&'a str>,
    change: &'static str,
    id: &'a str,
    before: Option<u64>,
    after: Option<u64>,
    revision: Option<u64>,
    keys: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metadata_keys: Vec<Cow<'a, str>>,
}

impl<'a> Change<'a> {
    fn of(commit: &'a Commit, change: &'a ContextChange, time: &'a str) -> Self {
        let (before, after) = (change.before(), change.after());
        let both = |of: fn(ContextRef<'a>) -> Option<&'a Document>| {
            changed(before.and_then(of), after.and_then(of))
        };
        Self {
            time,
            actor: commit.actor(),
            change: match change.kind() {
                ChangeKind::Created => "created",
                ChangeKind::Updated => "updated",
                ChangeKind::Deleted => "deleted",
                ChangeKind::Expired => "expired",
            },
            id: change.id().as_str(),
            before: before.map(|it| it.version().get()),
            after: after.map(|it| it.version().get()),
            revision: commit.revision().map(|it| it.get()),
            keys: both(|it| Some(it.document())),
            metadata_keys: both(ContextRef::metadata),
        }
    }
}

/// The keys whose values differ: those of `after` in its order, then those
/// that are gone.
fn changed<'a>(before: Option<&'a Document>, after: Option<&'a Document>) -> Vec<Cow<'a, str>> {
    let is_in = |document: Option<&'a Document>, key: &str| document.and_then(|it| it.get(key));
    let of_after = after.into_iter().flatten().filter(|(key, value)| {
        let old = is_in(before, key);
        old.is_none_or(|old| old.as_json() != value.as_json())
    });
    let of_before = before.into_iter().flatten();
    let gone = of_before.filter(|(key, _)| is_in(after, key).is_none());
    of_after.chain(gone).map(|(key, _)| key).collect()
}

/// The line of a write that failed.
#[derive(Serialize)]
struct FailedLine<'a> {
    time: String,
    actor: Option<&'a str>,
    failed: &'static str,
    id: Option<&'a str>,
    reason: String,
}

impl<'a> FailedLine<'a> {
    fn of(failure: &Failure<'a>) -> Self {
        Self {
            time: Rfc3339(failure.time()).to_string(),
            actor: failure.actor(),
            failed: failure.operation().name(),
            id: failure.id().map(|id| id.as_str()),
            reason: failure.error().to_string(),
        }
    }
}

impl<W> Clone for Audit<W> {
    fn clone(&self) -> Self {
        Self {
            trail: Arc::clone(&self.trail),
        }
    }
}

/// Whether lines were lost; not the writer.
impl<W> fmt::Debug for Audit<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.trail.failed.lock();
        f.debug_struct("Audit")
            .field("lost", &failed.lines)
            .field("error", &failed.error)
            .finish_non_exhaustive()
    }
}
