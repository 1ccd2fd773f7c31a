//! Times as RFC 3339 writes them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: i64 = 86_400;

/// Shows a time in UTC, rounded down to microseconds: `2001-09-09T01:46:40.000000Z`.
///
/// RFC 3339 has four digits for the year. Years that need more, or a sign, are written as
/// ISO 8601's expanded form has them, `+12345-01-01`.
pub(super) struct Rfc3339(pub(super) SystemTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = since_epoch(self.0);
        let (year, month, day) = date(seconds.div_euclid(SECONDS_A_DAY));
        let second = seconds.rem_euclid(SECONDS_A_DAY);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+05}")?,
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        write!(f, ".{:06}Z", nanos / 1000)
    }
}

/// Seconds since the Unix epoch, rounded down, and the nanoseconds after them.
fn since_epoch(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (after.as_secs().cast_signed(), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            // 2⁶³ seconds before the epoch is a time, too, and wraps to its own negative.
            let seconds = before.as_secs().cast_signed().wrapping_neg();
            match before.subsec_nanos() {
                0 => (seconds, 0),
                nanos => (seconds - 1, 1_000_000_000 - nanos),
            }
        }
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are taken to begin in March, so that the leap day is a year's last; then months are
/// 153 days in fives, and 400 years are 146,097 days. After Howard Hinnant's `civil_from_days`.
fn date(day: i64) -> (i64, i64, i64) {
    const DAYS_TO_EPOCH: i64 = 719_468; // from 0000-03-01
    const DAYS_AN_ERA: i64 = 146_097;
    let day = day + DAYS_TO_EPOCH;
    let (era, day) = (day.div_euclid(DAYS_AN_ERA), day.rem_euclid(DAYS_AN_ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(seconds: i64, nanos: u32) -> String {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let time = match seconds < 0 {
            true => UNIX_EPOCH - by,
            false => UNIX_EPOCH + by,
        };
        Rfc3339(time + Duration::from_nanos(nanos.into())).to_string()
    }

    #[test]
    fn times_are_shown_as_other_programs_show_them() {
        for (seconds, wanted) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_000_000_000, "2001-09-09T01:46:40.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_709_164_799, "2024-02-28T23:59:59.000000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
            (-2_203_891_200, "1900-03-01T00:00:00.000000Z"),
            (-62_135_596_800, "0001-01-01T00:00:00.000000Z"),
            (-62_167_219_200, "0000-01-01T00:00:00.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
            (253_402_300_800, "+10000-01-01T00:00:00.000000Z"),
            (-62_167_219_201, "-0001-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(shown(seconds, 0), wanted);
        }
    }

    #[test]
    fn fractions_are_rounded_down_on_both_sides_of_the_epoch() {
        assert_eq!(shown(0, 1_999), "1970-01-01T00:00:00.000001Z");
        assert_eq!(shown(0, 999_999_999), "1970-01-01T00:00:00.999999Z");
        assert_eq!(shown(-1, 999_999_999), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(-1, 1_000), "1969-12-31T23:59:59.000001Z");
    }

    #[test]
    fn the_ends_of_time_can_be_shown() {
        let far = Duration::from_secs(1 << 63);
        let ends = [
            UNIX_EPOCH.checked_sub(far),
            UNIX_EPOCH.checked_add(far - Duration::from_nanos(1)),
        ];
        // Not every system has them.
        for time in ends.into_iter().flatten() {
            assert!(Rfc3339(time).to_string().ends_with('Z'));
        }
    }

    /// Every day of 800 years follows the one before it as calendars have it.
    #[test]
    fn days_follow_each_other() {
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1600, 1, 1);
        for number in -135_140..157_054 {
            assert_eq!(date(number), (year, month, day));
            let days = match month {
                2 => 28 + i64::from(leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > days {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (2400, 1, 1));
    }
}
