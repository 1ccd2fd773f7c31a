//! Real documents, where they are at hand.

use std::fs;
use std::path::Path;

use contexture::Document;
use serde_json::Value;

#[test]
fn real_documents_make_the_round_trip() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/webhooks.ndjson");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let mut documents = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let document = Document::parse(line).unwrap();
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(document.to_value().unwrap(), value);
        assert_eq!(
            Document::try_from(value.clone())
                .unwrap()
                .to_value()
                .unwrap(),
            value
        );
        assert_eq!(Document::parse(document.as_json()).unwrap(), document);
        assert_eq!(serde_json::from_str::<Document>(line).unwrap(), document);

        let mut rebuilt = Document::new();
        for (key, field) in &document {
            assert_eq!(field.to_value().unwrap(), value[&*key]);
            let raw: &serde_json::value::RawValue = field.parse().unwrap();
            rebuilt = rebuilt.with(&key, raw).unwrap();
        }
        assert_eq!(rebuilt, document);
        documents += 1;
    }
    println!("{documents} documents");
}
