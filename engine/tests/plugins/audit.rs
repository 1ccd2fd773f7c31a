//! The audit trail.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contexture::plugins::Audit;
use contexture::{
    Batch, ContextRef, Contexts, Document, Draft, ManualClock, StrategyKind, Version,
};
use pollster::block_on;
use serde_json::Value;

use crate::{document, id, incremented, over_every_strategy};

over_every_strategy! {
    each_change_is_a_line => changes;
    each_failure_is_a_line => failures;
    the_lines_of_a_batch_stand_together_and_are_whole => concurrent;
    what_the_writer_refuses_is_known_and_the_trail_goes_on => refusing;
    a_writer_that_panics_disturbs_nobody => panicking;
    a_writer_that_uses_the_contexts_does_not_wait_for_itself => calling;
}

/// A file that can be looked at: the calls of `write`, and how many times it was flushed.
#[derive(Clone, Default)]
struct File(Arc<Mutex<(Vec<String>, u32)>>);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.0.lock().unwrap().0.push(text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().1 += 1;
        Ok(())
    }
}

impl File {
    /// What was written since, a whole line a call, and flushed.
    fn take_lines(&self) -> Vec<String> {
        let (lines, flushes) = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(flushes > 0, !lines.is_empty());
        for line in &lines {
            assert!(
                line.ends_with('\n') && line.matches('\n').count() == 1,
                "{line:?}"
            );
            serde_json::from_str::<Value>(line).unwrap();
        }
        lines
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

async fn changes<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .feed(10)
        .build();
    let file = File::default();
    let audit = Audit::new(file.clone());
    contexts
        .plugins()
        .add_observer("audit", audit.clone())
        .unwrap();
    let ann = contexts.acting_as("ann \"a\"\nx");
    let a = id("a\n1");

    let draft = Draft::new(document(r#"{"kept":"secret","n":"secret","gone":1}"#));
    let draft = draft.metadata(document(r#"{"origin":"secret"}"#));
    ann.create(a.clone(), draft).await.unwrap();
    // Each line is there when the write returns.
    assert_eq!(
        file.take_lines(),
        [concat!(
            r#"{"time":"2001-09-09T01:46:40.000000Z","actor":"ann \"a\"\nx","change":"created","#,
            r#""id":"a\n1","before":null,"after":1,"revision":1,"#,
            r#""keys":["kept","n","gone"],"metadata_keys":["origin"]}"#
        )]
    );
    clock.advance(Duration::from_micros(1_500_000));
    let next = document(r#"{"new":[],"n":7,"kept":"secret"}"#);
    contexts.update(&a, |_| next).await.unwrap();
    assert_eq!(
        file.take_lines(),
        [concat!(
            r#"{"time":"2001-09-09T01:46:41.500000Z","actor":null,"change":"updated","#,
            r#""id":"a\n1","before":1,"after":2,"revision":2,"keys":["new","n","gone"]}"#
        )]
    );
    let short = Draft::new(document(r#"{"b":1}"#)).time_to_live(Duration::from_secs(1));
    let batch = Batch::new().delete(a, None).create(id("b"), short);
    contexts.apply(batch).await.unwrap();
    assert_eq!(
        file.take_lines(),
        [
            concat!(
                r#"{"time":"2001-09-09T01:46:41.500000Z","actor":null,"change":"deleted","#,
                r#""id":"a\n1","before":2,"after":null,"revision":3,"keys":["new","n","kept"],"#,
                r#""metadata_keys":["origin"]}"#
            ),
            concat!(
                r#"{"time":"2001-09-09T01:46:41.500000Z","actor":null,"change":"created","#,
                r#""id":"b","before":null,"after":1,"revision":3,"keys":["b"]}"#
            )
        ]
    );
    clock.advance(Duration::from_secs(1));
    assert!(ann.get(&id("b")).await.is_none());
    assert_eq!(
        file.take_lines(),
        [concat!(
            r#"{"time":"2001-09-09T01:46:42.500000Z","actor":null,"change":"expired","#,
            r#""id":"b","before":1,"after":null,"revision":4,"keys":["b"]}"#
        )]
    );
    assert!(audit.error().is_none());
    assert_eq!(audit.lost(), 0);
}

async fn failures<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().clock(ManualClock::new()).build();
    let file = File::default();
    contexts
        .plugins()
        .add_observer("audit", Audit::new(file.clone()))
        .unwrap();
    let ann = contexts.acting_as("ann");
    ann.delete(&id("a"), Some(Version::FIRST))
        .await
        .unwrap_err();
    let batch = Batch::new().delete(id("\"b\""), None);
    contexts.apply(batch).await.unwrap_err();
    assert_eq!(
        file.take_lines(),
        [
            concat!(
                r#"{"time":"2001-09-09T01:46:40.000000Z","actor":"ann","failed":"delete","#,
                r#""id":"a","reason":"there is no context `a`"}"#
            ),
            concat!(
                r#"{"time":"2001-09-09T01:46:40.000000Z","actor":null,"failed":"apply","#,
                r#""id":null,"reason":"change 0 of the batch: there is no context `\"b\"`"}"#
            ),
        ]
    );
}

async fn concurrent<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().feed(10).build();
    let file = File::default();
    contexts
        .plugins()
        .add_observer("audit", Audit::new(file.clone()))
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let contexts = contexts.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    let batch = (0..3).fold(Batch::new(), |batch, n| {
                        batch.put(id(&format!("{task}/{n}")), Document::new())
                    });
                    contexts.apply(batch).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let lines = file.take_lines();
    assert_eq!(lines.len(), 8 * 25 * 3);
    let mut revisions = Vec::new();
    for batch in lines.chunks(3) {
        let lines = batch
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines: Vec<_> = lines.collect();
        assert!(
            lines
                .iter()
                .all(|line| line["revision"] == lines[0]["revision"])
        );
        revisions.push(lines[0]["revision"].as_u64().unwrap());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=200).collect::<Vec<_>>());
}

/// Takes so many bytes more, and then fails until it is told to take more.
#[derive(Clone)]
struct Full(File, Arc<Mutex<usize>>);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = self.1.lock().unwrap();
        match bytes.len().min(*left) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            some => {
                *left -= some;
                self.0.write(&bytes[..some])
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

async fn refusing<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let disk = Full(File::default(), Arc::new(Mutex::new(20)));
    let audit = Audit::new(disk.clone());
    contexts
        .plugins()
        .add_observer("audit", audit.clone())
        .unwrap();
    contexts.create(id("a"), Document::new()).await.unwrap();
    contexts.create(id("b"), Document::new()).await.unwrap();
    assert_eq!(audit.error().unwrap().kind(), io::ErrorKind::StorageFull);
    assert_eq!(audit.lost(), 2);
    assert_eq!(contexts.len().await, 2);

    *disk.1.lock().unwrap() = usize::MAX;
    contexts.create(id("c"), Document::new()).await.unwrap();
    contexts.create(id("d"), Document::new()).await.unwrap();
    assert_eq!(audit.lost(), 2);
    let written = disk.0.0.lock().unwrap().0.concat();
    let lines: Vec<_> = written.lines().collect();
    // The torn line stands by itself.
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].len(), 20);
    for (line, id) in lines[1..].iter().zip(["c", "d"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["id"], id);
    }
    assert_eq!(contexts.plugins().panics(), 0);
}

/// Does something with each line before it takes it.
struct With<F>(File, F);

impl<F: FnMut(&str)> Write for With<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.1)(std::str::from_utf8(bytes).unwrap());
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

async fn panicking<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let file = File::default();
    let writer = With(file.clone(), |line: &str| {
        assert!(!line.contains("bomb"), "boom");
    });
    let audit = Audit::new(writer);
    contexts
        .plugins()
        .add_observer("audit", audit.clone())
        .unwrap();
    contexts.create(id("bomb"), Document::new()).await.unwrap();
    assert_eq!(contexts.plugins().panics(), 1);
    // The next thread to write is this one, or another one.
    for name in ["a", "b"] {
        let contexts = contexts.clone();
        let create = async move { contexts.create(id(name), Document::new()).await };
        tokio::spawn(create).await.unwrap().unwrap();
    }
    let written = file.0.lock().unwrap().0.concat();
    let ids: Vec<_> = written
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(contexts.plugins().panics(), 1);
}

async fn calling<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .create(id("log"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let (file, all) = (File::default(), contexts.clone());
    let increment = |context: ContextRef<'_>| incremented(context.document());
    let writer = With(file.clone(), move |_: &str| {
        let counted = block_on(all.update(&id("log"), increment));
        assert_eq!(counted.is_ok(), !S::AWAITS);
    });
    let audit = Audit::new(writer);
    contexts
        .plugins()
        .add_observer("audit", audit.clone())
        .unwrap();
    contexts.create(id("a"), Document::new()).await.unwrap();
    // The write of the writer's, or its failure, is not in the trail, which says so.
    let lines = file.take_lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(r#""id":"a""#));
    assert_eq!(audit.lost(), 1);
    assert!(
        audit
            .error()
            .unwrap()
            .to_string()
            .contains("uses the contexts")
    );
    assert_eq!(contexts.plugins().panics(), 0);
}
