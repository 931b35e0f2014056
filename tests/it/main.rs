//! The binaries as their users run them: one module per topic.

mod cli_basics;
mod crash;
mod plans;
