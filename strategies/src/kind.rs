//! Strategies as names: a [`StrategyKind`] stands for a strategy before its key and value types
//! are known, so that other code can be generic over "which strategy".
//!
//! Every kind's name exists whatever features are on, so a default type parameter can be
//! constant; using a kind whose feature is off is a compile error that names the feature.

use crate::{Key, Strategy, SyncStrategy, Value};

/// A strategy, named.
///
/// ```
/// use contexture_strategies::{Strategy, StrategyKind, kind};
///
/// async fn first_version<S: StrategyKind>() -> u64 {
///     let store = S::Store::<&str, u32>::new();
///     store.create("key", 1).await.unwrap().get()
/// }
/// assert_eq!(pollster::block_on(first_version::<kind::Sharded>()), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "the strategy `{Self}` is not enabled",
    note = "turn on its cargo feature: `tokio-mutex`, `tokio-rwlock`, `parking-lot`, `arc-swap`, `sharded` or `slotted`"
)]
pub trait StrategyKind: Send + Sync + 'static {
    /// The name of its cargo feature, which is also its name in reports.
    const NAME: &'static str;
    /// Whether operations may wait by awaiting. If not, each of their futures is ready when it is
    /// first polled; whatever they wait for then blocks the thread.
    const AWAITS: bool;
    /// The store of this strategy for given keys and values.
    type Store<K: Key, V: Value>: Strategy<Key = K, Value = V>;
}

/// A strategy that never awaits, named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enabled strategy that never awaits",
    note = "turn on its cargo feature: `parking-lot`, `arc-swap`, `sharded` or `slotted`"
)]
pub trait SyncStrategyKind: Send + Sync + 'static {
    /// The name of its cargo feature, which is also its name in reports.
    const NAME: &'static str;
    /// The store of this strategy for given keys and values.
    type Store<K: Key, V: Value>: SyncStrategy<Key = K, Value = V>;
}

impl<S: SyncStrategyKind> StrategyKind for S {
    const NAME: &'static str = <S as SyncStrategyKind>::NAME;
    const AWAITS: bool = false;
    type Store<K: Key, V: Value> = <S as SyncStrategyKind>::Store<K, V>;
}

/// Something to do with every enabled strategy; see [`visit_all`].
pub trait Visitor {
    /// Called once for each enabled strategy.
    fn visit<S: StrategyKind>(&mut self);
}

/// Something to do with every enabled strategy that never awaits; see [`visit_sync`].
pub trait SyncVisitor {
    /// Called once for each enabled strategy that never awaits.
    fn visit<S: SyncStrategyKind>(&mut self);
}

macro_rules! register {
    (
        await { $($async_feature:literal => $async_name:ident,)* }
        never await { $($sync_feature:literal => $sync_name:ident,)* }
    ) => {
        $(
            #[doc = concat!("The strategy of the feature `", $async_feature, "`.")]
            #[derive(Debug)]
            pub enum $async_name {}

            #[cfg(feature = $async_feature)]
            impl StrategyKind for $async_name {
                const NAME: &'static str = $async_feature;
                const AWAITS: bool = true;
                type Store<K: Key, V: Value> = crate::$async_name<K, V>;
            }
        )*
        $(
            #[doc = concat!("The strategy of the feature `", $sync_feature, "`.")]
            #[derive(Debug)]
            pub enum $sync_name {}

            #[cfg(feature = $sync_feature)]
            impl SyncStrategyKind for $sync_name {
                const NAME: &'static str = $sync_feature;
                type Store<K: Key, V: Value> = crate::$sync_name<K, V>;
            }
        )*

        #[cfg(not(any($(feature = $async_feature,)* $(feature = $sync_feature,)*)))]
        compile_error!(
            "contexture: no concurrency strategy is enabled. Turn on at least one of the cargo \
             features `tokio-mutex`, `tokio-rwlock`, `parking-lot`, `arc-swap`, `sharded`, `slotted`, for \
             example features = [\"sharded\"]"
        );

        /// Calls the visitor with every enabled strategy, in the order of the registry.
        pub fn visit_all(visitor: &mut impl Visitor) {
            $(
                #[cfg(feature = $async_feature)]
                visitor.visit::<$async_name>();
            )*
            $(
                #[cfg(feature = $sync_feature)]
                visitor.visit::<$sync_name>();
            )*
            let _ = visitor;
        }

        /// Calls the visitor with every enabled strategy that never awaits, in the order of the
        /// registry.
        pub fn visit_sync(visitor: &mut impl SyncVisitor) {
            $(
                #[cfg(feature = $sync_feature)]
                visitor.visit::<$sync_name>();
            )*
            let _ = visitor;
        }
    };
}

// The registry. A line here is all it takes for a strategy to be tested, model checked and
// measured; see specs/adding-a-strategy.md.
register! {
    await {
        "tokio-mutex" => TokioMutex,
        "tokio-rwlock" => TokioRwLock,
    }
    never await {
        "parking-lot" => ParkingLot,
        "arc-swap" => ArcSwap,
        "sharded" => Sharded,
        "slotted" => Slotted,
    }
}
