//! One table behind one tokio Mutex.

use crate::core::awaiting::{AsyncLock, awaiting_store};
use crate::core::table::Table;
use crate::faults::fault;
use crate::strategy::{Key, Value};
use crate::sync::tokio::Mutex;

awaiting_store! {
    /// The whole store behind one fair [`tokio::sync::Mutex`]: a waiting task never blocks its
    /// runtime's thread, and tasks get the lock in the order they asked for it.
    ///
    /// # Which one should you use?
    ///
    /// This is the slowest strategy: each operation, reads included, waits for every other, and an
    /// update takes the lock twice. Use it where fairness matters more than throughput, or as the
    /// baseline that everything else is measured against. [`Sharded`](crate::Sharded) is nearly
    /// always the better choice: its locks are held for less time than a task switch takes.
    ///
    /// # Progress
    ///
    /// Every operation waits for the lock, in arrival order; writes also wait while an update's
    /// closure runs on the same key. Closures run under no lock. Snapshots hold the lock while they
    /// copy a handle of each entry.
    ///
    /// # Limitations
    ///
    /// Calling any store from inside a closure is refused; see
    /// [re-entrancy](crate#calling-back-from-a-closure).
    TokioMutex, Mutex
}

impl<K: Key, V: Value> AsyncLock for Mutex<Table<K, V>> {
    type Key = K;
    type Value = V;

    fn new(table: Table<K, V>) -> Self {
        Mutex::new(table)
    }

    async fn view<R: Send>(&self, f: impl FnOnce(&Table<K, V>) -> R + Send) -> R {
        f(&*self.lock().await)
    }

    async fn edit<R: Send>(&self, f: impl FnOnce(&mut Table<K, V>) -> R + Send) -> R {
        if fault!("tokio-mutex-edits-a-copy") {
            let mut copy = Table::clone(&*self.lock().await);
            let result = f(&mut copy);
            *self.lock().await = copy;
            return result;
        }
        f(&mut *self.lock().await)
    }
}
