//! The operations by name, for those who are told about them.

use std::fmt;

/// An operation of [`Contexts`](crate::Contexts), as metrics, spans and observers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`create`](crate::Contexts::create)
    Create,
    /// [`get`](crate::Contexts::get)
    Get,
    /// [`read`](crate::Contexts::read)
    Read,
    /// [`update`](crate::Contexts::update) and everything that is made of it
    Update,
    /// [`compare_and_set`](crate::Contexts::compare_and_set)
    CompareAndSet,
    /// [`delete`](crate::Contexts::delete)
    Delete,
    /// [`apply`](crate::Contexts::apply)
    Apply,
    /// [`snapshot`](crate::Contexts::snapshot)
    Snapshot,
    /// [`restore`](crate::recovery::Recovery::restore) and
    /// [`restore_context`](crate::recovery::Recovery::restore_context)
    Restore,
}

impl Operation {
    /// Its name, in snake case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Read => "read",
            Self::Update => "update",
            Self::CompareAndSet => "compare_and_set",
            Self::Delete => "delete",
            Self::Apply => "apply",
            Self::Snapshot => "snapshot",
            Self::Restore => "restore",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
