//! Random documents.

#![allow(dead_code, reason = "not every user needs all of it")]

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Keys that collide often, and any text otherwise: quotes, control characters, astral planes.
pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-d]{0,2}",
        2 => any::<String>(),
        1 => "[\"\\\\/\u{0}-\u{1f}\u{7f}\u{2028}🦀é]{0,9}",
        1 => "[a-z]{8,40}",
    ]
}

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        key().prop_map(Value::from),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

pub(crate) fn fields(most: usize) -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((key(), value()), 0..most)
}

/// JSON text of these fields in this order, with white space at every place that allows it.
pub(crate) fn spaced(fields: &[(String, Value)], space: &str) -> String {
    let members: Vec<_> = fields
        .iter()
        .map(|(key, value)| {
            let (key, value) = (Value::from(key.as_str()), spaced_value(value, space));
            format!("{space}{key}{space}:{space}{value}{space}")
        })
        .collect();
    format!("{space}{{{space}{}{space}}}{space}", members.join(","))
}

fn spaced_value(value: &Value, space: &str) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| spaced_value(item, space)).collect();
            format!(
                "[{space}{}{space}]",
                items.join(&format!("{space},{space}"))
            )
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            spaced(&members, space).trim().to_owned()
        }
        scalar => scalar.to_string(),
    }
}

/// A document's text, and another one with a few fields changed, removed, added, or all of them.
pub(crate) fn versions() -> impl Strategy<Value = (String, String)> {
    let places = prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..4);
    prop_oneof![
        4 => (fields(12), places).prop_map(|(mut fields, edits)| {
            let before = spaced(&fields, "");
            for (place, edit) in edits {
                apply(&mut fields, place, edit);
            }
            (before, spaced(&fields, ""))
        }),
        1 => (fields(6), fields(6)).prop_map(|(a, b)| (spaced(&a, ""), spaced(&b, ""))),
    ]
}

#[derive(Debug, Clone)]
enum Edit {
    Set(Value),
    /// Changes a string within.
    Insert(prop::sample::Index, String),
    Rename(String),
    Remove,
    Add(String, Value),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => value().prop_map(Edit::Set),
        3 => (any::<prop::sample::Index>(), key()).prop_map(|(at, text)| Edit::Insert(at, text)),
        1 => key().prop_map(Edit::Rename),
        1 => Just(Edit::Remove),
        1 => (key(), value()).prop_map(|(key, value)| Edit::Add(key, value)),
    ]
}

fn apply(fields: &mut Vec<(String, Value)>, place: prop::sample::Index, edit: Edit) {
    if let Edit::Add(key, value) = edit {
        fields.push((key, value));
        return;
    }
    if fields.is_empty() {
        return;
    }
    let place = place.index(fields.len());
    let field = &mut fields[place];
    match edit {
        Edit::Set(value) => field.1 = value,
        Edit::Insert(at, text) => {
            let mut chars: Vec<char> = field.1.as_str().unwrap_or("éa🦀a").chars().collect();
            let at = at.index(chars.len() + 1);
            chars.splice(at..at, text.chars());
            field.1 = Value::from(chars.into_iter().collect::<String>());
        }
        Edit::Rename(key) => field.0 = key,
        Edit::Remove => drop(fields.remove(place)),
        Edit::Add(..) => {}
    }
}
