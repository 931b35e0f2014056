//! What can go wrong in the store, and what to do about it.

use std::path::PathBuf;

/// Why the store did not do it. Cloneable, since one failed transaction may have to be told to many.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The directory or the file may not be written.
    #[error(
        "{path} cannot be written ({why}); give the user that runs the core the right to write there",
        path = .path.display()
    )]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A pipe or the like stands where a file of the store should be.
    #[error("{path} is not a regular file; move it away", path = .path.display())]
    NotRegular {
        /// What should be a file.
        path: PathBuf,
    },
    /// No space left.
    #[error("the disk that holds {path} is full; free some space there", path = .path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// Another process holds it for longer than we wait.
    #[error(
        "{path} is locked by another process; end it (a backup, or a database shell with an open transaction)",
        path = .path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// Not a database, or a broken one.
    #[error(
        "{path} is damaged or not a store of rinban ({why}); move it away and put a backup in its place",
        path = .path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Written by a later version of this program.
    #[error(
        "{path} was written by a newer rinban (schema {found}, this one knows {known}); install that version again",
        path = .path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// There is nothing to read.
    #[error("there is no store at {path}; check `state_dir`, or start the core once", path = .path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The batch contradicts what the store holds. We are wrong, not the world.
    #[error("the store refuses a batch that contradicts it: {0}; please report this")]
    Refused(String),
    /// The disk or the system failed in another way.
    #[error("{path} failed: {why}; check the disk and the system log", path = .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The writer has ended.
    #[error("the store is closed; restart the core")]
    Closed,
}

impl StoreError {
    /// Whether one batch of a group is to blame, so that the others may well succeed without it.
    pub fn is_about_content(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}
