//! What is no document: always a typed error, never a panic.

use std::collections::BTreeMap;
use std::error::Error;

use contexture::{Document, DocumentError};
use proptest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::Value;

#[test]
fn invalid_json_tells_where() {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":NaN}",
        "{\"a\":'x'}",
        "{\"a\":\"x}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":tru}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{} {}",
        "{}x",
        "{1:2}",
        "nope",
        "{\"\\ud800\":1}",
        "{\"a\":\"\\u12\"}",
        "\u{feff}{}",
    ];
    for text in texts {
        let error = Document::parse(text).unwrap_err();
        assert!(
            matches!(error, DocumentError::Syntax(_)),
            "{text:?}: {error:?}"
        );
    }
    let error = Document::parse("{\"a\": 1,\n \"b\": }").unwrap_err();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .ends_with("at line 2 column 7"),
        "{error:?}"
    );
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    for bytes in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"\xc3\":1}",
        b"\xff",
        b"{\"a\":\xff}",
    ] {
        assert!(
            matches!(Document::parse(bytes), Err(DocumentError::Syntax(_))),
            "{bytes:?}"
        );
    }
}

#[test]
fn another_value_is_named() {
    let others = [
        (" [1]", "an array"),
        ("\"x\"", "a string"),
        ("-1", "a number"),
        ("1e5", "a number"),
        ("true", "a boolean"),
        ("false", "a boolean"),
        ("null", "null"),
    ];
    for (text, expected) in others {
        match Document::parse(text).unwrap_err() {
            DocumentError::NotAnObject { found } => assert_eq!(found, expected),
            error => panic!("{text}: {error:?}"),
        }
        let value: Value = serde_json::from_str(text).unwrap();
        let refused = Document::try_from(value);
        assert!(matches!(refused, Err(DocumentError::NotAnObject { found }) if found == expected));
        assert!(serde_json::from_str::<Document>(text).is_err());
    }
}

#[test]
fn nesting_has_the_limit_of_the_parser() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"a\":{open}{close}}}")
    };
    let deepest = Document::parse(nested(Document::MAX_DEPTH)).unwrap();
    let value: Value = serde_json::from_str(deepest.as_json()).unwrap();
    assert_eq!(deepest.to_value().unwrap(), value);
    assert!(serde_json::from_str::<Value>(&nested(Document::MAX_DEPTH + 1)).is_err());

    for levels in [Document::MAX_DEPTH + 1, 100_000] {
        assert!(matches!(
            Document::parse(nested(levels)),
            Err(DocumentError::TooDeep)
        ));
        assert!(serde_json::from_str::<Document>(&nested(levels)).is_err());
    }
    let once_more = Document::new().with("a", &value);
    assert!(matches!(once_more, Err(DocumentError::TooDeep)));
    let mut editor = deepest.edit();
    assert!(matches!(
        editor.set("a", &value),
        Err(DocumentError::TooDeep)
    ));
    assert_eq!(editor.finish().unwrap(), deepest);
}

#[test]
fn half_a_surrogate_pair_is_no_text() {
    for string in [
        r"\ud800",
        r"\uDC00",
        r"x\ud800y",
        r"\ud800\ud800",
        r"\ud83e\u0041",
    ] {
        for json in [
            format!("{{\"a\":\"{string}\"}}"),
            format!("{{\"a\":[{{\"{string}\":1}}]}}"),
        ] {
            let refused = Document::parse(&json);
            assert!(
                matches!(refused, Err(DocumentError::UnpairedSurrogate)),
                "{json}"
            );
            assert!(serde_json::from_str::<Document>(&json).is_err());
        }
    }
    // An escaped backslash before a `u` is no escape of a character.
    assert!(Document::parse(r#"{"a": "\\ud800"}"#).is_ok());
}

#[test]
fn a_value_that_refuses_changes_nothing() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }

    let document = Document::new();
    assert!(matches!(
        document.with("a", &Refuses),
        Err(DocumentError::Serialize(_))
    ));
    assert!(matches!(
        Document::from_serialize(&Refuses),
        Err(DocumentError::Serialize(_))
    ));
    let keys_of_lists = BTreeMap::from([(vec![1], 2)]);
    assert!(matches!(
        document.with("a", &keys_of_lists),
        Err(DocumentError::Serialize(_))
    ));
    let mut editor = document.edit();
    assert!(editor.set("a", &Refuses).is_err());
    assert_eq!(editor.finish().unwrap(), document);
}

#[test]
#[ignore = "takes a gigabyte of memory"]
fn a_document_beyond_the_limit_is_refused() {
    // The text, `{"a":""}`, and the index of one field.
    let rest = Document::new().with("a", "").unwrap().byte_size();
    let mut text = "x".repeat(Document::MAX_BYTES - rest);
    let largest = Document::new().with("a", &text).unwrap();
    assert_eq!(largest.byte_size(), Document::MAX_BYTES);
    assert!(matches!(
        largest.with("b", &1),
        Err(DocumentError::TooLarge { .. })
    ));
    assert_eq!(largest.get("a").unwrap().as_json().len(), text.len() + 2);
    drop(largest);
    text.push('x');
    let refused = Document::new().with("a", &text);
    assert!(
        matches!(refused, Err(DocumentError::TooLarge { bytes }) if bytes == Document::MAX_BYTES + 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text, it is a document exactly if `serde_json` reads it as an object.
    #[test]
    fn what_is_accepted_is_what_serde_json_accepts(
        text in "[{}\\[\\]\",:\\\\ 01ae.\\-nu]{0,12}",
        before in prop::bool::ANY,
    ) {
        let text = if before { format!("{{\"a\":{text}}}") } else { text };
        let is_object = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
        // Numbers that are valid but beyond `f64` are documents and no values.
        match Document::parse(&text) {
            Ok(document) => match document.to_value() {
                Ok(_) => prop_assert!(is_object, "{text}"),
                Err(DocumentError::NumberOutOfRange { .. }) => prop_assert!(!is_object, "{text}"),
                Err(error) => prop_assert!(false, "{text}: {error}"),
            },
            Err(_) => prop_assert!(!is_object, "{text}"),
        }
    }

    #[test]
    fn cut_or_changed_text_never_panics(
        at in 0_usize..90,
        byte in any::<u8>(),
        pointer in "(/[a-c0-2~]{0,2}){0,3}",
    ) {
        let text = br#"{"a":[1,{"b":"x\u0041"},null],"\"c":{"a":-1.5e3,"":[[],{}]},"b":true,"\u0062":"\\"}"#;
        let mut changed = text.to_vec();
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
        for bytes in [&changed[..], &text[..at.min(text.len())]] {
            if let Ok(document) = Document::parse(bytes) {
                let _ = document.to_value();
                let _ = document.pointer(&pointer).map(|field| field.as_str());
                prop_assert_eq!(Document::parse(document.as_json()).unwrap(), document);
            }
        }
    }
}
