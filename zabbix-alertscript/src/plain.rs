//! Messages of installations that kept Zabbix's own English templates, or wrote their own with the usual labels.
//!
//! Zabbix 4.4 and later: "Problem started at 12:00:00 on 2026.11.22", "Problem name: ...", "Original problem ID: 7" and
//! "Problem has been resolved at ...". Before: "Trigger: ...", "Trigger status: PROBLEM", "Original event ID: 7", with
//! the subject "PROBLEM: ..." or "OK: ...". The default text of an update names no event, so it stays unrecognised.

use crate::{
    facts::{Facts, Kind},
    message::resolved,
};

/// Reads free text; `None` unless it says both that something is wrong, or right again, and what.
pub fn parse(subject: &str, body: &str) -> Option<Facts> {
    let labels = Labels::read(body);
    let (kind_of_subject, rest_of_subject) = read_subject(subject);
    let kind = labels
        .get(&["trigger status", "event status", "problem status", "status"])
        .and_then(kind_of_status)
        .or_else(|| labels.get(&["trigger"]).and_then(kind_at_the_end))
        .or_else(|| kind_of_first_line(body))
        .or(kind_of_subject)?;
    let event_id = labels
        .get(&[
            "original problem id",
            "original event id",
            "problem id",
            "event id",
            "eventid",
            "event_id",
            "イベントid",
        ])
        .filter(|id| is_number(id));
    let trigger_id = labels
        .get(&["trigger id", "triggerid", "trigger_id", "トリガーid"])
        .filter(|id| is_number(id));
    let title = labels
        .get(&[
            "problem name",
            "event name",
            "trigger name",
            "trigger",
            "problem",
        ])
        .map(without_status)
        .or_else(|| resolved(rest_of_subject))?;
    Some(Facts {
        kind,
        event_id: event_id.map(str::to_owned),
        trigger_id: trigger_id.map(str::to_owned),
        title: Some(title.to_owned()),
        host: labels.owned(&["host", "hostname", "host name"]),
        severity: labels.owned(&["severity", "trigger severity"]),
        url: labels.owned(&["trigger url", "url"]),
        message: body.replace('\r', ""),
        ..Facts::default()
    })
}

fn is_number(id: &str) -> bool {
    id.chars().all(|c| c.is_ascii_digit())
}

/// The `Label: value` lines.
struct Labels<'a>(Vec<(String, &'a str)>);

impl<'a> Labels<'a> {
    fn read(body: &'a str) -> Self {
        Self(
            body.lines()
                .filter_map(|line| line.split_once([':', '：']))
                .map(|(label, value)| (label.trim().to_lowercase(), value))
                .collect(),
        )
    }

    /// The value under the first of these labels that has one.
    fn get(&self, labels: &[&str]) -> Option<&'a str> {
        labels.iter().find_map(|wanted| {
            let (_, value) = self.0.iter().find(|(label, _)| label == wanted)?;
            resolved(value)
        })
    }

    fn owned(&self, labels: &[&str]) -> Option<String> {
        self.get(labels).map(str::to_owned)
    }
}

fn kind_of_status(status: &str) -> Option<Kind> {
    match status.trim().to_ascii_uppercase().as_str() {
        "PROBLEM" => Some(Kind::Problem),
        "OK" | "RESOLVED" | "RECOVERY" | "RECOVERED" => Some(Kind::Recovery),
        _ => None,
    }
}

/// `Trigger: disk full: PROBLEM` names the status last.
fn kind_at_the_end(trigger: &str) -> Option<Kind> {
    kind_of_status(
        trigger
            .rsplit_once(':')
            .map_or(trigger, |(_, status)| status),
    )
}

fn without_status(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((name, status)) if kind_of_status(status).is_some() => name.trim(),
        _ => name,
    }
}

fn kind_of_first_line(body: &str) -> Option<Kind> {
    let first = body.trim_start().lines().next()?;
    if first.starts_with("Problem started at ") {
        Some(Kind::Problem)
    } else if first.starts_with("Problem has been resolved") {
        Some(Kind::Recovery)
    } else {
        None
    }
}

/// `PROBLEM: name`, `OK: name`, `Resolved: name` and `Resolved in 5m 3s: name`.
fn read_subject(subject: &str) -> (Option<Kind>, &str) {
    let Some((head, rest)) = subject.split_once(':') else {
        return (None, subject);
    };
    let head = if head.starts_with("Resolved in ") {
        "Resolved"
    } else {
        head
    };
    match kind_of_status(head) {
        Some(kind) => (Some(kind), rest),
        None => (None, subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subject: &str, body: &str, expected: Option<(Kind, Option<&str>, &str)>) {
        let facts = parse(subject, body);
        let seen = facts.as_ref().map(|facts| {
            (
                facts.kind,
                facts.event_id.as_deref(),
                facts.title.as_deref().unwrap_or_default(),
            )
        });
        assert_eq!(seen, expected, "{subject:?} {body:?}");
    }

    #[test]
    fn the_default_templates_of_zabbix_are_read() {
        use Kind::{Problem, Recovery};
        check(
            "Problem: High CPU",
            "Problem started at 12:00:00 on 2026.11.22\r\nProblem name: High CPU\r\nHost: web01\r\nSeverity: High\r\n\
             Operational data: 97 %\r\nOriginal problem ID: 71\r\n",
            Some((Problem, Some("71"), "High CPU")),
        );
        check(
            "Resolved in 5m 3s: High CPU",
            "Problem has been resolved at 12:05:03 on 2026.11.22\r\nProblem name: High CPU\r\nProblem duration: 5m 3s\r\n\
             Host: web01\r\nSeverity: High\r\nOriginal problem ID: 71\r\n",
            Some((Recovery, Some("71"), "High CPU")),
        );
        check(
            "PROBLEM: High CPU",
            "Trigger: High CPU\nTrigger status: PROBLEM\nTrigger severity: High\nTrigger URL: \n\nItem values:\n\n\
             1. Load (web01:system.cpu.load): 9.5\n\nOriginal event ID: 71",
            Some((Problem, Some("71"), "High CPU")),
        );
        check(
            "OK: High CPU",
            "Trigger: High CPU\nTrigger status: OK\nOriginal event ID: 71",
            Some((Recovery, Some("71"), "High CPU")),
        );
    }

    #[test]
    fn home_grown_templates_are_read() {
        use Kind::{Problem, Recovery};
        check(
            "x",
            "Trigger: disk full: PROBLEM\nEvent ID: 9",
            Some((Problem, Some("9"), "disk full")),
        );
        check(
            "x",
            "Trigger: disk full: RESOLVED\nevent id：9",
            Some((Recovery, Some("9"), "disk full")),
        );
        check(
            "PROBLEM: disk full on web01",
            "see the wiki",
            Some((Problem, None, "disk full on web01")),
        );
        check(
            "OK: disk full on web01",
            "",
            Some((Recovery, None, "disk full on web01")),
        );
        check(
            "PROBLEM: x",
            "Event ID: {EVENT.ID}",
            Some((Problem, None, "x")),
        );
    }

    #[test]
    fn a_trigger_id_is_read_where_there_is_one() {
        let id = |body: &str| parse("PROBLEM: x", body).and_then(|facts| facts.trigger_id);
        assert_eq!(id("Trigger ID: 13926"), Some("13926".into()));
        assert_eq!(id("トリガーID：13926"), Some("13926".into()));
        assert_eq!(id("Trigger ID: {TRIGGER.ID}"), None);
    }

    #[test]
    fn what_says_nothing_of_a_problem_is_not_read() {
        check("Test subject", "This is the test message from Zabbix", None);
        check("Weekly report", "Event ID: 9", None);
        check(
            "Updated problem in 5m: High CPU",
            "Zabbix Administrator acknowledged problem at 2026.11.22 12:01:00.\n\n\nCurrent problem status is PROBLEM, \
             age is 1m, acknowledged: Yes.",
            None,
        );
    }
}
