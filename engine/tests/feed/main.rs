//! The change feed, over every enabled strategy, on both runtimes of tokio.

#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_types,
    reason = "what a test counts with is not what is tested"
)]

mod callback;
mod end;
mod faults;
mod filter;
mod lag;
mod order;
mod replica;
mod waiting;
mod webhooks;

use std::sync::Arc;

use contexture::feed::{Event, Filter, Subscription};
use contexture::{Commit, ContextId, Contexts, Document, Revision, StrategyKind};
use tokio::runtime::{Builder, Runtime};

/// A test that runs once for each enabled strategy, on several threads and on one.
macro_rules! over_every_strategy {
    ($($name:ident => $test:ident;)*) => {$(
        #[test]
        fn $name() {
            struct Each;
            impl contexture::kind::Visitor for Each {
                fn visit<S: contexture::StrategyKind>(&mut self) {
                    for runtime in crate::runtimes() {
                        let flavor = runtime.handle().runtime_flavor();
                        println!("{} {flavor:?}", <S as contexture::StrategyKind>::NAME);
                        runtime.block_on($test::<S>());
                    }
                }
            }
            contexture::kind::visit_all(&mut Each);
        }
    )*};
}

use over_every_strategy;

fn runtimes() -> [Runtime; 2] {
    let mut several = Builder::new_multi_thread();
    let several = several.worker_threads(4).build().unwrap();
    [several, Builder::new_current_thread().build().unwrap()]
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

fn incremented(document: &Document) -> Document {
    document.with("n", &(n(document) + 1)).unwrap()
}

fn with_feed<S: StrategyKind>(commits: usize) -> Contexts<S> {
    Contexts::builder().feed(commits).build()
}

fn everything() -> Filter {
    Filter::new().after(Revision::ZERO)
}

/// A context that counts from 0, and `updates` updates of it.
async fn count<S: StrategyKind>(contexts: &Contexts<S>, id: &ContextId, updates: u64) {
    if contexts.get(id).await.is_none() {
        contexts
            .create(id.clone(), document(r#"{"n": 0}"#))
            .await
            .unwrap();
    }
    for _ in 0..updates {
        contexts
            .update(id, |context| incremented(&context))
            .await
            .unwrap();
    }
}

fn revision(commit: &Commit) -> u64 {
    commit.revision().unwrap().get()
}

fn shown(event: Option<Event>) -> Arc<Commit> {
    event.unwrap().unwrap()
}

/// What a subscription has to show now: revisions, or what is missing.
fn now(subscription: &mut Subscription) -> Vec<Result<u64, (u64, u64)>> {
    let mut events = Vec::new();
    while let Ok(Some(event)) = subscription.try_next() {
        events.push(match event {
            Ok(commit) => Ok(revision(&commit)),
            Err(lagged) => Err((lagged.from.get(), lagged.to.get())),
        });
    }
    events
}
