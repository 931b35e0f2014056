//! From TOML to a [`Config`]: every mistake with its line, and what was probably meant.

use std::{ops::Range, path::Path};

use ignore::gitignore::Gitignore;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use twiml_lint::{Level, RULES, Settings, find_rule};

use super::{Config, ConfigError, Layer, globs};

type Value<'t> = Spanned<DeValue<'t>>;

/// The keys of settings, at the top and in each table for paths.
const SETTINGS: [&str; 7] = [
    "base-url",
    "ignore",
    "inline",
    "select",
    "severity",
    "strict",
    "strict-placeholders",
];

/// The keys that stand at the top only.
const TOP: [&str; 3] = ["exclude", "extensions", "per-path"];

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
}

/// Reads the text of the file at `path`, which lies in `folder`.
pub(super) fn read(path: &Path, folder: &Path, text: &str) -> Result<Config, ConfigError> {
    let reader = Reader { path, text };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        reader.wrong(at, error.message().trim().replace('\n', ", "))
    })?;
    let mut config = Config {
        folder: folder.to_owned(),
        layer: Layer::default(),
        extensions: None,
        exclude: None,
        per_path: Vec::new(),
    };
    for (key, value) in in_order(table.get_ref()) {
        match key.get_ref().as_ref() {
            "exclude" => config.exclude = Some(reader.globs(value)?),
            "extensions" => config.extensions = Some(reader.list("extensions", value)?),
            "per-path" => config.per_path = reader.per_path(value)?,
            name => reader.setting(&mut config.layer, name, key.span(), value, &TOP)?,
        }
    }
    Ok(config)
}

/// The entries of a table as they follow each other in the file.
fn in_order<'v, 't>(
    table: &'v DeTable<'t>,
) -> Vec<(&'v Spanned<std::borrow::Cow<'t, str>>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

impl Reader<'_> {
    fn wrong(&self, at: usize, message: impl Into<String>) -> ConfigError {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        ConfigError::Wrong {
            path: self.path.to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            message: message.into(),
        }
    }

    fn unwanted(&self, key: &str, value: &Value<'_>, wanted: &str) -> ConfigError {
        self.wrong(value.span().start, format!("{key} is {wanted}"))
    }

    fn setting(
        &self,
        layer: &mut Layer,
        name: &str,
        place: Range<usize>,
        value: &Value<'_>,
        others: &[&'static str],
    ) -> Result<(), ConfigError> {
        match name {
            "base-url" => layer.base_url = Some(self.base_url(value)?),
            "strict" => layer.strict = Some(self.flag(name, value)?),
            "strict-placeholders" => layer.strict_placeholders = Some(self.flag(name, value)?),
            "inline" => layer.inline = Some(self.flag(name, value)?),
            "select" => layer.select = Some(self.rules(name, value)?),
            "ignore" => layer.ignore = self.rules(name, value)?,
            "severity" => layer.severity = self.severity(value)?,
            unknown => return Err(self.unknown(unknown, place.start, others)),
        }
        Ok(())
    }

    fn unknown(&self, name: &str, at: usize, others: &[&'static str]) -> ConfigError {
        let known = SETTINGS.iter().chain(others);
        let near = known
            .map(|known| (strsim::damerau_levenshtein(known, name), *known))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        let hint = match near {
            Some((_, known)) => format!("did you mean {known}?"),
            None => format!("the keys are {}", [&SETTINGS, others].concat().join(", ")),
        };
        self.wrong(at, format!("unknown key {name:?}; {hint}"))
    }

    fn flag(&self, key: &str, value: &Value<'_>) -> Result<bool, ConfigError> {
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.unwanted(key, value, "true or false"))
    }

    fn text(&self, key: &str, value: &Value<'_>) -> Result<String, ConfigError> {
        value
            .get_ref()
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.unwanted(key, value, "a text in double quotes"))
    }

    fn base_url(&self, value: &Value<'_>) -> Result<String, ConfigError> {
        let base = self.text("base-url", value)?;
        let settings = Settings {
            base_url: Some(base.clone()),
            ..Settings::default()
        };
        settings
            .check()
            .map_err(|error| self.wrong(value.span().start, error.to_string()))?;
        Ok(base)
    }

    /// The entries of a list of texts, with their places.
    fn entries<'v>(
        &self,
        key: &str,
        value: &'v Value<'_>,
    ) -> Result<Vec<(&'v str, usize)>, ConfigError> {
        let refused = || self.unwanted(key, value, "a list of texts, as in [\"a\", \"b\"]");
        let list = value.get_ref().as_array().ok_or_else(refused)?;
        list.iter()
            .map(|entry| Some((entry.get_ref().as_str()?, entry.span().start)))
            .collect::<Option<_>>()
            .ok_or_else(refused)
    }

    fn list(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        let entries = self.entries(key, value)?;
        Ok(entries
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect())
    }

    fn rules(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        let entries = self.entries(key, value)?;
        for &(name, at) in &entries {
            let settings = Settings {
                select: vec![name.to_owned()],
                ..Settings::default()
            };
            settings
                .check()
                .map_err(|error| self.wrong(at, error.to_string()))?;
        }
        Ok(entries
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect())
    }

    fn severity(&self, value: &Value<'_>) -> Result<Vec<(String, Level)>, ConfigError> {
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.unwanted("severity", value, "a table, as in [severity]"))?;
        let mut levels = Vec::new();
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            if find_rule(name).is_none() {
                return Err(self.wrong(key.span().start, self.no_rule(name)));
            }
            let level = Level::parse(&self.text(name, value)?)
                .ok_or_else(|| self.unwanted(name, value, "off, info, warning or error"))?;
            levels.push((name.to_owned(), level));
        }
        Ok(levels)
    }

    fn no_rule(&self, name: &str) -> String {
        if RULES.iter().any(|rule| rule.is_meant_by(name)) {
            return format!("{name} is the beginning of codes; write each rule's level on its own");
        }
        twiml_lint::SettingError::UnknownRule(name.to_owned()).to_string()
    }

    fn globs(&self, value: &Value<'_>) -> Result<Gitignore, ConfigError> {
        let entries = self.entries("exclude", value)?;
        globs(entries.into_iter().map(|(glob, _)| glob))
            .map_err(|error| self.wrong(value.span().start, error))
    }

    fn per_path(&self, value: &Value<'_>) -> Result<Vec<(Gitignore, Layer)>, ConfigError> {
        let wanted = "a table for each pattern, as in [per-path.\"legacy/**\"]";
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.unwanted("per-path", value, wanted))?;
        let mut layers = Vec::new();
        for (pattern, value) in in_order(table) {
            let at = pattern.span().start;
            let globs =
                globs([pattern.get_ref().as_ref()]).map_err(|error| self.wrong(at, error))?;
            let table = value
                .get_ref()
                .as_table()
                .ok_or_else(|| self.unwanted("per-path", value, wanted))?;
            let mut layer = Layer::default();
            for (key, value) in in_order(table) {
                self.setting(&mut layer, key.get_ref(), key.span(), value, &[])?;
            }
            layers.push((globs, layer));
        }
        Ok(layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        super::read(Path::new("twiml-lint.toml"), Path::new("/tree"), text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn all_keys_are_understood() {
        let config = read(
            r#"
base-url = "https://example.com/voice/"
strict = true
strict-placeholders = false
inline = true
select = ["TW1", "not-well-formed"]
ignore = ["TW110", "TW1"]
exclude = ["/vendor/", "*.tmp.xml"]
extensions = ["xml"]

[severity]
relative-play-url = "warning"

[per-path."legacy/**"]
ignore = ["TW101"]
[per-path."*.vm"]
severity = { TW101 = "info" }
"#
            .replace("\"TW110\", ", "")
            .as_str(),
        )
        .expect("right");
        assert_eq!(config.layer.inline, Some(true));
        assert_eq!(config.extensions.as_deref(), Some(&["xml".to_owned()][..]));
        let check = |path: &str, layers: usize, excluded: bool| {
            let path = Path::new(path);
            assert_eq!(config.layers(path).count(), layers, "{path:?}");
            assert_eq!(config.excludes(path, false), excluded, "{path:?}");
        };
        check("/tree/a.xml", 1, false);
        check("/tree/legacy/deep/a.xml", 2, false);
        check("/tree/legacy/deep/a.vm", 3, false);
        check("/tree/other/legacy/a.xml", 1, false);
        check("/tree/vendor/b/a.xml", 1, true);
        check("/tree/b/vendor/a.xml", 1, false);
        check("/tree/b/a.tmp.xml", 1, true);
        check("/elsewhere/vendor/a.tmp.xml", 1, false);
    }

    #[test]
    fn mistakes_are_told_with_line_and_remedy() {
        let check = |text: &str, line: usize, says: &str| {
            let error = read(text).expect_err(text);
            assert!(
                error.starts_with(&format!("twiml-lint.toml:{line}: ")),
                "{text}: {error}"
            );
            assert!(error.contains(says), "{text}: {error}");
        };
        check("\nbase_url = \"\"", 2, "did you mean base-url?");
        check("fnord-gizmo = 1", 1, "the keys are base-url, ignore");
        check("strict = 1", 1, "strict is true or false");
        check("\n\nselect = \"TW1\"", 3, "a list of texts");
        check(
            "ignore = [\n \"TW101\",\n \"TW102x\"]",
            3,
            "no rule is called \"TW102x\"",
        );
        check(
            "ignore = [\"relative-play-uri\"]",
            1,
            "did you mean relative-play-url?",
        );
        check(
            "[severity]\nTW101 = \"fatal\"",
            2,
            "off, info, warning or error",
        );
        check("[severity]\nTW1 = \"error\"", 2, "the beginning of codes");
        check(
            "[severity]\nTWX = \"error\"",
            2,
            "no rule is called \"TWX\"",
        );
        check("base-url = \"/voice\"", 1, "is not absolute");
        check("exclude = [\"[z-a]\"]", 1, "[z-a]");
        check(
            "[per-path.\"a/**\"]\nexclude = []",
            2,
            "unknown key \"exclude\"",
        );
        check("[per-path]\nignore = []", 2, "a table for each pattern");
        check("strict = true\nstrict = true", 2, "duplicate key");
        check("strict", 1, "");
    }
}
