//! Questions.
use super::run::Job;
use crate::status::Status;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Pages
    Pages,
}

/// Answers it.
pub fn main(_scenario: Scenario, _job: &Job) -> Status {
    Status::Internal
}
