//! A directory of files, in which the command is run as people run it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use twiml_lint::RULES;

/// TwiML with nothing wrong in it.
pub(crate) const GOOD: &str = "<Response>\n  <Say>hello</Say>\n</Response>\n";

/// TwiML with one TW101, at 2:9.
pub(crate) const BAD: &str = "<Response>\n  <Play>/files/menu.mp3</Play>\n</Response>\n";

/// A directory that lasts as long as the test.
pub(crate) struct Tree(TempDir);

/// What the command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) bytes: Vec<u8>,
}

impl Tree {
    /// Files by path and text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(TempDir::new().expect("a temporary directory"));
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the tree")).expect("writable");
        fs::write(path, bytes).expect("writable");
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).expect("readable")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The command with arguments divided by blanks, in the tree, with an environment that says nothing.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = command(self.0.path(), arguments);
        command.arg(format!("--ignore={}", beside_the_point()));
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Said {
        self.feed(arguments, b"")
    }

    /// Runs with this standard input.
    pub(crate) fn feed(&self, arguments: &str, input: &[u8]) -> Said {
        said(&mut self.command(arguments), input)
    }

    /// Runs and gives the places and codes that were found: `path:line:column code`.
    pub(crate) fn found(&self, arguments: &str) -> Vec<String> {
        let said = self.run(&format!("--format json {arguments}"));
        assert!(matches!(said.status, Some(0 | 1)), "{said:?}");
        places(&said.out)
    }
}

/// The command in any directory.
pub(crate) fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twiml-lint"));
    command.current_dir(folder).env("HOME", folder);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command.args(arguments.split_whitespace());
    command
}

/// The rules that the tests of the command are not about, so that a new rule changes none of them.
fn beside_the_point() -> String {
    let is_needed =
        |code: &str| code == "TW101" || code.starts_with("TW0") || code.starts_with("TW9");
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    codes
        .into_iter()
        .filter(|code| !is_needed(code))
        .collect::<Vec<_>>()
        .join(",")
}

pub(crate) fn said(command: &mut Command, input: &[u8]) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // A command that does not read its input closes it.
    let feeding = std::thread::spawn(move || _ = stdin.write_all(&input));
    let output = child.wait_with_output().expect("its end");
    feeding.join().expect("fed");
    Said {
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        bytes: output.stdout,
    }
}

/// Places and codes of a report in JSON.
pub(crate) fn places(report: &str) -> Vec<String> {
    let place = |line: &str| {
        let one: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let (file, code) = (text("file"), text("code"));
        format!("{file}:{}:{} {code}", one["line"], one["column"])
    };
    report.lines().map(place).collect()
}
