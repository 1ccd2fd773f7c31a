//! JSON Patch: the examples of RFC 6902, what fails and how, and what is kept.

use std::error::Error;

use contexture::document::PatchFailure;
use contexture::{Document, DocumentError, JsonPatch, PatchError};
use proptest::prelude::*;
use serde_json::json;

use crate::generate::versions;

fn parse(json: &str) -> Document {
    Document::parse(json).unwrap()
}

fn patched(document: &str, patch: &str) -> Result<String, PatchError> {
    let document = parse(document);
    let before = document.clone();
    let patched = document.patch(&JsonPatch::parse(patch)?);
    assert_eq!(document, before);
    Ok(patched?.to_string())
}

/// Appendix A, as far as documents are objects.
#[test]
fn the_examples_of_the_rfc() {
    let examples = [
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux"}]"#,
            r#"{"foo":"bar","baz":"qux"}"#,
        ),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"remove","path":"/baz"}]"#,
            r#"{"foo":"bar"}"#,
        ),
        (
            r#"{"foo":["bar","qux","baz"]}"#,
            r#"[{"op":"remove","path":"/foo/1"}]"#,
            r#"{"foo":["bar","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"foo":"bar","child":{"grandchild":{}}}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            r#"{"foo":"bar","baz":"qux"}"#,
        ),
        (
            r#"{"/":9,"~1":10}"#,
            r#"[{"op":"test","path":"/~01","value":10}]"#,
            r#"{"/":9,"~1":10}"#,
        ),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
    ];
    for (document, patch, expected) in examples {
        assert_eq!(patched(document, patch).unwrap(), expected, "{patch}");
    }
}

/// The operation, its pointer, and the failure.
fn failure(document: &str, patch: &str) -> (usize, String, PatchFailure) {
    match patched(document, patch) {
        Err(PatchError::Failed {
            operation,
            pointer,
            source,
        }) => (operation, pointer, source),
        other => panic!("{patch}: {other:?}"),
    }
}

#[test]
fn an_operation_that_fails_is_named_with_the_reason() {
    use PatchFailure::{From, IntoItself, Path, Test};

    type Is = fn(&PatchFailure) -> bool;
    let (path, from): (Is, Is) = (|why| matches!(why, Path), |why| matches!(why, From));
    let (test, itself): (Is, Is) = (|why| matches!(why, Test), |why| matches!(why, IntoItself));
    let document = r#"{"foo":"bar","a":[1,2],"o":{"~":{"/":0}},"/":9,"~1":10}"#;
    let cases = [
        (r#"{"op":"test","path":"/foo","value":"baz"}"#, "/foo", test),
        (r#"{"op":"test","path":"/~01","value":"10"}"#, "/~01", test),
        (r#"{"op":"test","path":"","value":{}}"#, "", test),
        (r#"{"op":"test","path":"/no","value":null}"#, "/no", path),
        (
            r#"{"op":"add","path":"/baz/bat","value":"qux"}"#,
            "/baz/bat",
            path,
        ),
        (r#"{"op":"add","path":"/foo/x","value":1}"#, "/foo/x", path),
        (r#"{"op":"add","path":"/a/3","value":1}"#, "/a/3", path),
        (r#"{"op":"add","path":"/a/01","value":1}"#, "/a/01", path),
        (r#"{"op":"add","path":"/a/x","value":1}"#, "/a/x", path),
        (r#"{"op":"remove","path":"/no"}"#, "/no", path),
        (r#"{"op":"remove","path":"/a/2"}"#, "/a/2", path),
        (r#"{"op":"remove","path":"/a/-"}"#, "/a/-", path),
        (r#"{"op":"remove","path":"/o/~0/~0"}"#, "/o/~0/~0", path),
        (r#"{"op":"remove","path":""}"#, "", path),
        (r#"{"op":"replace","path":"/no","value":1}"#, "/no", path),
        (r#"{"op":"replace","path":"/a/-","value":1}"#, "/a/-", path),
        (r#"{"op":"move","from":"/no","path":"/b"}"#, "/b", from),
        (r#"{"op":"copy","from":"/a/2","path":"/b"}"#, "/b", from),
        (
            r#"{"op":"move","from":"/o","path":"/o/~0"}"#,
            "/o/~0",
            itself,
        ),
        (r#"{"op":"move","from":"","path":"/x"}"#, "/x", itself),
    ];
    for (operation, pointer, is) in cases {
        // An operation before it that succeeds is not half of a result.
        let patch = format!(
            r#"[{{"op":"remove","path":"/a/0"}},{{"op":"add","path":"/a/0","value":1}},{operation}]"#
        );
        let (at, found, why) = failure(document, &patch);
        assert_eq!((at, &*found), (2, pointer), "{operation}");
        assert!(is(&why), "{operation}: {why:?}");
    }
}

#[test]
fn places_of_every_kind_are_found() {
    let cases = [
        (
            r#"{"op":"remove","path":"/o/~0/~1"}"#,
            r#"{"o":{"~":{}},"a/b":[1,2],"":0}"#,
        ),
        (
            r#"{"op":"add","path":"/a~1b/-","value":3}"#,
            r#"{"o":{"~":{"/":0}},"a/b":[1,2,3],"":0}"#,
        ),
        (
            r#"{"op":"add","path":"/a~1b/2","value":3}"#,
            r#"{"o":{"~":{"/":0}},"a/b":[1,2,3],"":0}"#,
        ),
        (
            r#"{"op":"replace","path":"/","value":1}"#,
            r#"{"o":{"~":{"/":0}},"a/b":[1,2],"":1}"#,
        ),
        (
            r#"{"op":"copy","from":"/a~1b/0","path":"/o/x"}"#,
            r#"{"o":{"x":1,"~":{"/":0}},"a/b":[1,2],"":0}"#,
        ),
        (
            r#"{"op":"move","from":"/o","path":"/oo"}"#,
            r#"{"a/b":[1,2],"":0,"oo":{"~":{"/":0}}}"#,
        ),
        (
            r#"{"op":"move","from":"/a~1b","path":"/a~1b"}"#,
            r#"{"o":{"~":{"/":0}},"a/b":[1,2],"":0}"#,
        ),
    ];
    for (operation, expected) in cases {
        let found = patched(
            r#"{"o":{"~":{"/":0}},"a/b":[1,2],"":0}"#,
            &format!("[{operation}]"),
        );
        assert_eq!(found.unwrap(), expected, "{operation}");
    }
}

#[test]
fn a_test_compares_numbers_by_what_they_are() {
    let document = r#"{"n":1.0,"big":[9007199254740993]}"#;
    let test = |path: &str, value: &str| {
        patched(
            document,
            &format!(r#"[{{"op":"test","path":"{path}","value":{value}}}]"#),
        )
        .is_ok()
    };
    assert!(
        test("/n", "1") && test("/n", "1e0") && test("", r#"{"big":[9007199254740993],"n":1}"#)
    );
    assert!(!test("/n", "2") && !test("/n", "true") && !test("/big/0", "9007199254740992"));
}

#[test]
fn what_is_no_patch_is_refused() {
    for text in [
        "",
        "{}",
        "[1]",
        "null",
        r#"[{"op":"add"}"#,
        r#"[{"a":"\ud800"}]"#,
    ] {
        let error = JsonPatch::parse(text).unwrap_err();
        assert!(matches!(error, PatchError::Syntax(_)), "{text}: {error:?}");
    }
    for operation in [
        "{}",
        r#"{"op":"jump","path":"/a"}"#,
        r#"{"op":"add","path":"/a"}"#,
        r#"{"op":"remove"}"#,
        r#"{"op":"move","path":"/a"}"#,
        r#"{"op":"remove","path":1}"#,
        r#"{"op":"remove","path":"a"}"#,
        r#"{"op":"remove","path":"/~2"}"#,
        r#"{"op":"add","path":"/a","value":1e400}"#,
    ] {
        let text = format!(r#"[{{"op":"remove","path":"/a"}},{operation}]"#);
        let error = JsonPatch::parse(&text).unwrap_err();
        assert!(
            matches!(error, PatchError::NotAnOperation { operation: 1, .. }),
            "{text}: {error:?}"
        );
        assert!(error.source().is_some());
        assert!(serde_json::from_str::<JsonPatch>(&text).is_err());
    }
    // A.13: of two `op` the last one counts, and there is nothing to remove.
    let twice = r#"[{"op":"add","path":"/baz","value":"qux","op":"remove"}]"#;
    assert!(matches!(
        failure(r#"{"foo":"bar"}"#, twice),
        (0, _, PatchFailure::Path)
    ));
}

#[test]
fn fields_that_are_not_changed_keep_their_text_and_all_their_position() {
    let kept =
        r#""n":1.10,"m":123456789012345678901234567890,"e":1e400,"s":"\u0041\/","in":{"n":2.50}"#;
    let document = format!(r#"{{{kept},"x":[1],"y":2}}"#);
    let patch = r#"[
        {"op":"test","path":"/n","value":1.1},
        {"op":"copy","from":"/in/n","path":"/z"},
        {"op":"remove","path":"/x"},
        {"op":"add","path":"/x","value":1.25},
        {"op":"add","path":"/a","value":{}},
        {"op":"replace","path":"/y","value":3}
    ]"#;
    assert_eq!(
        patched(&document, patch).unwrap(),
        format!(r#"{{{kept},"x":1.25,"y":3,"z":2.5,"a":{{}}}}"#)
    );
    // What a patch cannot hold, it cannot change; the operation is named.
    let (operation, _, why) = failure(
        &document,
        r#"[{"op":"remove","path":"/x"},{"op":"remove","path":"/e"}]"#,
    );
    assert_eq!(operation, 1);
    assert!(matches!(
        why,
        PatchFailure::Limit(DocumentError::NumberOutOfRange { .. })
    ));
}

#[test]
fn numbers_of_a_patch_are_the_nearest_ones() {
    // `serde_json` without `float_roundtrip` is one unit in the last place off here.
    let patch = r#"[{"op":"add","path":"/x","value":1.8125181918785553e-216}]"#;
    for patch in [
        JsonPatch::parse(patch).unwrap(),
        serde_json::from_str(patch).unwrap(),
    ] {
        let patched = Document::new().patch(&patch).unwrap();
        let nearest: f64 = "1.8125181918785553e-216".parse().unwrap();
        assert_eq!(patched.get("x").unwrap().as_f64(), Some(nearest));
    }
}

#[test]
fn the_whole_document_can_be_named() {
    let document = r#"{"a":1,"b":{"c":2}}"#;
    let cases = [
        (
            r#"[{"op":"replace","path":"","value":{"x":1}}]"#,
            r#"{"x":1}"#,
        ),
        (
            r#"[{"op":"add","path":"","value":{"x":1}},{"op":"add","path":"/a","value":0}]"#,
            r#"{"a":0,"x":1}"#,
        ),
        (r#"[{"op":"copy","from":"/b","path":""}]"#, r#"{"c":2}"#),
        (r#"[{"op":"move","from":"/b","path":""}]"#, r#"{"c":2}"#),
        (
            r#"[{"op":"add","path":"/z","value":0},{"op":"copy","from":"","path":"/b/all"}]"#,
            r#"{"a":1,"b":{"all":{"a":1,"b":{"c":2},"z":0},"c":2},"z":0}"#,
        ),
        (
            r#"[{"op":"remove","path":"/a"},{"op":"test","path":"","value":{"b":{"c":2}}}]"#,
            r#"{"b":{"c":2}}"#,
        ),
        (
            r#"[{"op":"add","path":"","value":[1]},{"op":"remove","path":"/0"},{"op":"add","path":"","value":{}}]"#,
            "{}",
        ),
    ];
    for (patch, expected) in cases {
        assert_eq!(patched(document, patch).unwrap(), expected, "{patch}");
    }
    for (value, kind) in [("1", "a number"), ("[]", "an array"), ("null", "null")] {
        let error = patched(
            document,
            &format!(r#"[{{"op":"add","path":"","value":{value}}}]"#),
        );
        match error.unwrap_err() {
            PatchError::NotADocument(DocumentError::NotAnObject { found }) => {
                assert_eq!(found, kind)
            }
            error => panic!("{error:?}"),
        }
    }
}

/// Without limits these would take all memory, or overflow the stack.
#[test]
fn copies_of_copies_meet_the_limits() {
    let repeated = |operations: &str, times| format!("[{}]", vec![operations; times].join(","));
    let doubling = repeated(r#"{"op":"copy","from":"/a","path":"/a/-"}"#, 64);
    let (_, _, why) = failure(r#"{"a":[]}"#, &doubling);
    assert!(
        matches!(why, PatchFailure::Limit(DocumentError::TooLarge { .. })),
        "{why:?}"
    );
    let deepening = r#"
        {"op":"add","path":"/b","value":{}}, {"op":"move","from":"/a","path":"/b/x"},
        {"op":"add","path":"/a","value":{}}, {"op":"move","from":"/b","path":"/a/x"}"#;
    let (operation, _, why) = failure(r#"{"a":{}}"#, &repeated(deepening, 100));
    // Every second operation adds a level to two that are there.
    assert_eq!(operation / 2, Document::MAX_DEPTH - 2);
    assert!(
        matches!(why, PatchFailure::Limit(DocumentError::TooDeep)),
        "{why:?}"
    );
    let text = "x".repeat(1 << 20);
    let document = format!(r#"{{"a":"{text}","b":[]}}"#);
    let copies = repeated(r#"{"op":"copy","from":"/a","path":"/b/0"}"#, 300);
    let (operation, _, why) = failure(&document, &copies);
    assert_eq!(operation, Document::MAX_BYTES / text.len());
    assert!(
        matches!(why, PatchFailure::Limit(DocumentError::TooLarge { .. })),
        "{why:?}"
    );

    // As deep as a document can be, and one level deeper.
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, fits) in [
        (Document::MAX_DEPTH - 2, true),
        (Document::MAX_DEPTH - 1, false),
    ] {
        let document = format!(r#"{{"a":{}}}"#, nested(levels));
        for patch in [
            r#"[{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/b","path":"/a/b"}]"#,
            r#"[{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/a","value":{}},{"op":"copy","from":"/b","path":"/a/b"}]"#,
        ] {
            assert_eq!(patched(&document, patch).is_ok(), fits, "{levels}");
        }
    }
}

#[test]
fn a_patch_goes_in_and_out() {
    let text =
        r#"[{"op":"add","path":"/a","value":{"b":1.5}},{"op":"move","from":"/a","path":"/b"}]"#;
    let patch: JsonPatch = text.parse().unwrap();
    assert_eq!(patch.len(), 2);
    assert!(!patch.is_empty());
    assert_eq!(patch, JsonPatch::parse(patch.to_string()).unwrap());
    assert_eq!(format!("{patch:?}"), patch.to_string());
    let json = serde_json::to_string(&patch).unwrap();
    assert_eq!(serde_json::from_str::<JsonPatch>(&json).unwrap(), patch);
    let value = serde_json::to_value(&patch).unwrap();
    assert_eq!(
        value[0],
        json!({"op": "add", "path": "/a", "value": {"b": 1.5}})
    );
    assert_eq!(serde_json::from_value::<JsonPatch>(value).unwrap(), patch);
    assert_eq!(patched("{}", "[]").unwrap(), "{}");
}

#[test]
fn a_number_that_differs_and_is_beyond_a_patch_is_refused() {
    let between = |a: &str, b: &str| JsonPatch::between(&parse(a), &parse(b));
    let refused = between(r#"{"a":1e400}"#, r#"{"a":1}"#);
    assert!(matches!(
        refused,
        Err(DocumentError::NumberOutOfRange { .. })
    ));
    assert_eq!(
        between(r#"{"a":1e400,"b":1}"#, r#"{"a":1e400}"#)
            .unwrap()
            .len(),
        1
    );
    assert!(
        between(r#"{"a":1.10,"b":1}"#, r#"{"b":1,"a":1.1}"#)
            .unwrap()
            .is_empty()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_patch_between_two_documents_leads_from_one_to_the_other((from, to) in versions()) {
        let (from, to) = (parse(&from), parse(&to));
        let patch = JsonPatch::between(&from, &to).unwrap();
        let patched = from.patch(&patch).unwrap();
        prop_assert_eq!(patched.to_value().unwrap(), to.to_value().unwrap());
        prop_assert_eq!(parse(patched.as_json()), patched.clone());
        // So it does as text.
        let read = JsonPatch::parse(patch.to_string()).unwrap();
        prop_assert_eq!(from.patch(&read).unwrap(), patched);
        prop_assert_eq!(patch.is_empty(), from.to_value().unwrap() == to.to_value().unwrap());
    }
}
