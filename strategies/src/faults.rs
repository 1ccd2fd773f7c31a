//! Faults that are planted on purpose, to see that the tests notice: `cargo verify mutants`.
//!
//! `fault!("name")` is `false` unless the crate is built with `--cfg contexture_mutants`; then it
//! is whether the environment variable `CONTEXTURE_FAULT` has this name.

#[cfg(not(contexture_mutants))]
macro_rules! fault {
    ($name:literal) => {
        false
    };
}

#[cfg(contexture_mutants)]
macro_rules! fault {
    ($name:literal) => {
        $crate::faults::is_planted($name)
    };
}

/// A memory ordering. With a name, Relaxed instead if the fault of that name is planted; without, the
/// weaker `W` if the fault `file:line:W` is: `cargo verify orderings` plants each in turn.
#[cfg(not(contexture_mutants))]
macro_rules! ordering {
    ($order:ident $(unless $name:literal)?) => {
        std::sync::atomic::Ordering::$order
    };
}

#[cfg(contexture_mutants)]
macro_rules! ordering {
    ($order:ident) => {
        $crate::faults::weakened(
            std::sync::atomic::Ordering::$order,
            concat!(file!(), ":", line!()),
        )
    };
    ($order:ident unless $name:literal) => {
        if $crate::faults::fault!($name) {
            std::sync::atomic::Ordering::Relaxed
        } else {
            std::sync::atomic::Ordering::$order
        }
    };
}

pub(crate) use {fault, ordering};

#[cfg(contexture_mutants)]
pub(crate) fn is_planted(name: &str) -> bool {
    planted() == Some(name)
}

#[cfg(contexture_mutants)]
pub(crate) fn weakened(
    order: std::sync::atomic::Ordering,
    place: &str,
) -> std::sync::atomic::Ordering {
    use std::sync::atomic::Ordering;
    match planted().and_then(|name| name.strip_prefix(place)) {
        Some(":Relaxed") => Ordering::Relaxed,
        Some(":Acquire") => Ordering::Acquire,
        Some(":Release") => Ordering::Release,
        _ => order,
    }
}

#[cfg(contexture_mutants)]
fn planted() -> Option<&'static str> {
    #[allow(clippy::disallowed_types, reason = "outside of what loom explores")]
    static PLANTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("CONTEXTURE_FAULT").ok());
    PLANTED.as_deref()
}
