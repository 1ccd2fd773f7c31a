//! Random documents and random changes, compared with `serde_json::Value` and with a plain list
//! of fields.

use contexture::Document;
use proptest::prelude::*;
use serde_json::Value;

use crate::generate::{fields, key, scalar, spaced, value};

/// The obvious implementation: a list of fields, searched from the front.
#[derive(Default)]
struct Model(Vec<(String, Value)>);

impl Model {
    fn of(fields: &[(String, Value)]) -> Self {
        let mut model = Self::default();
        for (key, value) in fields {
            model.set(key, value.clone());
        }
        model
    }

    fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    fn remove(&mut self, key: &str) {
        self.0.retain(|(other, _)| other != key);
    }

    fn check(&self, document: &Document) {
        let text = spaced(&self.0, "");
        assert_eq!(document.as_json(), text);
        assert_eq!(document.to_string(), text);
        assert_eq!(document.len(), self.0.len());
        assert_eq!(document.is_empty(), self.0.is_empty());
        assert!(
            document
                .keys()
                .eq(self.0.iter().map(|(key, _)| key.as_str()))
        );
        for ((key, field), (expected_key, expected)) in document.iter().zip(&self.0) {
            assert_eq!(&key, expected_key);
            assert_eq!(field.to_value().unwrap(), *expected);
            assert_eq!(document.get(&key), Some(field));
            assert!(document.contains_key(&key));
        }
        // However it was made, the index is that of the text: so equality is that of the text.
        let parsed = Document::parse(&text).unwrap();
        assert_eq!(*document, parsed);
        assert_eq!(document.byte_size(), parsed.byte_size());
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(String, Value),
    Remove(String),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (key(), value()).prop_map(|(key, value)| Change::Set(key, value)),
        1 => key().prop_map(Change::Remove),
    ]
}

/// Above this many fields, keys on their way into a document are found in another way.
const MANY: usize = 70;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_goes_in_and_out_without_loss(fields in fields(20)) {
        let value = Value::Object(fields.into_iter().collect());
        let document = Document::try_from(value.clone()).unwrap();
        prop_assert_eq!(document.to_value().unwrap(), value.clone());
        prop_assert_eq!(Value::try_from(&document).unwrap(), value.clone());
        prop_assert_eq!(serde_json::from_str::<Document>(&value.to_string()).unwrap(), document);
    }

    #[test]
    fn parsing_keeps_order_and_takes_the_last_of_equal_keys(
        fields in fields(MANY),
        space in "[ \t\r\n]{0,3}",
    ) {
        let document = Document::parse(spaced(&fields, &space)).unwrap();
        Model::of(&fields).check(&document);
    }

    #[test]
    fn changes_one_by_one_do_what_they_do_to_a_list(
        fields in fields(12),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let mut document = Document::parse(spaced(&fields, "")).unwrap();
        let mut model = Model::of(&fields);
        for change in changes {
            let before = (document.clone(), document.to_string());
            document = match change {
                Change::Set(key, value) => {
                    model.set(&key, value.clone());
                    document.with(&key, &value).unwrap()
                }
                Change::Remove(key) => {
                    model.remove(&key);
                    document.without(&key)
                }
            };
            model.check(&document);
            prop_assert_eq!(before.0.as_json(), before.1);
        }
    }

    #[test]
    fn changes_in_one_edit_do_what_they_do_one_by_one(
        fields in fields(MANY),
        changes in prop::collection::vec(change(), 0..24),
    ) {
        let document = Document::parse(spaced(&fields, "")).unwrap();
        let mut model = Model::of(&fields);
        let mut editor = document.edit();
        for change in changes {
            match change {
                Change::Set(key, value) => {
                    editor.set(&key, &value).unwrap();
                    model.set(&key, value);
                }
                Change::Remove(key) => {
                    editor.remove(&key);
                    model.remove(&key);
                }
            }
        }
        model.check(&editor.finish().unwrap());
    }

    #[test]
    fn pointers_lead_where_they_lead_in_a_value(
        fields in fields(6),
        tokens in prop::collection::vec(prop_oneof![key(), "[0-9]{1,2}", "[~/01]{0,4}"], 0..4),
    ) {
        let value = Value::Object(fields.into_iter().collect());
        let document = Document::try_from(value.clone()).unwrap();
        let raw: String = tokens.iter().map(|token| format!("/{token}")).collect();
        for pointer in every_pointer(&value, String::new()).into_iter().chain([raw]) {
            let found = document.pointer(&pointer).map(|field| field.to_value().unwrap());
            prop_assert_eq!(found.as_ref(), value.pointer(&pointer), "{}", pointer);
        }
    }

    #[test]
    fn shortcuts_agree_with_serde_json(value in scalar()) {
        let document = Document::new().with("it", &value).unwrap();
        let field = document.get("it").unwrap();
        prop_assert_eq!(field.as_json(), value.to_string());
        let text = field.as_str();
        prop_assert_eq!(text.as_deref(), value.as_str());
        prop_assert_eq!(field.as_i64(), value.as_i64());
        prop_assert_eq!(field.as_u64(), value.as_u64());
        prop_assert_eq!(field.as_f64(), value.as_f64());
        prop_assert_eq!(field.as_bool(), value.as_bool());
        prop_assert_eq!(field.is_null(), value.is_null());
    }
}

fn every_pointer(value: &Value, pointer: String) -> Vec<String> {
    let mut pointers = match value {
        Value::Array(items) => (0..)
            .zip(items)
            .flat_map(|(index, item): (usize, _)| every_pointer(item, format!("{pointer}/{index}")))
            .collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, member)| {
                let token = key.replace('~', "~0").replace('/', "~1");
                every_pointer(member, format!("{pointer}/{token}"))
            })
            .collect(),
        _ => Vec::new(),
    };
    pointers.push(pointer);
    pointers
}
