//! What a client sees and writes is its current context, and what others write to it.

use crate::subject::{Client, Subject};
use crate::{Kept, REPETITIONS, ensure, holding, number, promises, together};

promises! {
    a_switch_changes_the_current_context: REPETITIONS, switches(), broken: "after the switch to a";
    activating_b_neither_shows_nor_writes_what_a_holds: REPETITIONS, keeps_apart(), broken: "b shows what a holds";
    what_one_client_writes_another_sees: REPETITIONS, seen_by_others(), broken: "bob sees 0";
    clients_of_several_contexts_keep_them_apart: REPETITIONS, many_clients(4), broken: "belongs to";
}

async fn switches<T: Subject>() -> Kept {
    let store = T::new();
    let client = store.client("ann");
    for (value, id) in ["a", "b"].into_iter().enumerate() {
        store.create(id, holding("of", value)).await.unwrap();
        client.activate(id).await;
    }
    for id in ["a", "b", "b", "a"] {
        client.switch(id).await;
        let current = client.current().await;
        ensure!(
            current.as_deref() == Some(id),
            "after the switch to {id} the current one is {current:?}"
        );
    }
    Ok(())
}

async fn keeps_apart<T: Subject>() -> Kept {
    let store = T::new();
    store.create("a", holding("of", 1)).await.unwrap();
    store.create("b", holding("of", 2)).await.unwrap();
    let client = store.client("ann");
    client.activate("a").await;
    client.switch("a").await;
    client.set("secret", 7).await;
    client.activate("b").await;
    client.switch("b").await;

    let shown = client.shown().await;
    ensure!(shown == holding("of", 2), "b shows what a holds: {shown}");
    client.set("n", 8).await;
    let b = store.get("b").await.unwrap().document;
    let expected = holding("of", 2).with("n", &8).unwrap();
    ensure!(b == expected, "b got what a holds: {b}");
    let a = store.get("a").await.unwrap().document;
    let expected = holding("of", 1).with("secret", &7).unwrap();
    ensure!(a == expected, "a got what is b's: {a}");
    Ok(())
}

async fn seen_by_others<T: Subject>() -> Kept {
    let store = T::new();
    store.create("a", holding("n", 0)).await.unwrap();
    let [ann, bob] = ["ann", "bob"].map(|name| store.client(name));
    for client in [&ann, &bob] {
        client.activate("a").await;
        client.switch("a").await;
    }
    for n in 1..=5 {
        let (writer, reader) = if n % 2 == 1 {
            (&ann, &bob)
        } else {
            (&bob, &ann)
        };
        writer.set("n", n).await;
        reader.synchronise().await;
        let seen = number(&reader.shown().await, "n");
        ensure!(seen == n, "ann wrote {n}, and bob sees {seen}");
    }
    Ok(())
}

/// Each client goes back and forth between a context of its own and one of the neighbour's.
async fn many_clients<T: Subject>(clients: usize) -> Kept {
    let store = T::new();
    for client in 0..clients {
        let document = holding("of", client);
        store.create(&client.to_string(), document).await.unwrap();
    }
    let kept = together(clients, |number_of| {
        let store = store.clone();
        async move {
            let own = store.client(&number_of.to_string());
            let ids = [number_of, (number_of + 1) % clients];
            for id in ids {
                own.activate(&id.to_string()).await;
            }
            for turn in 0..6 {
                let id = ids[turn % 2];
                own.switch(&id.to_string()).await;
                own.set(&format!("{number_of}/{turn}"), 1).await;
                let shown = number(&own.shown().await, "of");
                ensure!(shown == id as u64, "what {id} shows belongs to {shown}");
            }
            Ok(())
        }
    });
    for kept in kept.await {
        kept?;
    }
    for id in 0..clients {
        let document = store.get(&id.to_string()).await.unwrap().document;
        ensure!(
            number(&document, "of") == id as u64,
            "what is in {id} belongs to {document}"
        );
        // Three turns of its own client, three of the one before, and what it is of.
        ensure!(document.len() == 7, "{id} holds {document}");
    }
    Ok(())
}
