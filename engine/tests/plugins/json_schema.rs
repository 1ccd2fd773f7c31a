//! JSON Schema as a validator.

use contexture::plugins::{JsonSchema, SchemaError};
use contexture::{Contexts, CreateError, Document, StrategyKind, UpdateError};
use serde_json::json;

use crate::{document, id, over_every_strategy, state};

over_every_strategy! {
    documents_are_held_to_the_schema => held;
    only_ids_with_the_prefix_are_held_to_it => prefix;
}

fn schema() -> JsonSchema {
    JsonSchema::new(&json!({
        "type": "object",
        "properties": {
            "user": {"type": "string", "maxLength": 5},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        },
        "required": ["user"],
        "$defs": {"item": {"type": "object", "properties": {"count": {"minimum": 1}}}},
    }))
    .unwrap()
}

async fn reason<S: StrategyKind>(contexts: &Contexts<S>, json: &str) -> String {
    match contexts.create(id("new"), document(json)).await {
        Err(CreateError::Refused(refused)) => refused.reason,
        other => panic!("{other:?}"),
    }
}

async fn held<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    contexts
        .plugins()
        .add_validator("schema", schema())
        .unwrap();
    let good = r#"{"user":"ann","items":[{"count":1}]}"#;
    contexts.create(id("a"), document(good)).await.unwrap();
    let before = state(&contexts).await;

    // Where it is, and what, but no value.
    assert_eq!(
        reason(
            &contexts,
            r#"{"user":"ann","items":[{"count":1},{"count":0}]}"#
        )
        .await,
        "/items/1/count: value is less than the minimum of 1"
    );
    assert_eq!(
        reason(&contexts, "{}").await,
        r#"the document: "user" is a required property"#
    );
    let secret = reason(&contexts, r#"{"user":"secret","items":"secret"}"#).await;
    assert!(
        secret.contains("/user: ") && secret.contains("/items: "),
        "{secret}"
    );
    assert!(!secret.contains("secret"), "{secret}");
    // A reason stays short.
    let items = vec![json!({"count": 0}); 20];
    let many = json!({"user": "ann", "items": items}).to_string();
    let many = reason(&contexts, &many).await;
    assert!(many.ends_with("; and 12 more"), "{many}");
    // Not even a number that nothing can hold.
    let large = reason(&contexts, r#"{"user":"ann","n":1e999}"#).await;
    let wanted = document(r#"{"n":1e999}"#)
        .to_value()
        .unwrap_err()
        .to_string();
    assert_eq!(large, wanted);

    let refused = contexts
        .update(&id("a"), |context| context.without("user"))
        .await;
    assert!(
        matches!(refused, Err(UpdateError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(state(&contexts).await, before);
    assert_eq!(contexts.plugins().panics(), 0);
}

async fn prefix<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let schema = schema().for_prefix("session/");
    contexts.plugins().add_validator("schema", schema).unwrap();
    contexts
        .create(id("cart/1"), Document::new())
        .await
        .unwrap();
    contexts
        .create(id("session"), Document::new())
        .await
        .unwrap();
    let refused = contexts.create(id("session/1"), Document::new()).await;
    assert!(
        matches!(refused, Err(CreateError::Refused(_))),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_schema_is_an_error_that_says_where() {
    let invalid = json!({"properties": {"a": {"type": "no such type"}}});
    let error = JsonSchema::new(&invalid).unwrap_err();
    let SchemaError::Invalid { location, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(location, "/properties/a/type");
    assert!(
        error.to_string().contains("`/properties/a/type`"),
        "{error}"
    );
    assert!(JsonSchema::new(&json!(7)).is_err());
    assert!(JsonSchema::new(&json!({"pattern": "("})).is_err());

    let numbers = document(r#"{"minimum":1e999}"#);
    let error = JsonSchema::from_document(&numbers).unwrap_err();
    assert!(matches!(error, SchemaError::Document(_)), "{error:?}");
    JsonSchema::from_document(&document(r#"{"type":"object"}"#)).unwrap();
    JsonSchema::new(&json!(true)).unwrap();
}

#[test]
fn nothing_is_fetched_or_read_from_a_file() {
    let file = std::env::current_exe().unwrap();
    let file = format!("file://{}", file.display());
    for other in ["https://example.com/schema.json", &file, "other.json"] {
        let error = JsonSchema::new(&json!({"$ref": other}));
        assert!(
            matches!(error, Err(SchemaError::Invalid { .. })),
            "{error:?}"
        );
    }
}
