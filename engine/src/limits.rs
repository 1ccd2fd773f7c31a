//! What is checked before a document is committed, the same with and without async.

use contexture_strategies::{Change, Versioned};

use crate::{Batch, ContextId, Document, DocumentTooLarge, UpdateError};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) contexts: Option<usize>,
    pub(crate) document_bytes: Option<usize>,
}

impl Limits {
    pub(crate) fn check(
        &self,
        id: &ContextId,
        document: &Document,
    ) -> Result<(), DocumentTooLarge> {
        let bytes = document.byte_size();
        match self.document_bytes {
            Some(limit) if bytes > limit => Err(DocumentTooLarge {
                id: id.clone(),
                bytes,
                limit,
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_batch(&self, batch: &Batch) -> Result<(), DocumentTooLarge> {
        batch
            .changes
            .iter()
            .try_for_each(|(id, change)| match change {
                Change::Create(document)
                | Change::Put(document)
                | Change::CompareAndSet {
                    value: document, ..
                } => self.check(id, document),
                _ => Ok(()),
            })
    }

    /// An update's closure that refuses a document beyond the limit.
    pub(crate) fn checked<E>(
        &self,
        id: &ContextId,
        f: impl FnOnce(&Document) -> Result<Document, E>,
    ) -> impl FnOnce(&Versioned<Document>) -> Result<Document, UpdateError<E>> {
        move |current| {
            let next = f(current).map_err(UpdateError::Aborted)?;
            self.check(id, &next)?;
            Ok(next)
        }
    }
}
