//! The two types of keys that every subject can be measured with.

use std::hash::Hash;

use contexture::ContextId;
use serde::{Deserialize, Serialize};

use crate::error::LabError;

/// Which type of keys a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// Shared text, the ids that contexts have. What results of labs with no choice were made with.
    #[default]
    String,
    /// 64-bit numbers.
    U64,
}

impl Keys {
    /// Every type of keys.
    pub const ALL: [Self; 2] = [Self::String, Self::U64];

    /// Its name in every interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::U64 => "u64",
        }
    }

    /// The type of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists those there are.
    pub fn find(name: &str) -> Result<Self, LabError> {
        let found = Self::ALL.into_iter().find(|keys| keys.name() == name);
        found.ok_or_else(|| LabError::unknown("type of keys", name, Self::ALL.map(Self::name)))
    }
}

/// A type that keys can have. Equality, order and hash are functions of the value alone, as maps
/// rely on that compare a key long after it was hashed.
pub trait Key: Ord + Hash + Clone + Send + Sync + 'static {
    /// The key of the context with this index; no two contexts have the same.
    #[must_use]
    fn of(index: usize) -> Self;
}

impl Key for ContextId {
    /// Shaped like the names of real contexts.
    fn of(index: usize) -> Self {
        Self::new(format!("octo-org/repo-{index:06}")).expect("neither empty nor long")
    }
}

impl Key for u64 {
    /// Spread over all numbers, as numbers from outside are: the finalizer of SplitMix64, which
    /// maps no two numbers to the same.
    fn of(index: usize) -> Self {
        let mut z = (index as Self).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_context_has_a_key_of_its_own() {
        let numbers: HashSet<u64> = (0..10_000).map(Key::of).collect();
        let texts: HashSet<ContextId> = (0..10_000).map(Key::of).collect();
        assert_eq!((numbers.len(), texts.len()), (10_000, 10_000));
    }

    #[test]
    fn names() {
        for keys in Keys::ALL {
            assert_eq!(Keys::find(keys.name()).unwrap(), keys);
            let json = serde_json::to_string(&keys).unwrap();
            assert_eq!(json, format!("\"{}\"", keys.name()));
        }
        let message = Keys::find("u32").unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown type of keys `u32`; there are: string, u64"
        );
    }
}
