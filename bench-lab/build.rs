//! Records how the binary was built, so that every report can say it.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");

    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(compiler)
        .arg("--version")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS")
        .unwrap_or_default()
        .replace('\u{1f}', " ");
    export("LAB_RUSTC", version.trim());
    export("LAB_RUSTFLAGS", &flags);
    for (name, source) in [
        ("LAB_TARGET", "TARGET"),
        ("LAB_PROFILE", "PROFILE"),
        ("LAB_OPT_LEVEL", "OPT_LEVEL"),
    ] {
        export(name, &env::var(source).unwrap_or_default());
    }
}

fn export(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}
