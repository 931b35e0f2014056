//! Settings come in layers: the configuration, its tables for paths, the command line. What a later one says wins.

use twiml_lint::{Level, RULES, Rule, Settings, find_rule};

/// What one source says about rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) base_url: Option<String>,
    pub(crate) strict: Option<bool>,
    pub(crate) strict_placeholders: Option<bool>,
    pub(crate) inline: Option<bool>,
    pub(crate) select: Option<Vec<String>>,
    pub(crate) ignore: Vec<String>,
    pub(crate) severity: Vec<(String, Level)>,
}

impl Layer {
    /// Puts what this layer says over what earlier ones have said. Who selects begins anew; who ignores, ignores also what an
    /// earlier layer made grave.
    pub(crate) fn lay_over(&self, settings: &mut Settings) {
        if let Some(base) = &self.base_url {
            settings.base_url = Some(base.clone());
        }
        settings.strict = self.strict.unwrap_or(settings.strict);
        settings.strict_placeholders = self
            .strict_placeholders
            .unwrap_or(settings.strict_placeholders);
        settings.inline = self.inline.unwrap_or(settings.inline);
        if let Some(select) = &self.select {
            settings.select.clone_from(select);
            settings.ignore.clear();
            settings
                .severity
                .retain(|code, level| *level != Level::Off && means(select, code));
        }
        settings
            .severity
            .retain(|code, _| !means(&self.ignore, code));
        settings.ignore.extend(self.ignore.iter().cloned());
        for (name, level) in &self.severity {
            let code = find_rule(name).map_or(name.as_str(), |rule| rule.code);
            settings.severity.insert(code.to_owned(), *level);
        }
    }
}

/// Whether one of the names means the rule of this code.
fn means(names: &[String], code: &str) -> bool {
    let is_it = |rule: &&Rule| rule.code == code && names.iter().any(|name| rule.is_meant_by(name));
    RULES.iter().copied().any(|rule| is_it(&rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(layers: &[Layer], code: &str) -> Level {
        let mut settings = Settings::default();
        for layer in layers {
            layer.lay_over(&mut settings);
        }
        settings.check().expect("settings");
        settings.level(find_rule(code).expect("a rule"))
    }

    #[test]
    fn a_later_layer_wins() {
        let severity = |code: &str, level| Layer {
            severity: vec![(code.to_owned(), level)],
            ..Layer::default()
        };
        let select = |code: &str| Layer {
            select: Some(vec![code.to_owned()]),
            ..Layer::default()
        };
        let ignore = |code: &str| Layer {
            ignore: vec![code.to_owned()],
            ..Layer::default()
        };
        let check =
            |layers: &[Layer], code: &str, expected| assert_eq!(level(layers, code), expected);
        let (off, error, info) = (Level::Off, Level::Error, Level::Info);
        check(&[], "TW101", error);
        check(&[ignore("TW1")], "TW101", off);
        check(&[severity("TW101", error), ignore("TW1")], "TW101", off);
        check(&[ignore("TW1"), severity("TW101", info)], "TW101", info);
        check(&[ignore("TW1"), select("TW101")], "TW101", error);
        check(&[severity("TW101", off), select("TW101")], "TW101", error);
        check(&[severity("TW101", info), select("TW101")], "TW101", info);
        check(&[severity("TW101", error), select("TW001")], "TW101", off);
        check(
            &[severity("relative-play-url", off), severity("TW101", info)],
            "TW101",
            info,
        );
        check(&[ignore("TW101"), ignore("TW001")], "TW101", off);
    }
}
