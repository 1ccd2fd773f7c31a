//! The operations without async do what those with it do.

use super::over_every_sync_strategy;

over_every_sync_strategy! {
    a_session_works_without_async;
    closures_need_not_be_sent;
    threads_share_a_session;
}

mod cases {
    use std::cell::Cell;
    use std::rc::Rc;

    use contexture::sessions::{SessionError, Sessions, Status};
    use contexture::{Contexts, Document, SyncStrategyKind, UpdateError};

    use crate::{eager, id};

    pub(super) fn a_session_works_without_async<S: SyncStrategyKind>() {
        let contexts = Contexts::<S>::new();
        let (a, b) = (id("a"), id("b"));
        let sessions = Sessions::builder(contexts.clone())
            .auto_create(true)
            .build();
        let client = sessions.client("ann");
        assert_eq!(client.get_sync().unwrap_err(), SessionError::NoCurrent);
        let refused = client.switch_sync(&a);
        assert_eq!(refused, Err(SessionError::NotActive { id: a.clone() }));
        client.activate_sync(&a).unwrap();
        client.switch_sync(&a).unwrap();
        client.set_sync("n", &1).unwrap();
        client.activate_sync(&b).unwrap();
        assert_eq!(client.active_sync(), [a.clone(), b.clone()]);
        client.switch_sync(&b).unwrap();
        assert_eq!(client.current_sync(), Some(b.clone()));
        let update = client.update_sync(|context| context.with("m", &2).unwrap());
        update.unwrap();
        assert_eq!(client.get_sync().unwrap().as_json(), r#"{"m":2}"#);
        assert_eq!(contexts.get_sync(&a).unwrap().as_json(), r#"{"n":1}"#);
        assert!(client.deactivate(&b));
        assert_eq!(client.status_sync(&b), Status::Inactive);
        assert_eq!(client.status_sync(&id("c")), Status::NonExistent);
        contexts.delete_sync(&a, None).unwrap();
        assert!(client.active_sync().is_empty());
    }

    pub(super) fn closures_need_not_be_sent<S: SyncStrategyKind>() {
        let contexts = Contexts::<S>::new();
        let client = eager(&contexts).build().client("ann");
        client.switch_sync(&id("a")).unwrap();
        let (seen, value) = (Rc::new(Cell::new(0)), Cell::new(7));
        let read = client.read_sync(|context| {
            seen.set(seen.get() + 1);
            (Rc::clone(&seen), context.len())
        });
        assert_eq!(read.unwrap(), (Rc::new(Cell::new(1)), 0));
        let refused = client.try_update_sync(|_| Err::<Document, _>(Rc::clone(&seen)));
        let aborted = UpdateError::Aborted(Rc::new(Cell::new(1)));
        assert_eq!(refused, Err(SessionError::Update(aborted)));
        client.set_sync("n", &value).unwrap();
        assert_eq!(client.get_sync().unwrap().as_json(), r#"{"n":7}"#);
    }

    pub(super) fn threads_share_a_session<S: SyncStrategyKind>() {
        let contexts = Contexts::<S>::new();
        let client = eager(&contexts).max_active(3).build().client("ann");
        std::thread::scope(|threads| {
            for n in 0..4 {
                let client = &client;
                threads.spawn(move || {
                    for round in 0..100 {
                        let id = id(&format!("{}", (n + round) % 5));
                        match client.switch_sync(&id) {
                            Ok(()) | Err(SessionError::TooManyActive { limit: 3 }) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                        assert!(client.active_sync().len() <= 3);
                        client.deactivate(&id);
                    }
                });
            }
        });
        assert!(client.active_sync().is_empty());
        assert_eq!(client.current_sync(), None);
    }
}
