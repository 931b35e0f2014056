//! `[templates.NAME]`: what the phone says, by language.

use super::{error::Wrong, members::LANGUAGES, reader::Section};
use crate::voice::{self, TemplateTexts};

pub(super) fn templates(root: &Section<'_>) -> TemplateTexts {
    let mut templates = TemplateTexts::new();
    for (name, section) in root.named("templates") {
        for (key, language) in LANGUAGES {
            if let Some(text) = section.parsed(key, compiled) {
                templates
                    .entry(name.to_owned())
                    .or_default()
                    .insert(language, text);
            }
        }
    }
    templates
}

/// A template that could be spoken: its syntax is right and it knows its variables.
fn compiled(text: &str) -> Result<String, Wrong> {
    match voice::check_template(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(why) => Err(Wrong::new(
            format!("cannot be spoken ({why})"),
            "write variables as {{ name }} and conditions as {% if name %}...{% endif %}",
        )),
    }
}
