//! What else goes through the same files: `xmllint`, and the command as its users run it. Both read them from the disk.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::judge;

/// A program that is run over the files.
pub(crate) struct Other {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// How many files one process is given.
    batch: Vec<Vec<PathBuf>>,
    _folder: std::rc::Rc<tempfile::TempDir>,
}

/// How many files `xmllint` is given at a time, as `xargs` would.
const BATCH: usize = 2_000;
const XMLLINT: &str = "xmllint --noout, batched";
const COMMAND: &str = "twiml-lint PATH, whole process";

impl Other {
    /// Those that there are.
    pub(crate) fn all(files: &[String]) -> Vec<Self> {
        let folder = std::rc::Rc::new(tempfile::tempdir().expect("a temporary folder"));
        let paths = write(folder.path(), files);
        let mut all = Vec::new();
        if is_installed("xmllint") {
            all.push(Self {
                name: XMLLINT,
                program: "xmllint".into(),
                arguments: vec!["--noout".into(), "--huge".into()],
                batch: paths.chunks(BATCH).map(<[PathBuf]>::to_vec).collect(),
                _folder: folder.clone(),
            });
        }
        if let Some(program) = command() {
            all.push(Self {
                name: COMMAND,
                program,
                arguments: Vec::new(),
                batch: vec![vec![folder.path().to_owned()]],
                _folder: folder,
            });
        }
        all
    }

    /// How long all batches take.
    pub(crate) fn time(&self) -> Duration {
        let start = Instant::now();
        for paths in &self.batch {
            let status = Command::new(&self.program)
                .args(&self.arguments)
                .args(paths)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.expect("the program runs");
        }
        start.elapsed()
    }
}

/// Whether the command is quicker than `xmllint`, if both are there.
pub(crate) fn judge_command(others: &[Other], medians: &[Duration]) -> bool {
    let time = |name: &str| {
        let at = others.iter().position(|other| other.name == name)?;
        Some(medians[at])
    };
    match (time(COMMAND), time(XMLLINT)) {
        (Some(command), Some(xmllint)) => judge(
            &format!("the command: {command:.0?}, quicker than xmllint's {xmllint:.0?}"),
            command < xmllint,
        ),
        _ => true,
    }
}

/// A tree of folders with a hundred files in each.
fn write(folder: &Path, files: &[String]) -> Vec<PathBuf> {
    let each = files.iter().enumerate().map(|(number, text)| {
        let inner = folder.join(format!("{:03}", number / 100));
        fs::create_dir_all(&inner).expect("a folder");
        let path = inner.join(format!("{number:05}.xml"));
        fs::write(&path, text).expect("room for the files");
        path
    });
    each.collect()
}

fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// The command as `cargo build --release` has left it, beside the benchmark's own folder.
fn command() -> Option<PathBuf> {
    let mine = env::current_exe().ok()?;
    let command = mine.parent()?.parent()?.join("twiml-lint");
    command.is_file().then_some(command)
}
