//! How a store is set up.

/// The settings of a store; every strategy takes the same.
///
/// ```
/// use contexture_strategies::{CreateError, Options, Sharded, SyncStrategy};
///
/// let store = Sharded::<&str, u32>::with_options_sync(Options::new().limit(1));
/// store.create_sync("a", 1).unwrap();
/// assert_eq!(store.create_sync("b", 2), Err(CreateError::Full { limit: 1 }));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Options {
    pub(crate) limit: Option<usize>,
    pub(crate) shards: Option<usize>,
}

impl Options {
    /// No limit, and as many shards as suit the machine.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most entries the store may hold, under any interleaving. 0 refuses every create.
    ///
    /// A store without a limit keeps no count; one with a limit writes a shared counter when
    /// entries are added or removed, never on read or update.
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = Some(entries);
        self
    }

    /// Into how many locks a sharded strategy divides its keys: rounded up to a power of two, at
    /// most 65,536. Other strategies ignore it.
    ///
    /// The default is four times the number of hardware threads.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// The [`limit`](Options::limit) that was set, for implementors of a strategy.
    ///
    /// ```
    /// use contexture_strategies::Options;
    ///
    /// assert_eq!(Options::new().get_limit(), None);
    /// assert_eq!(Options::new().limit(7).get_limit(), Some(7));
    /// ```
    #[must_use]
    pub const fn get_limit(&self) -> Option<usize> {
        self.limit
    }

    /// The [`shards`](Options::shards) that were set, as they were, for implementors of a strategy.
    ///
    /// ```
    /// use contexture_strategies::Options;
    ///
    /// assert_eq!(Options::new().get_shards(), None);
    /// assert_eq!(Options::new().shards(7).get_shards(), Some(7));
    /// ```
    #[must_use]
    pub const fn get_shards(&self) -> Option<usize> {
        self.shards
    }
}
