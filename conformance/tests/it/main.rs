//! The suite's own tests, over the real command.

mod run;
mod serve;
mod soak;
mod whole;
