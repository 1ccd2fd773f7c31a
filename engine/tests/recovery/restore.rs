//! What a restore does to each context.

#![expect(clippy::disallowed_types, reason = "no store is made of these")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use contexture::plugins::{Observer, Proposal};
use contexture::recovery::{RecoveryError, Select};
use contexture::{
    BatchError, Clock, Commit, Contexts, Document, Draft, LimitExceeded, ManualClock, StrategyKind,
    SyncStrategyKind,
};

use crate::common::{document, id, incremented, over_every_strategy, over_every_sync_strategy};
use crate::{contents, held, held_now};

const MINUTE: Duration = Duration::from_secs(60);

over_every_strategy! {
    restoring_a_gives_a_and_not_b => a_not_b;
    everything_is_put_back_and_versions_go_forward => everything;
    what_is_as_it_was_is_left_alone => unchanged;
    a_restore_replaces_all_in_a_full_store => full_store;
    a_point_of_others_that_does_not_fit_changes_nothing => does_not_fit;
    a_context_alone_is_put_back => one_context;
    what_was_before_a_restore_is_in_the_history => history;
    validators_see_what_is_put_back_and_can_refuse_it => validators;
    an_empty_point_empties_the_store => empty;
}

over_every_sync_strategy! {
    recovery_works_without_async => without_async;
    what_is_deleted_meanwhile_is_created_again_without_history => deleted_meanwhile;
    what_is_as_it_was_is_left_alone_however_often_it_looks_again => looks_again;
    a_plugin_of_a_restore_that_restores_is_refused => restores_in_a_restore;
}

async fn a_not_b<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().clock(ManualClock::new()).build();
    let (context, recovery) = (id("context"), contexts.recovery());
    contexts
        .create(context.clone(), document(r#"{"is":"A"}"#))
        .await
        .unwrap();
    let a = recovery.create(Some("A")).await.unwrap();
    contexts
        .update(&context, |_| document(r#"{"is":"B"}"#))
        .await
        .unwrap();
    let b = recovery.create(Some("B")).await.unwrap();
    contexts
        .update(&context, |_| document(r#"{"is":"C"}"#))
        .await
        .unwrap();
    let is = async || contexts.get(&context).await.unwrap().to_string();
    for (select, expected) in [
        (Select::from("A"), r#"{"is":"A"}"#),
        (Select::from("B"), r#"{"is":"B"}"#),
        (Select::from(a.number()), r#"{"is":"A"}"#),
        (Select::Latest, r#"{"is":"B"}"#),
        (Select::from(a), r#"{"is":"A"}"#),
        (Select::from(&b), r#"{"is":"B"}"#),
    ] {
        recovery.restore(select).await.unwrap();
        assert_eq!(is().await, expected);
    }
}

async fn everything<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .feed(100)
        .build();
    let ids = ["changed", "bare", "deleted", "again", "lives"].map(id);
    let [changed, bare, deleted, again, lives] = &ids;
    let about = Draft::new(document(r#"{"n":1.10,"é":"🦀"}"#))
        .metadata(document(r#"{"by":"ann"}"#))
        .time_to_live(9 * MINUTE);
    contexts
        .create(changed.clone(), about.clone())
        .await
        .unwrap();
    contexts.create(deleted.clone(), about).await.unwrap();
    for id in [bare, again, lives] {
        contexts.create(id.clone(), Document::new()).await.unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    let then = held(point.snapshot());
    assert_eq!(held_now(&contexts).await, then);

    clock.advance(MINUTE);
    let other = Draft::new(document(r#"{"m":2}"#)).metadata(document(r#"{"by":"bob"}"#));
    contexts.update(changed, |_| other.clone()).await.unwrap();
    contexts.set_time_to_live(changed, None).await.unwrap();
    // What had no metadata and no time to live has none again.
    contexts
        .update(bare, |_| other.clone().time_to_live(MINUTE))
        .await
        .unwrap();
    contexts.delete(deleted, None).await.unwrap();
    contexts.delete(again, None).await.unwrap();
    contexts.create(again.clone(), other.clone()).await.unwrap();
    contexts.create(id("new"), other).await.unwrap();
    let before = contexts.snapshot().await;

    let restored = contexts
        .acting_as("ann")
        .recovery()
        .restore(Select::Latest)
        .await
        .unwrap();
    assert_eq!(restored.point, point);
    let counts = (restored.written, restored.deleted, restored.unchanged);
    assert_eq!(counts, (4, 1, 1));
    let after = contexts.snapshot().await;
    assert_eq!(contents(&held(&after)), contents(&then));
    assert_eq!(
        after.revision(),
        before
            .revision()
            .map(|it| it.get() + 1)
            .map(contexture::Revision::new)
    );
    for id in &ids {
        let (context, point) = (after.get(id).unwrap(), point.get(id).unwrap());
        if id == lives {
            assert_eq!(context.version(), point.version());
            continue;
        }
        let highest = before
            .get(id)
            .map_or(point.version(), |before| before.version());
        assert!(context.version() > highest, "{id}");
        assert_eq!(context.updated(), clock.now());
        assert_eq!(context.revision(), after.revision());
        let expires = context.time_to_live().map(|time| clock.now() + time);
        assert_eq!(context.expires(), expires);
    }
    // It was there no more, so it has begun anew.
    assert_eq!(after.get(deleted).unwrap().history().len(), 0);
    assert_eq!(after.get(deleted).unwrap().created(), clock.now());
}

async fn unchanged<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().feed(100).build();
    for n in 0..20 {
        contexts
            .create(id(&format!("{n}")), document(r#"{"n":0}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    contexts.update(&id("7"), incremented).await.unwrap();
    let before = held_now(&contexts).await;
    let restored = contexts.recovery().restore(&point).await.unwrap();
    let counts = (restored.written, restored.deleted, restored.unchanged);
    assert_eq!(counts, (1, 0, 19));
    let after = held_now(&contexts).await;
    for (id, held) in &after {
        assert_eq!(held == &before[id], id != "7");
    }
    // Again: the restored context has another version than the point, so it is written.
    let again = contexts.recovery().restore(&point).await.unwrap();
    assert_eq!((again.written, again.unchanged), (1, 19));
    // With nothing to do, nothing is committed.
    let fresh = contexts.recovery().create(None).await.unwrap();
    let before = contexts.snapshot().await;
    let nothing = contexts.recovery().restore(&fresh).await.unwrap();
    assert_eq!(
        (nothing.written, nothing.deleted, nothing.unchanged),
        (0, 0, 20)
    );
    let after = contexts.snapshot().await;
    assert_eq!(
        (held(&after), after.revision()),
        (held(&before), before.revision())
    );
}

async fn full_store<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_contexts(3).build();
    for old in ["a", "b", "c"] {
        contexts
            .create(id(old), document(r#"{"n":1}"#))
            .await
            .unwrap();
    }
    let point = contexts.recovery().create(None).await.unwrap();
    for old in ["a", "b", "c"] {
        contexts.delete(&id(old), None).await.unwrap();
    }
    for new in ["x", "y", "z"] {
        contexts
            .create(id(new), document(r#"{"n":2}"#))
            .await
            .unwrap();
    }
    let restored = contexts.recovery().restore(&point).await.unwrap();
    assert_eq!((restored.written, restored.deleted), (3, 3));
    assert_eq!(contexts.list().await, ["a", "b", "c"].map(id));
    assert!(contexts.create(id("x"), Document::new()).await.is_err());
    contexts.delete(&id("a"), None).await.unwrap();
    contexts.create(id("x"), Document::new()).await.unwrap();
    let full = contexts.recovery().restore_context(&point, &id("a")).await;
    let limit = 3;
    assert_eq!(full, Err(RecoveryError::Batch(BatchError::Full { limit })));
}

async fn does_not_fit<S: StrategyKind>() {
    let large = Contexts::<S>::new();
    for n in 0..3 {
        let text = document(&format!(r#"{{"text":"{}"}}"#, "x".repeat(n * 100)));
        large.create(id(&format!("{n}")), text).await.unwrap();
    }
    let point = large.recovery().create(None).await.unwrap();

    let few = Contexts::<S>::builder().max_contexts(2).build();
    let small = Contexts::<S>::builder().max_document_bytes(150).build();
    for contexts in [&few, &small] {
        contexts.create(id("a"), Document::new()).await.unwrap();
        contexts
            .create(id("0"), document(r#"{"n":1}"#))
            .await
            .unwrap();
        let before = held_now(contexts).await;
        let refused = contexts.recovery().restore(&point).await.unwrap_err();
        match refused {
            RecoveryError::Batch(BatchError::Full { limit: 2 }) => {}
            RecoveryError::Batch(BatchError::LimitExceeded(LimitExceeded { id, .. })) => {
                assert_eq!(id.as_str(), "2");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(held_now(contexts).await, before);
    }
    // What fits is put back, whichever contexts it is of.
    let others = Contexts::<S>::new();
    others.recovery().restore(&point).await.unwrap();
    assert_eq!(
        contents(&held_now(&others).await),
        contents(&held(point.snapshot()))
    );
}

async fn one_context<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let draft = Draft::new(document(r#"{"n":1}"#)).metadata(document(r#"{"by":"ann"}"#));
    let first = contexts.create(a.clone(), draft).await.unwrap();
    contexts
        .create(b.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let point = contexts.recovery().create(None).await.unwrap();
    let recovery = contexts.recovery();
    // The very version is left alone.
    assert_eq!(recovery.restore_context(&point, &a).await, Ok(first));

    contexts.update(&b, incremented).await.unwrap();
    contexts.create(c.clone(), Document::new()).await.unwrap();
    let others = async || {
        (
            contexts.get(&b).await.unwrap(),
            contexts.get(&c).await.unwrap(),
        )
    };
    let before = others().await;
    contexts.set_metadata(&a, Document::new()).await.unwrap();
    let last = contexts.update(&a, incremented).await.unwrap();
    let back = recovery.restore_context(&point, &a).await.unwrap();
    assert_eq!(back, last.next());
    contexts.delete(&a, None).await.unwrap();
    let again = recovery.restore_context(&point, &a).await.unwrap();
    assert!(again > back);
    let context = contexts.get(&a).await.unwrap();
    assert_eq!(
        (context.version(), context.as_json()),
        (again, r#"{"n":1}"#)
    );
    assert_eq!(context.metadata().unwrap().as_json(), r#"{"by":"ann"}"#);

    let after = others().await;
    assert_eq!(after.0.version(), before.0.version());
    assert_eq!(after.1.version(), before.1.version());
    let number = point.number();
    let refused = recovery.restore_context(&point, &c).await;
    assert_eq!(refused, Err(RecoveryError::NotInPoint { number, id: c }));
}

async fn history<S: StrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    contexts
        .create(a.clone(), document(r#"{"n":0}"#))
        .await
        .unwrap();
    let point = contexts.recovery().create(None).await.unwrap();
    for _ in 0..3 {
        contexts.update(&a, incremented).await.unwrap();
    }
    let lost = contexts.get(&a).await.unwrap().version();
    contexts.recovery().restore(&point).await.unwrap();
    let context = contexts.get(&a).await.unwrap();
    let history: Vec<_> = context
        .history()
        .map(|it| it.document().to_string())
        .collect();
    assert_eq!(history, [3, 2, 1, 0].map(|n| format!(r#"{{"n":{n}}}"#)));
    contexts.rollback(&a, lost).await.unwrap();
    assert_eq!(contexts.get(&a).await.unwrap().as_json(), r#"{"n":3}"#);
}

async fn validators<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let (a, b) = (id("a"), id("b"));
    contexts
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let point = contexts.recovery().create(None).await.unwrap();
    let other = Draft::new(document(r#"{"n":2}"#)).metadata(document(r#"{"by":"ann"}"#));
    contexts.update(&a, |_| other).await.unwrap();
    contexts.create(b.clone(), Document::new()).await.unwrap();
    let before = held_now(&contexts).await;

    let refuse = |proposal: &Proposal<'_>| {
        assert_eq!(proposal.document().as_json(), r#"{"n":1}"#);
        let before = proposal.before().unwrap();
        assert_eq!(before.as_json(), r#"{"n":2}"#);
        assert!(before.metadata().is_some() && proposal.metadata().is_none());
        Err("not that".into())
    };
    contexts.plugins().add_validator("no", refuse).unwrap();
    let refused = contexts.recovery().restore(&point).await.map(|_| ());
    let alone = contexts.recovery().restore_context(&point, &a).await;
    for refused in [refused, alone.map(|_| ())] {
        match refused {
            Err(RecoveryError::Batch(BatchError::Refused(refused))) => {
                assert_eq!((&refused.id, refused.plugin.as_str()), (&a, "no"));
                // A validator that panics has refused, too, for another reason.
                assert_eq!(refused.reason.to_string(), "not that");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(held_now(&contexts).await, before);
}

async fn empty<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let point = contexts.recovery().create(None).await.unwrap();
    contexts.create(id("a"), Document::new()).await.unwrap();
    let restored = contexts.recovery().restore(&point).await.unwrap();
    assert_eq!((restored.written, restored.deleted), (0, 1));
    assert!(contexts.is_empty().await);
}

fn without_async<S: SyncStrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    contexts
        .create_sync(a.clone(), document(r#"{"n":0}"#))
        .unwrap();
    let point = contexts.recovery().create_sync(None).unwrap();
    contexts.update_sync(&a, incremented).unwrap();
    contexts
        .recovery()
        .restore_context_sync(&point, &a)
        .unwrap();
    assert_eq!(contexts.get_sync(&a).unwrap().as_json(), r#"{"n":0}"#);
    contexts.delete_sync(&a, None).unwrap();
    let restored = contexts.recovery().restore_sync(Select::Latest).unwrap();
    assert_eq!(restored.written, 1);
    assert_eq!(contexts.get_sync(&a).unwrap().as_json(), r#"{"n":0}"#);
}

fn deleted_meanwhile<S: SyncStrategyKind>() {
    let (contexts, a) = (Contexts::<S>::new(), id("a"));
    contexts
        .create_sync(a.clone(), document(r#"{"n":1}"#))
        .unwrap();
    contexts.recovery().create_sync(None).unwrap();
    contexts.update_sync(&a, incremented).unwrap();
    let (others, gone, asked) = (contexts.clone(), a.clone(), AtomicU32::new(0));
    let delete = move |_: &Proposal<'_>| {
        if asked.fetch_add(1, Ordering::Relaxed) == 0 {
            others.delete_sync(&gone, None).unwrap();
        }
        Ok(())
    };
    contexts.plugins().add_validator("deletes", delete).unwrap();
    contexts.recovery().restore_sync(Select::Latest).unwrap();
    let context = contexts.get_sync(&a).unwrap();
    assert_eq!(context.as_json(), r#"{"n":1}"#);
    assert_eq!(context.history().len(), 0);
    contexts.plugins().remove("deletes");
}

fn looks_again<S: SyncStrategyKind>() {
    const TIMES: u32 = 6;
    let contexts = Contexts::<S>::new();
    for name in ["same", "other"] {
        contexts
            .create_sync(id(name), document(r#"{"n":1}"#))
            .unwrap();
    }
    let point = contexts.recovery().create_sync(None).unwrap();
    let surplus = |n| id(&format!("surplus{n}"));
    for n in 0..TIMES {
        contexts.create_sync(surplus(n), Document::new()).unwrap();
    }
    contexts.update_sync(&id("other"), incremented).unwrap();
    // What is to be deleted goes, one each time the restore is about to delete it.
    let (others, asked) = (contexts.clone(), AtomicU32::new(0));
    let delete = move |_: &Proposal<'_>| {
        let n = asked.fetch_add(1, Ordering::Relaxed);
        if n < TIMES {
            others.delete_sync(&surplus(n), None).unwrap();
        }
        Ok(())
    };
    contexts.plugins().add_validator("deletes", delete).unwrap();
    let restored = contexts.recovery().restore_sync(&point).unwrap();
    assert_eq!((restored.written, restored.unchanged), (1, 1));
    let same = contexts.get_sync(&id("same")).unwrap();
    assert_eq!(same.version(), point.get(&id("same")).unwrap().version());
    assert_eq!(contexts.len_sync(), 2);
    contexts.plugins().remove("deletes");
}

/// Restores whenever it is told of something, and tells whether it could.
struct Restores<S: SyncStrategyKind>(Contexts<S>, mpsc::SyncSender<bool>);

impl<S: SyncStrategyKind> Restores<S> {
    fn restore(&self) {
        match self.0.recovery().restore_sync(Select::Latest) {
            Ok(_) => self.1.send(true).unwrap(),
            Err(RecoveryError::Batch(BatchError::Reentrant(_))) => self.1.send(false).unwrap(),
            Err(other) => panic!("{other:?}"),
        }
    }
}

impl<S: SyncStrategyKind> Observer for Restores<S> {
    fn committed(&self, _: &Commit) {
        self.restore();
    }
}

fn restores_in_a_restore<S: SyncStrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts.create_sync(id("a"), Document::new()).unwrap();
    contexts.recovery().create_sync(None).unwrap();
    let (sender, told) = mpsc::sync_channel(9);
    let in_observer = Restores(contexts.clone(), sender.clone());
    let in_validator = Restores(contexts.clone(), sender);
    let validate = move |_: &Proposal<'_>| {
        in_validator.restore();
        Ok(())
    };

    contexts.plugins().add_observer("o", in_observer).unwrap();
    contexts.plugins().add_validator("v", validate).unwrap();
    contexts.delete_sync(&id("a"), None).unwrap();
    // Of the deletion, outside of any restore; the plugins of that one are inside.
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(contexts.len_sync(), 1);

    for name in ["o", "v"] {
        contexts.plugins().remove(name);
    }
    contexts.delete_sync(&id("a"), None).unwrap();
    contexts.recovery().restore_sync(Select::Latest).unwrap();
}
