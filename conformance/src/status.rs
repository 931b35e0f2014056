//! The exit statuses of the command, in one table.

use std::process::ExitCode;

/// How a run of the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything that must hold holds.
    Passed,
    /// Something that must hold does not.
    Failed,
    /// The command was not used as it has to be, or no case matched.
    Usage,
    /// The target cannot be reached.
    Unreachable,
    /// The suite itself is at fault.
    Internal,
}

impl Status {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Internal => 4,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}
