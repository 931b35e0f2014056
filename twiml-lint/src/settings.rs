//! What the user asked for: which rules, how grave, and what is known about the place where the documents run.

use std::collections::BTreeMap;

use crate::{
    address::{Verdict, judge},
    rule::{Level, Rule},
    rules,
};

/// Settings of a run. The default is what the command does without options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The address under which the documents are served, with which relative addresses become absolute.
    pub base_url: Option<String>,
    /// Rules at their strict level.
    pub strict: bool,
    /// An address that begins with a placeholder counts as relative.
    pub strict_placeholders: bool,
    /// The documents are sent in the `Twiml` parameter of a request, and have no address of their own.
    pub inline: bool,
    /// If not empty, only these rules look: codes, names or prefixes of codes.
    pub select: Vec<String>,
    /// These rules do not look: codes, names or prefixes of codes.
    pub ignore: Vec<String>,
    /// Levels by code or name; they win over the rest.
    pub severity: BTreeMap<String, Level>,
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// No rule has this code or name, or a code that begins so.
    #[error("no rule is called {0:?}; --list-rules shows all{did_you_mean}", did_you_mean = suggestion(.0))]
    UnknownRule(String),
    /// There is no such setting.
    #[error("there is no setting {0:?}")]
    UnknownSetting(String),
    /// Not what the setting takes.
    #[error("{setting} = {value:?} is not {wanted}")]
    BadValue {
        /// Which setting.
        setting: String,
        /// What was written.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// Relative addresses can be joined to an absolute one only.
    #[error("the base URL {0:?} is not absolute; write it as https://example.com/voice/")]
    RelativeBase(String),
}

impl Settings {
    /// Checks what a user has written.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn check(&self) -> Result<(), SettingError> {
        let names = self.select.iter().chain(&self.ignore);
        if let Some(unknown) = names
            .clone()
            .find(|name| !rules::ALL.iter().any(|rule| rule.is_meant_by(name)))
        {
            return Err(SettingError::UnknownRule(unknown.clone()));
        }
        if let Some(unknown) = self
            .severity
            .keys()
            .find(|name| rules::find(name).is_none())
        {
            return Err(SettingError::UnknownRule(unknown.clone()));
        }
        match &self.base_url {
            Some(base) if !matches!(judge(base), Verdict::Absolute(_)) => {
                Err(SettingError::RelativeBase(base.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Sets what a line of text says; several codes are separated by commas. Rules are named by code or name.
    ///
    /// # Errors
    /// A setting that does not exist, or a value that it does not take.
    pub fn set(&mut self, setting: &str, value: &str) -> Result<(), SettingError> {
        let refused = |wanted| SettingError::BadValue {
            setting: setting.to_owned(),
            value: value.to_owned(),
            wanted,
        };
        let flag = || value.parse::<bool>().map_err(|_| refused("true or false"));
        let list = || {
            value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect()
        };
        match setting {
            "base-url" => self.base_url = Some(value.to_owned()),
            "strict" => self.strict = flag()?,
            "strict-placeholders" => self.strict_placeholders = flag()?,
            "inline" => self.inline = flag()?,
            "select" => self.select = list(),
            "ignore" => self.ignore = list(),
            rule if rules::find(rule).is_some() => {
                let level =
                    Level::parse(value).ok_or_else(|| refused("off, info, warning or error"))?;
                self.severity.insert(rule.to_owned(), level);
            }
            other => return Err(SettingError::UnknownSetting(other.to_owned())),
        }
        Ok(())
    }

    /// How grave a rule's findings are under these settings.
    pub fn level(&self, rule: &Rule) -> Level {
        if let Some(&level) = self
            .severity
            .get(rule.code)
            .or_else(|| self.severity.get(rule.name))
        {
            return level;
        }
        let is_named = |names: &[String]| names.iter().any(|name| rule.is_meant_by(name));
        if is_named(&self.ignore) || !self.select.is_empty() && !is_named(&self.select) {
            return Level::Off;
        }
        let level = if self.strict { rule.strict } else { rule.level };
        // Who selects a rule by its own code or name wants it to look, also when it is off by default.
        let is_meant = self
            .select
            .iter()
            .any(|name| name == rule.code || name == rule.name);
        if level == Level::Off && is_meant {
            Level::Warning
        } else {
            level
        }
    }
}

impl Rule {
    /// Whether a code, name or prefix of codes, as in [`Settings::select`], means this rule.
    pub fn is_meant_by(&self, name: &str) -> bool {
        name == self.name || name.starts_with("TW") && self.code.starts_with(name)
    }
}

fn suggestion(name: &str) -> String {
    let near = rules::ALL
        .iter()
        .flat_map(|rule| [rule.code, rule.name])
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .filter(|&(distance, _)| distance <= 2)
        .min();
    near.map_or(String::new(), |(_, known)| {
        format!(" (did you mean {known}?)")
    })
}
