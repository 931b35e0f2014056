//! The page of a rule, in Markdown: shown by `--explain`, and kept in `docs/`.

use std::fmt::Write as _;

use twiml_lint::{Example, Level, Linter, Rule, Settings, finish};

/// How much of an example is shown: lines, and characters of a line.
const SHOWN: (usize, usize) = (40, 110);

/// Where the carrier tells about its errors.
const ERRORS: &str = "https://www.twilio.com/docs/api/errors";

/// The page of a rule.
pub(crate) fn page(rule: &Rule) -> String {
    let mut page = String::new();
    write(rule, &mut page).expect("a string takes everything");
    page
}

fn write(rule: &Rule, page: &mut String) -> std::fmt::Result {
    let Rule { code, name, .. } = rule;
    writeln!(page, "# {code} {name}\n")?;
    let summary = in_markdown(rule.summary);
    let mut rest = summary.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    writeln!(page, "{}{}.\n", first.unwrap_or_default(), rest.as_str())?;
    writeln!(page, "* Level: {}", levels(rule))?;
    let links: Vec<String> = rule
        .twilio
        .iter()
        .map(|code| format!("[{code}]({ERRORS}/{code})"))
        .collect();
    if !links.is_empty() {
        writeln!(page, "* Twilio reports it as {}", links.join(" or "))?;
    }
    writeln!(page, "\n{}\n", rule.explain.trim())?;
    writeln!(page, "## Wrong\n")?;
    files(rule, &rule.bad, page)?;
    for line in findings(rule) {
        writeln!(page, "    {line}")?;
    }
    writeln!(page, "\n## Right\n")?;
    files(rule, &rule.good, page)?;
    let silence = format!("<!-- twiml-lint: disable={code} -->");
    writeln!(
        page,
        "`{silence}` silences it for a line and the element that follows, before the root for the file."
    )
}

/// One line as Markdown, elements written as code.
pub(super) fn in_markdown(line: &str) -> String {
    line.replace('<', "`<").replace('>', ">`")
}

fn levels(rule: &Rule) -> String {
    match (rule.level, rule.strict) {
        (Level::Off, Level::Off) => format!("off; `--select {}` switches it on", rule.code),
        (Level::Off, strict) => format!("off, {strict} under `--strict`"),
        (level, strict) if level == strict => level.to_string(),
        (level, strict) => format!("{level}, {strict} under `--strict`"),
    }
}

/// The files of an example and the settings that it needs.
fn files(rule: &Rule, example: &Example, page: &mut String) -> std::fmt::Result {
    for (name, text) in example.files {
        let language = if name.ends_with(".xml") { "xml" } else { "" };
        let lines: Vec<&str> = text.lines().collect();
        writeln!(page, "`{name}`:\n\n```{language}")?;
        for line in lines.iter().take(SHOWN.0) {
            writeln!(page, "{}", cut(line))?;
        }
        if lines.len() > SHOWN.0 {
            writeln!(page, "…")?;
        }
        writeln!(page, "```\n")?;
    }
    if !example.settings.is_empty() {
        let settings: Vec<String> = example.settings.iter().map(setting).collect();
        writeln!(
            page,
            "with `{}` in `twiml-lint.toml`\n",
            settings.join("`, `")
        )?;
    } else if rule.level == Level::Off && std::ptr::eq(example, &rule.bad) {
        writeln!(page, "with `--select {}`\n", rule.code)?;
    }
    Ok(())
}

/// A setting as TOML.
fn setting((key, value): &(&str, &str)) -> String {
    match *key {
        "strict" | "strict-placeholders" | "inline" => format!("{key} = {value}"),
        "select" | "ignore" => format!("{key} = [\"{}\"]", value.replace(',', "\", \"")),
        rule if twiml_lint::find_rule(rule).is_some() => format!("severity.{key} = \"{value}\""),
        _ => format!("{key} = \"{value}\""),
    }
}

/// What the rule says about its bad example.
fn findings(rule: &Rule) -> Vec<String> {
    let mut settings = Settings::default();
    for (key, value) in rule.bad.settings {
        settings.set(key, value).expect("a setting of an example");
    }
    if settings.level(rule) == Level::Off {
        settings.select.push(rule.code.to_owned());
    }
    let linter = Linter::new(settings).expect("settings of an example");
    let files = rule.bad.files.iter();
    let read = |(name, text): &(&str, &str)| linter.read(Some(name), text.as_bytes().to_vec());
    let reports = finish(files.clone().map(read).collect());
    let mut lines = Vec::new();
    for ((name, _), report) in files.zip(&reports) {
        for finding in report
            .findings
            .iter()
            .filter(|finding| finding.rule.code == rule.code)
        {
            let place = report.position(finding.span.start);
            let message = &finding.message;
            lines.push(format!(
                "{name}:{place}: {}[{}] {message}",
                finding.level, rule.code
            ));
        }
    }
    lines
}

/// A line without what is too much of it.
fn cut(line: &str) -> String {
    if line.chars().count() <= SHOWN.1 {
        return line.to_owned();
    }
    let head: String = line.chars().take(SHOWN.1 - 1).collect();
    format!("{head}…")
}
