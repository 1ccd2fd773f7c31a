//! Three-way merges: examples, what is kept, and the laws that the documentation promises.

use std::collections::{BTreeMap, BTreeSet};

use contexture::{Document, DocumentError, Merged, merge};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn parse(json: &str) -> Document {
    Document::parse(json).unwrap()
}

fn merged(base: &str, ours: &str, theirs: &str) -> (String, Vec<String>) {
    let merged = merge(&parse(base), &parse(ours), &parse(theirs)).unwrap();
    (merged.document.to_string(), merged.conflicts)
}

fn assert_merges(base: &str, ours: &str, theirs: &str, expected: &str, conflicts: &[&str]) {
    let (document, found) = merged(base, ours, theirs);
    assert_eq!(document, expected, "{base} {ours} {theirs}");
    assert_eq!(found, conflicts, "{base} {ours} {theirs}");
}

#[test]
fn each_side_gives_its_changes() {
    let base = r#"{"a":1,"b":2,"c":{"d":3,"e":4},"f":[1]}"#;
    let ours = r#"{"a":0,"b":2,"c":{"d":3,"e":0},"f":[1],"g":5,"h":{"i":6}}"#;
    let theirs = r#"{"a":1,"c":{"d":0,"e":4,"x":[]},"f":[1,2],"h":{"j":7}}"#;
    let both = r#"{"a":0,"c":{"d":0,"e":0,"x":[]},"f":[1,2],"h":{"j":7,"i":6},"g":5}"#;
    assert_merges(base, ours, theirs, both, &[]);
}

#[test]
fn what_both_change_differently_is_ours_and_a_conflict() {
    let cases = [
        // Values, additions, removals.
        (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":2}"#, "/a"),
        ("{}", r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":2}"#, "/a"),
        (r#"{"a":1}"#, "{}", r#"{"a":3}"#, "{}", "/a"),
        (r#"{"a":1}"#, r#"{"a":2}"#, "{}", r#"{"a":2}"#, "/a"),
        (r#"{"a":1}"#, r#"{"a":null}"#, "{}", r#"{"a":null}"#, "/a"),
        // Arrays are leaves.
        (
            r#"{"a":[]}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[2]}"#,
            r#"{"a":[1]}"#,
            "/a",
        ),
        // An object against a leaf.
        (
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":2}}"#,
            r#"{"a":7}"#,
            r#"{"a":{"b":2}}"#,
            "/a",
        ),
        (
            r#"{"a":{"b":1}}"#,
            r#"{"a":7}"#,
            r#"{"a":{"b":2}}"#,
            r#"{"a":7}"#,
            "/a",
        ),
        (
            r#"{"a":7}"#,
            r#"{"a":{"b":2}}"#,
            "{}",
            r#"{"a":{"b":2}}"#,
            "/a",
        ),
        (
            r#"{"a":7}"#,
            r#"{"a":{"b":2}}"#,
            r#"{"a":{"b":3}}"#,
            r#"{"a":{"b":2}}"#,
            "/a/b",
        ),
        // An object that one side has removed and the other changed.
        (r#"{"a":{"b":1}}"#, "{}", r#"{"a":{"b":2}}"#, "{}", "/a"),
        (
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":2}}"#,
            "{}",
            r#"{"a":{"b":2}}"#,
            "/a",
        ),
        (
            r#"{"a":{"b":1}}"#,
            "{}",
            r#"{"a":{"b":1,"c":2}}"#,
            r#"{"a":{"c":2}}"#,
            "/a",
        ),
        (
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":1,"c":2}}"#,
            "{}",
            r#"{"a":{"c":2}}"#,
            "/a",
        ),
        (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, "{}", r#"{"a":{}}"#, "/a"),
        (r#"{"a":{"b":1}}"#, "{}", r#"{"a":{}}"#, "{}", "/a"),
        // Keys of every kind.
        (
            r#"{"~/":{"\"\u00e9":1}}"#,
            r#"{"~/":{"\"é":2}}"#,
            r#"{"~/":{"\"é":3}}"#,
            r#"{"~/":{"\"é":2}}"#,
            "/~0~1/\"é",
        ),
    ];
    for (base, ours, theirs, expected, conflict) in cases {
        assert_merges(base, ours, theirs, expected, &[conflict]);
    }
    let (base, ours, theirs) = (
        r#"{"a":1,"b":{"c":1,"d":1}}"#,
        r#"{"a":2,"b":{"c":2,"d":2}}"#,
        r#"{"b":{"c":3,"d":1},"a":3}"#,
    );
    assert_merges(
        base,
        ours,
        theirs,
        r#"{"b":{"c":2,"d":2},"a":2}"#,
        &["/b/c", "/a"],
    );
}

#[test]
fn equal_changes_are_no_conflict_however_they_are_written() {
    let base = r#"{"a":1,"b":{"c":1},"d":1}"#;
    let ours = r#"{"a":2.0,"b":{"c":[{"x":1,"y":"é"}]}}"#;
    let theirs = r#"{"a":2,"b":{"c":[{"y":"\u00e9","x":1e0}]}}"#;
    assert_merges(base, ours, theirs, ours, &[]);
    // Written in another way is not changed, if the other side has changed it.
    assert_merges(
        r#"{"a":1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":2}"#,
        r#"{"a":2}"#,
        &[],
    );
    assert_merges(
        r#"{"a":1}"#,
        r#"{"a":2}"#,
        r#"{"a":1.0}"#,
        r#"{"a":2}"#,
        &[],
    );
    let (one, same) = (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1.0}}"#);
    assert_merges(one, same, "{}", "{}", &[]);
    assert_merges(one, "{}", same, "{}", &[]);
    // As `f64` these would be equal, and a change lost.
    let number = |last: u8| format!(r#"{{"n":12345678901234567890123456789{last}}}"#);
    assert_merges(&number(0), &number(1), &number(0), &number(1), &[]);
    assert_merges(&number(0), &number(1), &number(2), &number(1), &["/n"]);
}

#[test]
fn what_is_not_merged_keeps_its_text() {
    let kept =
        r#""n":1.10,"m":123456789012345678901234567890,"e":1e400,"s":"\u0041\/","l":[1.0,-0]"#;
    let with =
        |x: &str, y: &str| format!(r#"{{{kept},"in":{{{kept},"x":{x},"y":{y}}},"x":{x},"y":{y}}}"#);
    assert_merges(
        &with("1", "1"),
        &with("2.50", "1"),
        &with("1", "3E5"),
        &with("2.50", "3E5"),
        &[],
    );
}

#[test]
fn the_order_is_theirs_with_our_additions_behind() {
    let (ours, theirs) = (
        r#"{"z":1,"y":1,"a":2,"b":1}"#,
        r#"{"n":1,"b":1,"a":1,"m":1}"#,
    );
    assert_merges(
        r#"{"a":1,"b":1}"#,
        ours,
        theirs,
        r#"{"n":1,"b":1,"a":2,"m":1,"z":1,"y":1}"#,
        &[],
    );
    // Where only one side has another text, it is that side's.
    assert_merges(
        r#"{"a":1,"b":1}"#,
        r#"{"b":1,"a":1}"#,
        r#"{"a":1,"b":1}"#,
        r#"{"b":1,"a":1}"#,
        &[],
    );
}

/// The documentation of `merge` names this one.
#[test]
fn associativity_ends_where_an_object_meets_a_leaf() {
    let base = parse(r#"{"f":{"p":1}}"#);
    let [x, y, z] = [r#"{"f":{"p":1,"q":2}}"#, r#"{"f":7}"#, r#"{"f":{"p":5}}"#].map(parse);
    let merge = |ours: &Document, theirs: &Document| merge(&base, ours, theirs).unwrap().document;
    assert_eq!(
        merge(&merge(&x, &y), &z).as_json(),
        r#"{"f":{"p":5,"q":2}}"#
    );
    assert_eq!(
        merge(&x, &merge(&y, &z)).as_json(),
        r#"{"f":{"p":1,"q":2}}"#
    );
}

#[test]
fn the_deepest_documents_are_merged() {
    let nested = |inner: &str| {
        let levels = Document::MAX_DEPTH - 1;
        format!(
            "{}{{{inner}}}{}",
            "{\"a\":".repeat(levels),
            "}".repeat(levels)
        )
    };
    let (x, y) = (nested(r#""x":1"#), nested(r#""y":2"#));
    assert_merges("{}", &x, &y, &nested(r#""y":2,"x":1"#), &[]);
    let conflict = "/a".repeat(Document::MAX_DEPTH - 1) + "/x";
    assert_merges(
        &x,
        &nested(r#""x":2"#),
        &nested(r#""x":3"#),
        &nested(r#""x":2"#),
        &[&conflict],
    );
}

#[test]
#[ignore = "takes a gigabyte of memory"]
fn a_result_beyond_the_limit_is_refused() {
    let half = "x".repeat(Document::MAX_BYTES / 2);
    let [a, b] = ["a", "b"].map(|key| Document::new().with(key, &half).unwrap());
    let refused = merge(&Document::new(), &a, &b);
    assert!(matches!(refused, Err(DocumentError::TooLarge { .. })));
}

/// Few, so that versions often agree.
fn leaf() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(0),
        json!(1),
        json!("x"),
        json!(null),
        json!([]),
        json!([{"a": 1}]),
    ])
}

/// Documents in which a field is a leaf in all of them, or an object in all of them.
fn one_shape(levels: u32) -> BoxedStrategy<Value> {
    let leaves = prop::collection::btree_map(prop::sample::select(vec!["a", "b"]), leaf(), 0..3);
    if levels == 0 {
        return leaves.prop_map(object).boxed();
    }
    let objects = prop::collection::btree_map(
        prop::sample::select(vec!["o", "/~"]),
        one_shape(levels - 1),
        0..3,
    );
    (leaves, objects)
        .prop_map(|(leaves, objects)| object(leaves.into_iter().chain(objects)))
        .boxed()
}

/// Documents in which anything can be anything.
fn any_shape() -> impl Strategy<Value = Value> {
    let fields = |value: BoxedStrategy<Value>| {
        prop::collection::btree_map(prop::sample::select(vec!["a", "/~"]), value, 0..3)
            .prop_map(object)
    };
    let value = leaf().prop_recursive(3, 12, 3, move |inner| prop_oneof![fields(inner), leaf()]);
    prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), value, 0..4)
        .prop_map(object)
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields: Map<_, _> = fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    fields.into()
}

fn document(value: Value) -> Document {
    Document::try_from(value).unwrap()
}

fn value(document: &Document) -> Value {
    document.to_value().unwrap()
}

/// Every place that is no object, as pointers.
fn leaves(value: &Value, pointer: &str, into: &mut BTreeMap<String, Value>) {
    let Some(members) = value.as_object() else {
        into.insert(pointer.to_owned(), value.clone());
        return;
    };
    for (key, member) in members {
        let token = key.replace('~', "~0").replace('/', "~1");
        leaves(member, &format!("{pointer}/{token}"), into);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_side_that_changed_nothing_adds_nothing(base in any_shape(), x in any_shape()) {
        let (base, x) = (document(base), document(x));
        for (ours, theirs) in [(&x, &base), (&base, &x), (&x, &x)] {
            let Merged { document, conflicts, .. } = merge(&base, ours, theirs).unwrap();
            prop_assert_eq!(&document, &x);
            prop_assert!(conflicts.is_empty());
        }
    }

    #[test]
    fn the_result_is_always_the_same_and_a_document(
        base in any_shape(), ours in any_shape(), theirs in any_shape(),
    ) {
        let [base, ours, theirs] = [base, ours, theirs].map(document);
        let merged = merge(&base, &ours, &theirs).unwrap();
        prop_assert_eq!(&merge(&base, &ours, &theirs).unwrap(), &merged);
        prop_assert_eq!(&parse(merged.document.as_json()), &merged.document);
    }

    #[test]
    fn without_conflicts_sides_can_be_swapped(
        base in any_shape(), x in any_shape(), y in any_shape(),
    ) {
        let [base, x, y] = [base, x, y].map(document);
        let (one, other) = (merge(&base, &x, &y).unwrap(), merge(&base, &y, &x).unwrap());
        let set = |of: &Merged| of.conflicts.iter().cloned().collect::<BTreeSet<_>>();
        prop_assert_eq!(set(&one), set(&other));
        if one.conflicts.is_empty() {
            prop_assert_eq!(value(&one.document), value(&other.document));
        }
    }

    #[test]
    fn conflicts_lead_to_what_both_have_changed_differently(
        base in any_shape(), ours in any_shape(), theirs in any_shape(),
    ) {
        let [base, ours, theirs] = [base, ours, theirs].map(document);
        let merged = merge(&base, &ours, &theirs).unwrap();
        for conflict in &merged.conflicts {
            let at = |document: &Document| document.pointer(conflict).map(|field| field.to_value().unwrap());
            let (base, ours, theirs) = (at(&base), at(&ours), at(&theirs));
            prop_assert!(ours.is_some() || theirs.is_some(), "{}", conflict);
            prop_assert!(ours != base && theirs != base && ours != theirs, "{}", conflict);
            let is_leaf = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_object());
            if is_leaf(&ours) || is_leaf(&theirs) {
                prop_assert_eq!(at(&merged.document), ours, "{}", conflict);
            }
        }
        let distinct: BTreeSet<_> = merged.conflicts.iter().collect();
        prop_assert_eq!(distinct.len(), merged.conflicts.len());
    }

    /// Of fields with one shape, each leaf is what it would be alone.
    #[test]
    fn each_leaf_is_the_first_change_of_it(
        base in one_shape(2), ours in one_shape(2), theirs in one_shape(2),
    ) {
        let merged = merge(&document(base.clone()), &document(ours.clone()), &document(theirs.clone())).unwrap();
        let [base, ours, theirs, found] = [base, ours, theirs, value(&merged.document)].map(|value| {
            let mut found = BTreeMap::new();
            leaves(&value, "", &mut found);
            found
        });
        let pointers: BTreeSet<_> = [&base, &ours, &theirs].into_iter().flat_map(BTreeMap::keys).collect();
        for pointer in pointers {
            let [base, ours, theirs, found] = [&base, &ours, &theirs, &found].map(|side| side.get(pointer));
            prop_assert_eq!(found, if ours == base { theirs } else { ours }, "{}", pointer);
            if ours != base && theirs != base && ours != theirs {
                // At the leaf, or at an object around it that one side has removed.
                prop_assert!(merged.conflicts.iter().any(|conflict| pointer.starts_with(conflict)), "{}", pointer);
            }
        }
    }

    #[test]
    fn of_three_it_does_not_matter_which_are_merged_first(
        base in one_shape(2), x in one_shape(2), y in one_shape(2), z in one_shape(2),
    ) {
        let [base, x, y, z] = [base, x, y, z].map(document);
        let merge = |ours: &Document, theirs: &Document| merge(&base, ours, theirs).unwrap().document;
        let (first, last) = (merge(&merge(&x, &y), &z), merge(&x, &merge(&y, &z)));
        prop_assert_eq!(value(&first), value(&last));
    }
}
