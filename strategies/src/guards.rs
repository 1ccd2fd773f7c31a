//! What a user's code cannot do: keep what a closure was lent, or a lock, across an `.await`.
//!
//! Each case is a program that must not compile, next to one that differs as little as possible
//! and must: so the first fails for the reason that is meant. The error code is checked by
//! nightly's rustdoc only.

/// What a `read` closure is lent ends with it.
///
/// ```compile_fail,E0521
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<&Versioned<u8>> = None;
///     store.read(&0, |current| seen = Some(current)).await;
/// }
/// ```
///
/// It may hand out a handle of its own.
///
/// ```
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<Versioned<u8>> = None;
///     store.read(&0, |current| seen = Some(current.clone())).await;
/// }
/// ```
mod read {}

/// The same without async.
///
/// ```compile_fail,E0521
/// use contexture_strategies::{SyncStrategy, Versioned};
///
/// fn escape<S: SyncStrategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<&Versioned<u8>> = None;
///     store.read_sync(&0, |current| seen = Some(current));
/// }
/// ```
///
/// ```
/// use contexture_strategies::{SyncStrategy, Versioned};
///
/// fn escape<S: SyncStrategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<Versioned<u8>> = None;
///     store.read_sync(&0, |current| seen = Some(current.clone()));
/// }
/// ```
mod read_sync {}

/// Nor does the value outlive the closure.
///
/// ```compile_fail,E0521
/// use contexture_strategies::Strategy;
///
/// async fn escape<S: Strategy<Key = u8, Value = String>>(store: &S) {
///     let mut seen: Option<&str> = None;
///     store.read(&0, |current| seen = Some(current.as_str())).await;
/// }
/// ```
///
/// ```
/// use contexture_strategies::Strategy;
///
/// async fn escape<S: Strategy<Key = u8, Value = String>>(store: &S) {
///     let mut seen: Option<String> = None;
///     store.read(&0, |current| seen = Some(current.to_string())).await;
/// }
/// ```
mod read_value {}

/// What an `update` closure is lent ends with it, too.
///
/// ```compile_fail,E0521
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<&Versioned<u8>> = None;
///     let _ = store.update(&0, |current| { seen = Some(current); 1 }).await;
/// }
/// ```
///
/// ```
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<Versioned<u8>> = None;
///     let _ = store.update(&0, |current| { seen = Some(current.clone()); 1 }).await;
/// }
/// ```
mod update {}

/// The same without async.
///
/// ```compile_fail,E0521
/// use contexture_strategies::{SyncStrategy, Versioned};
///
/// fn escape<S: SyncStrategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<&Versioned<u8>> = None;
///     let _ = store.update_sync(&0, |current| { seen = Some(current); 1 });
/// }
/// ```
///
/// ```
/// use contexture_strategies::{SyncStrategy, Versioned};
///
/// fn escape<S: SyncStrategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<Versioned<u8>> = None;
///     let _ = store.update_sync(&0, |current| { seen = Some(current.clone()); 1 });
/// }
/// ```
mod update_sync {}

/// A refusal cannot carry out what the closure was lent.
///
/// ```compile_fail,E0521
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<&Versioned<u8>> = None;
///     let _ = store.try_update(&0, |current| { seen = Some(current); Err(()) }).await;
/// }
/// ```
///
/// ```
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let mut seen: Option<Versioned<u8>> = None;
///     let _ = store.try_update(&0, |current| { seen = Some(current.clone()); Err(()) }).await;
/// }
/// ```
mod try_update {}

/// A closure cannot await.
///
/// ```compile_fail,E0728
/// # use contexture_strategies::Strategy;
/// async fn work(_: u8) {}
///
/// async fn wait<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     store.read(&0, |current| work(**current).await).await;
/// }
/// ```
///
/// Whoever called it can.
///
/// ```
/// # use contexture_strategies::Strategy;
/// async fn work(_: u8) {}
///
/// async fn wait<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     store.read(&0, |current| work(**current)).await.unwrap().await;
/// }
/// ```
mod await_in_closure {}

/// Nor can it be an async closure: what it makes of the value is a value and no future.
///
/// ```compile_fail,E0271
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn wait<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let _ = store.update(&0, async |current: &Versioned<u8>| **current + 1).await;
/// }
/// ```
///
/// ```
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn wait<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let _ = store.update(&0, |current: &Versioned<u8>| **current + 1).await;
/// }
/// ```
mod async_closure {}

/// The closure of the async form must be `Send`.
///
/// ```compile_fail,E0277
/// use std::rc::Rc;
/// use contexture_strategies::Strategy;
///
/// async fn add<S: Strategy<Key = u8, Value = u8>>(store: &S, one: Rc<u8>) {
///     let _ = store.update(&0, |current| **current + *one).await;
/// }
/// ```
///
/// ```
/// use std::sync::Arc;
/// use contexture_strategies::Strategy;
///
/// async fn add<S: Strategy<Key = u8, Value = u8>>(store: &S, one: Arc<u8>) {
///     let _ = store.update(&0, |current| **current + *one).await;
/// }
/// ```
///
/// That of the form without async need not be.
///
/// ```
/// use std::rc::Rc;
/// use contexture_strategies::SyncStrategy;
///
/// fn add<S: SyncStrategy<Key = u8, Value = u8>>(store: &S, one: Rc<u8>) {
///     let _ = store.update_sync(&0, |current| **current + *one);
/// }
/// ```
mod closures_are_send {}

/// Handles and snapshots can be held across an `.await`, and the future is still `Send`.
///
/// ```
/// use contexture_strategies::Strategy;
///
/// async fn hold<S: Strategy<Key = u8, Value = u8>>(store: &S) -> usize {
///     let handle = store.get(&0).await;
///     let snapshot = store.snapshot().await;
///     let mut sum = 0;
///     for (_, value) in &snapshot {
///         sum += usize::from(**value) + store.len().await;
///     }
///     for (_, value) in snapshot.iter() {
///         sum += usize::from(**value) + store.len().await;
///     }
///     drop(handle);
///     sum
/// }
///
/// fn is_send(_: impl Send) {}
/// fn check<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     is_send(hold(store));
/// }
/// ```
///
/// It would not be with the guard of a lock in the handle's place.
///
/// ```compile_fail
/// use contexture_strategies::Strategy;
///
/// async fn hold<S: Strategy<Key = u8, Value = u8>>(store: &S) -> usize {
///     let mutex = std::sync::Mutex::new(0);
///     let handle = mutex.lock();
///     let snapshot = store.snapshot().await;
///     let mut sum = 0;
///     for (_, value) in &snapshot {
///         sum += usize::from(**value) + store.len().await;
///     }
///     for (_, value) in snapshot.iter() {
///         sum += usize::from(**value) + store.len().await;
///     }
///     drop(handle);
///     sum
/// }
///
/// fn is_send(_: impl Send) {}
/// fn check<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     is_send(hold(store));
/// }
/// ```
mod handles_across_await {}

/// What is borrowed from a snapshot ends with it.
///
/// ```compile_fail,E0597
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let seen: Option<&Versioned<u8>> = {
///         let snapshot = store.snapshot().await;
///         snapshot.get(&0)
///     };
///     drop(seen);
/// }
/// ```
///
/// ```
/// use contexture_strategies::{Strategy, Versioned};
///
/// async fn escape<S: Strategy<Key = u8, Value = u8>>(store: &S) {
///     let seen: Option<Versioned<u8>> = {
///         let snapshot = store.snapshot().await;
///         snapshot.get(&0).cloned()
///     };
///     drop(seen);
/// }
/// ```
mod snapshot {}

/// Gates, tables and locks cannot even be named.
///
/// ```compile_fail,E0603
/// use contexture_strategies::core::gate::Gate;
/// ```
///
/// ```compile_fail,E0603
/// use contexture_strategies::sync::Mutex;
/// ```
///
/// ```compile_fail,E0603
/// use contexture_strategies::version::Versioned;
/// ```
///
/// ```
/// use contexture_strategies::Versioned;
/// use contexture_strategies::error::Reentrant;
/// ```
mod internals {}
