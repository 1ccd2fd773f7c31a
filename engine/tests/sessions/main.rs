//! Sessions, over every enabled strategy, on a runtime of several threads and on one of one.

#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

mod cancellation;
mod choice;
mod concurrency;
mod gone;
mod predecessor;
mod settings;
mod without_async;

use contexture::sessions::{Sessions, SessionsBuilder};
use contexture::{ContextId, Contexts, Document, StrategyKind};
use tokio::runtime::{Builder, Runtime};

/// A test that runs once for each enabled strategy and kind of runtime.
macro_rules! over_every_strategy {
    ($($name:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: contexture::StrategyKind>(&mut self) {
                    println!("{}", <S as contexture::StrategyKind>::NAME);
                    for runtime in crate::runtimes() {
                        runtime.block_on(cases::$name::<S>());
                    }
                }
            }
            contexture::kind::visit_all(&mut Each);
        }
    )*};
}

/// A test that runs once for each enabled strategy that never awaits.
macro_rules! over_every_sync_strategy {
    ($($name:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::SyncVisitor for Each {
                fn visit<S: contexture::SyncStrategyKind>(&mut self) {
                    println!("{}", <S as contexture::SyncStrategyKind>::NAME);
                    cases::$name::<S>();
                }
            }
            contexture::kind::visit_sync(&mut Each);
        }
    )*};
}

use {over_every_strategy, over_every_sync_strategy};

fn runtimes() -> [Runtime; 2] {
    let mut threads = Builder::new_multi_thread();
    [
        threads.worker_threads(4).build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ]
}

fn id(text: &str) -> ContextId {
    ContextId::new(text).unwrap()
}

fn document(json: &str) -> Document {
    Document::parse(json).unwrap()
}

/// Contexts with these ids, each with its own in the field `of`.
async fn contexts_of<S: StrategyKind>(ids: &[&str]) -> Contexts<S> {
    let contexts = Contexts::new();
    create(&contexts, ids).await;
    contexts
}

async fn create<S: StrategyKind>(contexts: &Contexts<S>, ids: &[&str]) {
    for text in ids {
        let document = Document::new().with("of", text).unwrap();
        contexts.create(id(text), document).await.unwrap();
    }
}

/// Sessions that create and activate by themselves.
fn eager<S: StrategyKind>(contexts: &Contexts<S>) -> SessionsBuilder<S> {
    Sessions::builder(contexts.clone())
        .auto_create(true)
        .auto_activate(true)
}

/// Everything a context holds, straight from the contexts.
async fn held<S: StrategyKind>(contexts: &Contexts<S>, text: &str) -> Option<String> {
    let context = contexts.get(&id(text)).await?;
    Some(context.as_json().to_owned())
}
