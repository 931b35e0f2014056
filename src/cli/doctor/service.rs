//! The unit of systemd, where there is one: whether it runs, and whether it will after the next boot.

use std::{collections::HashMap, process::Command};

use super::finding::Finding;

const NAME: &str = "service";
const UNIT: &str = "rinban.service";

/// Nothing where systemd is not what starts things.
pub(super) fn check() -> Vec<Finding> {
    let shown = Command::new("systemctl")
        .args([
            "show",
            "--property=LoadState,ActiveState,UnitFileState",
            UNIT,
        ])
        .output();
    match shown {
        Ok(shown) if shown.status.success() => judge(&String::from_utf8_lossy(&shown.stdout)),
        _ => Vec::new(),
    }
}

fn judge(shown: &str) -> Vec<Finding> {
    let state: HashMap<_, _> = shown
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let is = |key: &str, value: &str| state.get(key) == Some(&value);
    if !is("LoadState", "loaded") {
        return Vec::new();
    }
    if is("ActiveState", "failed") {
        let text = format!("{UNIT} has failed");
        let remedy = format!("see `journalctl -u {UNIT}`, then `systemctl restart {UNIT}`");
        return vec![Finding::fail(NAME, text, remedy)];
    }
    let starts = ["enabled", "enabled-runtime", "static", "generated"];
    if !starts.iter().any(|state| is("UnitFileState", state)) {
        let text = format!("{UNIT} is not started when this host boots");
        return vec![Finding::warn(
            NAME,
            text,
            format!("run `systemctl enable {UNIT}`"),
        )];
    }
    vec![Finding::ok(
        NAME,
        format!("{UNIT} starts when this host boots"),
    )]
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn a_unit_that_failed_or_is_not_enabled_is_told() {
        for (load, active, file, expected) in [
            ("loaded", "active", "enabled", Some(Level::Ok)),
            ("loaded", "active", "disabled", Some(Level::Warn)),
            ("loaded", "inactive", "enabled", Some(Level::Ok)),
            ("loaded", "failed", "enabled", Some(Level::Fail)),
            ("not-found", "inactive", "", None),
        ] {
            let shown = format!("LoadState={load}\nActiveState={active}\nUnitFileState={file}\n");
            let level = judge(&shown).first().map(|finding| finding.level);
            assert_eq!(level, expected, "{shown}");
        }
    }
}
