//! `twiml-lint.toml`: the nearest one upwards from a file counts for it, whole.

mod reader;

use std::{
    collections::HashMap,
    fs, io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::layer::Layer;

/// The name of the file.
pub(crate) const NAME: &str = "twiml-lint.toml";

/// What a configuration file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where it lies: paths in it are relative to this.
    folder: PathBuf,
    pub(crate) layer: Layer,
    pub(crate) extensions: Option<Vec<String>>,
    exclude: Option<Gitignore>,
    per_path: Vec<(Gitignore, Layer)>,
}

/// Why a configuration is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}: {message}", path.display())]
    Unreadable { path: PathBuf, message: String },
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        path: PathBuf,
        line: usize,
        message: String,
    },
}

/// Where configurations come from.
#[derive(Debug)]
pub(crate) enum Configs {
    /// From nowhere.
    None,
    /// One for all files.
    Given(Arc<Config>),
    /// By folder, as far as they have been looked for.
    Nearest(Mutex<HashMap<PathBuf, Option<Arc<Config>>>>),
}

impl Configs {
    /// As the options say.
    pub(crate) fn new(given: Option<&Path>, none: bool) -> Result<Self, ConfigError> {
        match given {
            _ if none => Ok(Self::None),
            Some(path) => Ok(Self::Given(Arc::new(Config::read(path)?))),
            None => Ok(Self::Nearest(Mutex::default())),
        }
    }

    /// The configuration for what lies in a folder, which is an absolute, clean path.
    pub(crate) fn of_folder(&self, folder: &Path) -> Result<Option<Arc<Config>>, ConfigError> {
        match self {
            Self::None => Ok(None),
            Self::Given(config) => Ok(Some(Arc::clone(config))),
            Self::Nearest(known) => {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                nearest(&mut known, folder)
            }
        }
    }

    /// The configuration for a file, whose path is absolute and clean.
    pub(crate) fn of_file(&self, file: &Path) -> Result<Option<Arc<Config>>, ConfigError> {
        self.of_folder(file.parent().unwrap_or(file))
    }
}

fn nearest(
    known: &mut HashMap<PathBuf, Option<Arc<Config>>>,
    folder: &Path,
) -> Result<Option<Arc<Config>>, ConfigError> {
    if let Some(config) = known.get(folder) {
        return Ok(config.clone());
    }
    let path = folder.join(NAME);
    let config = if path.is_file() {
        Some(Arc::new(Config::read(&path)?))
    } else if let Some(parent) = folder.parent() {
        nearest(known, parent)?
    } else {
        None
    };
    known.insert(folder.to_owned(), config.clone());
    Ok(config)
}

impl Config {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |error: io::Error| ConfigError::Unreadable {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let whole = absolute(path).map_err(unreadable)?;
        reader::read(path, whole.parent().unwrap_or(&whole), &text)
    }

    /// Whether a file or folder, whose path is absolute and clean, is excluded, be it by a folder that it lies in.
    pub(crate) fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        self.exclude
            .as_ref()
            .is_some_and(|globs| matches(globs, &self.folder, path, is_folder))
    }

    /// What it says about one file: the general part, then its tables for paths that match, in their order.
    pub(crate) fn layers(&self, file: &Path) -> impl Iterator<Item = &Layer> {
        let matching = |(globs, _): &&(Gitignore, Layer)| matches(globs, &self.folder, file, false);
        let per_path: Vec<&Layer> = self
            .per_path
            .iter()
            .filter(matching)
            .map(|(_, layer)| layer)
            .collect();
        std::iter::once(&self.layer).chain(per_path)
    }
}

/// Whether a path, which is absolute and clean, matches patterns relative to a folder. Outside of it nothing does.
pub(crate) fn matches(globs: &Gitignore, folder: &Path, path: &Path, is_folder: bool) -> bool {
    path.strip_prefix(folder).is_ok_and(|relative| {
        !relative.as_os_str().is_empty()
            && globs
                .matched_path_or_any_parents(relative, is_folder)
                .is_ignore()
    })
}

/// Patterns as in `.gitignore`; the error says which pattern is wrong and why.
pub(crate) fn globs<'g>(patterns: impl IntoIterator<Item = &'g str>) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        builder
            .add_line(None, pattern)
            .map_err(|error| error.to_string())?;
    }
    builder.build().map_err(|error| error.to_string())
}

/// An absolute path without `.` and `..`, by its words alone: links are not followed.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    Ok(clean)
}
