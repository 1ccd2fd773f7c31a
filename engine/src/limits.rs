//! What is checked before anything is written.

use contexture_strategies::Change;

use crate::draft::Draft;
use crate::error::{LimitExceeded, Limited};
use crate::{Batch, ContextId};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) contexts: Option<usize>,
    pub(crate) document_bytes: Option<usize>,
    pub(crate) id_bytes: Option<usize>,
}

impl Limits {
    /// Checks what is about to be written.
    pub(crate) fn check(&self, id: &ContextId, draft: &Draft) -> Result<(), LimitExceeded> {
        let metadata = draft.metadata.as_ref();
        let metadata = metadata.map_or(0, |metadata| metadata.byte_size());
        let found = [
            (
                Limited::Document,
                draft.document.byte_size(),
                self.document_bytes,
            ),
            (Limited::Metadata, metadata, self.document_bytes),
            (Limited::Id, id.as_str().len(), self.id_bytes),
        ];
        for (what, bytes, limit) in found {
            match limit {
                Some(limit) if bytes > limit => {
                    return Err(LimitExceeded {
                        id: id.clone(),
                        what,
                        bytes,
                        limit,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn check_batch(&self, batch: &Batch) -> Result<(), LimitExceeded> {
        batch
            .changes
            .iter()
            .filter_map(|(id, change)| Some((id, written(change)?)))
            .try_for_each(|(id, draft)| self.check(id, draft))
    }
}

/// What a change writes, if anything.
pub(crate) const fn written(change: &Change<Draft>) -> Option<&Draft> {
    match change {
        Change::Create(draft) | Change::Put(draft) | Change::CompareAndSet { value: draft, .. } => {
            Some(draft)
        }
        _ => None,
    }
}
