//! Whether two texts are the same value.

use super::fields::Fields;
use super::text::{items, unquote};

/// Whether two values, as compact JSON, are the same however they are written: numbers by what
/// they are in decimal, strings by their characters, objects by their members in any order.
///
/// Numbers are compared exactly. As `f64`, two account numbers of twenty digits could be one.
pub(crate) fn same_value(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match (a.as_bytes(), b.as_bytes()) {
        ([b'{', ..], [b'{', ..]) => same_members(a, b),
        ([b'[', ..], [b'[', ..]) => {
            // `Iterator::eq_by` is not stable.
            let (mut a, mut b) = (items(a), items(b));
            loop {
                match (a.next(), b.next()) {
                    (Some(a), Some(b)) if same_value(a, b) => {}
                    (None, None) => return true,
                    _ => return false,
                }
            }
        }
        ([b'"', ..], [b'"', ..]) => unquote(a) == unquote(b),
        _ => match (Decimal::parse(a), Decimal::parse(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

fn same_members(a: &str, b: &str) -> bool {
    let (Ok(a), Ok(b)) = (Fields::of_object(a), Fields::of_object(b)) else {
        return false;
    };
    a.parts().count() == b.parts().count()
        && a.parts().all(|part| {
            let other = b.get_escaped(part.key, part.tag);
            other.is_some_and(|other| same_value(part.value, other))
        })
}

/// A number as it would be written by somebody who leaves out every zero that can be left out.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    /// Starts and ends with another digit than 0; empty for zero.
    digits: Vec<u8>,
    /// Of the last digit.
    exponent: i64,
}

impl Decimal {
    /// `None` for what is no number, and for exponents that no machine can hold.
    fn parse(json: &str) -> Option<Self> {
        let (mantissa, exponent) = json.split_once(['e', 'E']).unwrap_or((json, "0"));
        let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if !whole.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let Some(last) = digits.iter().rposition(|&digit| digit != b'0') else {
            return Some(Self {
                negative: false,
                digits: Vec::new(),
                exponent: 0,
            });
        };
        let first = digits.iter().position(|&digit| digit != b'0')?;
        let dropped = i64::try_from(digits.len() - 1 - last).ok()?;
        let shift = dropped - i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative: unsigned.len() < mantissa.len(),
            digits: digits[first..=last].to_vec(),
            exponent: exponent.parse::<i64>().ok()?.checked_add(shift)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::same_value;

    #[test]
    fn values_are_the_same_however_they_are_written() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "10E-1"),
            ("-120", "-1.2e+2"),
            ("0", "-0.00e7"),
            ("0.001", "1e-3"),
            ("1e400", "10e399"),
            (r#""a/b""#, r#""\u0061\/b""#),
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"\u0061":1}"#),
            (r#"{"a":1}"#, r#"{"a":2,"a":1}"#),
            ("[[],{}]", "[[],{}]"),
        ] {
            assert!(same_value(a, b) && same_value(b, a), "{a} {b}");
        }
    }

    #[test]
    fn other_values_are_others() {
        let others = [
            "null",
            "true",
            "false",
            "0",
            "1",
            "-1",
            "10",
            "0.1",
            "1e400",
            "1e401",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            r#""""#,
            r#""1""#,
            r#""null""#,
            "[]",
            "[1]",
            "[1,1]",
            "[[]]",
            "{}",
            r#"{"a":1}"#,
            r#"{"b":1}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"a":null}"#,
            // Beyond what is compared: the same only as text.
            "1e99999999999999999999",
            "1e9223372036854775807",
        ];
        for (at, a) in others.iter().enumerate() {
            for (other, b) in others.iter().enumerate() {
                assert_eq!(same_value(a, b), at == other, "{a} {b}");
            }
        }
    }
}
