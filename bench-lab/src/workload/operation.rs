//! One operation of a worker, small enough that sixty thousand of them stay in the cache.

/// What is done with an entry, or with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// One field of the document is looked up.
    Read,
    /// An owned handle of the document is taken, one field of it looked up, and it is dropped.
    Get,
    /// One field of the document is made one higher.
    Update,
    /// An entry that is not there is added, with a new document.
    Create,
    /// An entry is taken away.
    Remove,
    /// All entries are copied, as of one instant where the subject can do that, counted, and
    /// dropped again.
    Snapshot,
}

impl Action {
    /// Every action, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Get,
        Self::Update,
        Self::Create,
        Self::Remove,
        Self::Snapshot,
    ];

    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Get => "get",
            Self::Update => "update",
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Snapshot => "snapshot",
        }
    }
}

/// One operation: its action in the top bits, the entry it is about in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation(u32);

impl Operation {
    const ENTRY_BITS: u32 = 29;

    /// The most contexts there can be: with as many entries beside them for churn, operations can
    /// still tell all apart.
    pub const MAX_CONTEXTS: usize = 1 << (Self::ENTRY_BITS - 1);

    /// An action on an entry. Entries after the contexts belong to workers.
    #[must_use]
    pub fn new(action: Action, entry: usize) -> Self {
        debug_assert!(entry < 1 << Self::ENTRY_BITS);
        Self((action as u32) << Self::ENTRY_BITS | entry as u32)
    }

    /// What is done.
    #[inline]
    #[must_use]
    pub fn action(self) -> Action {
        match self.0 >> Self::ENTRY_BITS {
            0 => Action::Read,
            1 => Action::Get,
            2 => Action::Update,
            3 => Action::Create,
            4 => Action::Remove,
            _ => Action::Snapshot,
        }
    }

    /// Whether it is an update.
    #[inline]
    #[must_use]
    pub fn is_update(self) -> bool {
        self.0 >> Self::ENTRY_BITS == Action::Update as u32
    }

    /// The entry it is about.
    #[inline]
    #[must_use]
    pub fn entry(self) -> usize {
        (self.0 & ((1 << Self::ENTRY_BITS) - 1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_and_entry_are_what_went_in() {
        for action in Action::ALL {
            for entry in [0, 1, 2 * Operation::MAX_CONTEXTS - 1] {
                let operation = Operation::new(action, entry);
                assert_eq!((operation.action(), operation.entry()), (action, entry));
                assert_eq!(operation.is_update(), action == Action::Update);
            }
        }
    }
}
