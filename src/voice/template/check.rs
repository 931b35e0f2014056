//! Checking a template when the configuration is read, so that it does not fail at three in the morning.

use std::{collections::BTreeSet, sync::Arc};

use minijinja::{
    Environment, Value,
    value::{Object, ObjectRepr},
};

use twiml_lint::{Linter, Settings};

use super::{environment, problem};
use crate::{roster::Language, voice::twiml};

/// The variables that a template may use; the module's documentation says what they hold.
const VARIABLES: [&str; 11] = [
    "count",
    "group",
    "host",
    "member",
    "message",
    "others",
    "severity",
    "severity_id",
    "title",
    "url",
    "v",
];

/// Checks a template: its syntax, the names of its variables, and a dry run with a full and with a bare alert. The error
/// reads after "message template `NAME` ".
///
/// Event variables (`v.NAME`) cannot be known beforehand; the dry run takes each for present.
pub fn check_template(text: &str) -> Result<(), String> {
    let environment = environment(Language::Ja);
    let template = environment
        .template_from_named_str("template", text)
        .map_err(|error| format!("cannot be read: {}", problem(&error)))?;
    check_names(
        &environment,
        &template.undeclared_variables(false).into_iter().collect(),
    )?;
    for (host, count) in [("web-01.example.com", 3), ("", 1)] {
        template
            .render(sample(host, count))
            .map_err(|error| format!("fails with a sample alert: {}", problem(&error)))?;
    }
    Ok(())
}

/// What the linter for TwiML finds in the message of a template, with a full and with a bare alert, as `CODE what is wrong;
/// what to do`. Nothing for a template that fails: that is [`check_template`]'s to say.
pub fn lint_template(text: &str, language: Language) -> Vec<String> {
    let strict = Settings {
        strict: true,
        ..Settings::default()
    };
    let Ok(linter) = Linter::new(strict) else {
        return Vec::new();
    };
    let environment = environment(language);
    let mut findings = Vec::new();
    for (host, count) in [("web-01.example.com", 3), ("", 1)] {
        let Ok(message) = environment.render_named_str("template", text, sample(host, count))
        else {
            continue;
        };
        for finding in linter.check(None, &twiml::said_in_full(&message, language)) {
            let help = finding
                .help
                .map_or(String::new(), |help| format!("; {help}"));
            findings.push(format!("{} {}{help}", finding.rule.code, finding.message));
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Names that are looked up anywhere in the template, also where the dry run does not come by.
fn check_names(environment: &Environment<'_>, names: &BTreeSet<String>) -> Result<(), String> {
    let functions: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    let unknown = names
        .iter()
        .find(|name| !VARIABLES.contains(&name.as_str()) && !functions.contains(name.as_str()));
    let Some(unknown) = unknown else {
        return Ok(());
    };
    let near = VARIABLES
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, unknown), known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map_or(".".to_owned(), |(_, known)| {
            format!("; did you mean `{known}`?")
        });
    Err(format!(
        "uses the unknown variable `{unknown}`{near} There are: {}; the event's own are `v.NAME`",
        VARIABLES.join(", "),
    ))
}

fn sample(host: &str, count: u32) -> Value {
    let text = if host.is_empty() { "" } else { "sample text" };
    minijinja::context! {
        title => "Disk is full",
        host => host,
        severity => "critical",
        severity_id => "critical",
        group => "primary",
        member => "member",
        message => text,
        url => text,
        count => count,
        others => count - 1,
        v => Value::from_object(AnyVariable),
    }
}

/// Has every variable.
#[derive(Debug)]
struct AnyVariable;

impl Object for AnyVariable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(Value::from("1"))
    }
}
