//! What a check found, and the report of all.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Calls go out, and something should be looked at.
    Warn,
    /// A call may not go out, or not be answered.
    Fail,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) level: Level,
    /// What was seen.
    pub(super) text: String,
    /// What to do, unless it is as it should be.
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            text: text.into(),
            remedy: None,
        }
    }

    pub(super) fn warn(
        check: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warn,
            remedy: Some(remedy.into()),
            ..Self::ok(check, text)
        }
    }

    pub(super) fn fail(
        check: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Fail,
            remedy: Some(remedy.into()),
            ..Self::ok(check, text)
        }
    }

    /// From a message in which what to do follows after a semicolon, as all of ours do.
    pub(super) fn told(check: &'static str, level: Level, message: &str) -> Self {
        let (text, remedy) = message
            .split_once("; ")
            .unwrap_or((message, "see its documentation"));
        Self {
            level,
            remedy: Some(remedy.to_owned()),
            ..Self::ok(check, text)
        }
    }
}

/// All findings, in order.
#[derive(Clone, Debug)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    pub(super) fn failures(&self) -> usize {
        self.count(Level::Fail)
    }

    fn count(&self, level: Level) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    }

    /// A line for each, below it what to do, and a line that counts them.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for finding in &self.findings {
            let Finding {
                check,
                level,
                text,
                remedy,
            } = finding;
            writeln!(
                out,
                "{:<4}  {check:<10}  {}",
                level.as_str(),
                one_line(text)
            )?;
            if let Some(remedy) = remedy {
                writeln!(out, "{:18}-> {}", "", one_line(remedy))?;
            }
        }
        let [ok, warn, fail] = [Level::Ok, Level::Warn, Level::Fail].map(|level| self.count(level));
        writeln!(out, "{ok} ok, {warn} to look at, {fail} failed")
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let report = json!({ "ok": self.failures() == 0, "checks": self.findings });
        writeln!(out, "{report}")
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report::new(vec![
            Finding::ok("config", "/etc/rinban/rinban.toml is sound"),
            Finding::warn("provider", "there is only one provider", "add a second"),
            Finding::told(
                "public URL",
                Level::Fail,
                "the proxy answers 502; start the core\nbehind it",
            ),
        ])
    }

    /// The form that people and their scripts read.
    #[test]
    fn each_finding_has_a_line_and_what_to_do_stands_below() {
        let mut out = Vec::new();
        report().write(&mut out).expect("memory");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "ok    config      /etc/rinban/rinban.toml is sound\n\
             warn  provider    there is only one provider\n                  \
             -> add a second\n\
             fail  public URL  the proxy answers 502\n                  \
             -> start the core behind it\n\
             1 ok, 1 to look at, 1 failed\n"
        );
    }

    #[test]
    fn the_same_is_told_as_json() {
        let mut out = Vec::new();
        report().write_json(&mut out).expect("memory");
        let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(json["ok"], false);
        assert_eq!(
            json["checks"][1],
            json!({
                "check": "provider", "level": "warn", "text": "there is only one provider", "remedy": "add a second",
            })
        );
        assert!(json["checks"][0]["remedy"].is_null());
        assert_eq!(report().failures(), 1);
    }
}
