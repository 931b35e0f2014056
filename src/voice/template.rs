//! Message templates: what the phone says of an alert, in minijinja.
//!
//! A template is chosen by the event's `message_id`, else by its severity, else it is `default`; first among the
//! operator's, then among the built-in ones, always in the language of the person who is called. One that fails when it is used is
//! replaced by the built-in one, since silence would be worse, and the failure is reported.
//!
//! | variable | what | form |
//! |---|---|---|
//! | `title` | what is wrong, in one line | text |
//! | `host` | where it is wrong; empty if unknown | text |
//! | `severity` | how bad it is, as a word of the language | text |
//! | `severity_id` | `info`, `warning`, `error` or `critical` | text |
//! | `group` | whose alert | text |
//! | `member` | who is called | text |
//! | `message` | more about it; may be empty | text |
//! | `url` | where to look; may be empty | text |
//! | `count` | how many alerts the call is about, this one included | number |
//! | `others` | `count` without this one | number |
//! | `v.NAME` | the event's variable `NAME` | text |
//!
//! Text is read aloud as [`super::speech::readable`] says it, when it is printed; comparisons see it as it came. `{{ host | spell }}`
//! says every hyphen and digit; `{{ title | safe }}` is taken as it stands. A variable that does not exist may be asked
//! for (`{% if v.SERVICE %}`), but not printed.

mod built_in;
mod check;

pub use check::{check_template, lint_template};

use std::{fmt, fmt::Write as _};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};

use super::{TemplateTexts, speech};
use crate::{
    alert::{GroupName, Severity},
    escalation::{Counts, Headline},
    roster::{Language, MemberName},
};

/// The name that is looked for last.
const DEFAULT: &str = "default";

/// The operator's templates and the built-in ones.
pub(super) struct Templates {
    texts: TemplateTexts,
    ja: Environment<'static>,
    en: Environment<'static>,
}

/// What a message is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) headline: &'a Headline,
    pub(super) counts: Counts,
    pub(super) member: &'a MemberName,
    pub(super) group: &'a GroupName,
}

/// A template that could not be used; the built-in one was spoken instead. For the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFailure {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// What went wrong.
    pub problem: String,
}

impl fmt::Display for TemplateFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "message template `{}` ({:?}) failed, so the built-in one was spoken: {}",
            self.name, self.language, self.problem
        )
    }
}

impl Templates {
    pub(super) fn new(texts: TemplateTexts) -> Self {
        Self {
            texts,
            ja: environment(Language::Ja),
            en: environment(Language::En),
        }
    }

    /// What to say of the alert.
    pub(super) fn message(
        &self,
        subject: &Subject<'_>,
        language: Language,
    ) -> (String, Option<TemplateFailure>) {
        let environment = match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        };
        let context = context(subject, language);
        let failure = match self.chosen(subject.headline, language) {
            Some((name, text)) => match render(environment, text, &context) {
                Ok(message) => return (message, None),
                Err(problem) => Some(TemplateFailure {
                    name: name.to_owned(),
                    language,
                    problem,
                }),
            },
            None => None,
        };
        let built_in = built_in::message(subject.headline, language);
        let message = render(environment, built_in, &context)
            .unwrap_or_else(|_| speech::readable(&subject.headline.title, language));
        (message, failure)
    }

    /// The operator's template for an alert.
    fn chosen(&self, headline: &Headline, language: Language) -> Option<(&str, &str)> {
        let names = [
            headline.message_id.as_deref(),
            Some(headline.severity.as_str()),
            Some(DEFAULT),
        ];
        names.into_iter().flatten().find_map(|name| {
            let (name, texts) = self.texts.get_key_value(name)?;
            Some((name.as_str(), texts.get(&language)?.as_str()))
        })
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("texts", &self.texts)
            .finish_non_exhaustive()
    }
}

fn environment(language: Language) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("spell", move |text: String| {
        Value::from_safe_string(speech::spelled(&text, language))
    });
    environment.set_formatter(move |out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            out.write_str(&speech::readable(text, language))?;
            Ok(())
        }
        _ => escape_formatter(out, state, value),
    });
    environment
}

/// Renders to one line; a message without a word is a failure.
fn render(
    environment: &Environment<'static>,
    text: &str,
    context: &Value,
) -> Result<String, String> {
    let message = environment
        .render_named_str("template", text, context.clone())
        .map_err(|error| problem(&error))?;
    let message = speech::one_line(&message);
    if message.chars().any(char::is_alphanumeric) {
        Ok(message)
    } else {
        Err("it says nothing for this alert".to_owned())
    }
}

/// An error of minijinja in one line.
fn problem(error: &minijinja::Error) -> String {
    let mut text = match error.line() {
        Some(line) => format!("line {line}: {}", error.kind()),
        None => error.kind().to_string(),
    };
    if let Some(detail) = error.detail() {
        write!(text, ": {detail}").expect("writing to a String succeeds");
    }
    text
}

fn context(subject: &Subject<'_>, language: Language) -> Value {
    let headline = subject.headline;
    let count = count(subject.counts);
    let variables = headline
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    minijinja::context! {
        title => headline.title.as_str(),
        host => headline.host.as_deref().unwrap_or_default(),
        severity => severity_word(headline.severity, language),
        severity_id => headline.severity.as_str(),
        group => subject.group.as_str(),
        member => subject.member.as_str(),
        message => headline.message.as_str(),
        url => headline.url.as_deref().unwrap_or_default(),
        count => count,
        others => count - 1,
        v => Value::from_pairs(variables),
    }
}

/// How many alerts a call is about: those that nobody has taken; when all are taken, those that are open. At least the
/// one that it was placed for.
pub(super) fn count(counts: Counts) -> u32 {
    let about = if counts.waiting > 0 {
        counts.waiting
    } else {
        counts.open
    };
    about.max(1)
}

fn severity_word(severity: Severity, language: Language) -> &'static str {
    match (severity, language) {
        (Severity::Info, Language::Ja) => "お知らせ",
        (Severity::Warning, Language::Ja) => "警告",
        (Severity::Error, Language::Ja) => "障害",
        (Severity::Critical, Language::Ja) => "重大な障害",
        (Severity::Info, Language::En) => "information",
        (Severity::Warning, Language::En) => "warning",
        (Severity::Error, Language::En) => "error",
        (Severity::Critical, Language::En) => "critical",
    }
}

#[cfg(test)]
mod tests;
