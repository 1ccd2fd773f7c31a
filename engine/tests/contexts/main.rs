//! The contract of `Contexts`, over every enabled strategy, with async and without.

#![allow(clippy::unwrap_used)]

mod batches;
mod concurrency;
mod life;
mod limits;
mod types;

use contexture::{ContextId, ContextRef, Document};

/// A test that runs once for each enabled strategy.
macro_rules! over_every_strategy {
    ($($(#[$attribute:meta])* $name:ident => $test:ident;)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: contexture::StrategyKind>(&mut self) {
                    println!("{}", <S as contexture::StrategyKind>::NAME);
                    crate::runtime().block_on($test::<S>());
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

use {over_every_strategy, over_every_sync_strategy};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap()
}

fn id(text: &str) -> ContextId {
    ContextId::new(text).unwrap()
}

fn document(json: &str) -> Document {
    Document::parse(json).unwrap()
}

fn n(document: &Document) -> u64 {
    document.get("n").unwrap().as_u64().unwrap()
}

fn incremented(context: ContextRef<'_>) -> Document {
    context.with("n", &(n(&context) + 1)).unwrap()
}
