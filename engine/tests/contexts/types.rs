//! What the types can do, fixed so that no change takes it away unseen.

use contexture::{
    Batch, BatchError, Builder, CompareAndSetError, Context, ContextId, ContextRef, Contexts,
    CreateError, DeleteError, Document, DocumentError, Snapshot, StrategyKind, UpdateError,
};

use super::{document, id, over_every_strategy};

fn shared<T: Send + Sync>() {}
fn send<T: Send>(value: T) -> T {
    value
}

#[test]
fn all_types_go_between_threads() {
    shared::<Document>();
    shared::<ContextId>();
    shared::<Context>();
    shared::<ContextRef<'_>>();
    shared::<Snapshot>();
    shared::<Batch>();
    shared::<CreateError>();
    shared::<UpdateError<&str>>();
    shared::<CompareAndSetError>();
    shared::<DeleteError>();
    shared::<BatchError>();
    shared::<DocumentError>();
}

over_every_strategy! {
    contexts_and_their_futures_go_between_threads => futures;
}

async fn futures<S: StrategyKind>() {
    shared::<Contexts<S>>();
    shared::<Builder<S>>();
    let contexts = Contexts::<S>::default();
    let a = id("a");
    let version = send(contexts.create(a.clone(), document("{}")))
        .await
        .unwrap();
    send(contexts.get(&a)).await.unwrap();
    send(contexts.read(&a, |_| ())).await.unwrap();
    let version = send(contexts.compare_and_set(&a, version, document("{}")))
        .await
        .unwrap();
    send(contexts.update(&a, |context| context.without("a")))
        .await
        .unwrap();
    send(contexts.try_update(&a, |context| Ok::<_, ()>(context.without("a"))))
        .await
        .unwrap();
    send(contexts.apply(Batch::new().put(a.clone(), document("{}"))))
        .await
        .unwrap();
    assert_eq!(
        send(contexts.list()).await.len(),
        send(contexts.len()).await
    );
    assert_eq!(
        send(contexts.snapshot()).await.is_empty(),
        send(contexts.is_empty()).await
    );
    send(contexts.delete(&a, Some(version))).await.unwrap_err();

    let shown = format!("{contexts:?}");
    assert!(shown.contains(<S as StrategyKind>::NAME), "{shown}");
}
