//! What the tests of the engine share: each test runs on every enabled strategy.

#![allow(dead_code, unused_macros, unused_imports, clippy::unwrap_used)]

use contexture::{ContextId, ContextRef, Document, StrategyKind};

/// A test that runs once for each enabled strategy, on a runtime with four threads.
macro_rules! over_every_strategy {
    ($($(#[$attribute:meta])* $name:ident => $test:ident;)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: contexture::StrategyKind>(&mut self) {
                    println!("{}", <S as contexture::StrategyKind>::NAME);
                    $crate::common::runtime().block_on($test::<S>());
                }
            }
            contexture::kind::visit_all(&mut Each);
        }
    )*};
}

/// A test that runs once for each enabled strategy that never awaits.
macro_rules! over_every_sync_strategy {
    ($($name:ident => $test:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::SyncVisitor for Each {
                fn visit<S: contexture::SyncStrategyKind>(&mut self) {
                    println!("{}", <S as contexture::SyncStrategyKind>::NAME);
                    $test::<S>();
                }
            }
            contexture::kind::visit_sync(&mut Each);
        }
    )*};
}

pub(crate) use {over_every_strategy, over_every_sync_strategy};

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap()
}

pub(crate) fn id(text: &str) -> ContextId {
    ContextId::new(text).unwrap()
}

pub(crate) fn document(json: &str) -> Document {
    Document::parse(json).unwrap()
}

pub(crate) fn n(document: &Document) -> u64 {
    document.get("n").unwrap().as_u64().unwrap()
}

pub(crate) fn incremented(context: ContextRef<'_>) -> Document {
    context.with("n", &(n(&context) + 1)).unwrap()
}
