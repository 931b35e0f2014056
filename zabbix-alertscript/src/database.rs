//! Zabbix's database is down: the one alarm that comes without an event, and without an all-clear.
//!
//! Zabbix 6.0 sends it with all three arguments, 6.4 to 7.0.16 with none, 7.0.17 and later with a literal
//! `{ALERT.SENDTO}`; HTML in any case. It is repeated while the database is down. The outage's first page leaves a
//! marker in the state directory; the next message that carries an event shows that the database is back, and the alert is
//! closed then.

use std::{fs, path::Path};

use jiff::Timestamp;
use rinban::alert::{Event, EventKind, Severity};

use crate::{
    arguments::Arguments,
    facts::{self, SOURCE},
    message::resolved,
};

const SUBJECT: &str = "Zabbix database is not available";
const DEDUP: &str = "database";
const MARKER: &str = "zabbix-database-down";

/// Whether this is how Zabbix says that its database is down. Asked only of messages that carry no event.
pub fn is_down(arguments: &Arguments) -> bool {
    arguments.says_nothing()
        || arguments.positional.is_empty()
        || arguments.sendto() == Some("{ALERT.SENDTO}")
        || arguments.subject().trim_start().starts_with(SUBJECT)
}

/// The page. `since` is when the outage was first reported, if the marker tells.
///
/// The alert is one for the whole outage. The id changes with the outage, so that a second one within the hour pages
/// too, and with each hour, so that an outage goes on paging after somebody has closed the alert by hand.
pub fn down(arguments: &Arguments, since: Option<Timestamp>, now: Timestamp) -> Event {
    let outage = since.map_or_else(|| "new".to_owned(), |since| since.to_string());
    let bucket = now.as_second().div_euclid(3_600);
    let subject = resolved(arguments.subject()).unwrap_or(SUBJECT);
    let group = facts::group(&arguments.named, arguments.sendto());
    event(
        format!("{SOURCE}:{group}:{DEDUP}:problem:{outage}:{bucket}"),
        EventKind::Problem,
        group,
        subject.trim_end_matches('.').to_owned(),
        resolved(arguments.message())
            .map(plain_text)
            .unwrap_or_default(),
        now,
    )
}

/// Closes the alert of the outage that began at `since`.
pub fn up(group: String, since: Timestamp, now: Timestamp) -> Event {
    Event {
        reason: Some("Zabbix sends events again".to_owned()),
        ..event(
            format!("{SOURCE}:{group}:{DEDUP}:recovery:{since}"),
            EventKind::Recovery,
            group,
            "Zabbix database is available again".to_owned(),
            String::new(),
            now,
        )
    }
}

fn event(
    id: String,
    kind: EventKind,
    group: String,
    title: String,
    message: String,
    now: Timestamp,
) -> Event {
    Event {
        id: id.as_str().into(),
        source: SOURCE.into(),
        dedup_key: DEDUP.into(),
        group: group.as_str().into(),
        kind,
        acknowledged_by: None,
        reason: None,
        severity: Severity::Critical,
        title,
        host: Some("Zabbix server".to_owned()),
        message,
        url: None,
        message_id: None,
        variables: std::collections::BTreeMap::new(),
        received_at: now,
    }
    .fit()
}

/// Script media get HTML: `<html><pre>...&quot;...</pre></html>`.
fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            '\r' => {}
            _ if in_tag => {}
            c => text.push(c),
        }
    }
    let entities = [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    for (entity, c) in entities {
        text = text.replace(entity, c);
    }
    text.trim().to_owned()
}

/// When the running outage was first reported; `None` if none is known.
pub fn since(state_dir: &Path) -> Option<Timestamp> {
    fs::read_to_string(state_dir.join(MARKER))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Remembers the outage. A state directory that cannot be written costs the automatic close, not the page.
pub fn mark_down(state_dir: &Path, since: Timestamp) {
    let temporary = state_dir.join(format!("{MARKER}.{}", std::process::id()));
    if fs::write(&temporary, since.to_string()).is_ok() {
        let _ = fs::rename(&temporary, state_dir.join(MARKER));
    }
}

/// Forgets the outage.
pub fn mark_up(state_dir: &Path) {
    let _ = fs::remove_file(state_dir.join(MARKER));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(args: &[&str]) -> Arguments {
        Arguments::parse(args.iter().map(Into::into)).expect("a command line")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a timestamp")
    }

    #[test]
    fn each_version_of_zabbix_says_it_in_its_own_way() {
        let html = "<html><pre>PostgreSQL: connection to &quot;db&quot; refused</pre></html>";
        for (args, group) in [
            (
                ["primary", "Zabbix database is not available.", html].as_slice(),
                "primary",
            ),
            (
                &["{ALERT.SENDTO}", "Zabbix database is not available.", html],
                "default",
            ),
            (
                &["{ALERT.SENDTO}", "{ALERT.SUBJECT}", "{ALERT.MESSAGE}"],
                "default",
            ),
            (&[], "default"),
            (&["--config", "/etc/rinban.toml"], "default"),
        ] {
            let args = arguments(args);
            assert!(is_down(&args), "{args:?}");
            let event = down(&args, None, at(0));
            assert_eq!(event.group.as_str(), group);
            assert_eq!(event.title, SUBJECT);
            assert_eq!(
                (event.kind, event.severity),
                (EventKind::Problem, Severity::Critical)
            );
            assert_eq!(event.check(), Ok(()));
        }
        let six = arguments(&["primary", "Zabbix database is not available.", html]);
        assert_eq!(
            down(&six, None, at(0)).message,
            "PostgreSQL: connection to \"db\" refused"
        );
        assert!(!is_down(&arguments(&[
            "primary",
            "Test subject",
            "This is the test message from Zabbix"
        ])));
    }

    #[test]
    fn repeats_are_one_event_for_an_hour_and_one_alert_for_the_outage() {
        let page = |since: Option<i64>, now| down(&arguments(&[]), since.map(at), at(now));
        assert_eq!(page(Some(0), 15).id, page(Some(0), 3_599).id);
        assert_ne!(page(Some(0), 15).id, page(Some(0), 3_600).id);
        assert_ne!(
            page(Some(0), 15).id,
            page(Some(10), 15).id,
            "a second outage within the hour pages"
        );
        assert_eq!(page(Some(0), 15).dedup_key, page(None, 90_000).dedup_key);
        assert_eq!(
            page(Some(0), 15).dedup_key,
            up("primary".into(), at(0), at(9)).dedup_key
        );
    }

    #[test]
    fn the_marker_remembers_the_outage_until_it_is_over() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(since(dir.path()), None);
        mark_down(dir.path(), at(5));
        assert_eq!(since(dir.path()), Some(at(5)));
        mark_up(dir.path());
        assert_eq!(since(dir.path()), None);
        std::fs::write(dir.path().join(MARKER), "damaged").expect("a file");
        assert_eq!(since(dir.path()), None);
    }
}
