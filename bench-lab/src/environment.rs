//! Where a run takes place: the machine, the system, and how the lab was compiled.

use std::env::consts;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use crate::results::{Build, Environment};
use crate::settings::hardware_threads;
use crate::statistics;

/// Looks around.
#[must_use]
pub fn detect() -> Environment {
    Environment {
        os: operating_system(),
        cpu: line_of("/proc/cpuinfo", "model name"),
        hardware_threads: hardware_threads(),
        memory_bytes: memory(),
        rustc: some(env!("LAB_RUSTC")),
        allocator: allocator().to_owned(),
        lab_version: env!("CARGO_PKG_VERSION").to_owned(),
        build: Build {
            profile: env!("LAB_PROFILE").to_owned(),
            opt_level: env!("LAB_OPT_LEVEL").to_owned(),
            debug_assertions: cfg!(debug_assertions),
            target: env!("LAB_TARGET").to_owned(),
            rustflags: env!("LAB_RUSTFLAGS").to_owned(),
        },
    }
}

/// The allocator this binary was built with.
#[must_use]
pub fn allocator() -> &'static str {
    if cfg!(feature = "mimalloc") {
        "mimalloc"
    } else {
        "system"
    }
}

/// What reading the clock costs, in nanoseconds: the median of several stretches of readings.
#[must_use]
pub fn timer_cost() -> f64 {
    const READINGS: u32 = 10_000;
    let stretches: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..READINGS {
                black_box(Instant::now());
            }
            start.elapsed().as_nanos() as f64 / f64::from(READINGS)
        })
        .collect();
    statistics::median(&stretches).map_or(0.0, |cost| (cost * 10.0).round() / 10.0)
}

/// Bytes of memory, where the system tells.
#[must_use]
pub fn memory() -> Option<u64> {
    bytes_of("/proc/meminfo", "MemTotal")
}

/// Bytes of memory that this process has in use, its resident set, where the system tells.
#[must_use]
pub fn resident() -> Option<u64> {
    bytes_of("/proc/self/status", "VmRSS")
}

/// A size in a file of the system's.
fn bytes_of(file: &str, name: &str) -> Option<u64> {
    let line = line_of(file, name)?;
    let kibibytes: u64 = line.trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn operating_system() -> String {
    let name = line_of("/etc/os-release", "PRETTY_NAME")
        .map(|name| name.trim_matches('"').to_owned())
        .unwrap_or_else(|| consts::OS.to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.trim();
    if kernel.is_empty() {
        format!("{name}, {}", consts::ARCH)
    } else {
        format!("{name}, {} {kernel}, {}", consts::OS, consts::ARCH)
    }
}

/// What follows a name and `:` or `=` on the first line of a file that starts with the name.
fn line_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once([':', '='])?;
    some(value.trim())
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_it_was_built_with() {
        let environment = detect();
        assert!(
            environment
                .rustc
                .is_some_and(|rustc| rustc.starts_with("rustc "))
        );
        assert!(environment.hardware_threads > 0);
        assert!(!environment.build.target.is_empty());
        assert!(timer_cost() > 0.0);
    }
}
