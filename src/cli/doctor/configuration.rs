//! The configuration: its mistakes, what is probably not meant, and who may change it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use jiff::Timestamp;

use super::finding::{Finding, Level};
use crate::config::{self, Config, ConfigErrors};

const NAME: &str = "config";

/// Every mistake, each with its line and remedy.
pub(super) fn errors(errors: &ConfigErrors) -> Vec<Finding> {
    let told = errors
        .0
        .iter()
        .map(|error| Finding::told(NAME, Level::Fail, &error.to_string()));
    told.collect()
}

pub(super) fn check(config: &Config, now: Timestamp) -> Vec<Finding> {
    let warnings = config::warnings_but_gaps(config, now);
    let mut findings: Vec<_> = warnings
        .iter()
        .map(|warning| {
            let finding = Finding::told(NAME, Level::Warn, warning);
            match warning.contains("; ") {
                true => finding,
                false => Finding::warn(NAME, warning, "leave it if it is meant so"),
            }
        })
        .collect();
    findings.extend(writable_by_others(config));
    if findings.is_empty() {
        findings.push(Finding::ok(
            NAME,
            format!("{} is sound", config.path.display()),
        ));
    }
    findings
}

/// Whoever may change the configuration decides who is called. Files of secrets that others may read are mistakes already.
fn writable_by_others(config: &Config) -> Option<Finding> {
    let path = config.path.display();
    let file = fs::metadata(&config.path).ok()?;
    let mode = file.permissions().mode() & 0o777;
    (mode & 0o002 != 0).then(|| {
        Finding::fail(
            NAME,
            format!(
                "everybody on this host may change {path} (mode {mode:o}, owner {})",
                file.uid()
            ),
            format!("run `chmod o-w {path}`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "[[providers]]\nname = 'sim'\nkind = 'simulated'\n[members.aya]\nnumber = '+819012345678'\n\
                         [groups.web]\nmembers = ['aya']";

    #[test]
    fn mistakes_and_warnings_are_findings_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rinban.toml");
        fs::write(&path, SOUND).expect("writes");
        let config = Config::load(&path).expect("sound");
        let now = "2026-11-22T00:00:00Z".parse().expect("a timestamp");
        let findings = check(&config, now);
        let [simulated] = &findings[..] else {
            panic!("{findings:?}")
        };
        assert_eq!(simulated.level, Level::Warn);
        assert!(
            simulated.text.contains("no real phone will ring"),
            "{simulated:?}"
        );

        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("chmod");
        let findings = check(&config, now);
        assert_eq!(findings[1].level, Level::Fail);
        assert!(
            findings[1]
                .remedy
                .as_ref()
                .is_some_and(|text| text.starts_with("run `chmod o-w"))
        );

        fs::write(&path, SOUND.replace("'aya']", "'aia']")).expect("writes");
        let wrong = Config::load(&path).expect_err("a mistake");
        let findings = errors(&wrong);
        assert_eq!(findings[0].remedy.as_deref(), Some("did you mean `aya`?"));
        assert!(findings[0].text.contains("rinban.toml:7: "), "{findings:?}");
    }
}
