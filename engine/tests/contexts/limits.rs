//! The limits hold, and what they refuse changes nothing.

use std::sync::Arc;

use contexture::{
    Batch, BatchError, CompareAndSetError, Contexts, CreateError, LimitExceeded, StrategyKind,
    UpdateError,
};

use super::{document, id, n, over_every_strategy};

over_every_strategy! {
    a_document_beyond_the_limit_is_refused_everywhere => document_bytes;
    the_limit_of_contexts_holds_among_many_creators => max_contexts;
    a_batch_keeps_the_limit_of_contexts => batch_max_contexts;
}

async fn document_bytes<S: StrategyKind>() {
    let fits = document(r#"{"n": 1, "text": "xxxx"}"#);
    let limit = fits.byte_size();
    let large = fits.with("text", "xxxxx").unwrap();
    assert_eq!(large.byte_size(), limit + 1);
    let contexts = Contexts::<S>::builder().max_document_bytes(limit).build();
    let (a, b) = (id("a"), id("b"));

    let first = contexts.create(a.clone(), fits.clone()).await.unwrap();
    let refused = contexts.create(b.clone(), large.clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the document of context `b` takes {} bytes, and the limit is {limit}",
            limit + 1
        )
    );
    let too_large = |error: LimitExceeded| (error.id, error.bytes, error.limit);
    match refused {
        CreateError::LimitExceeded(error) => {
            assert_eq!(too_large(error), (b.clone(), limit + 1, limit));
        }
        other => panic!("{other:?}"),
    }
    match contexts.update(&a, |_| large.clone()).await.unwrap_err() {
        UpdateError::LimitExceeded(error) => {
            assert_eq!(too_large(error), (a.clone(), limit + 1, limit));
        }
        other => panic!("{other:?}"),
    }
    let grown = contexts
        .try_update(&a, |context| context.with("more", &1))
        .await;
    assert!(matches!(grown, Err(UpdateError::LimitExceeded(_))));
    match contexts
        .compare_and_set(&a, first, large.clone())
        .await
        .unwrap_err()
    {
        CompareAndSetError::LimitExceeded(error) => {
            assert_eq!(too_large(error), (a.clone(), limit + 1, limit));
        }
        other => panic!("{other:?}"),
    }
    let batches = [
        Batch::new()
            .delete(a.clone(), None)
            .create(b.clone(), large.clone()),
        Batch::new()
            .create(b.clone(), fits)
            .put(a.clone(), large.clone()),
        Batch::new().compare_and_set(a.clone(), first, large),
    ];
    for batch in batches {
        let refused = contexts.apply(batch).await;
        assert!(
            matches!(refused, Err(BatchError::LimitExceeded(_))),
            "{refused:?}"
        );
    }

    assert_eq!(contexts.list().await, [id("a")]);
    let unchanged = contexts.get(&a).await.unwrap();
    assert_eq!((unchanged.version(), n(&unchanged)), (first, 1));
}

async fn max_contexts<S: StrategyKind>() {
    const LIMIT: usize = 10;
    let contexts = Arc::new(Contexts::<S>::builder().max_contexts(LIMIT).build());
    let creators: Vec<_> = (0..40)
        .map(|number| {
            let contexts = Arc::clone(&contexts);
            tokio::spawn(async move {
                contexts
                    .create(id(&number.to_string()), document("{}"))
                    .await
            })
        })
        .collect();
    let mut created = 0;
    for creator in creators {
        match creator.await.unwrap() {
            Ok(_) => created += 1,
            Err(CreateError::Full { limit, .. }) => assert_eq!(limit, LIMIT),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((created, contexts.len().await), (LIMIT, LIMIT));

    // A deletion makes room for one.
    let ids = contexts.list().await;
    contexts.delete(&ids[0], None).await.unwrap();
    contexts.create(id("a"), document("{}")).await.unwrap();
    assert!(contexts.create(id("b"), document("{}")).await.is_err());
}

async fn batch_max_contexts<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_contexts(2).build();
    let [a, b, c] = ["a", "b", "c"].map(id);
    let all = [&a, &b, &c].map(|id| {
        (
            id.clone(),
            contexture::Change::Create(document("{}").into()),
        )
    });
    let refused = contexts.apply(all.into_iter().collect()).await;
    assert_eq!(refused, Err(BatchError::Full { limit: 2 }));
    assert!(contexts.is_empty().await);

    contexts.create(a.clone(), document("{}")).await.unwrap();
    contexts.create(b.clone(), document("{}")).await.unwrap();
    let exchange = Batch::new()
        .delete(a, None)
        .create(c.clone(), document("{}"));
    contexts.apply(exchange).await.unwrap();
    assert_eq!(contexts.list().await, [b, c]);
}
