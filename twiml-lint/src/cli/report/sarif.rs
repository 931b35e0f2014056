//! SARIF 2.1.0, as code scanning reads it.

use std::io::{self, Write};

use serde_json::{Value, json};
use twiml_lint::{Edit, Level, RULES, Related, Rule, Span};

use super::{File, Run, Seen};
use crate::cli::{explain, fingerprint};

/// What the schema is published as.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<Value> = run
        .files
        .iter()
        .flat_map(|file| results(run, file))
        .collect();
    let notifications: Vec<Value> = run
        .troubles
        .iter()
        .map(|trouble| json!({ "level": "error", "message": { "text": trouble } }))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "twiml-lint",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn descriptor(rule: &Rule) -> Value {
    let errors: Vec<String> = rule
        .twilio
        .iter()
        .map(|code| format!("twilio-{code}"))
        .collect();
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.explain },
        "help": { "text": rule.explain, "markdown": explain::page(rule) },
        "defaultConfiguration": {
            "enabled": rule.level != Level::Off,
            "level": level(if rule.level == Level::Off { Level::Warning } else { rule.level }),
        },
        "properties": { "tags": errors },
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
        Level::Off => "none",
    }
}

fn results(run: &Run<'_>, file: &File<'_>) -> Vec<Value> {
    let fingerprints = fingerprint::of(file);
    let hashes = fingerprints.iter().map(|one| one.hash(file.name()));
    run.seen(file)
        .zip(hashes)
        .map(|(seen, hash)| result(run, &seen, hash))
        .collect()
}

fn result(run: &Run<'_>, seen: &Seen<'_>, hash: u64) -> Value {
    let (file, finding) = (seen.file, seen.finding);
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}"));
    let text = format!("{}{}", finding.message, help.unwrap_or_default());
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": RULES.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.level),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(file, finding.span) }],
        "partialFingerprints": { "twimlLint/v1": format!("{hash:016x}") },
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate();
        result["relatedLocations"] = related
            .map(|(id, related)| other(id, related, run.file_of(related, file)))
            .collect();
    }
    if let Some(fix) = &finding.fix {
        let replacements: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| replacement(file, edit))
            .collect();
        result["fixes"] = json!([{
            "description": { "text": finding.help.as_deref().unwrap_or("mend it") },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(file) },
                "replacements": replacements,
            }],
        }]);
    }
    result
}

fn other(id: usize, related: &Related, file: &File<'_>) -> Value {
    json!({
        "id": id,
        "message": { "text": related.message },
        "physicalLocation": location(file, related.span),
    })
}

fn replacement(file: &File<'_>, edit: &Edit) -> Value {
    json!({
        "deletedRegion": region(file, edit.span),
        "insertedContent": { "text": edit.text },
    })
}

fn location(file: &File<'_>, span: Span) -> Value {
    json!({
        "artifactLocation": { "uri": uri(file) },
        "region": region(file, span),
    })
}

fn region(file: &File<'_>, span: Span) -> Value {
    let (start, end) = (file.position(span.start), file.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A relative reference; code scanning takes it from the root of the repository. What lies elsewhere is named in full.
fn uri(file: &File<'_>) -> String {
    let name = file.name();
    let mut uri = String::from(if name.starts_with('/') { "file://" } else { "" });
    for byte in name.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
        if is_plain {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
