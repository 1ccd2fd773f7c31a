//! Ways to keep a JSON object, made to do the same things.

use std::collections::HashMap;

use contexture::Document;
use serde_json::{Map, Value};

/// A way to keep a JSON object.
pub(crate) trait Subject: Sized {
    const NAME: &'static str;

    fn parse(json: &str) -> Self;

    fn to_text(&self) -> String;

    /// Whether the field has this value.
    fn has(&self, key: &str, expected: &Value) -> bool;

    /// A copy with another value of a field that is there; the original is still needed.
    fn with(&self, key: &str, value: u64) -> Self;
}

impl Subject for Document {
    const NAME: &'static str = "Document";

    fn parse(json: &str) -> Self {
        Document::parse(json).expect("a JSON object")
    }

    fn to_text(&self) -> String {
        self.as_json().to_owned()
    }

    fn has(&self, key: &str, expected: &Value) -> bool {
        let Some(field) = self.get(key) else {
            return false;
        };
        match expected {
            Value::Number(number) => field.as_u64() == number.as_u64(),
            Value::String(text) => field.as_str().as_deref() == Some(text),
            _ => false,
        }
    }

    fn with(&self, key: &str, value: u64) -> Self {
        self.with(key, &value).expect("a small document")
    }
}

macro_rules! map {
    ($($map:ty: $name:literal;)*) => {$(
        impl Subject for $map {
            const NAME: &'static str = $name;

            fn parse(json: &str) -> Self {
                serde_json::from_str(json).expect("a JSON object")
            }

            fn to_text(&self) -> String {
                serde_json::to_string(self).expect("JSON")
            }

            fn has(&self, key: &str, expected: &Value) -> bool {
                let Some(value) = self.get(key) else {
                    return false;
                };
                match expected {
                    Value::Number(number) => value.as_u64() == number.as_u64(),
                    Value::String(text) => value.as_str() == Some(text),
                    _ => false,
                }
            }

            fn with(&self, key: &str, value: u64) -> Self {
                let mut copy = self.clone();
                if let Some(place) = copy.get_mut(key) {
                    *place = Value::from(value);
                }
                copy
            }
        }
    )*};
}

map! {
    HashMap<String, Value>: "HashMap<String, Value>";
    Map<String, Value>: "serde_json::Map";
    imbl::HashMap<String, Value>: "imbl::HashMap<String, Value>";
}

/// Calls a generic function with each of the subjects, the document first.
macro_rules! for_each_subject {
    ($function:ident($($argument:expr),*)) => {
        $function::<contexture::Document>($($argument),*);
        $function::<std::collections::HashMap<String, serde_json::Value>>($($argument),*);
        $function::<serde_json::Map<String, serde_json::Value>>($($argument),*);
        $function::<imbl::HashMap<String, serde_json::Value>>($($argument),*);
    };
}
pub(crate) use for_each_subject;
