//! Which recovery point is meant.

use std::time::SystemTime;

use super::RecoveryPoint;

/// Which recovery point is meant.
///
/// ```
/// use std::time::SystemTime;
///
/// use contexture::recovery::Select;
///
/// let _ = [Select::from(3_u64), Select::from("before"), Select::from(SystemTime::now())];
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Select {
    /// The one with the highest number: the last that was made or read.
    Latest,
    /// The one with this number.
    Number(u64),
    /// The one with this name; of several, that with the highest number.
    Name(String),
    /// Of those whose time is this or earlier, the one with the latest time; of several at that
    /// time, that with the highest number.
    AtOrBefore(SystemTime),
    /// This one, whether it is still kept or not, and whichever contexts it is of.
    Point(RecoveryPoint),
}

/// The one with this number.
impl From<u64> for Select {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// The newest with this name.
impl From<&str> for Select {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// The newest with this name.
impl From<String> for Select {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

/// The newest at this time or before.
impl From<SystemTime> for Select {
    fn from(time: SystemTime) -> Self {
        Self::AtOrBefore(time)
    }
}

/// This very one.
impl From<RecoveryPoint> for Select {
    fn from(point: RecoveryPoint) -> Self {
        Self::Point(point)
    }
}

/// This very one.
impl From<&RecoveryPoint> for Select {
    fn from(point: &RecoveryPoint) -> Self {
        Self::Point(point.clone())
    }
}
