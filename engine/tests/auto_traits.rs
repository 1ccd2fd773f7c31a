//! Which auto traits public types and futures have. They are part of the interface though nobody
//! writes them down: a private field can take one away, or give one that cannot be taken back.

#![allow(clippy::unwrap_used, reason = "test code")]
// What is pinned need not be pinned for each strategy.
#![cfg_attr(not(feature = "all-strategies"), allow(dead_code, unused_imports))]

#[path = "../../strategies/tests/auto_traits/probe.rs"]
mod probe;

use std::cell::Cell;
use std::marker::{PhantomData, PhantomPinned};

use contexture::document::{Editor, Iter, PatchFailure};
use contexture::error::{ClosureRefused, Limited};
use contexture::expiry::Sweeper;
use contexture::feed::{
    CallbackPanicked, Filter, Lagged, NothingYet, SubscribeError, Subscription, Watching,
};
use contexture::kind::Visitor;
use contexture::plugins::*;
use contexture::recovery::{Damage, Recovery, RecoveryError, RecoveryIoError, Restored, Select};
use contexture::sessions::{SessionSettings, SessionsBuilder, Status};
use contexture::*;
use probe::{ALL, Pin, assert_as_wanted, assert_pinned, exports, pin, pins, probe_result};

type NoSync = PhantomData<Cell<u8>>;
type NoUnpin = PhantomPinned;

/// An error of `serde_json` may hold an I/O error, and so anything; schemas hold callbacks.
const NO_UNWIND: &str = "Send Sync Unpin";

fn types() -> Vec<Pin> {
    pins! {
        Batch: ALL;
        Context: ALL;
        ContextRef<'static>: ALL;
        ChangeKind: ALL;
        ClosureRefused: ALL;
        Commit: ALL;
        ContextChange: ALL;
        Draft: ALL;
        History<'static>: ALL;
        HistoryEntry: ALL;
        Filter: ALL;
        Lagged: ALL;
        NothingYet: ALL;
        Subscription: ALL;
        Watching: ALL;
        SubscribeError: ALL;
        CallbackPanicked: ALL;
        Limited: ALL;
        ManualClock: ALL;
        Moment: ALL;
        Operation: ALL;
        Page: ALL;
        RecoveryPoint: ALL;
        Restored: ALL;
        Select: ALL;
        Revision: ALL;
        SystemClock: ALL;
        Sweeper: ALL;
        ContextId: ALL;
        Document: ALL;
        Editor<'static>: ALL;
        Field<'static>: ALL;
        Iter<'static>: ALL;
        JsonPatch: ALL;
        Merged: ALL;
        Snapshot: ALL;
        SessionSettings: ALL;
        Status: ALL;

        SessionError: ALL;

        DuplicatePlugin: ALL;
        JsonSchema: ALL;
        SchemaError: NO_UNWIND;
        Failure<'static>: ALL;
        PluginPanic: ALL;
        Plugins: ALL;
        Proposal<'static>: ALL;
        Reason: ALL;
        Refused: ALL;
        Audit<Vec<u8>>: ALL;
        Audit<NoSync>: ALL;

        BatchError: ALL;
        CompareAndSetError: ALL;
        CreateError: ALL;
        DeleteError: ALL;
        DocumentError: NO_UNWIND;
        LimitExceeded: ALL;
        RollbackError: ALL;
        TransformError: ALL;
        Damage: NO_UNWIND;
        RecoveryError: ALL;
        RecoveryIoError: NO_UNWIND;
        IdError: ALL;
        PatchError: NO_UNWIND;
        PatchFailure: NO_UNWIND;
        SessionError<NoSync>: "Send Unpin UnwindSafe";
        SessionError<NoUnpin>: "Send Sync UnwindSafe RefUnwindSafe";
        UpdateError: ALL;
        UpdateError<NoSync>: "Send Unpin UnwindSafe";
        UpdateError<NoUnpin>: "Send Sync UnwindSafe RefUnwindSafe";
    }
}

macro_rules! contexts {
    ($(
        $feature:literal => $kind:ident {
            futures: $future:expr,
        }
    )*) => {
        fn contexts() -> Vec<Pin> {
            let contexts: Vec<Vec<Pin>> = vec![$(
                #[cfg(any(feature = $feature, feature = "all-strategies"))]
                pins! {
                    Contexts<kind::$kind>: ALL;
                    Builder<kind::$kind>: ALL;
                    Session<kind::$kind>: ALL;
                    Sessions<kind::$kind>: ALL;
                    SessionsBuilder<kind::$kind>: ALL;
                    Recovery<kind::$kind>: ALL;
                },
            )*];
            contexts.into_iter().flatten().collect()
        }

        fn futures() -> Vec<Pin> {
            let futures: Vec<Vec<Pin>> = vec![$(
                #[cfg(any(feature = $feature, feature = "all-strategies"))]
                futures_of!($kind, $future),
            )*];
            futures.into_iter().flatten().collect()
        }

        /// Features and kinds in the order of the registry.
        const KINDS: &[(&str, &str)] = &[$(
            #[cfg(any(feature = $feature, feature = "all-strategies"))]
            ($feature, stringify!($kind)),
        )*];
    };
}

macro_rules! futures_of {
    ($kind:ident, $wanted:expr) => {{
        type Here = &'static (Contexts<kind::$kind>, ContextId);
        macro_rules! future {
            ($method:literal, $call:expr) => {
                future!($method, $wanted[0], $call)
            };
            ($method:literal, $other:expr, $call:expr) => {
                pin!(
                    concat!(stringify!($kind), "::", $method),
                    $other,
                    probe_result($call)
                )
            };
        }
        vec![
            future!("create", |(all, id): Here| all
                .create(id.clone(), Document::new())),
            future!("get", |(all, id): Here| all.get(id)),
            future!("read", |(all, id): Here| all
                .read(id, |context| context.len())),
            future!("update", |(all, id): Here| all
                .update(id, |context| context.document().clone())),
            future!("try_update", |(all, id): Here| all
                .try_update(id, |_| Err::<Document, _>(()))),
            future!("compare_and_set", |(all, id): Here| {
                all.compare_and_set(id, Version::FIRST, Document::new())
            }),
            future!("update_if", |(all, id): Here| all
                .update_if(id, |_| None::<Document>)),
            future!("renew", |(all, id): Here| all.renew(id)),
            future!("set_time_to_live", |(all, id): Here| all
                .set_time_to_live(id, None)),
            future!("write_over", |(all, _): Here| {
                all.write_over(read(), Document::new(), conflict::KeepLatest)
            }),
            future!("set_metadata", |(all, id): Here| all
                .set_metadata(id, Document::new())),
            future!("watch", |(all, _): Here| all.watch(Filter::new())),
            future!("rollback", |(all, id): Here| all
                .rollback(id, Version::FIRST)),
            future!("transform", |(all, id): Here| all.transform(id, "name")),
            future!("purge_expired", $wanted[2], |(all, _): Here| all
                .purge_expired()),
            future!("list_page", |(all, _): Here| all.list_page("", None, 1)),
            future!("delete", |(all, id): Here| all.delete(id, None)),
            future!("apply", |(all, _): Here| all.apply(Batch::new())),
            future!("list", |(all, _): Here| all.list()),
            future!("restore", |(all, _): Here| recovery(all)
                .restore(Select::Latest)),
            future!("restore_context", |(all, id): Here| {
                recovery(all).restore_context(Select::Latest, id)
            }),
            future!("snapshot", |(all, _): Here| all.snapshot()),
            future!("len", $wanted[2], |(all, _): Here| all.len()),
            future!("is_empty", $wanted[2], |(all, _): Here| all.is_empty()),
            future!("read<NoSync>", $wanted[1], |(all, id): Here| {
                all.read(id, giving(PhantomData))
            }),
            future!("try_update<NoSync>", $wanted[1], |(all, id): Here| {
                all.try_update(id, refusing(PhantomData))
            }),
        ]
    }};
}

// What futures are; what they are if what their closures return is not `Sync`; and those of
// operations that are in no span. None is `Unpin`, nor unwind safe: on its way, a write is told by
// its hook what was committed.
const READY: [&str; 3] = ["Send Sync", "Send", "Send Sync RefUnwindSafe"];
/// Waiting for a tokio lock is not unwind safe.
const AWAITING: [&str; 3] = ["Send Sync", "Send", "Send Sync"];

fn recovery<S: StrategyKind>(all: &'static Contexts<S>) -> &'static Recovery<S> {
    Box::leak(Box::new(all.recovery()))
}

// The probes cannot see through closures of their own function, and call nothing.
fn read() -> &'static Context {
    unreachable!()
}
fn giving(result: NoSync) -> impl FnOnce(ContextRef<'_>) -> NoSync + Send {
    move |_| result
}
fn refusing(error: NoSync) -> impl FnOnce(ContextRef<'_>) -> Result<Document, NoSync> + Send {
    move |_| Err(error)
}

contexts! {
    "tokio-mutex" => TokioMutex {
        futures: AWAITING,
    }
    "tokio-rwlock" => TokioRwLock {
        futures: AWAITING,
    }
    "parking-lot" => ParkingLot {
        futures: READY,
    }
    "arc-swap" => ArcSwap {
        futures: READY,
    }
    "sharded" => Sharded {
        futures: READY,
    }
    "slotted" => Slotted {
        futures: READY,
    }
}

#[test]
fn types_are_as_they_were() {
    assert_as_wanted(&types());
}

#[test]
fn contexts_can_be_sent_shared_and_seen_after_a_panic() {
    assert_as_wanted(&contexts());
}

#[test]
fn futures_can_be_sent_and_must_be_pinned() {
    assert_as_wanted(&futures());
}

/// A type that is exported without being pinned here fails this.
#[test]
fn every_exported_type_is_pinned() {
    let exported = exports(include_str!("../src/lib.rs"))
        .into_iter()
        .chain(exports(include_str!("../src/error.rs")))
        .chain(exports(include_str!("../src/document/mod.rs")))
        .chain(exports(include_str!("../src/feed/mod.rs")))
        .chain(exports(include_str!("../src/plugins/mod.rs")))
        .chain(exports(include_str!("../src/sessions/mod.rs")))
        .chain(exports(include_str!("../src/recovery/mod.rs")));
    // Traits have none.
    let exported = exported.filter(|name| name != "Clock");
    let pins: Vec<Pin> = types().into_iter().chain(contexts()).collect();
    assert_pinned(exported, &pins);
}

#[test]
fn every_future_is_pinned() {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<S: StrategyKind>(&mut self) {
            self.0.push(S::NAME);
        }
    }
    let mut registered = Names(Vec::new());
    kind::visit_all(&mut registered);
    let (features, kinds): (Vec<_>, Vec<_>) = KINDS.iter().copied().unzip();
    if cfg!(feature = "all-strategies") {
        assert_eq!(registered.0, features);
    }

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/contexts");
    let files = std::fs::read_dir(folder).unwrap();
    let files: Vec<String> = files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let methods: Vec<&str> = files
        .iter()
        .flat_map(|file| file.split("\n    pub async fn ").skip(1))
        .filter_map(|method| method.split(['<', '(']).next())
        .collect();
    let futures = futures();
    for kind in kinds {
        let names = methods.iter().map(|method| format!("{kind}::{method}"));
        assert_pinned(names, &futures);
    }
}
