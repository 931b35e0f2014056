//! Not written yet.

use crate::status::Status;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub fn main(_args: Args) -> Status {
    eprintln!("conformance soak: not written yet");
    Status::Internal
}
