//! What `tracing` is told. Alone in its process: who uses a span's call site for the first time while
//! a subscriber comes or goes may find it switched off, and other tests use the same ones.

#![allow(clippy::unwrap_used, clippy::disallowed_types, reason = "test code")]

#[path = "common/mod.rs"]
mod common;
#[path = "observability/operations.rs"]
mod operations;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use common::{document, over_every_sync_strategy};
use contexture::{Contexts, Document, SyncStrategyKind};
use operations::{EXPECTED, use_all};
use tracing_subscriber::fmt::format::FmtSpan;

over_every_sync_strategy! {
    every_operation_has_a_span => spans;
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn spans<S: SyncStrategyKind>() {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || use_all(&Contexts::<S>::new()));
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Document> = text.lines().map(document).collect();
    let text = |line: &Document, pointer: &str| {
        let field = line.pointer(pointer);
        field.map(|field| field.as_str().unwrap().into_owned())
    };
    let closed = lines
        .iter()
        .filter(|line| text(line, "/fields/message").as_deref() == Some("close"));
    let mut closed: Vec<_> = closed
        .map(|line| {
            assert_eq!(text(line, "/span/name").unwrap(), "contexture");
            assert_eq!(
                text(line, "/span/strategy").unwrap(),
                <S as SyncStrategyKind>::NAME
            );
            let operation = text(line, "/span/operation").unwrap();
            let about = ["apply", "snapshot"].contains(&&*operation);
            assert_eq!(text(line, "/span/id").is_none(), about);
            (operation, text(line, "/span/outcome").unwrap())
        })
        .collect();
    closed.sort();
    let expected = EXPECTED
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    assert_eq!(closed, expected.collect::<Vec<_>>());
    let conflict =
        |line: &&Document| text(line, "/fields/message").as_deref() == Some("version conflict");
    assert_eq!(lines.iter().filter(conflict).count(), 1);
}
