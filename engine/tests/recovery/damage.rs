//! Every damage of an export is noticed and named, and changes nothing.

use contexture::recovery::{Damage, RecoveryError, RecoveryIoError, Select};
use contexture::{Contexts, Document, ManualClock, StrategyKind};

use crate::common::{document, id, over_every_strategy};
use crate::export::{exported, varied};

over_every_strategy! {
    what_is_cut_off_is_refused => truncated;
    any_flipped_bit_is_refused => flipped;
    any_lost_or_doubled_line_is_refused => lines;
    each_damage_is_named_with_its_line => named;
    what_is_over_a_limit_is_refused => limits;
}

/// The contexts and points that must not change, and the outcome of reading something.
struct Unchanged<S: StrategyKind>(Contexts<S>);

impl<S: StrategyKind> Unchanged<S> {
    async fn new(contexts: Contexts<S>) -> Self {
        contexts
            .create(id("a"), document(r#"{"n":9}"#))
            .await
            .unwrap();
        contexts.recovery().create(Some("only")).await.unwrap();
        Self(contexts)
    }

    fn refuses(&self, bytes: &[u8]) -> (u64, Damage) {
        match self.0.recovery().read_from(bytes) {
            Err(RecoveryIoError::Damaged { line, damage }) => (line, damage),
            other => panic!("{other:?}: {}", String::from_utf8_lossy(bytes)),
        }
    }

    async fn check(self) {
        let recovery = self.0.recovery();
        assert_eq!(recovery.list().len(), 1);
        assert_eq!(recovery.get(Select::Latest).unwrap().name(), Some("only"));
        let now = self.0.snapshot().await;
        assert_eq!(now.len(), 1);
        assert_eq!(now.get(&id("a")).unwrap().as_json(), r#"{"n":9}"#);
        // Not even a number was used up.
        assert_eq!(recovery.create(None).await.unwrap().number(), 2);
    }
}

async fn truncated<S: StrategyKind>() {
    let written = exported(&varied::<S>(&ManualClock::new()).await, "x").await;
    let unchanged = Unchanged::new(Contexts::<S>::new()).await;
    for len in 0..written.len() {
        let (line, damage) = unchanged.refuses(&written[..len]);
        let line_ends = written[..len].iter().filter(|byte| **byte == b'\n').count();
        assert!(matches!(damage, Damage::Truncated), "{len}: {damage:?}");
        assert_eq!(line, line_ends as u64 + 1);
    }
    unchanged.check().await;
}

async fn flipped<S: StrategyKind>() {
    let mut written = exported(&varied::<S>(&ManualClock::new()).await, "x").await;
    let unchanged = Unchanged::new(Contexts::<S>::new()).await;
    for byte in 0..written.len() {
        for bit in 0..8 {
            written[byte] ^= 1 << bit;
            unchanged.refuses(&written);
            written[byte] ^= 1 << bit;
        }
    }
    unchanged.check().await;
}

async fn lines<S: StrategyKind>() {
    let written = exported(&varied::<S>(&ManualClock::new()).await, "x").await;
    let lines: Vec<_> = written.split_inclusive(|byte| *byte == b'\n').collect();
    let unchanged = Unchanged::new(Contexts::<S>::new()).await;
    for line in 0..lines.len() {
        let mut lost = lines.clone();
        lost.remove(line);
        unchanged.refuses(&lost.concat());
        let mut doubled = lines.clone();
        doubled.insert(line, lines[line]);
        unchanged.refuses(&doubled.concat());
        let mut swapped = lines.clone();
        swapped.swap(line, (line + 1) % lines.len());
        unchanged.refuses(&swapped.concat());
    }
    unchanged.check().await;
}

const HEADER: &str = r#"{"format":"contexture recovery point","version":1,"contexts":2,"number":1,"name":null,"time":[0,0],"revision":null}"#;
const A: &str = r#"{"id":"a","version":1,"created":[0,0],"updated":[0,0],"time_to_live":null,"metadata":null,"document":{"n":1}}"#;
const B: &str = r#"{"id":"b","version":1,"created":[0,0],"updated":[0,0],"time_to_live":null,"metadata":{"m":1},"document":{}}"#;

/// These lines, with the right checksum behind them.
fn sealed(lines: &[&str]) -> String {
    let mut text: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    let checksum = crc32fast::hash(text.as_bytes());
    text += &format!("{{\"checksum\":{checksum}}}\n");
    text
}

async fn named<S: StrategyKind>() {
    let unchanged = Unchanged::new(Contexts::<S>::new()).await;
    let refused = |text: &str| unchanged.refuses(text.as_bytes());
    let sound = sealed(&[HEADER, A, B]);
    Contexts::<S>::new()
        .recovery()
        .read_from(sound.as_bytes())
        .unwrap();

    for foreign in ["{}\n", "\n", "hello\n", "[]\n", "\u{feff}{}\n"] {
        assert!(
            matches!(refused(foreign), (1, Damage::NotAnExport)),
            "{foreign}"
        );
    }
    let other = sound.replace("recovery point", "recovery pint");
    assert!(matches!(refused(&other), (1, Damage::NotAnExport)));
    // A later format may have fields that are unknown here.
    let later = HEADER.replace(r#""version":1,"#, r#""version":2,"more":[],"#);
    let unknown = refused(&sealed(&[&later, A, B]));
    assert!(matches!(
        unknown,
        (1, Damage::UnknownFormatVersion { found: 2, known: 1 })
    ));

    let few = refused(&sealed(&[HEADER, A]));
    assert!(matches!(
        few,
        (
            3,
            Damage::WrongCount {
                announced: 2,
                found: 1
            }
        )
    ));
    let c = A.replace(r#""a""#, r#""c""#);
    let many = refused(&sealed(&[HEADER, A, B, &c]));
    assert!(matches!(
        many,
        (
            4,
            Damage::WrongCount {
                announced: 2,
                found: 3
            }
        )
    ));
    let endless = HEADER.replace(r#""contexts":2"#, &format!(r#""contexts":{}"#, u64::MAX));
    let few = refused(&sealed(&[&endless, A, B]));
    let all = u64::MAX;
    assert!(matches!(few, (4, Damage::WrongCount { announced, found: 2 }) if announced == all));

    match refused(&sealed(&[HEADER, A, A])) {
        (3, Damage::DuplicateId { id }) => assert_eq!(id.as_str(), "a"),
        other => panic!("{other:?}"),
    }
    let (computed, edited) = (sealed(&[HEADER, A, B]), A.replace(r#""n":1"#, r#""n":2"#));
    let edited = computed.replace(A, &edited);
    assert!(
        matches!(refused(&edited), (4, Damage::WrongChecksum { stated, computed }) if stated != computed)
    );
    for more in ["\n", " ", "x", "{\"checksum\":0}\n"] {
        let longer = format!("{sound}{more}");
        assert!(
            matches!(refused(&longer), (5, Damage::TrailingData)),
            "{more:?}"
        );
    }
    for (from, to) in [
        (r#""version":1"#, r#""version":0"#),
        (r#""version":1"#, r#""version":-1"#),
        (r#""id":"a""#, r#""id":"""#),
        (r#""id":"a""#, r#""id":7"#),
        (r#""id":"a","#, ""),
        (r#""id":"a","#, r#""id":"a","id":"a","#),
        (r#""id":"a","#, r#""id":"a","more":1,"#),
        (r#""created":[0,0]"#, r#""created":[0,1000000000]"#),
        (r#""created":[0,0]"#, r#""created":0"#),
        (r#""time_to_live":null"#, r#""time_to_live":[-1,0]"#),
        (r#""metadata":null"#, r#""metadata":[]"#),
        (r#"{"n":1}"#, r#"[1]"#),
        (r#"{"n":1}"#, r#"{"n": 1}"#),
        (r#"{"n":1}"#, r#"{"n":1,"n":2}"#),
        (r#"{"n":1}"#, r#"{"\u006e":1}"#),
        (r#"{"n":1}"#, r#"{"n":"\ud800"}"#),
    ] {
        assert!(A.contains(from));
        let line = A.replace(from, to);
        let (line, damage) = refused(&sealed(&[HEADER, B, &line]));
        assert!(matches!((line, damage), (3, Damage::Malformed(_))), "{to}");
    }
    let long = format!(r#""name":"{}""#, "x".repeat(513));
    let long = HEADER.replace(r#""name":null"#, &long);
    match refused(&sealed(&[&long, A, B])) {
        (1, Damage::Malformed(reason)) => {
            let reason = reason.downcast::<RecoveryError>().unwrap();
            assert_eq!(*reason, RecoveryError::NameTooLong { len: 513 });
        }
        other => panic!("{other:?}"),
    }
    let said = unchanged
        .0
        .recovery()
        .read_from(&b"{}\n"[..])
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "line 1 of the exported recovery point: this is not an exported recovery point"
    );
    unchanged.check().await;
}

async fn limits<S: StrategyKind>() {
    let builder = || Contexts::<S>::builder();
    let few = Unchanged::new(builder().max_contexts(1).build()).await;
    let text = sealed(&[HEADER, A, B]);
    let (line, damage) = few.refuses(text.as_bytes());
    assert!(matches!(
        (line, damage),
        (
            1,
            Damage::TooManyContexts {
                contexts: 2,
                limit: 1
            }
        )
    ));
    few.check().await;

    let small = Unchanged::new(builder().max_document_bytes(100).max_id_bytes(4).build()).await;
    let large = document(&format!(r#"{{"text":"{}"}}"#, "x".repeat(100)));
    let long_id = B.replace(r#""b""#, r#""bbbbb""#);
    let large_document = B.replace(r#""document":{}"#, &format!(r#""document":{large}"#));
    let large_metadata = B.replace(r#"{"m":1}"#, large.as_json());
    for line in [long_id, large_document, large_metadata] {
        let (line, damage) = small.refuses(sealed(&[HEADER, A, &line]).as_bytes());
        assert!(matches!((line, damage), (3, Damage::LimitExceeded(_))));
    }
    // What could not be a line of these contexts is not even read to its end.
    let endless = vec![b'x'; 1 << 20];
    let (line, damage) = small.refuses(&endless);
    assert!(matches!((line, damage), (1, Damage::LineTooLong { limit }) if limit < 8_192));
    small.check().await;

    // The longest id and name there can be are read where they can be.
    let small = builder().max_document_bytes(30).build();
    let longest = "\u{1}".repeat(512);
    small.create(id(&longest), Document::new()).await.unwrap();
    let point = small.recovery().create(Some(&longest)).await.unwrap();
    let mut written = Vec::new();
    point.write_to(&mut written).unwrap();
    let read = small.recovery().read_from(&*written).unwrap();
    assert_eq!((read.name(), read.len()), (Some(&*longest), 1));
}
