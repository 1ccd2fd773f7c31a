//! Finds out which auto traits a type has, so that a test can say which it should have.
//!
//! A probe of a type has an inherent method for each trait the type has; where the bound of that
//! one does not hold, the method of the same name that a trait gives to all probes is called. This
//! needs types that are known, hence the macros: in a generic function the answer would be no.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Stands for a value of the type.
pub(crate) struct Probe<T>(PhantomData<fn() -> T>);

/// A probe of a type that has a name.
pub(crate) const fn probe<T>() -> Probe<T> {
    Probe(PhantomData)
}

/// A probe of what the function returns. It is not called.
pub(crate) const fn probe_result<A, T>(_: fn(A) -> T) -> Probe<T> {
    Probe(PhantomData)
}

macro_rules! answers {
    ($($method:ident, $otherwise:ident: $trait:ident;)*) => {$(
        impl<T: $trait> Probe<T> {
            pub(crate) const fn $method(&self) -> &'static str {
                concat!(stringify!($trait), " ")
            }
        }

        #[allow(dead_code, reason = "in a crate whose types all have the trait")]
        pub(crate) trait $otherwise {
            fn $method(&self) -> &'static str {
                ""
            }
        }
        impl<T> $otherwise for Probe<T> {}
    )*};
}

answers! {
    send, NotSend: Send;
    sync, NotSync: Sync;
    unpin, NotUnpin: Unpin;
    unwind_safe, NotUnwindSafe: UnwindSafe;
    ref_unwind_safe, NotRefUnwindSafe: RefUnwindSafe;
}

/// A type, the auto traits that it should have, and those that it has.
pub(crate) struct Pin {
    pub(crate) name: &'static str,
    pub(crate) wanted: &'static str,
    pub(crate) found: String,
}

/// A [`Pin`]: a name, the traits wanted, a [`Probe`].
macro_rules! pin {
    ($name:expr, $wanted:expr, $probe:expr) => {{
        #[allow(unused_imports, reason = "which are needed is the question")]
        use $crate::probe::{NotRefUnwindSafe, NotSend, NotSync, NotUnpin, NotUnwindSafe};
        let probe = $probe;
        let found = [
            probe.send(),
            probe.sync(),
            probe.unpin(),
            probe.unwind_safe(),
            probe.ref_unwind_safe(),
        ];
        $crate::probe::Pin {
            name: $name,
            wanted: $wanted,
            found: found.concat().trim_end().to_owned(),
        }
    }};
}

/// A list of [`Pin`]s of types.
macro_rules! pins {
    ($($(#[$cfg:meta])* $type:ty: $wanted:expr;)*) => {
        vec![$(
            $(#[$cfg])*
            $crate::probe::pin!(stringify!($type), $wanted, $crate::probe::probe::<$type>()),
        )*]
    };
}

pub(crate) use {pin, pins};

/// Everything there is.
pub(crate) const ALL: &str = "Send Sync Unpin UnwindSafe RefUnwindSafe";

/// Fails with a line for each type that is not as it should be.
pub(crate) fn assert_as_wanted(pins: &[Pin]) {
    let wrong: Vec<String> = pins
        .iter()
        .filter(|pin| pin.found != pin.wanted)
        .map(|pin| format!("{}: is [{}], not [{}]", pin.name, pin.found, pin.wanted))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Fails with every name that no pin is about. Generic parameters do not count.
pub(crate) fn assert_pinned(names: impl IntoIterator<Item = String>, pins: &[Pin]) {
    let pinned: BTreeSet<&str> = pins
        .iter()
        .filter_map(|pin| pin.name.split('<').next())
        .map(str::trim)
        .collect();
    let names: BTreeSet<String> = names.into_iter().collect();
    assert!(
        !names.is_empty(),
        "nothing was found: has the source another shape now?"
    );
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !pinned.contains(&***name))
        .collect();
    assert!(missing.is_empty(), "not pinned: {missing:?}");
}

/// What a source file exports by name: its `pub use` of this crate, `pub struct` and `pub enum`.
/// What only model checking sees is not exported.
pub(crate) fn exports(source: &str) -> Vec<String> {
    let parts: Vec<&str> = source.split("\npub use ").collect();
    let is_for_models = |before: &str| {
        let attribute = before.lines().last().unwrap_or_default();
        attribute.starts_with("#[cfg(") && attribute.contains("contexture_")
    };
    let uses = parts
        .windows(2)
        .filter(|pair| !is_for_models(pair[0]))
        .filter_map(|pair| pair[1].split(';').next())
        .filter(|path| !path.starts_with("contexture_strategies"))
        .flat_map(|path| path.split(['{', ',', '}']))
        .filter_map(|path| path.trim().rsplit("::").next());
    let declared = source.lines().filter_map(|line| {
        line.strip_prefix("pub struct ")
            .or_else(|| line.strip_prefix("pub enum "))
    });
    declared
        .chain(uses)
        .filter_map(|name| name.split(|c: char| !c.is_alphanumeric()).next())
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(str::to_owned)
        .collect()
}
