//! The sequences that the predecessor's tests went through, with nothing left to luck: what every
//! task was told must add up to what is there.

use contexture::{
    Context, ContextRef, Contexts, CreateError, DeleteError, Document, StrategyKind, UpdateError,
};
use tokio::task::yield_now;

use crate::{
    Kept, REPETITIONS, ensure, holding, id, incremented, number, on_every_strategy, together,
};

on_every_strategy! {
    fifty_parallel_creates_are_all_there: REPETITIONS, fifty_creates();
    twenty_tasks_add_their_keys_to_one_context: REPETITIONS, twenty_keys();
    a_hundred_tasks_read_and_update_ten_contexts: REPETITIONS, a_hundred_tasks();
    added_keys_are_there_in_each_task_s_order: REPETITIONS, added_keys();
    deletes_and_creates_between_updates_lose_none: REPETITIONS, a_mixed_sequence();
}

async fn fifty_creates<S: StrategyKind>() -> Kept {
    const TASKS: usize = 50;
    let contexts = Contexts::<S>::new();
    let created = together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            let id = id(&format!("{task:02}"));
            let version = contexts.create(id.clone(), holding("of", task)).await;
            // Who has created it finds it.
            let found = contexts.get(&id).await.map(|it| it.version());
            (version.unwrap(), found)
        }
    });
    for (version, found) in created.await {
        ensure!(
            version.get() == 1 && found == Some(version),
            "created as {version}, found as {found:?}"
        );
    }
    let snapshot = contexts.snapshot().await;
    let ids = (0..TASKS).map(|task| id(&format!("{task:02}")));
    ensure!(snapshot.ids() == ids.collect::<Vec<_>>(), "{snapshot:?}");
    for (task, id) in snapshot.ids().iter().enumerate() {
        let context = snapshot.get(id).unwrap();
        ensure!(*context.document() == holding("of", task), "{context:?}");
    }
    ensure!(contexts.len().await == TASKS, "len is another");
    Ok(())
}

async fn twenty_keys<S: StrategyKind>() -> Kept {
    const TASKS: usize = 20;
    let contexts = Contexts::<S>::new();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let versions = together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            let add = |it: ContextRef<'_>| it.with(&format!("key {task}"), &task).unwrap();
            contexts.update(&id("a"), add).await.unwrap().get()
        }
    });
    let mut versions = versions.await;
    let context = contexts.get(&id("a")).await.unwrap();
    ensure!(context.len() == TASKS, "{context:?}");
    for (task, version) in versions.iter().enumerate() {
        let key = format!("key {task}");
        ensure!(context.get(&key).is_some(), "{key} is missing");
        ensure!(
            number(&context, &key) == task as u64,
            "{key} is another's: {context:?}"
        );
        // It came with the version that the task was told.
        let (with, without) = (context.at(context_version(*version)), version - 1);
        let (with, without) = (with.unwrap(), context.at(context_version(without)).unwrap());
        ensure!(
            with.document().get(&key).is_some() && without.document().get(&key).is_none(),
            "{key} did not come with version {version}"
        );
    }
    versions.sort_unstable();
    let all: Vec<_> = (2..2 + TASKS as u64).collect();
    ensure!(
        versions == all,
        "two were told of one version: {versions:?}"
    );
    Ok(())
}

fn context_version(number: u64) -> contexture::Version {
    contexture::Version::from_u64(number).unwrap()
}

async fn a_hundred_tasks<S: StrategyKind>() -> Kept {
    const TASKS: usize = 100;
    const CONTEXTS: usize = 10;
    const TURNS: usize = 2;
    let contexts = Contexts::<S>::new();
    for number in 0..CONTEXTS {
        let id = id(&number.to_string());
        contexts.create(id, Document::new()).await.unwrap();
    }
    let read = together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            for turn in 0..TURNS {
                let id = id(&((task + turn) % CONTEXTS).to_string());
                let n = |context: ContextRef<'_>| number(&context, "n");
                let before = contexts.read(&id, n).await.unwrap();
                let version = contexts.update(&id, |it| incremented(&it, "n")).await;
                let after = contexts.get(&id).await.unwrap();
                // The count is one less than the version, always.
                let consistent = n(after.as_ref()) + 1 == after.version().get();
                if n(after.as_ref()) <= before || after.version() < version.unwrap() || !consistent
                {
                    return Err(format!("{before}, then {after:?}"));
                }
                yield_now().await;
            }
            Ok(())
        }
    });
    for kept in read.await {
        kept?;
    }
    let made = (TASKS * TURNS / CONTEXTS) as u64;
    for context in contexts.snapshot().await.iter() {
        let counted = number(&context, "n");
        ensure!(
            (counted, context.version().get()) == (made, made + 1),
            "{made} updates of {context:?}"
        );
    }
    Ok(())
}

async fn added_keys<S: StrategyKind>() -> Kept {
    const TASKS: usize = 4;
    const CONTEXTS: usize = 3;
    const KEYS: usize = 5;
    let contexts = Contexts::<S>::new();
    for number in 0..CONTEXTS {
        let id = id(&number.to_string());
        contexts.create(id, Document::new()).await.unwrap();
    }
    together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            for key in 0..KEYS {
                for number in 0..CONTEXTS {
                    let id = id(&((task + number) % CONTEXTS).to_string());
                    let add = |it: ContextRef<'_>| it.with(&format!("{task}/{key}"), &key).unwrap();
                    contexts.update(&id, add).await.unwrap();
                    yield_now().await;
                }
            }
        }
    })
    .await;
    for context in contexts.snapshot().await.iter() {
        ensure!(context.len() == TASKS * KEYS, "{context:?}");
        for task in 0..TASKS {
            let prefix = format!("{task}/");
            let fields = context.document().iter();
            let own = fields.filter_map(|(key, _)| {
                let key: &str = &key;
                key.strip_prefix(&prefix).map(str::to_owned)
            });
            let expected: Vec<_> = (0..KEYS).map(|key| key.to_string()).collect();
            ensure!(own.collect::<Vec<_>>() == expected, "{task} in {context:?}");
        }
    }
    Ok(())
}

/// What one task of the mixed sequence was told.
#[derive(Default)]
struct Told {
    updates: u64,
    creates: u64,
    deleted: Vec<Context>,
}

/// Some update, some delete, all create what they do not find. Each update that returned Ok is in
/// a context that was deleted or in one that is there.
async fn a_mixed_sequence<S: StrategyKind>() -> Kept {
    const TASKS: usize = 6;
    const CONTEXTS: usize = 2;
    const TURNS: usize = 12;
    let contexts = Contexts::<S>::new();
    let told = together(TASKS, |task| {
        let contexts = contexts.clone();
        async move {
            let mut told = Told::default();
            for turn in 0..TURNS {
                let id = id(&((task + turn) % CONTEXTS).to_string());
                if task % 3 == 2 && turn % 3 == 0 {
                    match contexts.delete(&id, None).await {
                        Ok(context) => told.deleted.push(context),
                        Err(DeleteError::NotFound { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                } else {
                    match contexts.update(&id, |it| incremented(&it, "n")).await {
                        Ok(_) => told.updates += 1,
                        Err(UpdateError::NotFound { .. }) => {
                            match contexts.create(id, Document::new()).await {
                                Ok(_) => told.creates += 1,
                                Err(CreateError::Exists { .. }) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                yield_now().await;
            }
            told
        }
    });
    let told = told.await;
    let snapshot = contexts.snapshot().await;
    let deleted: Vec<&Context> = told.iter().flat_map(|it| &it.deleted).collect();
    let creates: u64 = told.iter().map(|it| it.creates).sum();
    let gone = deleted.len() as u64;
    ensure!(
        creates == gone + snapshot.len() as u64,
        "{creates} created, {gone} deleted, {} there",
        snapshot.len()
    );
    let updates: u64 = told.iter().map(|it| it.updates).sum();
    let mut found: u64 = deleted.iter().map(|context| number(context, "n")).sum();
    found += snapshot.iter().map(|it| number(&it, "n")).sum::<u64>();
    ensure!(
        updates == found,
        "{updates} updates returned Ok, {found} are in what was deleted or is there"
    );
    // No version was given twice, not even to two lives of a context.
    for id in snapshot.ids() {
        let lives = deleted.iter().filter(|it| *it.id() == id);
        let mut lives: Vec<_> = lives
            .map(|it| (it.version().get() - number(it, "n"), it.version().get()))
            .collect();
        let last = snapshot.get(&id).unwrap();
        let end = last.version().get();
        lives.push((end - number(&last, "n"), end));
        lives.sort_unstable();
        for pair in lives.windows(2) {
            ensure!(pair[0].1 < pair[1].0, "{id} lived in versions {lives:?}");
        }
    }
    Ok(())
}
