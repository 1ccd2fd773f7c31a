//! What is kept of a store, and what a store goes back to.
//!
//! The predecessor wrote each context to a file. We write recovery points, to where the program
//! wants them.

use contexture::{Contexts, Document, StrategyKind};
use tokio::task::yield_now;

use crate::predecessor::Predecessor;
use crate::subject::{Ours, Refusal, Subject};
use crate::{Kept, REPETITIONS, ensure, holding, id, incremented, number, promises, together};

promises! {
    what_is_stored_is_what_was_written_last: REPETITIONS, stored_is_last(8), broken: "is stored";
    nobody_reads_half_a_write: REPETITIONS, whole_at_any_time(), broken: "half a write was read";
    // One store and nobody else: what is tried is each byte and each bit.
    a_damaged_export_is_refused: 1, whole_or_refused(), broken: "was taken for";
    an_id_is_text_and_no_path: REPETITIONS, text_and_no_path(), broken: "of the neighbour's";
    the_newest_points_of_one_second_are_kept: REPETITIONS, newest_kept(), broken: "are kept";
    a_restore_brings_back_that_very_point: REPETITIONS, restores(), broken: "the first point brought back";
    points_outlive_the_store: REPETITIONS, points_outlive(), broken: "after a restart there are";
    each_id_loads_its_own_context: REPETITIONS, loads_by_id(), broken: "loaded as 2";
    what_was_stored_is_there_and_not_created_again: REPETITIONS, there_again(), broken: "was created again";
}

/// A store that keeps something.
trait Stored: Subject {
    /// Two stores side by side, in folders `a` and `b` if they have any.
    fn neighbours() -> [Self; 2];

    /// A new store that starts with what is stored of this one.
    fn restarted(&self) -> impl Future<Output = Self> + Send;

    /// What is stored of a context.
    fn load(&self, id: &str) -> impl Future<Output = Option<Document>> + Send;

    /// What a context's file holds.
    fn written(&self, id: &str) -> impl Future<Output = Vec<u8>> + Send;

    /// What such a file says of the context; `None` if it is refused.
    fn parse(file: &[u8], id: &str) -> Option<Document>;

    fn make_point(&self, name: &str) -> impl Future<Output = ()> + Send;

    /// The names of the points that are kept.
    fn points(&self) -> Vec<String>;

    fn restore(&self, name: &str) -> impl Future<Output = ()> + Send;
}

impl Stored for Predecessor {
    fn neighbours() -> [Self; 2] {
        Self::neighbours()
    }

    async fn restarted(&self) -> Self {
        self.restarted()
    }

    async fn load(&self, id: &str) -> Option<Document> {
        self.load(id)
    }

    async fn written(&self, id: &str) -> Vec<u8> {
        self.stored(id).unwrap().into_bytes()
    }

    fn parse(file: &[u8], _: &str) -> Option<Document> {
        Self::parse(file)
    }

    async fn make_point(&self, name: &str) {
        self.make_point(name).await;
    }

    fn points(&self) -> Vec<String> {
        self.points()
    }

    async fn restore(&self, name: &str) {
        self.restore(name).await;
    }
}

impl<S: StrategyKind> Stored for Ours<S> {
    fn neighbours() -> [Self; 2] {
        [Self::new(), Self::new()]
    }

    async fn restarted(&self) -> Self {
        let now = self.0.recovery().create(Some("now")).await.unwrap();
        let new = Self::new();
        for point in self.0.recovery().list() {
            let mut file = Vec::new();
            point.write_to(&mut file).unwrap();
            new.0.recovery().read_from(&*file).unwrap();
        }
        new.0.recovery().restore("now").await.unwrap();
        let read = new.0.recovery().get("now").unwrap();
        new.0.recovery().delete(read.number()).unwrap();
        self.0.recovery().delete(now.number()).unwrap();
        new
    }

    async fn load(&self, text: &str) -> Option<Document> {
        Self::parse(&self.written(text).await, text)
    }

    async fn written(&self, _: &str) -> Vec<u8> {
        let point = self.0.recovery().create(None).await.unwrap();
        self.0.recovery().delete(point.number()).unwrap();
        let mut file = Vec::new();
        point.write_to(&mut file).unwrap();
        file
    }

    fn parse(file: &[u8], text: &str) -> Option<Document> {
        let contexts = Contexts::<S>::new();
        let read = contexts.recovery().read_from(file);
        let kept = contexts.recovery().list();
        let Ok(point) = read else {
            assert!(kept.is_empty(), "it was refused and is there");
            return None;
        };
        let id = id(text);
        let context = point.get(&id)?;
        Some(context.document().clone())
    }

    async fn make_point(&self, name: &str) {
        self.0.recovery().create(Some(name)).await.unwrap();
    }

    fn points(&self) -> Vec<String> {
        let points = self.0.recovery().list();
        let names = points.iter().map(|point| point.name().unwrap().to_owned());
        names.collect()
    }

    async fn restore(&self, name: &str) {
        self.0.recovery().restore(name).await.unwrap();
    }
}

async fn stored_is_last<T: Stored>(tasks: usize) -> Kept {
    let store = T::new();
    store.create("1", Document::new()).await.unwrap();
    together(tasks, |task| {
        let store = store.clone();
        async move {
            let write = |it: &Document| incremented(it, "n").with("by", &task).unwrap();
            store.update("1", write).await.unwrap();
        }
    })
    .await;
    let held = store.get("1").await.unwrap().document;
    let stored = store.load("1").await.unwrap();
    ensure!(stored == held, "{stored} is stored, and {held} is there");
    Ok(())
}

/// Two write, one reads what is stored.
async fn whole_at_any_time<T: Stored>() -> Kept {
    let store = T::new();
    store.create("1", holding("n", 0)).await.unwrap();
    let kept = together(3, |task| {
        let store = store.clone();
        async move {
            if task > 0 {
                for _ in 0..5 {
                    store.update("1", |it| incremented(it, "n")).await.unwrap();
                    yield_now().await;
                }
                return Ok(());
            }
            let mut last = 0;
            for turn in 0..12 {
                let loaded = store.load("1").await;
                let loaded = loaded.ok_or(format!("half a write was read in turn {turn}"))?;
                let n = number(&loaded, "n");
                ensure!(n >= last, "{n} was stored after {last}");
                last = n;
                yield_now().await;
            }
            Ok(())
        }
    });
    for kept in kept.await {
        kept?;
    }
    Ok(())
}

/// Cut off at each byte, and with each bit turned over.
async fn whole_or_refused<T: Stored>() -> Kept {
    let store = T::new();
    let whole = holding("n", 1).with("text", "some words").unwrap();
    store.create("1", whole.clone()).await.unwrap();
    let file = store.written("1").await;
    ensure!(
        T::parse(&file, "1").as_ref() == Some(&whole),
        "what was written is refused"
    );
    let check = |damaged: &[u8], how: String| {
        let taken = T::parse(damaged, "1").filter(|taken| *taken != whole);
        ensure!(taken.is_none(), "{how}: {taken:?} was taken for {whole}");
        Ok(())
    };
    for length in 0..file.len() {
        check(&file[..length], format!("cut off after {length} bytes"))?;
        // All but the last line end: less of it is never the whole.
        ensure!(
            length + 1 == file.len() || T::parse(&file[..length], "1").is_none(),
            "{length} of {} bytes were taken",
            file.len()
        );
    }
    for byte in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[byte] ^= 1 << bit;
            check(&damaged, format!("bit {bit} of byte {byte}"))?;
        }
    }
    let twice = [&*file, &*file].concat();
    check(&twice, "twice".to_owned())
}

/// What one store makes, changes and deletes is not the other's, whatever the ids look like.
async fn text_and_no_path<T: Stored>() -> Kept {
    let [store, neighbour] = T::neighbours();
    let own = holding("of", 1);
    neighbour.create("1", own.clone()).await.unwrap();
    for id in ["../b/1", "/data/b/1", "../../data/b/./1"] {
        store.create(id, holding("of", 2)).await.unwrap();
        let loaded = neighbour.load("1").await;
        ensure!(
            loaded.as_ref() == Some(&own),
            "{id} was created, and of the neighbour's {loaded:?} is stored"
        );
        store.delete(id).await.unwrap();
        let loaded = neighbour.load("1").await;
        ensure!(
            loaded.as_ref() == Some(&own),
            "{id} was deleted, and of the neighbour's {loaded:?} is stored"
        );
    }
    Ok(())
}

async fn newest_kept<T: Stored>() -> Kept {
    let store = T::new();
    for point in 1..=15 {
        store.make_point(&format!("{point:02}")).await;
    }
    let mut kept = store.points();
    kept.sort_unstable();
    let newest: Vec<_> = (6..=15).map(|point| format!("{point:02}")).collect();
    ensure!(kept == newest, "of 15 points {kept:?} are kept");
    Ok(())
}

async fn restores<T: Stored>() -> Kept {
    let store = T::new();
    store.create("a", holding("n", 1)).await.unwrap();
    store.make_point("first").await;
    store.update("a", |_| holding("n", 2)).await.unwrap();
    store.create("b", holding("n", 3)).await.unwrap();
    store.make_point("second").await;
    store.delete("a").await.unwrap();

    for (name, a, b) in [
        ("first", 1, None),
        ("second", 2, Some(3)),
        ("first", 1, None),
    ] {
        store.restore(name).await;
        let found = [store.get("a").await, store.get("b").await];
        let found = found.map(|held| held.map(|held| number(&held.document, "n")));
        ensure!(
            found == [Some(a), b],
            "the {name} point brought back {found:?}"
        );
    }
    Ok(())
}

async fn points_outlive<T: Stored>() -> Kept {
    let store = T::new();
    store.create("a", holding("n", 1)).await.unwrap();
    store.make_point("kept").await;
    store.update("a", |_| holding("n", 2)).await.unwrap();
    let new = store.restarted().await;
    drop(store);
    let points = new.points();
    ensure!(
        points == ["kept"],
        "after a restart there are the points {points:?}"
    );
    let now = new.get("a").await.unwrap().document;
    ensure!(now == holding("n", 2), "it starts with {now}");
    new.restore("kept").await;
    let then = new.get("a").await.unwrap().document;
    ensure!(then == holding("n", 1), "the point holds {then}");
    Ok(())
}

async fn loads_by_id<T: Stored>() -> Kept {
    let store = T::new();
    for id in 1..=3 {
        store
            .create(&id.to_string(), holding("of", id))
            .await
            .unwrap();
    }
    for id in 1..=3 {
        let loaded = store.load(&id.to_string()).await;
        ensure!(
            loaded == Some(holding("of", id)),
            "{loaded:?} was loaded as {id}"
        );
    }
    let none = store.load("4").await;
    ensure!(none.is_none(), "{none:?} was loaded as 4");
    Ok(())
}

async fn there_again<T: Stored>() -> Kept {
    let store = T::new();
    store.create("a", holding("n", 1)).await.unwrap();
    store.update("a", |_| holding("n", 2)).await.unwrap();
    let new = store.restarted().await;
    let created = new.create("a", holding("n", 9)).await;
    ensure!(
        created == Err(Refusal::Exists),
        "what was stored was created again: {created:?}"
    );
    let held = new.get("a").await.map(|held| held.document);
    ensure!(held == Some(holding("n", 2)), "{held:?} was stored");
    ensure!(new.list().await == ["a"], "others are there");
    Ok(())
}
