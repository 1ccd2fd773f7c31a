//! The documents that are compared: made ones, and real ones where they are at hand.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

pub(crate) struct Sample {
    /// `16 fields`, or `webhook, 962 B`.
    pub(crate) name: String,
    pub(crate) json: String,
    /// A field in the middle, a number or a string without escapes.
    pub(crate) key: String,
    pub(crate) expected: Value,
}

impl Sample {
    fn new(name: String, json: String) -> Self {
        let fields: Map<String, Value> = serde_json::from_str(&json).expect("a JSON object");
        let document = contexture::Document::parse(&json).expect("a JSON object");
        let middle = document.len() / 2;
        let (key, expected) = document
            .keys()
            .skip(middle)
            .chain(document.keys().take(middle))
            .map(|key| (key.to_string(), fields[&*key].clone()))
            .find(|(_, value)| value.is_u64() || value.is_string())
            .unwrap_or_else(|| panic!("{name}: no number or string"));
        Self {
            name,
            json,
            key,
            expected,
        }
    }

    /// Numbers, strings and booleans, nothing nested: what is cheapest to copy for the others.
    pub(crate) fn made(fields: u64) -> Self {
        let members: Vec<String> = (0..fields)
            .map(|field| {
                let value = match field % 4 {
                    0 => json!(1_000_000 + field),
                    1 => json!(format!("value of field {field}")),
                    2 => json!(field % 8 == 2),
                    _ => json!(format!("https://example.org/items/{field}")),
                };
                format!("\"field{field:03}\":{value}")
            })
            .collect();
        let json = format!("{{{}}}", members.join(","));
        Self::new(format!("{fields} fields"), json)
    }
}

/// Sixteen fields first; the targets are about these.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = vec![Sample::made(16), Sample::made(64)];
    samples.extend(webhooks());
    samples
}

/// The payloads of the smallest, median and largest webhook.
fn webhooks() -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/webhooks.ndjson");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("webhooks are skipped: there is no {}", path.display());
        return Vec::new();
    };
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_by_key(|line| line.len());
    [0, lines.len() / 2, lines.len() - 1]
        .into_iter()
        .map(|at| {
            let line = contexture::Document::parse(lines[at]).expect("a JSON object");
            let payload = line.get("payload").expect("a payload").as_json();
            Sample::new(format!("webhook, {} B", payload.len()), payload.to_owned())
        })
        .collect()
}
