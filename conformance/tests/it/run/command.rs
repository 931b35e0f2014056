//! The real command, and what it says.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    handler::{PUBLIC, SHARED_KEY, STALE_TOKEN, TIMEOUT_SECS, TOKEN},
    http::Server,
};

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs `conformance run` with these arguments.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        let output = command
            .arg("run")
            .args(arguments)
            .env("TOKEN", TOKEN)
            .env("STALE", STALE_TOKEN)
            .env("SHARED", SHARED_KEY)
            .env("EMPTY", "")
            .stdin(Stdio::null())
            .output()
            .expect("the command runs");
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub(crate) fn check(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        self
    }
}

/// A run against a handler, with its report.
pub(crate) struct Played {
    pub(crate) run: Run,
    pub(crate) report: Value,
    dir: TempDir,
}

impl Played {
    /// Plays cases against a handler of these tests, with all that it has to offer.
    pub(crate) fn against(server: &Server, cases: &[&str], more: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let json = dir.path().join("report.json");
        let base = format!("http://{}", server.address);
        let url = format!("{base}/voice");
        let observe = format!("{base}/observe");
        let timeout = TIMEOUT_SECS.to_string();
        let mut arguments = cases.to_vec();
        arguments.extend([
            "--url",
            &url,
            "--auth-token-env",
            "TOKEN",
            "--stale-token-env",
            "STALE",
            "--status-url",
            "/status",
            "--fallback-url",
            "/fallback",
            "--json-url",
            "/json",
            "--observe-url",
            &observe,
            "--acknowledged-says",
            "you have taken the alert",
            "--strict",
            "--json",
            json.to_str().expect("UTF-8"),
        ]);
        arguments.extend(more);
        if !more.contains(&"--public-url") {
            arguments.extend(["--public-url", PUBLIC]);
        }
        if !more.contains(&"--timeout") {
            arguments.extend(["--timeout", &timeout]);
        }
        if !more.contains(&"--seed") {
            arguments.extend(["--seed", "7"]);
        }
        let run = Run::with(&arguments);
        let report = std::fs::read_to_string(&json)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok());
        Self {
            run,
            report: report.unwrap_or_default(),
            dir,
        }
    }

    /// Takes over a directory with more forms of the report.
    pub(crate) fn keep(&mut self, dir: TempDir) {
        self.dir = dir;
    }

    /// A form of the report in that directory.
    pub(crate) fn form(&self, form: &str) -> PathBuf {
        self.dir.path().join(format!("report.{form}"))
    }

    /// The outcome of a case at the first target.
    #[track_caller]
    pub(crate) fn outcome(&self, id: &str) -> &str {
        let cases = self.report["targets"][0]["cases"].as_array();
        let cases =
            cases.unwrap_or_else(|| panic!("no report: {}{}", self.run.stdout, self.run.stderr));
        let case = cases.iter().find(|case| case["id"] == id);
        case.and_then(|case| case["outcome"].as_str())
            .unwrap_or("not played")
    }
}
