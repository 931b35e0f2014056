//! Colours, and whether there are any.

use std::env;

use anstyle::{AnsiColor, Style};
use twiml_lint::Level;

use crate::cli::flags::When;

/// How the parts of a report look; without colours, as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Styles {
    pub(crate) error: Style,
    pub(crate) warning: Style,
    pub(crate) info: Style,
    pub(crate) path: Style,
    pub(crate) gutter: Style,
    pub(crate) added: Style,
    pub(crate) removed: Style,
}

impl Styles {
    /// As the option, the environment and the terminal want it.
    pub(crate) fn new(when: When, is_terminal: bool) -> Self {
        let has_colors = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => wants_color(is_terminal, |name| env::var(name).ok()),
        };
        if has_colors {
            Self::colored()
        } else {
            Self::default()
        }
    }

    fn colored() -> Self {
        let bold = |color: AnsiColor| color.on_default().bold();
        Self {
            error: bold(AnsiColor::Red),
            warning: bold(AnsiColor::Yellow),
            info: bold(AnsiColor::Cyan),
            path: Style::new().bold(),
            gutter: bold(AnsiColor::Blue),
            added: AnsiColor::Green.on_default(),
            removed: AnsiColor::Red.on_default(),
        }
    }

    /// Of a level's name and marks.
    pub(super) fn of(&self, level: Level) -> Style {
        match level {
            Level::Error => self.error,
            Level::Warning => self.warning,
            Level::Info | Level::Off => self.info,
        }
    }
}

/// What <https://no-color.org> and <https://bixense.com/clicolors> say.
fn wants_color(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
        return true;
    }
    is_terminal
        && variable("TERM").as_deref() != Some("dumb")
        && variable("CLICOLOR").as_deref() != Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_whether_there_are_colors() {
        let check = |set: &[(&str, &str)], on_terminal: bool, elsewhere: bool| {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(wants_color(true, variable), on_terminal, "{set:?}");
            assert_eq!(wants_color(false, variable), elsewhere, "{set:?}");
        };
        check(&[], true, false);
        check(&[("NO_COLOR", "1")], false, false);
        check(&[("NO_COLOR", "")], true, false);
        check(&[("CLICOLOR_FORCE", "1")], true, true);
        check(&[("CLICOLOR_FORCE", "0")], true, false);
        check(&[("CLICOLOR", "0")], false, false);
        check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false);
        check(&[("TERM", "dumb")], false, false);
    }
}
