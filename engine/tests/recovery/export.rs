//! Writing points and reading them back, here and elsewhere.

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime};

use contexture::recovery::{RecoveryIoError, Select};
use contexture::{Batch, Clock, Contexts, Document, Draft, ManualClock, Revision, StrategyKind};

use crate::common::{document, id, incremented, n, over_every_strategy};
use crate::{contents, held, held_now};

over_every_strategy! {
    what_is_read_is_what_was_written => round_trip;
    a_read_point_restores_other_contexts => elsewhere;
    a_read_point_is_one_more_point => one_more;
    the_same_version_of_another_store_is_not_the_same => other_versions;
    a_point_of_many_contexts_can_be_written => many;
    the_first_format_can_be_read => first_format;
    a_full_disk_is_an_error => full_disk;
    a_reader_that_fails_is_an_error => failing_reader;
    pieces_may_be_of_any_size => pieces;
}

/// Contexts with all that can be written, made at a time before 1970.
pub(crate) async fn varied<S: StrategyKind>(clock: &ManualClock) -> Contexts<S> {
    let contexts = Contexts::<S>::builder()
        .clock(clock.clone())
        .feed(10)
        .build();
    clock.set(SystemTime::UNIX_EPOCH - Duration::from_nanos(1_500_000_001));
    let plain = r#"{"n":1.10,"big":123456789012345678901234567890,"\"\\\u0001🦀é\u2028":[{},[]]}"#;
    let about = Draft::new(document(plain))
        .metadata(document(r#"{"by":"ann"}"#))
        .time_to_live(Duration::new(u64::from(u32::MAX), 999_999_999));
    contexts.create(id("b\n\"é"), about).await.unwrap();
    clock.advance(Duration::from_nanos(1));
    contexts
        .create(id("a"), document(r#"{"n":0}"#))
        .await
        .unwrap();
    clock.advance(Duration::from_secs(2_000_000_000));
    contexts.update(&id("a"), incremented).await.unwrap();
    contexts
        .create(id("c"), Draft::new(Document::new()).forever())
        .await
        .unwrap();
    contexts
}

pub(crate) async fn exported<S: StrategyKind>(contexts: &Contexts<S>, name: &str) -> Vec<u8> {
    let point = contexts.recovery().create(Some(name)).await.unwrap();
    let mut written = Vec::new();
    point.write_to(&mut written).unwrap();
    written
}

async fn round_trip<S: StrategyKind>() {
    let clock = ManualClock::new();
    let contexts = varied::<S>(&clock).await;
    let written = exported(&contexts, "é\n\"").await;
    let point = contexts.recovery().get(Select::Latest).unwrap();
    let others = Contexts::<S>::new();
    let read = others.recovery().read_from(&*written).unwrap();

    assert_eq!((read.name(), read.time()), (Some("é\n\""), clock.now()));
    assert_eq!(read.revision(), Some(Revision::new(4)));
    assert_eq!((read.checksum(), read.len()), (point.checksum(), 3));
    assert_eq!(read.verify(), Ok(()));
    assert_eq!(held(read.snapshot()), held(point.snapshot()));
    for context in point.snapshot().iter() {
        let read = read.get(context.id()).unwrap();
        assert_eq!(read.as_json().as_bytes(), context.as_json().as_bytes());
        assert_eq!(
            (read.created(), read.updated()),
            (context.created(), context.updated())
        );
        assert_eq!(read.expires(), context.expires());
        assert_eq!((read.revision(), read.history().len()), (None, 0));
    }
    assert_eq!(read.snapshot().revision(), None);
    // Written again it is the same, but for the number it had.
    let mut again = Vec::new();
    read.write_to(&mut again).unwrap();
    let (written, again) = (
        String::from_utf8(written).unwrap(),
        String::from_utf8(again).unwrap(),
    );
    let body = |text: &str| {
        text.lines()
            .skip(1)
            .take(3)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(body(&written), body(&again));
}

async fn elsewhere<S: StrategyKind>() {
    let contexts = varied::<S>(&ManualClock::new()).await;
    let written = exported(&contexts, "x").await;
    let others = Contexts::<S>::builder()
        .time_to_live(Duration::from_secs(1))
        .build();
    others
        .create(id("a"), document(r#"{"other":true}"#))
        .await
        .unwrap();
    others.create(id("z"), Document::new()).await.unwrap();
    others.recovery().read_from(&*written).unwrap();
    let restored = others.recovery().restore("x").await.unwrap();
    assert_eq!((restored.written, restored.deleted), (3, 1));
    let (there, here) = (held_now(&contexts).await, held_now(&others).await);
    assert_eq!(contents(&there), contents(&here));
}

async fn one_more<S: StrategyKind>() {
    let contexts = Contexts::<S>::builder().max_recovery_points(2).build();
    contexts
        .create(id("a"), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let recovery = contexts.recovery();
    let before = SystemTime::now();
    let written = exported(&contexts, "x").await;
    recovery.create(Some("y")).await.unwrap();
    let read = recovery.read_from(&*written).unwrap();
    assert_eq!((read.number(), read.name()), (3, Some("x")));
    assert!(read.time() >= before);
    let numbers: Vec<_> = recovery.list().iter().map(|point| point.number()).collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(recovery.get("x").unwrap(), read);
    // In the contexts it is of, it finds its versions unchanged.
    let restored = recovery.restore(&read).await.unwrap();
    assert_eq!((restored.written, restored.unchanged), (0, 1));
}

async fn other_versions<S: StrategyKind>() {
    let (here, there) = (Contexts::<S>::new(), Contexts::<S>::new());
    let a = id("a");
    let first = here
        .create(a.clone(), document(r#"{"n":1}"#))
        .await
        .unwrap();
    let other = there
        .create(a.clone(), document(r#"{"n":2}"#))
        .await
        .unwrap();
    assert_eq!(first, other);
    let written = exported(&there, "x").await;
    here.recovery().read_from(&*written).unwrap();
    here.recovery().restore("x").await.unwrap();
    let context = here.get(&a).await.unwrap();
    assert_eq!((n(&context), context.version()), (2, first.next()));
}

async fn many<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let mut batch = Batch::new();
    for n in 0..3_000 {
        let text = document(&format!(r#"{{"n":{n},"text":"{}"}}"#, "x".repeat(n % 200)));
        batch = batch.put(id(&format!("context/{n}")), text);
    }
    contexts.apply(batch).await.unwrap();
    let written = exported(&contexts, "x").await;
    let others = Contexts::<S>::new();
    let read = others.recovery().read_from(&*written).unwrap();
    assert_eq!(held(read.snapshot()), held_now(&contexts).await);
    others.recovery().restore(&read).await.unwrap();
    assert_eq!(others.len().await, 3_000);
}

/// Never to be changed: files in this format are out there.
const FIRST_FORMAT: &str = r#"{"format":"contexture recovery point","version":1,"contexts":2,"number":7,"name":"nightly","time":[1700000000,5],"revision":12}
{"id":"a","version":3,"created":[1600000000,0],"updated":[1700000000,1],"time_to_live":[60,0],"metadata":{"by":"ann"},"document":{"n":1.10}}
{"id":"b","version":1,"created":[-2,999999999],"updated":[0,0],"time_to_live":null,"metadata":null,"document":{}}
{"checksum":3355421331}
"#;

async fn first_format<S: StrategyKind>() {
    let contexts = Contexts::<S>::new();
    let read = contexts
        .recovery()
        .read_from(FIRST_FORMAT.as_bytes())
        .unwrap();
    let epoch = SystemTime::UNIX_EPOCH;
    assert_eq!((read.number(), read.name()), (1, Some("nightly")));
    assert_eq!(read.time(), epoch + Duration::new(1_700_000_000, 5));
    assert_eq!(read.revision(), Some(Revision::new(12)));
    let (a, b) = (id("a"), id("b"));
    let (a, b) = (read.get(&a).unwrap(), read.get(&b).unwrap());
    assert_eq!((a.version().get(), a.as_json()), (3, r#"{"n":1.10}"#));
    assert_eq!(a.metadata().unwrap().as_json(), r#"{"by":"ann"}"#);
    assert_eq!(a.time_to_live(), Some(Duration::from_secs(60)));
    assert_eq!(a.expires(), Some(epoch + Duration::new(1_700_000_060, 1)));
    assert_eq!((b.version().get(), b.as_json()), (1, "{}"));
    assert_eq!(b.created(), epoch - Duration::from_nanos(1_000_000_001));
    assert_eq!((b.metadata(), b.time_to_live()), (None, None));
    let mut written = Vec::new();
    read.write_to(&mut written).unwrap();
    let written = String::from_utf8(written).unwrap();
    let line = |text: &str, line| text.lines().nth(line).map(str::to_owned);
    for number in [1, 2] {
        assert_eq!(line(&written, number), line(FIRST_FORMAT, number));
    }
}

/// A disk with room for so many bytes.
struct Disk {
    room: usize,
    flushed: bool,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = bytes.len().min(self.room);
        self.room -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = true;
        Ok(())
    }
}

async fn full_disk<S: StrategyKind>() {
    let contexts = varied::<S>(&ManualClock::new()).await;
    let len = exported(&contexts, "x").await.len();
    let point = contexts.recovery().get(Select::Latest).unwrap();
    for room in 0..=len {
        let mut disk = Disk {
            room,
            flushed: false,
        };
        match point.write_to(&mut disk) {
            Ok(()) => assert_eq!((room, disk.flushed), (len, true)),
            Err(RecoveryIoError::Io(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                assert!(room < len);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Gives so many bytes at a time, fails behind the first so many, and now and then is interrupted.
struct Slow<'a> {
    bytes: &'a [u8],
    piece: usize,
    until_failure: usize,
    interrupted: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let piece = self.piece.min(self.until_failure);
        if piece == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let len = buffer.len().min(piece);
        let read = self.bytes.read(&mut buffer[..len])?;
        self.until_failure -= read;
        Ok(read)
    }
}

async fn failing_reader<S: StrategyKind>() {
    let contexts = varied::<S>(&ManualClock::new()).await;
    let written = exported(&contexts, "x").await;
    let others = Contexts::<S>::new();
    // Also when all was read, but not yet that it is all.
    for until_failure in 0..=written.len() {
        let (bytes, piece, interrupted) = (&*written, 64, false);
        let reader = Slow {
            bytes,
            piece,
            until_failure,
            interrupted,
        };
        match others.recovery().read_from(reader) {
            Err(RecoveryIoError::Io(error)) => assert_eq!(error.kind(), io::ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(others.recovery().list(), []);
}

async fn pieces<S: StrategyKind>() {
    let contexts = varied::<S>(&ManualClock::new()).await;
    let written = exported(&contexts, "x").await;
    for piece in [1, 2, 7, 1_000] {
        let others = Contexts::<S>::new();
        let (bytes, until_failure, interrupted) = (&*written, usize::MAX, false);
        let reader = Slow {
            bytes,
            piece,
            until_failure,
            interrupted,
        };
        let read = others.recovery().read_from(reader).unwrap();
        assert_eq!(held(read.snapshot()), held_now(&contexts).await);
    }
}
