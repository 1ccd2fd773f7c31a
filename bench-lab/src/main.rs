//! `bench-lab`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    contexture_bench_lab::cli::main()
}
