//! Which auto traits public types and futures have. They are part of the interface though nobody
//! writes them down: a private field can take one away, or give one that cannot be taken back.

#![allow(clippy::unwrap_used, reason = "test code")]
// What is pinned need not be pinned for each strategy.
#![cfg_attr(not(feature = "all-strategies"), allow(dead_code, unused_imports))]

mod probe;

use std::cell::Cell;
use std::marker::{PhantomData, PhantomPinned};
use std::sync::MutexGuard;

use contexture_strategies::kind::{self, Visitor};
use contexture_strategies::*;
use probe::{ALL, Pin, assert_as_wanted, assert_pinned, exports, pin, pins, probe_result};

// What values and closures may lack, one at a time where that is possible.
type NoSend = PhantomData<MutexGuard<'static, u8>>;
type NoSync = PhantomData<Cell<u8>>;
type NoSendNoSync = PhantomData<*const u8>;
type NoUnpin = PhantomPinned;
type NoUnwindSafe = PhantomData<&'static mut u8>;

fn parameters() -> Vec<Pin> {
    pins! {
        NoSend: "Sync Unpin UnwindSafe RefUnwindSafe";
        NoSync: "Send Unpin UnwindSafe";
        NoSendNoSync: "Unpin UnwindSafe RefUnwindSafe";
        NoUnpin: "Send Sync UnwindSafe RefUnwindSafe";
        NoUnwindSafe: "Send Sync Unpin RefUnwindSafe";
    }
}

/// What the parameter lacks, the whole lacks.
fn values() -> Vec<Pin> {
    pins! {
        Version: ALL;
        Options: ALL;
        Reentrant: ALL;
        CreateError: ALL;
        CompareAndSetError: ALL;
        RemoveError: ALL;
        BatchError: ALL;

        UpdateError: ALL;
        UpdateError<NoSend>: "Sync Unpin UnwindSafe RefUnwindSafe";
        UpdateError<NoSync>: "Send Unpin UnwindSafe";
        UpdateError<NoUnpin>: "Send Sync UnwindSafe RefUnwindSafe";
        UpdateError<NoUnwindSafe>: "Send Sync Unpin RefUnwindSafe";

        Change<u8>: ALL;
        Change<NoSend>: "Sync Unpin UnwindSafe RefUnwindSafe";
        Change<NoSync>: "Send Unpin UnwindSafe";
        Change<NoUnpin>: "Send Sync UnwindSafe RefUnwindSafe";
        Change<NoUnwindSafe>: "Send Sync Unpin RefUnwindSafe";

        Batch<u8, u8>: ALL;
        Batch<NoSend, u8>: "Sync Unpin UnwindSafe RefUnwindSafe";
        Batch<u8, NoSend>: "Sync Unpin UnwindSafe RefUnwindSafe";
        Batch<NoSync, u8>: "Send Unpin UnwindSafe";
        Batch<u8, NoSync>: "Send Unpin UnwindSafe";
        Batch<NoUnpin, u8>: "Send Sync UnwindSafe RefUnwindSafe";
        Batch<u8, NoUnpin>: "Send Sync UnwindSafe RefUnwindSafe";
        Batch<NoUnwindSafe, u8>: "Send Sync Unpin RefUnwindSafe";
        Batch<u8, NoUnwindSafe>: "Send Sync Unpin RefUnwindSafe";
    }
}

/// They share what they refer to, so they are `Send` and `Sync` only if all of it is both. And
/// they are `Unpin` whatever it is.
fn handles() -> Vec<Pin> {
    let mut handles = pins! {
        Versioned<u8>: ALL;
        Versioned<NoSend>: "Unpin UnwindSafe RefUnwindSafe";
        Versioned<NoSync>: "Unpin";
        Versioned<NoSendNoSync>: "Unpin UnwindSafe RefUnwindSafe";
        Versioned<NoUnpin>: ALL;
        Versioned<NoUnwindSafe>: ALL;

        Snapshot<u8, u8>: ALL;
        Snapshot<NoSend, u8>: "Unpin UnwindSafe RefUnwindSafe";
        Snapshot<u8, NoSend>: "Unpin UnwindSafe RefUnwindSafe";
        Snapshot<NoSync, u8>: "Unpin";
        Snapshot<u8, NoSync>: "Unpin";
        Snapshot<NoSendNoSync, NoSendNoSync>: "Unpin UnwindSafe RefUnwindSafe";
        Snapshot<NoUnpin, NoUnpin>: ALL;
        Snapshot<NoUnwindSafe, NoUnwindSafe>: ALL;

        Commit<'static, u8, u8>: "Send Sync Unpin RefUnwindSafe";
        Commit<'static, NoSend, u8>: "Send Sync Unpin RefUnwindSafe";
        Commit<'static, u8, NoSend>: "Unpin RefUnwindSafe";
        Commit<'static, NoSync, u8>: "Unpin";
        Commit<'static, u8, NoSync>: "Unpin";
        Commit<'static, NoUnpin, NoUnpin>: "Send Sync Unpin RefUnwindSafe";
        Commit<'static, NoUnwindSafe, NoUnwindSafe>: "Send Sync Unpin RefUnwindSafe";

        // Made only of keys and values that are both.
        SnapshotIter<'static, u8, u8>: "Send Sync Unpin";
        SnapshotIter<'static, NoUnpin, NoUnpin>: "Send Sync Unpin";
    };
    handles.extend([
        pin!(
            "Snapshot::iter",
            ALL,
            probe_result(|snapshot: &'static Snapshot<u8, u8>| snapshot.iter())
        ),
        pin!(
            "Snapshot::iter<NoSync>",
            "Unpin",
            probe_result(|snapshot: &'static Snapshot<u8, NoSync>| snapshot.iter())
        ),
    ]);
    handles
}

fn kinds() -> Vec<Pin> {
    pins! {
        kind::TokioMutex: ALL;
        kind::TokioRwLock: ALL;
        kind::ParkingLot: ALL;
        kind::ArcSwap: ALL;
        kind::Sharded: ALL;
        kind::Slotted: ALL;
    }
}

/// Each store, and the future of each of its methods.
macro_rules! stores {
    ($(
        $feature:literal => $store:ident {
            key without Sync: $no_sync:expr,
            without Unpin: $no_unpin:expr,
            futures: $future:expr,
        }
    )*) => {
        fn stores() -> Vec<Pin> {
            let stores: Vec<Vec<Pin>> = vec![$(
                #[cfg(feature = $feature)]
                pins! {
                    $store<u8, u8>: ALL;
                    $store<NoSend, u8>: "Unpin UnwindSafe RefUnwindSafe";
                    $store<u8, NoSend>: "Unpin UnwindSafe RefUnwindSafe";
                    $store<NoSync, u8>: $no_sync;
                    $store<u8, NoSync>: "Unpin UnwindSafe RefUnwindSafe";
                    $store<NoSendNoSync, NoSendNoSync>: "Unpin UnwindSafe RefUnwindSafe";
                    $store<NoUnpin, NoUnpin>: $no_unpin;
                    $store<NoUnwindSafe, NoUnwindSafe>: ALL;
                },
            )*];
            stores.into_iter().flatten().collect()
        }

        fn futures() -> Vec<Pin> {
            let futures: Vec<Vec<Pin>> = vec![$(
                #[cfg(feature = $feature)]
                futures_of!($store, $future),
            )*];
            futures.into_iter().flatten().collect()
        }

        /// Features and stores in the order of the registry.
        const STORES: &[(&str, &str)] = &[$(
            #[cfg(feature = $feature)]
            ($feature, stringify!($store)),
        )*];
    };
}

macro_rules! futures_of {
    ($store:ident, $wanted:expr) => {{
        type Store = &'static $store<u8, u8>;
        macro_rules! future {
            ($method:literal, $call:expr) => {
                future!($method, $wanted[0], $call)
            };
            ($method:literal, $other:expr, $call:expr) => {
                pin!(
                    concat!(stringify!($store), "::", $method),
                    $other,
                    probe_result($call)
                )
            };
        }
        vec![
            future!("read", |store: Store| store.read(&0, |n| **n)),
            future!("get", |store: Store| store.get(&0)),
            future!("create", |store: Store| store.create(0, 0)),
            future!("update", |store: Store| store.update(&0, |n| **n)),
            future!("try_update", |store: Store| store
                .try_update(&0, |n| n.checked_add(1).ok_or(()))),
            future!("compare_and_set", |store: Store| store.compare_and_set(
                &0,
                Version::FIRST,
                0
            )),
            future!("remove", |store: Store| store.remove(&0, None)),
            future!("apply", |store: Store| store.apply(Batch::new())),
            future!("snapshot", |store: Store| store.snapshot()),
            future!("create_with", |store: Store| store.create_with(
                0,
                0,
                |_| ()
            )),
            future!("try_update_with", |store: Store| {
                store.try_update_with(&0, |n| n.checked_add(1).ok_or(()), |_| ())
            }),
            future!("compare_and_set_with", |store: Store| {
                store.compare_and_set_with(&0, Version::FIRST, 0, |_| ())
            }),
            future!("remove_with", |store: Store| store.remove_with(
                &0,
                None,
                |_| ()
            )),
            future!("apply_with", |store: Store| store
                .apply_with(Batch::new(), |_| ())),
            future!("snapshot_with", |store: Store| store.snapshot_with(|| 0)),
            future!("len", |store: Store| store.len()),
            future!("is_empty", |store: Store| store.is_empty()),
            future!("read<NoSync>", $wanted[1], |store: Store| store
                .read(&0, giving(PhantomData))),
            future!("try_update<NoSync>", $wanted[1], |store: Store| {
                store.try_update(&0, refusing(PhantomData))
            }),
            future!("create_with<NoSync>", $wanted[1], |store: Store| {
                store.create_with(0, 0, hearing(PhantomData))
            }),
        ]
    }};
}

// What futures are, and what they are if their closures are not `Sync`. None is `Unpin`.
const READY: [&str; 2] = ["Send Sync UnwindSafe RefUnwindSafe", "Send UnwindSafe"];
/// Waiting for a tokio lock is not unwind safe.
const AWAITING: [&str; 2] = ["Send Sync", "Send"];

// The probes cannot see through closures of their own function.
fn giving(result: NoSync) -> impl FnOnce(&Versioned<u8>) -> NoSync + Send {
    move |_| result
}
fn hearing(kept: NoSync) -> impl FnOnce(&mut [Commit<'_, u8, u8>]) + Send {
    move |_| assert_eq!(kept, PhantomData)
}
fn refusing(error: NoSync) -> impl FnOnce(&Versioned<u8>) -> Result<u8, NoSync> + Send {
    move |_| Err(error)
}

stores! {
    "tokio-mutex" => TokioMutex {
        key without Sync: ALL,
        without Unpin: "Send Sync UnwindSafe RefUnwindSafe",
        futures: AWAITING,
    }
    "tokio-rwlock" => TokioRwLock {
        key without Sync: "Send Unpin UnwindSafe RefUnwindSafe",
        without Unpin: "Send Sync UnwindSafe RefUnwindSafe",
        futures: AWAITING,
    }
    "parking-lot" => ParkingLot {
        key without Sync: "Send Unpin UnwindSafe RefUnwindSafe",
        without Unpin: "Send Sync UnwindSafe RefUnwindSafe",
        futures: READY,
    }
    "arc-swap" => ArcSwap {
        key without Sync: "Unpin UnwindSafe RefUnwindSafe",
        without Unpin: ALL,
        futures: READY,
    }
    "sharded" => Sharded {
        key without Sync: "Send Unpin UnwindSafe RefUnwindSafe",
        without Unpin: ALL,
        futures: READY,
    }
    "slotted" => Slotted {
        key without Sync: "Unpin UnwindSafe RefUnwindSafe",
        without Unpin: ALL,
        futures: READY,
    }
}

#[test]
fn parameters_lack_one_thing_each() {
    assert_as_wanted(&parameters());
}

#[test]
fn values_are_what_their_parameters_are() {
    assert_as_wanted(&values());
}

#[test]
fn handles_can_be_sent_and_shared_if_what_they_share_can() {
    assert_as_wanted(&handles());
}

#[test]
fn kinds_are_everything() {
    assert_as_wanted(&kinds());
}

#[test]
fn stores_can_be_sent_shared_and_seen_after_a_panic() {
    assert_as_wanted(&stores());
}

#[test]
fn futures_can_be_sent_and_must_be_pinned() {
    assert_as_wanted(&futures());
}

/// A type that is exported without being pinned here fails this.
#[test]
#[cfg(feature = "all-strategies")]
fn every_exported_type_is_pinned() {
    let traits = [
        include_str!("../../src/strategy.rs"),
        include_str!("../../src/sync_strategy.rs"),
        include_str!("../../src/kind.rs"),
    ];
    let is_trait = |name: &str| {
        let declared = format!("\npub trait {name}:");
        traits.iter().any(|source| source.contains(&declared))
    };
    let exported = exports(include_str!("../../src/lib.rs"))
        .into_iter()
        .chain(exports(include_str!("../../src/error.rs")))
        .chain(exports(include_str!("../../src/kind.rs")))
        .filter(|name| !is_trait(name));
    let pins: Vec<Pin> = values()
        .into_iter()
        .chain(handles())
        .chain(stores())
        .collect();
    assert_pinned(exported, &pins);

    let registered = include_str!("../../src/kind.rs")
        .lines()
        .filter_map(|line| line.split_once("\" => "))
        .map(|(_, name)| format!("kind::{}", name.trim_end_matches(',')));
    assert_pinned(registered, &kinds());
}

#[test]
fn every_future_of_every_strategy_is_pinned() {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<S: StrategyKind>(&mut self) {
            self.0.push(S::NAME);
        }
    }
    let mut registered = Names(Vec::new());
    kind::visit_all(&mut registered);
    let (features, stores): (Vec<_>, Vec<_>) = STORES.iter().copied().unzip();
    assert_eq!(registered.0, features);

    let source = include_str!("../../src/strategy.rs");
    let contract = source
        .split("\npub trait ")
        .find(|part| part.starts_with("Strategy:"));
    let methods: Vec<&str> = contract
        .unwrap()
        .split("\n    fn ")
        .skip(1)
        .filter(|method| {
            method
                .split(['{', ';'])
                .next()
                .unwrap()
                .contains("impl Future")
        })
        .map(|method| method.split(['<', '(']).next().unwrap())
        .collect();
    let futures = futures();
    for store in stores {
        let names = methods.iter().map(|method| format!("{store}::{method}"));
        assert_pinned(names, &futures);
    }
}
