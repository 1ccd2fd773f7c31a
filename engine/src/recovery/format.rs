//! The lines of an exported recovery point.
//!
//! Each is a JSON object: a [`Header`], a [`Line`] for each context, sorted by id, and a
//! [`Footer`] with the CRC-32 of everything before it, line ends included.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

use crate::draft::Lifetime;
use crate::{ContextId, ContextRef, Document};

/// How every export says what it is.
pub(super) const FORMAT: &str = "contexture recovery point";

/// The version of the format: raised when a reader of an older one would misunderstand it.
pub(super) const VERSION: u64 = 1;

/// How a [`Footer`] begins, and no other line.
pub(super) const FOOTER_START: &[u8] = br#"{"checksum":"#;

/// What the first line says in every version of the format.
#[derive(Deserialize)]
pub(super) struct Preamble<'a> {
    #[serde(borrow)]
    pub(super) format: Cow<'a, str>,
    pub(super) version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) format: Cow<'a, str>,
    pub(super) version: u64,
    pub(super) contexts: u64,
    pub(super) number: u64,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) time: Time,
    pub(super) revision: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub(super) id: ContextId,
    pub(super) version: u64,
    pub(super) created: Time,
    pub(super) updated: Time,
    pub(super) time_to_live: Option<Span>,
    #[serde(borrow)]
    pub(super) metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) document: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    pub(super) checksum: u32,
}

impl<'a> Line<'a> {
    /// The line of a context. The texts of document and metadata are copied as they are.
    pub(super) fn of(context: ContextRef<'a>) -> serde_json::Result<Self> {
        let raw = |document: &'a Document| serde_json::from_str(document.as_json());
        Ok(Self {
            id: context.id().clone(),
            version: context.version().get(),
            created: Time(context.created()),
            updated: Time(context.updated()),
            time_to_live: context.time_to_live().map(Span),
            metadata: context.metadata().map(raw).transpose()?,
            document: raw(context.document())?,
        })
    }

    pub(super) const fn lifetime(&self) -> Lifetime {
        match self.time_to_live {
            Some(Span(time)) => Lifetime::For(time),
            None => Lifetime::Forever,
        }
    }
}

/// A time as `[seconds, nanoseconds]` since the Unix epoch; nanoseconds count forward also from
/// a time before it.
pub(super) struct Time(pub(super) SystemTime);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = match self.0.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()).ok(), since.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                // Full seconds are rounded away from the epoch, and what is too much is counted.
                let borrowed = u64::from(before.subsec_nanos() > 0);
                let seconds = before.as_secs().checked_add(borrowed);
                let seconds = seconds.and_then(|seconds| 0_i64.checked_sub_unsigned(seconds));
                (
                    seconds,
                    (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000,
                )
            }
        };
        match parts {
            (Some(seconds), nanos) => (seconds, nanos).serialize(serializer),
            (None, _) => Err(ser::Error::custom("a time is out of range")),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seconds, nanos) = <(i64, u32)>::deserialize(deserializer)?;
        let nanos = fraction(nanos)?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let epoch = SystemTime::UNIX_EPOCH;
        let time = match seconds {
            0.. => epoch.checked_add(whole),
            _ => epoch.checked_sub(whole),
        };
        let time = time.and_then(|time| time.checked_add(nanos));
        time.map(Self)
            .ok_or_else(|| de::Error::custom("a time is out of range"))
    }
}

/// A duration as `[seconds, nanoseconds]`.
pub(super) struct Span(pub(super) Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0.as_secs(), self.0.subsec_nanos()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seconds, nanos) = <(u64, u32)>::deserialize(deserializer)?;
        // Less than a second is added, so the sum is in range.
        Ok(Self(Duration::from_secs(seconds) + fraction(nanos)?))
    }
}

fn fraction<E: de::Error>(nanos: u32) -> Result<Duration, E> {
    match nanos {
        0..1_000_000_000 => Ok(Duration::from_nanos(nanos.into())),
        _ => Err(E::custom("more nanoseconds than a second has")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_to_the_nanosecond() {
        let epoch = SystemTime::UNIX_EPOCH;
        let nanos = Duration::from_nanos;
        for (time, text) in [
            (epoch, "[0,0]"),
            (epoch + nanos(1_999_999_999), "[1,999999999]"),
            (epoch - nanos(1), "[-1,999999999]"),
            (epoch - nanos(1_000_000_000), "[-1,0]"),
            (epoch - nanos(1_000_000_001), "[-2,999999999]"),
        ] {
            assert_eq!(serde_json::to_string(&Time(time)).expect("written"), text);
            let read: Time = serde_json::from_str(text).expect("read");
            assert_eq!(read.0, time);
        }
        let long = Duration::MAX;
        let text = serde_json::to_string(&Span(long)).expect("written");
        assert_eq!(serde_json::from_str::<Span>(&text).expect("read").0, long);
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for text in ["[0,1000000000]", "[0,-1]", "[0]", "[0,0,0]", "0", "[1.5,0]"] {
            assert!(serde_json::from_str::<Time>(text).is_err(), "{text}");
            assert!(serde_json::from_str::<Span>(text).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Span>("[-1,0]").is_err());
        // Whether a system can express it or not, it does not panic.
        let _ = serde_json::from_str::<Time>(&format!("[{},999999999]", i64::MAX));
        let _ = serde_json::from_str::<Time>(&format!("[{},0]", i64::MIN));
    }
}
