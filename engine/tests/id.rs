//! Context ids: what is accepted, and that the text comes back as it went in.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use contexture::{ContextId, IdError};

#[test]
fn an_id_has_1_to_512_bytes() {
    assert_eq!(ContextId::new(""), Err(IdError::Empty));
    assert!(ContextId::new("x").is_ok());
    assert!(ContextId::new("x".repeat(512)).is_ok());
    assert_eq!(
        ContextId::new("x".repeat(513)),
        Err(IdError::TooLong { len: 513 })
    );
    // Bytes count, not characters.
    assert_eq!(
        ContextId::try_from("é".repeat(257)),
        Err(IdError::TooLong { len: 514 })
    );
    assert_eq!(
        IdError::TooLong { len: 513 }.to_string(),
        "a context id has at most 512 bytes, not 513"
    );
}

#[test]
fn any_text_is_an_id_and_means_nothing() {
    for text in [
        "../x",
        "/etc/passwd",
        "..",
        "a\0b",
        "C:\\x",
        " ",
        "\n",
        "%2e%2e",
        "日本",
        "🦀",
    ] {
        let id = ContextId::try_from(text).unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(id.as_ref(), text);
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse::<ContextId>().unwrap(), id);
        assert_eq!(ContextId::try_from(text.to_owned()).unwrap(), id);
    }
}

#[test]
fn maps_of_ids_are_searched_by_text() {
    let id = ContextId::new("b").unwrap();
    assert!(HashMap::from([(id.clone(), 1)]).contains_key("b"));
    assert!(BTreeMap::from([(id.clone(), 1)]).contains_key("b"));
    assert!(ContextId::new("a").unwrap() < id);
}

#[test]
fn serde_checks_what_comes_in() {
    let id = ContextId::new("a\"b").unwrap();
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, r#""a\"b""#);
    assert_eq!(serde_json::from_str::<ContextId>(&json).unwrap(), id);

    let refused = serde_json::from_str::<ContextId>(r#""""#).unwrap_err();
    assert!(
        refused.to_string().contains("must not be empty"),
        "{refused}"
    );
    let long = format!("\"{}\"", "x".repeat(513));
    assert!(serde_json::from_str::<ContextId>(&long).is_err());
    assert!(serde_json::from_str::<ContextId>("1").is_err());
}
