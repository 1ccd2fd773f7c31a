//! The documents a run works on, and the contexts made of them.
//!
//! Invariant: a [`Dataset`] has at least one context; every document is a JSON object with the
//! counter field [`COUNTER`] at 0 and the field that reads look up.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use contexture::Document;
use serde_json::{Map, Value};

use crate::error::LabError;
use crate::keys::{Key, Keys};
use crate::requirements::documents as made;

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

const WEBHOOKS: &str = include_str!("../data/webhooks-sample.ndjson");

/// How many distinct documents the sample of sessions has.
const SESSIONS: usize = 1_000;

/// Documents that the lab brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Real events of 1 to 26 KB, deeply nested.
    Webhooks,
    /// What the requirements are about: 1 KB in 16 fields, as a session or a cart might be.
    Sessions,
}

impl Sample {
    /// Every sample.
    pub const ALL: [Self; 2] = [Self::Webhooks, Self::Sessions];

    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Sessions => "sessions",
        }
    }

    /// The sample of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<Self, LabError> {
        let found = Self::ALL.into_iter().find(|sample| sample.name() == name);
        found.ok_or_else(|| LabError::unknown("sample", name, Self::ALL.map(Self::name)))
    }

    /// What the results say about where the documents come from.
    fn source(self) -> String {
        match self {
            Self::Webhooks => {
                "built-in sample: GitHub webhooks, @octokit/webhooks-examples 7.6.1, MIT".to_owned()
            }
            Self::Sessions => format!(
                "built-in sample: made-up sessions of {} fields, as the requirements have",
                made::FIELDS
            ),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Webhooks => WEBHOOKS.to_owned(),
            // Always the same, whatever the seed of the run.
            Self::Sessions => (0..SESSIONS)
                .map(|context| made::document(0, context, 0).as_json().to_owned() + "\n")
                .collect(),
        }
    }
}

/// What an operation needs to know about the entry it is about.
#[derive(Debug, Clone)]
pub struct Target<K> {
    /// The entry's key.
    pub key: K,
    /// The top-level field that reads of it look up.
    pub field: Box<str>,
}

/// The documents of a run, spread over its contexts.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Where the documents came from, in words.
    pub source: String,
    /// Which type of keys subjects are to have.
    pub keys: Keys,
    contexts: usize,
    /// Entries beside the contexts; see [`Workload::extra`](crate::workload::Workload::extra).
    extra: usize,
    documents: Arc<[Parsed]>,
}

#[derive(Debug, Clone)]
struct Parsed {
    flat: Document,
    object: Object,
    field: Box<str>,
    bytes: usize,
}

impl Dataset {
    /// A built-in sample, with a single context.
    ///
    /// # Errors
    ///
    /// Never, as long as the samples are what they are.
    pub fn sample(sample: Sample) -> Result<Self, LabError> {
        Self::parse(&sample.text(), sample.name(), &sample.source())
    }

    /// The lines of an NDJSON file, with a single context.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has no documents, or has a line that is not a JSON object.
    pub fn load(path: &Path) -> Result<Self, LabError> {
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
            keys: Keys::default(),
            contexts: 1,
            extra: 0,
            documents: documents.into(),
        };
        Ok(dataset)
    }

    /// The same documents, dealt to so many contexts in turn.
    #[must_use]
    pub fn spread(mut self, contexts: usize) -> Self {
        self.contexts = contexts;
        self
    }

    /// The same with keys of that type.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// The same contexts with so many entries beside them, which go on with dealing.
    #[must_use]
    pub fn with_extra(&self, extra: usize) -> Self {
        Self {
            extra,
            ..self.clone()
        }
    }

    /// What operations need to know of each entry: the contexts, then those beside them.
    #[must_use]
    pub fn targets<K: Key>(&self) -> Box<[Target<K>]> {
        let target = |entry| Target {
            key: K::of(entry),
            field: self.parsed(entry).field.clone(),
        };
        (0..self.entries()).map(target).collect()
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
        self.contexts
    }

    /// How many entries a store of it has: the contexts and those beside them.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.contexts + self.extra
    }

    /// A document of its own for an entry: the buffer is shared with no other entry, as if each
    /// had arrived by itself.
    ///
    /// # Errors
    ///
    /// If the document cannot be copied.
    pub fn document(&self, entry: usize) -> Result<Document, String> {
        self.parsed(entry)
            .flat
            .with(COUNTER, &0_u64)
            .map_err(|error| error.to_string())
    }

    /// The same document as a tree of its own.
    #[must_use]
    pub fn object(&self, entry: usize) -> Object {
        self.parsed(entry).object.clone()
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

    fn parsed(&self, entry: usize) -> &Parsed {
        &self.documents[entry % self.documents.len()]
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
    use contexture::ContextId;

    use super::*;

    fn load(text: &str) -> Result<Dataset, String> {
        Dataset::parse(text, "file", "source")
            .map(|dataset| dataset.spread(5))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_is_what_its_readme_says() {
        let sample = Dataset::sample(Sample::Webhooks).unwrap().spread(100);
        assert_eq!(sample.distinct(), 40);
        assert_eq!(sample.contexts(), 100);
        let targets = sample.targets::<ContextId>();
        assert!(targets.iter().all(|target| &*target.field == "event"));
        let [least, median, most] = sample.sizes();
        assert!(least < 2_000 && (7_000..9_000).contains(&median) && most > 20_000);
        assert!(WEBHOOKS.len() <= 400_000);
    }

    #[test]
    fn sessions_are_of_one_size_and_always_the_same() {
        let [sessions, again] = [(); 2].map(|()| Dataset::sample(Sample::Sessions).unwrap());
        assert_eq!(sessions.distinct(), SESSIONS);
        assert_eq!(sessions.sizes(), [made::BYTES; 3]);
        assert_eq!(sessions.object(SESSIONS - 1), again.object(SESSIONS - 1));
        assert_ne!(sessions.object(0), sessions.object(1));
        assert_eq!(
            sessions.object(0).len(),
            made::FIELDS + 1,
            "and the counter"
        );
        let message = Sample::find("carts").unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown sample `carts`; there are: webhooks, sessions"
        );
    }

    #[test]
    fn entries_beside_the_contexts_have_keys_and_documents_too() {
        let dataset = load("{\"a\":1}\n{\"b\":1}").unwrap().with_extra(2);
        assert_eq!((dataset.contexts(), dataset.entries()), (5, 7));
        let targets = dataset.targets::<u64>();
        let fields: Vec<_> = targets.iter().map(|target| &*target.field).collect();
        assert_eq!(fields, ["a", "b", "a", "b", "a", "b", "a"]);
        assert_eq!(targets[6].key, u64::of(6));
        assert!(dataset.object(5).contains_key("b"));
    }

    #[test]
    fn reads_look_up_event_or_else_the_first_field() {
        let dataset = load("{\"z\":1,\"event\":\"e\"}\n\n{\"z\":1,\"a\":2}\n{}\n").unwrap();
        let targets = dataset.targets::<ContextId>();
        let fields: Vec<_> = targets.iter().map(|t| &*t.field).collect();
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
