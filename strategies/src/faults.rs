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

/// A memory ordering; Relaxed instead if the fault of that name is planted, or, without a name, the
/// fault `file:line`.
#[cfg(not(contexture_mutants))]
macro_rules! ordering {
    ($order:ident $(unless $name:literal)?) => {
        std::sync::atomic::Ordering::$order
    };
}

#[cfg(contexture_mutants)]
macro_rules! ordering {
    ($order:ident) => {
        if $crate::faults::is_planted(concat!(file!(), ":", line!())) {
            std::sync::atomic::Ordering::Relaxed
        } else {
            std::sync::atomic::Ordering::$order
        }
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
    #[allow(clippy::disallowed_types, reason = "outside of what loom explores")]
    static PLANTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("CONTEXTURE_FAULT").ok());
    PLANTED.as_deref() == Some(name)
}
