//! What takes no lock in `arc-swap`: it is done while a commit's hook, which runs under the lock of
//! all writers, has not even begun to end. In both forms.

#![cfg(feature = "arc-swap")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test code; loom does not run it"
)]

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use contexture_strategies::{ArcSwap, Strategy, SyncStrategy};
use pollster::block_on;

#[test]
fn looks_at_an_arc_swap_wait_for_no_writer() {
    type Look = fn(&ArcSwap<u8, u8>) -> usize;
    let looks: [(&str, Look); 8] = [
        ("read_sync", |store| store.read_sync(&0, |_| 1).unwrap()),
        ("get_sync", |store| store.get_sync(&0).iter().count()),
        ("snapshot_sync", |store| store.snapshot_sync().len()),
        ("len_sync", SyncStrategy::len_sync),
        ("read", |store| block_on(store.read(&0, |_| 1)).unwrap()),
        ("get", |store| block_on(store.get(&0)).iter().count()),
        ("snapshot", |store| block_on(store.snapshot()).len()),
        ("len", |store| block_on(store.len())),
    ];
    for (name, look) in looks {
        let store = Arc::new(ArcSwap::new_sync());
        store.create_sync(0, 0).unwrap();
        let (seen, was_seen) = mpsc::channel();
        let other = Arc::clone(&store);
        let created = store.create_with_sync(1, 0, |_| {
            thread::spawn(move || seen.send(look(&other)));
            let answer = was_seen.recv_timeout(Duration::from_secs(20));
            assert_eq!(answer, Ok(1), "{name}");
        });
        created.unwrap();
    }
}
