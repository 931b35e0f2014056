//! Reports in files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{FORM, Report};

/// Why a report could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refuses.
    #[error("cannot write {path}: {error}", path = .0.display(), error = .1)]
    Write(PathBuf, #[source] std::io::Error),
    /// The file system refuses.
    #[error("cannot read {path}: {error}", path = .0.display(), error = .1)]
    Read(PathBuf, #[source] std::io::Error),
    /// The file is no report.
    #[error("{path} is no report of this suite: {error}; make one with --json", path = .0.display(), error = .1)]
    NoReport(PathBuf, String),
    /// A template is wrong, which is our fault.
    #[error("the report cannot be rendered: {0}")]
    Template(#[from] minijinja::Error),
}

/// Writes a file.
pub(super) fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    fs::write(path, text).map_err(|error| WriteError::Write(path.to_owned(), error))
}

/// Writes the model itself.
///
/// # Errors
/// The file cannot be written.
pub fn write_json(path: &Path, report: &Report) -> Result<(), WriteError> {
    let json = serde_json::to_string_pretty(report);
    let json = json.map_err(|error| WriteError::NoReport(path.to_owned(), error.to_string()))?;
    write(path, &(json + "\n"))
}

/// Reads a report that was written.
///
/// # Errors
/// The file cannot be read, or is something else.
pub fn read_json(path: &Path) -> Result<Report, WriteError> {
    let text =
        fs::read_to_string(path).map_err(|error| WriteError::Read(path.to_owned(), error))?;
    let report: Report = serde_json::from_str(&text)
        .map_err(|error| WriteError::NoReport(path.to_owned(), error.to_string()))?;
    match report.form == FORM {
        true => Ok(report),
        false => Err(WriteError::NoReport(
            path.to_owned(),
            format!("its form is {:?}, not {FORM:?}", report.form),
        )),
    }
}
