//! What a user's code cannot do: keep what a closure was lent, or a lock, across an `.await`.
//!
//! Each case is a program that must not compile, next to one that differs as little as possible
//! and must: so the first fails for the reason that is meant. The error code is checked by
//! nightly's rustdoc only.

/// What a `read` closure is lent ends with it.
///
/// ```compile_fail,E0521
/// use contexture::{ContextId, ContextRef, Contexts, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<ContextRef<'_>> = None;
///     contexts.read(id, |context| seen = Some(context)).await;
/// }
/// ```
///
/// It may hand out a handle of its own.
///
/// ```
/// use contexture::{Context, ContextId, Contexts, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<Context> = None;
///     contexts.read(id, |context| seen = Some(context.to_context())).await;
/// }
/// ```
mod read {}

/// The same without async.
///
/// ```compile_fail,E0521
/// use contexture::{ContextId, ContextRef, Contexts, SyncStrategyKind};
///
/// fn escape<S: SyncStrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<ContextRef<'_>> = None;
///     contexts.read_sync(id, |context| seen = Some(context));
/// }
/// ```
///
/// ```
/// use contexture::{Context, ContextId, Contexts, SyncStrategyKind};
///
/// fn escape<S: SyncStrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<Context> = None;
///     contexts.read_sync(id, |context| seen = Some(context.to_context()));
/// }
/// ```
mod read_sync {}

/// Nor does a field outlive the closure.
///
/// ```compile_fail,E0521
/// use contexture::{ContextId, Contexts, Field, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<Field<'_>> = None;
///     contexts.read(id, |context| seen = context.document().get("n")).await;
/// }
/// ```
///
/// ```
/// use contexture::{ContextId, Contexts, Field, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<u64> = None;
///     contexts.read(id, |context| seen = context.document().get("n").and_then(Field::as_u64)).await;
/// }
/// ```
mod read_field {}

/// What an `update` closure is lent ends with it, too.
///
/// ```compile_fail,E0521
/// use contexture::{ContextId, Contexts, Document, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<&Document> = None;
///     let _ = contexts.update(id, |context| { seen = Some(context.document()); Document::new() }).await;
/// }
/// ```
///
/// ```
/// use contexture::{ContextId, Contexts, Document, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<Document> = None;
///     let _ = contexts.update(id, |context| { seen = Some(context.document().clone()); Document::new() }).await;
/// }
/// ```
mod update {}

/// The same without async.
///
/// ```compile_fail,E0521
/// use contexture::{ContextId, Contexts, Document, SyncStrategyKind};
///
/// fn escape<S: SyncStrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<&Document> = None;
///     let _ = contexts.update_sync(id, |context| { seen = Some(context.document()); Document::new() });
/// }
/// ```
///
/// ```
/// use contexture::{ContextId, Contexts, Document, SyncStrategyKind};
///
/// fn escape<S: SyncStrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let mut seen: Option<Document> = None;
///     let _ = contexts.update_sync(id, |context| { seen = Some(context.document().clone()); Document::new() });
/// }
/// ```
mod update_sync {}

/// A closure cannot await.
///
/// ```compile_fail,E0728
/// # use contexture::{ContextId, Contexts, StrategyKind};
/// async fn work(_: usize) {}
///
/// async fn wait<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     contexts.read(id, |context| work(context.len()).await).await;
/// }
/// ```
///
/// Whoever called it can.
///
/// ```
/// # use contexture::{ContextId, Contexts, StrategyKind};
/// async fn work(_: usize) {}
///
/// async fn wait<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     contexts.read(id, |context| work(context.len())).await.unwrap().await;
/// }
/// ```
mod await_in_closure {}

/// Nor can it be an async closure.
///
/// ```compile_fail,E0277
/// use contexture::{ContextId, ContextRef, Contexts, StrategyKind};
///
/// async fn wait<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let _ = contexts.update(id, async |context: ContextRef<'_>| context.without("n")).await;
/// }
/// ```
///
/// ```
/// use contexture::{ContextId, ContextRef, Contexts, StrategyKind};
///
/// async fn wait<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let _ = contexts.update(id, |context: ContextRef<'_>| context.without("n")).await;
/// }
/// ```
mod async_closure {}

/// The closure of the async form must be `Send`.
///
/// ```compile_fail,E0277
/// use std::rc::Rc;
/// use contexture::{ContextId, Contexts, StrategyKind};
///
/// async fn remove<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId, key: Rc<str>) {
///     let _ = contexts.update(id, |context| context.without(&key)).await;
/// }
/// ```
///
/// ```
/// use std::sync::Arc;
/// use contexture::{ContextId, Contexts, StrategyKind};
///
/// async fn remove<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId, key: Arc<str>) {
///     let _ = contexts.update(id, |context| context.without(&key)).await;
/// }
/// ```
///
/// That of the form without async need not be.
///
/// ```
/// use std::rc::Rc;
/// use contexture::{ContextId, Contexts, SyncStrategyKind};
///
/// fn remove<S: SyncStrategyKind>(contexts: &Contexts<S>, id: &ContextId, key: Rc<str>) {
///     let _ = contexts.update_sync(id, |context| context.without(&key));
/// }
/// ```
mod closures_are_send {}

/// Contexts and snapshots can be held across an `.await`, and the future is still `Send`.
///
/// ```
/// use contexture::{ContextId, Contexts, StrategyKind};
///
/// async fn hold<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) -> usize {
///     let handle = contexts.get(id).await;
///     let snapshot = contexts.snapshot().await;
///     let mut sum = 0;
///     for context in snapshot.iter() {
///         sum += context.len() + contexts.len().await;
///     }
///     drop(handle);
///     sum
/// }
///
/// fn is_send(_: impl Send) {}
/// fn check<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     is_send(hold(contexts, id));
/// }
/// ```
///
/// It would not be with the guard of a lock in the handle's place.
///
/// ```compile_fail
/// use contexture::{ContextId, Contexts, StrategyKind};
///
/// async fn hold<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) -> usize {
///     let mutex = std::sync::Mutex::new(0);
///     let handle = mutex.lock();
///     let snapshot = contexts.snapshot().await;
///     let mut sum = 0;
///     for context in snapshot.iter() {
///         sum += context.len() + contexts.len().await;
///     }
///     drop(handle);
///     sum
/// }
///
/// fn is_send(_: impl Send) {}
/// fn check<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     is_send(hold(contexts, id));
/// }
/// ```
mod handles_across_await {}

/// What is borrowed from a snapshot ends with it.
///
/// ```compile_fail,E0597
/// use contexture::{ContextId, ContextRef, Contexts, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let seen: Option<ContextRef<'_>> = {
///         let snapshot = contexts.snapshot().await;
///         snapshot.get(id)
///     };
///     drop(seen);
/// }
/// ```
///
/// ```
/// use contexture::{Context, ContextId, ContextRef, Contexts, StrategyKind};
///
/// async fn escape<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId) {
///     let seen: Option<Context> = {
///         let snapshot = contexts.snapshot().await;
///         snapshot.get(id).map(ContextRef::to_context)
///     };
///     drop(seen);
/// }
/// ```
mod snapshot {}

/// The store below cannot be reached.
///
/// ```compile_fail,E0616
/// use contexture::{Contexts, StrategyKind};
///
/// fn reach<S: StrategyKind>(contexts: &Contexts<S>) {
///     let _ = &contexts.store;
/// }
/// ```
///
/// ```
/// use contexture::{Contexts, StrategyKind};
///
/// fn reach<S: StrategyKind>(contexts: &Contexts<S>) {
///     let _ = &contexts;
/// }
/// ```
mod internals {}
