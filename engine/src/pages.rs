//! The programs on these pages compile, and those that do something do it without a panic.

#[doc = include_str!("../../specs/patterns/async-locks.md")]
mod async_locks {}

#[doc = include_str!("../../specs/patterns/migration.md")]
mod migration {}
