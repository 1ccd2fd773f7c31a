//! One table behind one tokio RwLock.

use crate::core::awaiting::{AsyncLock, awaiting_store};
use crate::core::table::Table;
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::tokio::RwLock;

awaiting_store! {
    /// The whole store behind one fair [`tokio::sync::RwLock`]: a waiting task never blocks its
    /// runtime's thread, readers share the lock, and a waiting writer goes before later readers.
    ///
    /// # Which one should you use?
    ///
    /// This is what most services write by hand, done right. Readers share the lock but not for free:
    /// each writes the lock's counter twice, so reads stop scaling at few threads.
    /// [`Sharded`](crate::Sharded) is nearly always the better choice: its locks are held for less
    /// time than a task switch takes.
    ///
    /// # Progress
    ///
    /// Reads wait for writers and writers for everyone, in arrival order; writes also wait while an
    /// update's closure runs on the same key. Closures run under no lock. Snapshots hold writers up
    /// while they copy a handle of each entry.
    ///
    /// # Limitations
    ///
    /// Calling any store from inside a closure is refused; see
    /// [re-entrancy](crate#calling-back-from-a-closure).
    TokioRwLock, RwLock
}

impl<K: Key, V: Value> AsyncLock for RwLock<Table<K, V>> {
    type Key = K;
    type Value = V;

    fn new(table: Table<K, V>) -> Self {
        RwLock::new(table)
    }

    async fn view<R: Send>(&self, f: impl FnOnce(&Table<K, V>) -> R + Send) -> R {
        f(&*self.read().await)
    }

    async fn edit<R: Send>(&self, f: impl FnOnce(&mut Table<K, V>) -> R + Send) -> R {
        if fault!("tokio-rwlock-edits-a-copy") {
            let mut copy = Table::clone(&*self.read().await);
            let result = f(&mut copy);
            *self.write().await = copy;
            return result;
        }
        f(&mut *self.write().await)
    }
}
