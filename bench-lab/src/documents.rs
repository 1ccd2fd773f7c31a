//! The documents a run works on, and the contexts made of them.
//!
//! Invariant: a [`Dataset`] has at least one context; every document is a JSON object with the
//! counter field [`COUNTER`] at 0 and the field that reads look up.

use std::fs;
use std::path::Path;

use contexture::{ContextId, Document};
use serde_json::{Map, Value};

use crate::error::LabError;

/// The type of a context's key, the same for every subject.
pub type Key = ContextId;

/// The body of subjects that change a document in place.
pub type Object = Map<String, Value>;

/// The top-level field that every update increments.
pub const COUNTER: &str = "lab_updates";

/// The field reads look up wherever a document has it.
const PREFERRED_FIELD: &str = "event";

/// What a context takes beside its document, about.
const PER_CONTEXT: u64 = 200;

/// How much larger a tree of values is than its text, about.
const TREE_FACTOR: u64 = 4;

const SAMPLE: &str = include_str!("../data/webhooks-sample.ndjson");

/// What the results say about the documents when none were given.
const SAMPLE_NAME: &str = "built-in sample: GitHub webhooks, @octokit/webhooks-examples 7.6.1, MIT";

/// What an operation needs to know about the context it is about.
#[derive(Debug, Clone)]
pub struct Target {
    /// The context's key.
    pub key: Key,
    /// The top-level field that reads of it look up.
    pub field: Box<str>,
}

/// The documents of a run, spread over its contexts.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Where the documents came from, in words.
    pub source: String,
    /// One for each context.
    pub targets: Vec<Target>,
    documents: Vec<Parsed>,
}

#[derive(Debug, Clone)]
struct Parsed {
    flat: Document,
    object: Object,
    field: Box<str>,
    bytes: usize,
}

impl Dataset {
    /// The built-in sample, or the lines of an NDJSON file, with a single context.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has no documents, or has a line that is not a JSON object.
    pub fn load(file: Option<&Path>) -> Result<Self, LabError> {
        match file {
            None => Self::parse(SAMPLE, "sample", SAMPLE_NAME),
            Some(path) => {
                let read = |source| LabError::Read {
                    path: path.to_owned(),
                    source,
                };
                let text = fs::read(path).map_err(read)?;
                let name = path.display().to_string();
                let text = String::from_utf8(text).map_err(|error| {
                    let valid = error.utf8_error().valid_up_to();
                    let line = error.as_bytes()[..valid]
                        .iter()
                        .filter(|byte| **byte == b'\n')
                        .count();
                    LabError::BadDocument {
                        origin: name.clone(),
                        line: line + 1,
                        reason: "not UTF-8 text".into(),
                    }
                })?;
                Self::parse(&text, &name, &name)
            }
        }
    }

    /// The documents of NDJSON text; empty lines are skipped.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load). `origin` stands for the file in messages.
    pub fn parse(text: &str, origin: &str, source: &str) -> Result<Self, LabError> {
        let mut documents = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let parsed = Parsed::new(line).map_err(|reason| LabError::BadDocument {
                origin: origin.to_owned(),
                line: index + 1,
                reason,
            })?;
            documents.push(parsed);
        }
        if documents.is_empty() {
            return Err(LabError::NoDocuments(origin.to_owned()));
        }
        let dataset = Self {
            source: source.to_owned(),
            targets: Vec::new(),
            documents,
        };
        Ok(dataset.spread(1))
    }

    /// The same documents, dealt to so many contexts in turn.
    #[must_use]
    pub fn spread(mut self, contexts: usize) -> Self {
        let target = |context| Target {
            key: key(context),
            field: self.parsed(context).field.clone(),
        };
        self.targets = (0..contexts).map(target).collect();
        self
    }

    /// About how much memory so many contexts take, once with each kind of body.
    #[must_use]
    pub fn memory(&self, contexts: usize) -> [u64; 2] {
        let text: usize = self.documents.iter().map(|parsed| parsed.bytes).sum();
        let flat = (text / self.documents.len()) as u64 + PER_CONTEXT;
        [flat, flat * TREE_FACTOR].map(|bytes| bytes.saturating_mul(contexts as u64))
    }

    /// How many contexts there are.
    #[must_use]
    pub fn contexts(&self) -> usize {
        self.targets.len()
    }

    /// A document of its own for a context: the buffer is shared with no other context, as if
    /// each had arrived by itself.
    ///
    /// # Errors
    ///
    /// If the document cannot be copied.
    pub fn document(&self, context: usize) -> Result<Document, String> {
        self.parsed(context)
            .flat
            .with(COUNTER, &0_u64)
            .map_err(|error| error.to_string())
    }

    /// The same document as a tree of its own.
    #[must_use]
    pub fn object(&self, context: usize) -> Object {
        self.parsed(context).object.clone()
    }

    /// Sizes of the distinct documents as JSON text: smallest, median, largest.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        let mut sizes: Vec<_> = self.documents.iter().map(|parsed| parsed.bytes).collect();
        sizes.sort_unstable();
        [sizes[0], sizes[sizes.len() / 2], sizes[sizes.len() - 1]]
    }

    /// How many distinct documents there are.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.documents.len()
    }

    /// The context that the one-key workloads use: the first with a document of median size, so
    /// that they do not depend on which document happens to be first.
    #[must_use]
    pub fn typical_context(&self) -> usize {
        let used = self.documents.len().min(self.contexts());
        let mut by_size: Vec<_> = (0..used).collect();
        by_size.sort_by_key(|index| (self.documents[*index].bytes, *index));
        by_size[used / 2]
    }

    fn parsed(&self, context: usize) -> &Parsed {
        &self.documents[context % self.documents.len()]
    }
}

impl Parsed {
    fn new(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let Value::Object(mut object) = value else {
            return Err(format!("a JSON object is needed, this is {}", kind(&value)));
        };
        let first = first_field(line);
        let field = if object.contains_key(PREFERRED_FIELD) {
            Some(PREFERRED_FIELD.to_owned())
        } else {
            first.filter(|field| object.contains_key(field))
        };
        object.insert(COUNTER.to_owned(), Value::from(0_u64));
        let flat = Document::parse(line)
            .and_then(|document| document.with(COUNTER, &0_u64))
            .map_err(|error| error.to_string())?;
        Ok(Self {
            flat,
            object,
            field: field.unwrap_or_else(|| COUNTER.to_owned()).into(),
            bytes: line.trim().len(),
        })
    }
}

/// Shaped like the names of real contexts.
fn key(context: usize) -> Key {
    ContextId::new(format!("octo-org/repo-{context:06}")).expect("neither empty nor long")
}

/// The key that stands first in the text of a JSON object, which a sorted map no longer knows.
fn first_field(line: &str) -> Option<String> {
    let inner = line.trim_start().strip_prefix('{')?.trim_start();
    let mut keys = serde_json::Deserializer::from_str(inner).into_iter::<String>();
    keys.next()?.ok()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    fn load(text: &str) -> Result<Dataset, String> {
        Dataset::parse(text, "file", "source")
            .map(|dataset| dataset.spread(5))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_is_what_its_readme_says() {
        let sample = Dataset::load(None).unwrap().spread(100);
        assert_eq!(sample.distinct(), 40);
        assert_eq!(sample.contexts(), 100);
        assert!(
            sample
                .targets
                .iter()
                .all(|target| &*target.field == "event")
        );
        let [least, median, most] = sample.sizes();
        assert!(least < 2_000 && (7_000..9_000).contains(&median) && most > 20_000);
        assert!(SAMPLE.len() <= 400_000);
        let keys: HashSet<_> = sample.targets.iter().map(|target| &target.key).collect();
        assert_eq!(keys.len(), 100);
    }

    #[test]
    fn reads_look_up_event_or_else_the_first_field() {
        let dataset = load("{\"z\":1,\"event\":\"e\"}\n\n{\"z\":1,\"a\":2}\n{}\n").unwrap();
        let fields: Vec<_> = dataset.targets.iter().map(|t| &*t.field).collect();
        assert_eq!(fields, ["event", "z", COUNTER, "event", "z"]);
    }

    #[test]
    fn every_context_starts_at_zero_updates() {
        let dataset = load("{\"lab_updates\":7,\"a\":1}").unwrap();
        assert_eq!(dataset.object(3)[COUNTER], 0);
        let document = dataset.document(3).unwrap();
        assert_eq!(
            document.get(COUNTER).map(|count| count.as_json()),
            Some("0")
        );
    }

    #[test]
    fn broken_lines_are_named() {
        assert!(load("{}\n{\"a\":").unwrap_err().starts_with("file:2: EOF"));
        assert_eq!(
            load("[1]").unwrap_err(),
            "file:1: a JSON object is needed, this is an array"
        );
        assert_eq!(load(" \n").unwrap_err(), "file: there is no document in it");
    }
}
