//! What of the text is kept, and what is not.

use contexture::{Document, DocumentError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

fn parse(json: &str) -> Document {
    Document::parse(json).unwrap()
}

#[test]
fn numbers_keep_their_text() {
    let numbers = [
        "123456789012345678901234567890",
        "1e400",
        "-1E+400",
        "-0",
        "-0.0",
        "1.10",
        "1.0",
        "1e2",
        "0.1000000000000000055511151231257827",
        "18446744073709551616",
        "-9223372036854775809",
    ];
    for number in numbers {
        let document = parse(&format!("{{ \"n\" : {number} , \"in\": [ {number} ] }}"));
        assert_eq!(document.get("n").unwrap().as_json(), number);
        assert_eq!(document.pointer("/in/0").unwrap().as_json(), number);
        // Also through changes of other fields, and through other serialisable types.
        let changed = document
            .with("a", &1)
            .unwrap()
            .without("in")
            .edit()
            .finish()
            .unwrap();
        assert_eq!(changed.as_json(), format!("{{\"n\":{number},\"a\":1}}"));
        let again: Document =
            serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
        assert_eq!(again, document);
        let read: Document = serde_json::from_reader(document.as_json().as_bytes()).unwrap();
        assert_eq!(read, document);
    }
}

#[test]
fn a_number_beyond_f64_is_kept_but_is_no_value() {
    let document = parse(r#"{"n": [1e400]}"#);
    match document.to_value() {
        Err(DocumentError::NumberOutOfRange { number }) => assert_eq!(number, "1e400"),
        // With `arbitrary_precision` of `serde_json` it is one.
        Ok(value) => assert_eq!(value.to_string(), r#"{"n":[1e+400]}"#),
        Err(error) => panic!("{error}"),
    }
    assert_eq!(document.pointer("/n/0").unwrap().as_f64(), None);
}

#[test]
fn floats_are_the_nearest_ones() {
    // `serde_json` without `float_roundtrip` is one unit in the last place off here.
    let text = "1.8125181918785553e-216";
    let document = parse(&format!("{{\"x\": {text}}}"));
    let nearest: f64 = text.parse().unwrap();
    assert_eq!(document.get("x").unwrap().as_f64(), Some(nearest));
    assert_eq!(document.to_value().unwrap()["x"].as_f64(), Some(nearest));
}

#[test]
fn white_space_goes_and_other_text_stays() {
    let document = parse("\t{ \"a\" : [ 1 , { \"b c\" : \" x \\u0041\\/ \" } ] ,\r\n\"d\":{ } }\n");
    assert_eq!(
        document.as_json(),
        r#"{"a":[1,{"b c":" x \u0041\/ "}],"d":{}}"#
    );
    assert_eq!(format!("{document:?}"), document.as_json());
}

#[test]
fn raw_values_that_are_set_are_made_compact_and_checked() {
    let raw: Box<RawValue> = serde_json::from_str("{ \"a\" : [ 1.10 ,\n2 ] }").unwrap();
    let document = Document::new().with("raw", &raw).unwrap();
    assert_eq!(document.as_json(), r#"{"raw":{"a":[1.10,2]}}"#);
    assert_eq!(
        Document::new()
            .edit()
            .set("raw", &raw)
            .unwrap()
            .finish()
            .unwrap(),
        document
    );

    let half: Box<RawValue> = serde_json::from_str(r#""\udc00""#).unwrap();
    let refused = Document::new().with("raw", &half);
    assert!(matches!(refused, Err(DocumentError::UnpairedSurrogate)));
}

#[test]
fn keys_are_the_same_however_they_are_escaped() {
    let document = parse(r#"{"\u0061": 1, "\"\\\/\b\n\u0001": 2, "\ud83e\udd80": 3, "": 4}"#);
    assert_eq!(
        document.keys().collect::<Vec<_>>(),
        ["a", "\"\\/\u{8}\n\u{1}", "🦀", ""]
    );
    assert_eq!(document.get("a").unwrap().as_json(), "1");
    assert_eq!(document.get("\"\\/\u{8}\n\u{1}").unwrap().as_json(), "2");
    assert_eq!(document.get("🦀").unwrap().as_json(), "3");
    assert_eq!(document.get("").unwrap().as_json(), "4");
    // An escape is not its own text.
    assert!(!document.contains_key(r"\u0061"));
    assert!(!document.contains_key(r#"\"\\/\b\n\u0001"#));
    assert!(!parse(r#"{"a\"b": 1}"#).contains_key(r#"a\"b"#));
    assert!(!parse(r#"{"ab": 1}"#).contains_key("a\"b"));
    // The last escaped key can go, and the document is as if it never had one.
    let plain = document.without("\"\\/\u{8}\n\u{1}");
    assert_eq!(plain, parse(r#"{"a": 1, "🦀": 3, "": 4}"#));
}

#[test]
fn the_last_of_equal_keys_wins_at_the_first_position() {
    let document = parse(r#"{"a": 1, "b": 2, "\u0061": 3, "c": 4, "b": 5}"#);
    assert_eq!(document.as_json(), r#"{"a":3,"b":5,"c":4}"#);
    // Deeper down both stay in the text, and the last one counts.
    let nested = parse(r#"{"x": {"a": 1, "\u0061": 2}}"#);
    assert_eq!(nested.as_json(), r#"{"x":{"a":1,"\u0061":2}}"#);
    assert_eq!(nested.pointer("/x/a").unwrap().as_u64(), Some(2));
    assert_eq!(nested.to_value().unwrap(), json!({"x": {"a": 2}}));
}

#[test]
fn a_key_that_is_removed_and_set_again_goes_to_the_end() {
    for fields in [3, 40] {
        let text: Vec<_> = (0..fields).map(|n| format!("\"k{n}\":{n}")).collect();
        let document = parse(&format!("{{{}}}", text.join(",")));
        let edited = document
            .edit()
            .remove("k0")
            .set("k0", &"new")
            .unwrap()
            .finish()
            .unwrap();
        assert_eq!(edited, document.without("k0").with("k0", "new").unwrap());
        assert_eq!(edited.keys().last().unwrap(), "k0");
        assert_eq!(edited.len(), fields);
    }
}

#[test]
fn among_many_new_keys_the_same_holds() {
    let empty = Document::new();
    let mut editor = empty.edit();
    for n in 0..40 {
        editor.set(&format!("k{n}"), &n).unwrap();
    }
    editor
        .remove("k0")
        .set("k0", &"new")
        .unwrap()
        .set("k1", &"kept")
        .unwrap();
    let document = editor.finish().unwrap();
    assert_eq!(document.len(), 40);
    assert_eq!(document.keys().next().unwrap(), "k1");
    assert_eq!(document.keys().next_back().unwrap(), "k0");
    assert_eq!(document.get("k0").unwrap().as_str().unwrap(), "new");
}

#[test]
fn an_array_index_has_neither_sign_nor_leading_zeros() {
    let document = parse(r#"{"a": [0, 1], "00": 2}"#);
    assert_eq!(document.pointer("/a/1").unwrap().as_u64(), Some(1));
    assert_eq!(document.pointer("/00").unwrap().as_u64(), Some(2));
    for pointer in [
        "/a/00", "/a/01", "/a/+1", "/a/-1", "/a/2", "/a/", "/a/-", "a", "/a/1/0",
    ] {
        assert!(document.pointer(pointer).is_none(), "{pointer}");
    }
    assert!(document.pointer("/a/99999999999999999999999").is_none());
}

#[test]
fn equality_is_that_of_the_text() {
    assert_eq!(parse(r#"{"a": 1}"#), parse("{\"a\":\n1}"));
    assert_ne!(parse(r#"{"a": 1}"#), parse(r#"{"a": 1.0}"#));
    assert_ne!(parse(r#"{"a": 1, "b": 2}"#), parse(r#"{"b": 2, "a": 1}"#));
    assert_eq!(Document::default(), parse("{}"));
    assert_eq!("{}".parse::<Document>().unwrap(), Document::new());
}

#[test]
fn every_length_of_value_is_copied_whole() {
    // Around the size up to which a value is serialised without an allocation.
    for len in 0..400 {
        let text = "x".repeat(len);
        let document = parse(r#"{"a": 0, "b": 1}"#).with("a", &text).unwrap();
        assert_eq!(document.as_json(), format!("{{\"a\":\"{text}\",\"b\":1}}"));
        let items = vec![7; len];
        assert_eq!(
            document
                .with("b", &items)
                .unwrap()
                .deserialize::<Two>()
                .unwrap()
                .b,
            items
        );
    }

    #[derive(Deserialize)]
    struct Two {
        b: Vec<u8>,
    }
}

#[test]
fn ends_are_moved_across_every_carry() {
    // Lengths where a number of the index needs one more of its seven-bit digits.
    for len in [
        1, 120, 127, 128, 129, 16_300, 16_383, 16_384, 16_385, 2_097_151, 2_097_153,
    ] {
        let document = parse(r#"{"a": 0, "b": [1], "c": "x"}"#);
        let long = document.with("a", &"y".repeat(len)).unwrap();
        assert_eq!(long.get("b").unwrap().as_json(), "[1]");
        assert_eq!(long.get("c").unwrap().as_json(), "\"x\"");
        assert_eq!(long.with("a", &0).unwrap(), document);
        assert_eq!(long.without("a"), document.without("a"));
    }
}

#[test]
fn ends_of_any_number_of_fields_are_moved() {
    for fields in 1..80 {
        let with = |first: &str| {
            let rest = (1..fields).map(|n| format!(",\"k{n}\":{n}"));
            parse(&format!("{{\"k0\":{first}{}}}", rest.collect::<String>()))
        };
        assert_eq!(with("1").with("k0", &12_345).unwrap(), with("12345"));
        assert_eq!(with("12345").with("k0", &1).unwrap(), with("1"));
    }
}

#[test]
fn a_document_is_a_part_of_other_types() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Envelope {
        id: u32,
        body: Document,
    }

    let json = r#"{"id":1,"body":{"n":1.10}}"#;
    let envelope: Envelope = serde_json::from_str(json).unwrap();
    assert_eq!(envelope.body, parse(r#"{"n": 1.10}"#));
    assert_eq!(serde_json::to_string(&envelope).unwrap(), json);

    let body = parse(r#"{"n": 1.5}"#);
    let value: Value = serde_json::to_value(&body).unwrap();
    assert_eq!(value, json!({"n": 1.5}));
    assert_eq!(serde_json::from_value::<Document>(value).unwrap(), body);
}

#[test]
fn a_document_is_written_as_the_members_of_another_object() {
    #[derive(Serialize)]
    struct Envelope {
        id: u32,
        #[serde(flatten)]
        rest: Document,
    }

    let envelope = Envelope {
        id: 1,
        rest: parse(r#"{"x": [1], "y": 1.10}"#),
    };
    assert_eq!(
        serde_json::to_string(&envelope).unwrap(),
        r#"{"id":1,"x":[1],"y":1.10}"#
    );
}

#[test]
fn a_struct_goes_in_and_out() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Session<'a> {
        user: &'a str,
        cart: Vec<u32>,
        coupon: Option<String>,
    }

    let session = Session {
        user: "ann",
        cart: vec![1, 2],
        coupon: None,
    };
    let document = Document::from_serialize(&session).unwrap();
    assert_eq!(
        document.as_json(),
        r#"{"user":"ann","cart":[1,2],"coupon":null}"#
    );
    assert_eq!(document.deserialize::<Session<'_>>().unwrap(), session);
    let wrong = document.deserialize::<Vec<u8>>();
    assert!(matches!(wrong, Err(DocumentError::Deserialize(_))));
}
