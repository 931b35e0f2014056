//! `[templates.NAME]`: what the phone says, by language.

use super::{error::Wrong, members::LANGUAGES, reader::Section};
use crate::voice::TemplateTexts;

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

fn compiled(text: &str) -> Result<String, Wrong> {
    let compiles = minijinja::Environment::new()
        .template_from_str(text)
        .map(|_| text.to_owned());
    compiles.map_err(|error| {
        Wrong::new(
            format!("does not compile ({error})"),
            "write variables as {{ name }} and conditions as {% if name %}...{% endif %}",
        )
    })
}
