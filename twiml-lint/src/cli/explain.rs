//! What is told about rules: a page for each, and the list.

mod page;

pub(crate) use page::page;

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use twiml_lint::{RULES, Rule, SettingError};

use super::{Exit, Failure, flags::Format, report};

/// Prints the pages of rules.
pub(super) fn explain(names: &[String]) -> Result<Exit, Failure> {
    let mut pages = Vec::new();
    for name in names {
        let upper = name.to_uppercase();
        let is_meant = |rule: &&&Rule| rule.is_meant_by(name) || rule.is_meant_by(&upper);
        let meant: Vec<String> = RULES
            .iter()
            .filter(is_meant)
            .map(|rule| page(rule))
            .collect();
        if meant.is_empty() {
            return Err(SettingError::UnknownRule(name.clone()).into());
        }
        pages.extend(meant);
    }
    print(|out| out.write_all(pages.join("\n").as_bytes()))
}

/// Prints one line for each rule.
pub(super) fn list(format: Format) -> Result<Exit, Failure> {
    if format == Format::Json {
        return print(report::rules_as_json);
    }
    let widest = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut table = format!(
        "code   {:widest$}  level    strict   what it finds\n",
        "name"
    );
    for rule in RULES {
        let (level, strict) = (rule.level.name(), rule.strict.name());
        let (code, name, summary) = (rule.code, rule.name, rule.summary);
        writeln!(
            table,
            "{code}  {name:widest$}  {level:7}  {strict:7}  {summary}"
        )
        .expect("a string takes everything");
    }
    print(|out| out.write_all(table.as_bytes()))
}

fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let written = write(&mut out).and_then(|()| out.flush());
    super::lint::quiet_if_closed(written)
        .map_err(|error| Failure::Output("standard output".to_owned(), error))?;
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests;
