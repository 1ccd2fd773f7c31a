//! Recovery points: all contexts as they once were, kept to go back to.
//!
//! A [`RecoveryPoint`] is a [`Snapshot`](crate::Snapshot) with a number, a time, a checksum and, if
//! wanted, a name. [`Contexts::recovery`](crate::Contexts::recovery) makes them, keeps the newest
//! ([`Builder::max_recovery_points`](crate::Builder::max_recovery_points)) and goes back to them.
//!
//! ```
//! use contexture::{ContextId, Contexts, Document};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let contexts: Contexts = Contexts::new();
//! let (a, b) = (ContextId::new("a")?, ContextId::new("b")?);
//! let first = contexts.create(a.clone(), Document::parse(r#"{"n": 1}"#)?).await?;
//! contexts.recovery().create(Some("before the import")).await?;
//!
//! contexts.update(&a, |context| context.without("n")).await?;
//! contexts.create(b.clone(), Document::new()).await?;
//!
//! let restored = contexts.recovery().restore("before the import").await?;
//! assert_eq!((restored.written, restored.deleted, restored.unchanged), (1, 1, 0));
//! let context = contexts.get(&a).await.unwrap();
//! assert_eq!(context.as_json(), r#"{"n":1}"#);
//! assert!(context.version() > first, "versions only go forward");
//! assert!(contexts.get(&b).await.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # What a restore does
//!
//! It is one atomic batch: nobody sees half of it, and it is one [`Commit`](crate::Commit) in the
//! [feed](crate::feed). At its instant
//!
//! * each context of the point is what it was then: document, metadata and time to live, which
//!   starts anew. Where that makes a difference it is a new version, above all that the context
//!   had; a context that still has the very version of the point is left alone. One that was
//!   deleted is created again, and has no history.
//! * each context that is not in the point, and was there when the restore began, is gone.
//! * a context that is not in the point and was created while the restore ran is left alone, with
//!   two exceptions: if one with its id was there when the restore began, it may be deleted like
//!   that one; and if [there may not be so many](crate::Builder::max_contexts), and no room is left
//!   for the contexts of the point, all that are not in it are deleted.
//!
//! What others commit before that instant is in the history of its context and no longer in
//! force, as with every later write; what they commit after it stands. Updates, creations and
//! deletions meanwhile make a restore look again, and do not make it fail. Validators are shown
//! each context that it writes. Restores take turns, so of two at the same time the result is that of
//! the second.
//!
//! # Keeping points beyond the process
//!
//! [`RecoveryPoint::write_to`] writes a point as lines of JSON with a checksum, and
//! [`Recovery::read_from`] reads it back, into these contexts or those of another process. Both
//! block on their reader or writer, so in async code they belong on a thread for that, say
//! `tokio::task::spawn_blocking`. A file is safe when it was written under another name, synced
//! and then renamed:
//!
//! ```
//! use std::fs::{self, File};
//!
//! use contexture::{ContextId, Contexts, Document};
//!
//! # let folder = std::env::temp_dir().join(format!("contexture-doc-{}", std::process::id()));
//! # fs::create_dir_all(&folder)?;
//! let contexts: Contexts = Contexts::new();
//! contexts.create_sync(ContextId::new("a")?, Document::new())?;
//! let point = contexts.recovery().create_sync(None)?;
//!
//! let (new, path) = (folder.join("point.new"), folder.join("point"));
//! let mut file = File::create(&new)?;
//! point.write_to(&mut file)?;
//! file.sync_all()?;
//! fs::rename(&new, &path)?;
//! # #[cfg(unix)]
//! File::open(&folder)?.sync_all()?;
//!
//! let others: Contexts = Contexts::new();
//! let read = others.recovery().read_from(File::open(&path)?)?;
//! others.recovery().restore_sync(&read)?;
//! assert_eq!(others.len_sync(), 1);
//! # fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod export;
mod format;
mod import;
mod point;
mod points;
mod select;
mod turn;

pub use self::error::{Damage, RecoveryError, RecoveryIoError};
pub(crate) use self::import::import;
pub(crate) use self::point::About;
pub use self::point::RecoveryPoint;
pub(crate) use self::points::Points;
pub use self::select::Select;
pub use crate::contexts::{Recovery, Restored};
