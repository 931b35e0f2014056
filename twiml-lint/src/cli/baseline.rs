//! Findings that are known and wait for better days: recorded in a file, and reported no more.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{check::File, config::absolute, fingerprint};

/// The version of the file's format.
const SCHEMA: u32 = 1;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaselineError {
    #[error("cannot read the baseline {}: {source}; --write-baseline makes one", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is no baseline: {source}; --write-baseline makes one", path.display())]
    Malformed {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{} has version {found}, and this program reads version {SCHEMA}", path.display())]
    Version { path: PathBuf, found: u32 },
    #[error("cannot write the baseline {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

/// What is recorded.
#[derive(Debug)]
pub(crate) struct Baseline {
    folder: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    schema: u32,
    findings: Vec<Entry>,
}

/// Findings of one rule on lines of one text in one file. Ordinals run from 0 to below `count`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    /// Relative to the folder of the baseline, divided by `/`.
    path: String,
    code: String,
    text: String,
    count: usize,
}

impl Baseline {
    /// Reads a file that [`write`] has made.
    pub(crate) fn read(path: &Path) -> Result<Self, BaselineError> {
        let unreadable = |source| BaselineError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let bytes = fs::read(path).map_err(unreadable)?;
        let stored: Stored =
            serde_json::from_slice(&bytes).map_err(|source| BaselineError::Malformed {
                path: path.to_owned(),
                source,
            })?;
        if stored.schema != SCHEMA {
            return Err(BaselineError::Version {
                path: path.to_owned(),
                found: stored.schema,
            });
        }
        Ok(Self {
            folder: folder(path).map_err(unreadable)?,
            entries: stored.findings,
        })
    }

    /// Takes out what is recorded. Returns how many recorded findings no longer occur: in files that were checked, or that are
    /// gone.
    pub(crate) fn apply(&self, files: &mut [File<'_>]) -> usize {
        let mut counts: HashMap<(&str, &str, &str), usize> = HashMap::new();
        for entry in &self.entries {
            *counts
                .entry((&entry.path, &entry.code, &entry.text))
                .or_default() += entry.count;
        }
        let recorded: usize = counts.values().sum();
        let mut occurring = 0;
        let mut checked = Vec::with_capacity(files.len());
        for file in files {
            let path = relative(&file.target.path, &self.folder);
            let is_known: Vec<bool> = fingerprint::of(file)
                .iter()
                .map(|one| {
                    let count = counts.get(&(&*path, one.code, one.text));
                    count.is_some_and(|&count| one.ordinal < count)
                })
                .collect();
            file.known = is_known.iter().filter(|known| **known).count();
            occurring += file.known;
            let mut known = is_known.into_iter();
            file.report
                .findings
                .retain(|_| !known.next().expect("as many as findings"));
            checked.push(path);
        }
        checked.sort();
        let unseen = |path: &str| {
            let is_checked = checked
                .binary_search_by(|checked| checked.as_str().cmp(path))
                .is_ok();
            !is_checked && self.folder.join(path).exists()
        };
        let not_looked_at: usize = counts
            .iter()
            .filter(|((path, ..), _)| unseen(path))
            .map(|(_, count)| count)
            .sum();
        recorded - occurring - not_looked_at
    }
}

/// Records all findings, sorted, and says how many they are.
pub(crate) fn write(path: &Path, files: &[File<'_>]) -> Result<usize, BaselineError> {
    let unwritable = |source| BaselineError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let folder = folder(path).map_err(unwritable)?;
    let mut counts: BTreeMap<(String, &str, &str), usize> = BTreeMap::new();
    for file in files {
        let path = relative(&file.target.path, &folder);
        for one in fingerprint::of(file) {
            *counts
                .entry((path.clone(), one.code, one.text))
                .or_default() += 1;
        }
    }
    let findings: Vec<Entry> = counts
        .into_iter()
        .map(|((path, code, text), count)| Entry {
            path,
            code: code.to_owned(),
            text: text.to_owned(),
            count,
        })
        .collect();
    let recorded = findings.iter().map(|entry| entry.count).sum();
    let stored = Stored {
        schema: SCHEMA,
        findings,
    };
    let mut text = serde_json::to_string_pretty(&stored)
        .map_err(io::Error::from)
        .map_err(unwritable)?;
    text.push('\n');
    fs::write(path, text).map_err(unwritable)?;
    Ok(recorded)
}

fn folder(path: &Path) -> io::Result<PathBuf> {
    let whole = absolute(path)?;
    Ok(whole.parent().unwrap_or(&whole).to_owned())
}

/// A path as seen from a folder; both are absolute and clean.
fn relative(path: &Path, folder: &Path) -> String {
    let (path, folder): (Vec<Component<'_>>, Vec<_>) =
        (path.components().collect(), folder.components().collect());
    let shared = path.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[shared..].iter().map(|_| "..".into());
    let down = path[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_folder_of_the_baseline() {
        let check = |path: &str, folder: &str, expected: &str| {
            assert_eq!(relative(Path::new(path), Path::new(folder)), expected);
        };
        check("/a/b/c.xml", "/a", "b/c.xml");
        check("/a/c.xml", "/a/b/d", "../../c.xml");
        check("/c.xml", "/", "c.xml");
        check("/a/c.xml", "/ab", "../a/c.xml");
    }
}
