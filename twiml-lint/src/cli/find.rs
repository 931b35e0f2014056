//! Which files are checked: those that are named, and in directories those whose names say that they may hold TwiML.

use std::{
    collections::HashSet,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ignore::{DirEntry, WalkBuilder, WalkState, gitignore::Gitignore};

use super::{
    Failure,
    config::{Config, ConfigError, Configs, absolute, globs, matches},
    flags::Flags,
};

/// What names in directories end in if nothing else is said: documents, and templates of them.
const EXTENSIONS: [&str; 9] = [
    "xml",
    "twiml",
    "xml.erb",
    "twiml.erb",
    "vm",
    "j2",
    "hbs",
    "liquid",
    "mustache",
];

/// What standard input is called if it has no other name.
const STDIN: &str = "<stdin>";

/// One file to check.
#[derive(Debug)]
pub(crate) struct Target {
    /// How it is called in reports: as the user wrote it, directories divided by `/`.
    pub(crate) shown: String,
    /// Absolute and clean.
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) config: Option<Arc<Config>>,
}

/// Where a file's bytes come from, and who wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands on the command line.
    Named,
    /// It was found in a directory.
    Walked,
    /// It is standard input.
    Stdin,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of their names, each once.
    pub(crate) targets: Vec<Target>,
    /// What could not be looked at, and why.
    pub(crate) troubles: Vec<String>,
}

/// What decides over files.
#[derive(Debug)]
struct Search<'f> {
    flags: &'f Flags,
    configs: &'f Configs,
    here: PathBuf,
    exclude: Option<Gitignore>,
    targets: Mutex<Vec<Target>>,
    troubles: Mutex<Vec<String>>,
    wrong_config: Mutex<Option<ConfigError>>,
}

/// Finds the files that the command line means.
pub(crate) fn targets(flags: &Flags, configs: &Configs) -> Result<Found, Failure> {
    let exclude = (!flags.exclude.is_empty())
        .then(|| globs(flags.exclude.iter().map(String::as_str)))
        .transpose()
        .map_err(Failure::Exclude)?;
    let search = Search {
        flags,
        configs,
        here: absolute(Path::new(".")).map_err(Failure::NoFolder)?,
        exclude,
        targets: Mutex::default(),
        troubles: Mutex::default(),
        wrong_config: Mutex::default(),
    };
    let stdin = Path::new("-");
    let reads_stdin =
        flags.stdin_filename.is_some() || flags.paths.iter().any(|path| path == stdin);
    if reads_stdin {
        let name = flags.stdin_filename.as_deref();
        search.add(name.unwrap_or(Path::new(STDIN)), Origin::Stdin)?;
    }
    let folder = [PathBuf::from(".")];
    let paths = if flags.paths.is_empty() && !reads_stdin {
        &folder[..]
    } else {
        &flags.paths
    };
    for path in paths.iter().filter(|path| *path != stdin) {
        if path.is_dir() {
            search.walk(path)?;
        } else {
            search.add(path, Origin::Named)?;
        }
    }
    search.finish()
}

impl<'f> Search<'f> {
    fn finish(self) -> Result<Found, Failure> {
        let unpoisoned = PoisonError::into_inner;
        if let Some(error) = self.wrong_config.into_inner().unwrap_or_else(unpoisoned) {
            return Err(error.into());
        }
        let mut targets = self
            .targets
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if self.flags.paths.len() > 1 {
            // Who is named wins over who is found.
            targets.sort_by_key(|target| target.origin == Origin::Walked);
            let mut seen = HashSet::new();
            targets.retain(|target| seen.insert(target.path.clone()));
        }
        // Directory by directory: what lies in `a/` comes before `a-b`.
        targets.sort_by_cached_key(|target| target.shown.replace('/', "\0"));
        let mut troubles = self
            .troubles
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        troubles.sort();
        Ok(Found { targets, troubles })
    }

    /// Adds a file.
    fn add(&self, path: &Path, origin: Origin) -> Result<(), ConfigError> {
        let unreadable = |error: io::Error| ConfigError::Unreadable {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let whole = absolute(path).map_err(unreadable)?;
        let config = self.configs.of_file(&whole)?;
        if origin != Origin::Walked
            && self.flags.force_exclude
            && self.excludes(&whole, false, config.as_deref())
        {
            return Ok(());
        }
        let target = Target {
            shown: shown(path),
            path: whole,
            origin,
            config,
        };
        self.targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(target);
        Ok(())
    }

    fn excludes(&self, whole: &Path, is_folder: bool, config: Option<&Config>) -> bool {
        self.exclude
            .as_ref()
            .is_some_and(|globs| matches(globs, &self.here, whole, is_folder))
            || config.is_some_and(|config| config.excludes(whole, is_folder))
    }

    /// Adds the files of a directory that look as if they held TwiML.
    fn walk(&self, folder: &Path) -> Result<(), Failure> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let walk = WalkBuilder::new(folder)
            .standard_filters(!self.flags.no_ignore)
            .require_git(false)
            .threads(threads)
            .build_parallel();
        walk.run(|| {
            Box::new(|entry| {
                self.visit(entry).unwrap_or_else(|error| {
                    let mut wrong = self
                        .wrong_config
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    wrong.get_or_insert(error);
                    WalkState::Quit
                })
            })
        });
        Ok(())
    }

    fn visit(&self, entry: Result<DirEntry, ignore::Error>) -> Result<WalkState, ConfigError> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.troubles
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(error.to_string());
                return Ok(WalkState::Continue);
            }
        };
        let Some(kind) = entry.file_type() else {
            return Ok(WalkState::Continue);
        };
        let path = entry.path();
        let is_wanted = kind.is_file() && self.may_be_wanted(entry.file_name());
        if !(is_wanted || kind.is_dir() && entry.depth() > 0) {
            return Ok(WalkState::Continue);
        }
        let whole = absolute(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        let config = self.configs.of_file(&whole)?;
        if self.excludes(&whole, kind.is_dir(), config.as_deref()) {
            return Ok(WalkState::Skip);
        }
        if is_wanted && self.is_wanted(entry.file_name(), config.as_deref()) {
            self.add(path, Origin::Walked)?;
        }
        Ok(WalkState::Continue)
    }

    /// Whether it is worth looking for the configuration of a file of this name.
    fn may_be_wanted(&self, name: &OsStr) -> bool {
        !matches!(self.configs, Configs::None) || self.is_wanted(name, None)
    }

    fn is_wanted(&self, name: &OsStr, config: Option<&Config>) -> bool {
        let name = name.to_string_lossy();
        let configured = config.and_then(|config| config.extensions.as_ref());
        if !self.flags.extension.is_empty() {
            return ends_in(&name, &self.flags.extension);
        }
        configured.map_or_else(
            || ends_in(&name, &EXTENSIONS),
            |given| ends_in(&name, given),
        )
    }
}

/// Whether a name ends in a dot and one of the extensions, whatever their capitals.
fn ends_in(name: &str, extensions: &[impl AsRef<str>]) -> bool {
    extensions.iter().any(|extension| {
        let extension = extension
            .as_ref()
            .trim_start_matches("*.")
            .trim_start_matches('.');
        name.len()
            .checked_sub(extension.len() + 1)
            .filter(|&dot| dot > 0 && name.is_char_boundary(dot + 1))
            .is_some_and(|dot| {
                name.as_bytes()[dot] == b'.' && name[dot + 1..].eq_ignore_ascii_case(extension)
            })
    })
}

/// As reports write a path.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    let shown = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        shown.into_owned()
    } else {
        shown.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_may_hold_twiml() {
        let check =
            |name: &str, expected| assert_eq!(ends_in(name, &EXTENSIONS), expected, "{name}");
        check("menu.xml", true);
        check("menu.XML", true);
        check("menu.xml.erb", true);
        check("menu.html.erb", false);
        check("menu.xml.j2", true);
        check("menu.twiml.mustache", true);
        check("menuxml", false);
        check(".xml", false);
        check("あxml", false);
        check("あ.xml", true);
        assert!(ends_in("a.php", &[".php"]) && ends_in("a.php", &["*.php"]));
    }
}
