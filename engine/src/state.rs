//! What a store holds for each context.

use std::time::SystemTime;

use contexture_strategies::{Version, Versioned};

use crate::draft::{Draft, Lifetime};
use crate::history::Past;
use crate::{Document, Revision};

/// One version of a context, but for its number.
///
/// It is made of a [`Draft`] before anyone knows when it will be committed, or after which
/// version; [`settle`](State::settle) fills in the rest at the commit.
pub(crate) struct State {
    pub(crate) draft: Draft,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
    pub(crate) expires: Option<SystemTime>,
    pub(crate) revision: Option<Revision>,
    pub(crate) past: Past,
    /// The version that `past` ends with, if it was made before the commit.
    follows: Option<Version>,
}

impl State {
    pub(crate) const fn new(draft: Draft) -> Self {
        Self {
            draft,
            created: SystemTime::UNIX_EPOCH,
            updated: SystemTime::UNIX_EPOCH,
            expires: None,
            revision: None,
            past: Past::new(),
            follows: None,
        }
    }

    /// The same, in the knowledge of the version it will probably follow: what takes time is done
    /// now and not under the store's locks.
    pub(crate) fn following(draft: Draft, before: &Versioned<Self>, history: usize) -> Self {
        Self {
            past: Past::with(before, &draft.document, history),
            follows: Some(before.version()),
            ..Self::new(draft)
        }
    }

    /// A version that was committed, here or elsewhere, and written down; the draft names its
    /// lifetime. Of its past, and of its place among other commits, nothing is known.
    pub(crate) fn committed(mut draft: Draft, created: SystemTime, updated: SystemTime) -> Self {
        draft.metadata.take_if(|metadata| metadata.is_empty());
        let lifetime = draft.lifetime.unwrap_or(Lifetime::Forever);
        Self {
            created,
            updated,
            expires: lifetime.end(updated),
            ..Self::new(draft)
        }
    }

    pub(crate) const fn document(&self) -> &Document {
        &self.draft.document
    }

    pub(crate) fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Fills in what is only known now that it is committed.
    pub(crate) fn settle(
        &mut self,
        before: Option<&Versioned<Self>>,
        now: SystemTime,
        default: Lifetime,
        history: usize,
    ) {
        self.created = now;
        self.updated = now;
        match before {
            Some(before) => {
                self.created = before.created;
                self.updated = now.max(before.updated);
                let metadata = self.draft.metadata.take();
                self.draft.metadata = metadata.or_else(|| before.draft.metadata.clone());
                self.draft.lifetime = self.draft.lifetime.or(before.draft.lifetime);
                if self.follows != Some(before.version()) {
                    self.past = Past::with(before, &self.draft.document, history);
                }
            }
            // What it was to follow is gone.
            None => self.past = Past::new(),
        }
        // Empty metadata is how a write says that there is to be none.
        self.draft.metadata.take_if(|metadata| metadata.is_empty());
        let lifetime = *self.draft.lifetime.get_or_insert(default);
        self.expires = lifetime.end(self.updated);
    }
}
