//! Every async method, called on the context that is held up; each says whether it succeeded.

use std::future::Future;
use std::pin::Pin;

use contexture::conflict::KeepLatest;
use contexture::feed::Filter;
use contexture::{
    Batch, ContextRef, Contexts, CreateError, Document, RecoveryPoint, StrategyKind, Version,
};

use crate::common::incremented;
use crate::{held, other, start};

pub(crate) type Call<S> = fn(Contexts<S>) -> Pin<Box<dyn Future<Output = bool> + Send>>;

macro_rules! calls {
    ($($name:ident: |$contexts:ident| $call:expr,)*) => {
        vec![$((stringify!($name), |$contexts| Box::pin(async move { $call }))),*]
    };
}

/// What waits for an update that is under way.
pub(crate) fn writes<S: StrategyKind>() -> Vec<(&'static str, Call<S>)> {
    calls! {
        update: |all| all.update(&held(), incremented).await.is_ok(),
        try_update: |all| {
            all.try_update(&held(), |it| Ok::<_, ()>(incremented(it))).await.is_ok()
        },
        update_if: |all| all.update_if(&held(), |it| Some(incremented(it))).await.is_ok(),
        compare_and_set: |all| {
            all.compare_and_set(&held(), Version::FIRST, start()).await.is_ok()
        },
        write_over: |all| {
            let Some(read) = all.get(&held()).await else { return false };
            all.write_over(&read, start(), KeepLatest).await.is_ok()
        },
        delete: |all| all.delete(&held(), None).await.is_ok(),
        apply: |all| {
            let batch = Batch::new().put(other(), Document::new()).put(held(), start());
            all.apply(batch).await.is_ok()
        },
        rollback: |all| all.rollback(&held(), Version::FIRST).await.is_ok(),
        renew: |all| all.renew(&held()).await.is_ok(),
        set_time_to_live: |all| all.set_time_to_live(&held(), None).await.is_ok(),
        transform: |all| {
            let plugins = all.plugins();
            let _ = plugins.add_transformation("count", |it: ContextRef<'_>| Ok(incremented(it).into()));
            all.transform(&held(), "count").await.is_ok()
        },
        restore: |all| {
            let point = point_elsewhere::<S>().await;
            all.recovery().restore(&point).await.is_ok()
        },
        restore_context: |all| {
            let point = point_elsewhere::<S>().await;
            all.recovery().restore_context(&point, &held()).await.is_ok()
        },
        set_metadata: |all| all.set_metadata(&held(), start()).await.is_ok(),
    }
}

/// A point in which the held-up context is another one.
async fn point_elsewhere<S: StrategyKind>() -> RecoveryPoint {
    let elsewhere = Contexts::<S>::new();
    let created = elsewhere.create(held(), Document::new()).await;
    created.expect("there is none");
    let point = elsewhere.recovery().create(None).await;
    point.expect("points are kept")
}

/// What does not, unless the context has expired.
pub(crate) fn reads<S: StrategyKind>() -> Vec<(&'static str, Call<S>)> {
    calls! {
        create: |all| {
            matches!(all.create(held(), start()).await, Err(CreateError::Exists { .. }))
        },
        get: |all| all.get(&held()).await.is_some(),
        read: |all| all.read(&held(), |_| ()).await.is_some(),
        list: |all| all.list().await == [held(), other()],
        list_page: |all| all.list_page("", None, 1).await.ids == [held()],
        snapshot: |all| all.snapshot().await.len() == 2,
        len: |all| all.len().await == 2,
        is_empty: |all| !all.is_empty().await,
        watch: |all| all.watch(Filter::new()).await.is_ok(),
        create_recovery_point: |all| all.recovery().create(None).await.is_ok(),
        purge_expired: |all| all.purge_expired().await == 0,
    }
}
