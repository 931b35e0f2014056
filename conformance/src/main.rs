//! The command `conformance`.

use std::process::ExitCode;

/// A soak is made of small allocations, which this one is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    conformance::cli::run(std::env::args_os())
}
