//! JSON Merge Patch: the examples of RFC 7396, what is kept, and `json-patch` as the model.

use contexture::{Document, DocumentError};
use proptest::prelude::*;
use serde_json::Value;

use crate::generate::{fields, versions};

fn parse(json: &str) -> Document {
    Document::parse(json).unwrap()
}

fn patched(document: &str, patch: &str) -> String {
    parse(document)
        .merge_patch(&parse(patch))
        .unwrap()
        .to_string()
}

/// Appendix A, as far as document and patch are objects.
#[test]
fn the_examples_of_the_rfc() {
    let examples = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (document, patch, expected) in examples {
        assert_eq!(patched(document, patch), expected, "{document} {patch}");
    }
    // Section 3.
    assert_eq!(
        patched(
            r#"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},
                "tags":["example","sample"],"content":"This will be unchanged"}"#,
            r#"{"title":"Hello!","phoneNumber":"+01-123-456-7890",
                "author":{"familyName":null},"tags":["example"]}"#,
        ),
        concat!(
            r#"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"#,
            r#""content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#
        )
    );
}

#[test]
fn what_is_not_named_keeps_its_text_and_place() {
    let kept = r#""n":1.10,"m":123456789012345678901234567890,"e":1e400,"s":"\u0041\/""#;
    let document = format!(r#"{{{kept},"in":{{{kept},"x":1,"deep":{{{kept}}}}}}}"#);
    assert_eq!(
        patched(
            &document,
            r#"{"in":{"x":2.50,"z":-0,"deep":{"y":1E5}},"b":[1.0],"a":null}"#
        ),
        format!(
            r#"{{{kept},"in":{{{kept},"x":2.50,"deep":{{{kept},"y":1E5}},"z":-0}},"b":[1.0]}}"#
        )
    );
    // Nulls in arrays are values.
    assert_eq!(
        patched("{}", r#"{"a":[null,{"b":null}]}"#),
        r#"{"a":[null,{"b":null}]}"#
    );
}

#[test]
fn equal_keys_deep_down_become_one() {
    let document = r#"{"x":{"a":1,"\u0061":2,"b":0}}"#;
    assert_eq!(
        patched(document, r#"{"x":{"c":3}}"#),
        r#"{"x":{"a":2,"b":0,"c":3}}"#
    );
    assert_eq!(patched(document, r#"{"x":{"a":null}}"#), r#"{"x":{"b":0}}"#);
    // Of the patch, too, the last one counts, alone.
    let twice = r#"{"x":{"a":{"p":1},"\u0061":{"q":2}}}"#;
    assert_eq!(patched("{}", twice), r#"{"x":{"a":{"q":2}}}"#);
    let taken_back = r#"{"x":{"a":null,"a":5}}"#;
    assert_eq!(patched(document, taken_back), r#"{"x":{"a":5,"b":0}}"#);
}

#[test]
fn the_deepest_documents_are_patched() {
    let nested = |inner: &str| {
        let levels = Document::MAX_DEPTH - 1;
        format!(
            "{}{{{inner}}}{}",
            "{\"a\":".repeat(levels),
            "}".repeat(levels)
        )
    };
    let (one, two) = (nested(r#""x":1"#), nested(r#""y":2"#));
    assert_eq!(patched(&one, &two), nested(r#""x":1,"y":2"#));
    assert_eq!(patched("{}", &two), two);
}

#[test]
#[ignore = "takes a gigabyte of memory"]
fn a_copy_beyond_the_limit_is_refused() {
    let half = "x".repeat(Document::MAX_BYTES / 2);
    let (a, b) = (
        Document::new().with("a", &half),
        Document::new().with("b", &half),
    );
    assert!(matches!(
        a.unwrap().merge_patch(&b.unwrap()),
        Err(DocumentError::TooLarge { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_json_patch_does_to_values((document, patch) in versions()) {
        let (document, patch) = (parse(&document), parse(&patch));
        let mut value = document.to_value().unwrap();
        json_patch::merge(&mut value, &patch.to_value().unwrap());
        let patched = document.merge_patch(&patch).unwrap();
        prop_assert_eq!(patched.to_value().unwrap(), value);
        // The index is that of the text.
        prop_assert_eq!(parse(patched.as_json()), patched);
    }

    #[test]
    fn keys_keep_their_order(document in fields(40), patch in fields(40)) {
        let text = |fields: &[(String, Value)]| crate::generate::spaced(fields, "");
        let (document, patch) = (parse(&text(&document)), parse(&text(&patch)));
        let is_null = |key: &str| patch.get(key).is_some_and(|field| field.is_null());
        let expected: Vec<_> = document
            .keys()
            .chain(patch.keys().filter(|key| !document.contains_key(key)))
            .filter(|key| !is_null(key))
            .collect();
        let patched = document.merge_patch(&patch).unwrap();
        prop_assert_eq!(patched.keys().collect::<Vec<_>>(), expected);
    }
}
