//! What one message says, whichever form it came in, and the event that follows from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rinban::alert::{Event, EventKind, Severity};

use crate::{
    arguments::Named,
    message::{Fields, resolved},
};

/// The event's source, for everything that comes through this script.
pub const SOURCE: &str = "zabbix";

/// The group when the monitor names none. A core without a group of this name calls its default group.
pub const NO_GROUP: &str = "default";

/// Starts the message with which the core acknowledges an event in Zabbix. When that acknowledgement comes back as an
/// update it is not a person's, and is handed over without one.
pub const OWN_MARK: &str = "[rinban]";

/// What Zabbix writes for `{USER.FULLNAME}` when the user who is told shares no user group with the one who wrote.
const INACCESSIBLE: &str = "Inaccessible user";

/// What a message says of its event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Something is wrong, or still is.
    #[default]
    Problem,
    /// Something about it changed.
    Update,
    /// It is over.
    Recovery,
    /// Zabbix gave up its escalation, since its trigger, item, host or action was disabled: nothing follows any more.
    Canceled,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Update => "update",
            Self::Recovery => "recovery",
            Self::Canceled => "canceled",
        }
    }
}

/// What a message says. Values that Zabbix did not know are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What happened.
    pub kind: Kind,
    /// `{EVENT.ID}` of the problem, also in updates and recoveries.
    pub event_id: Option<String>,
    /// `{TRIGGER.ID}`, which names the alert where there is no event id.
    pub trigger_id: Option<String>,
    /// As Zabbix writes it: 0 to 5, or the English name.
    pub severity: Option<String>,
    /// Of an update: who acknowledged the event.
    pub acknowledged_by: Option<String>,
    /// Of a cancelation: why.
    pub reason: Option<String>,
    /// The event's name.
    pub title: Option<String>,
    /// The host's visible name.
    pub host: Option<String>,
    /// More, for people who read.
    pub message: String,
    /// The trigger's URL.
    pub url: Option<String>,
    /// Names the message template.
    pub message_id: Option<String>,
    /// What makes an update differ from the others of its event.
    pub stamp: String,
    /// Everything else, for templates.
    pub variables: BTreeMap<String, String>,
}

impl Facts {
    /// What the lines of our media type say, and the named parameters, which win.
    pub fn new(fields: &Fields, named: &Named) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let known = |text: &Option<String>| text.as_deref().and_then(resolved).map(str::to_owned);
        let value = known(&named.value).or_else(|| owned(fields.get("value")));
        Self {
            kind: kind(fields.get("kind"), value.as_deref(), named),
            event_id: known(&named.event_id).or_else(|| owned(fields.get("event_id"))),
            trigger_id: known(&named.trigger_id).or_else(|| owned(fields.get("trigger_id"))),
            severity: known(&named.severity).or_else(|| owned(fields.get("nseverity"))),
            acknowledged_by: acknowledged_by(fields),
            reason: None,
            title: known(&named.name).or_else(|| owned(fields.text("name"))),
            host: known(&named.host).or_else(|| owned(fields.get("host"))),
            message: fields
                .text("message")
                .or_else(|| fields.text("opdata"))
                .unwrap_or_default()
                .to_owned(),
            url: owned(fields.get("url")),
            message_id: known(&named.message_id)
                .or_else(|| owned(fields.get("message_id")))
                .or_else(|| message_id_of_tags(fields.get("tags")?)),
            stamp: stamp(fields),
            variables: variables(fields, named),
        }
    }

    /// The event. `sendto` names the group unless a parameter did.
    pub fn into_event(self, group: &str, now: Timestamp) -> Event {
        let title = match &self.title {
            Some(title) => title.split_whitespace().collect::<Vec<_>>().join(" "),
            None => "Zabbix problem without a name".to_owned(),
        };
        let dedup = match (&self.event_id, &self.trigger_id) {
            (Some(id), _) => id.clone(),
            (None, Some(id)) => format!("trigger {id}"),
            (None, None) => format!("{}/{title}", self.host.as_deref().unwrap_or_default()),
        };
        let dedup = shorten(&dedup, NAME_BYTES);
        // Without an event id nothing tells two occurrences apart but the time. A retry is then a second event of the
        // same alert, which is a keep-alive; the same id for a second occurrence would be a lost page.
        let stamp = match (&self.event_id, self.kind) {
            (Some(_), Kind::Update) => format!(":{}", self.stamp),
            (Some(_), _) => String::new(),
            (None, _) => format!(":{now}"),
        };
        Event {
            id: format!("{SOURCE}:{group}:{dedup}:{}{stamp}", self.kind.as_str())
                .as_str()
                .into(),
            source: SOURCE.into(),
            dedup_key: dedup.into(),
            group: group.into(),
            kind: match self.kind {
                Kind::Problem => EventKind::Problem,
                Kind::Update => EventKind::Update,
                Kind::Recovery | Kind::Canceled => EventKind::Recovery,
            },
            acknowledged_by: self.acknowledged_by.filter(|_| self.kind == Kind::Update),
            reason: self.reason,
            severity: severity(self.severity.as_deref()),
            title,
            host: self.host,
            message: self.message,
            url: self.url,
            message_id: self.message_id,
            variables: self.variables,
            received_at: now,
        }
        .fit()
    }
}

/// The group that SENDTO names, if it names one.
pub fn group(named: &Named, sendto: Option<&str>) -> String {
    let named = named.group.as_deref().and_then(resolved);
    shorten(
        named.or_else(|| resolved(sendto?)).unwrap_or(NO_GROUP),
        NAME_BYTES,
    )
    .to_owned()
}

/// An update of a problem that is over tells that it is over: the recovery may have been sent before it.
fn kind(line: Option<&str>, value: Option<&str>, named: &Named) -> Kind {
    let set = |flag: &Option<String>| {
        flag.as_deref()
            .and_then(resolved)
            .is_some_and(|flag| flag != "0")
    };
    let over = value == Some("0");
    match line {
        _ if set(&named.recovery) => Kind::Recovery,
        _ if set(&named.update) && !over => Kind::Update,
        Some("recovery") => Kind::Recovery,
        Some("update") if !over => Kind::Update,
        Some("problem") => Kind::Problem,
        _ if over => Kind::Recovery,
        _ => Kind::Problem,
    }
}

fn acknowledged_by(fields: &Fields) -> Option<String> {
    let acknowledged = fields
        .get("ack")
        .is_some_and(|ack| ack.eq_ignore_ascii_case("yes"));
    let own = fields
        .text("message")
        .is_some_and(|text| text.starts_with(OWN_MARK));
    let user = fields.get("user").filter(|user| *user != INACCESSIBLE);
    (acknowledged && !own).then(|| user.unwrap_or("a Zabbix user").to_owned())
}

/// Date and time have a resolution of one second; two people may write in the same one.
fn stamp(fields: &Fields) -> String {
    let text = |key| fields.text(key).unwrap_or_default();
    let said = ["date", "time", "user", "action", "message"]
        .map(text)
        .join("\0");
    let (date, time) = (shorten(text("date"), 20), shorten(text("time"), 20));
    format!("{date} {time}:{}", fingerprint(&said))
}

/// 64-bit FNV-1a: the same in every version of this program, as what becomes part of an id must be.
pub fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The tag `rinban_message_id` in `{EVENT.TAGSJSON}`.
fn message_id_of_tags(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Tag {
        tag: String,
        #[serde(default)]
        value: String,
    }
    let tags: Vec<Tag> = serde_json::from_str(json).ok()?;
    let tag = tags
        .into_iter()
        .find(|tag| tag.tag == "rinban_message_id")?;
    resolved(&tag.value).map(str::to_owned)
}

fn variables(fields: &Fields, named: &Named) -> BTreeMap<String, String> {
    const HAVE_A_FIELD: [&str; 7] = [
        "kind",
        "name",
        "host",
        "url",
        "message",
        "message_id",
        "nseverity",
    ];
    let mut variables: BTreeMap<_, _> = fields
        .iter()
        .filter(|(key, _)| !HAVE_A_FIELD.contains(key))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let parameters = [
        ("event_id", &named.event_id),
        ("trigger_id", &named.trigger_id),
        ("value", &named.value),
    ];
    for (key, value) in parameters {
        if let Some(value) = value.as_deref().and_then(resolved) {
            variables.insert(key.to_owned(), value.to_owned());
        }
    }
    variables
}

/// Zabbix numbers severities from 0 (not classified) to 5 (disaster).
fn severity(text: Option<&str>) -> Severity {
    let Some(text) = text else {
        return Severity::default();
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "0" | "1" | "not classified" | "information" => Severity::Info,
        "2" | "warning" => Severity::Warning,
        "4" | "5" | "high" | "disaster" => Severity::Critical,
        _ => Severity::Error,
    }
}

/// What a name may take of an id's 512 bytes; kind and stamp come on top.
const NAME_BYTES: usize = 200;

/// Cuts to at most `max` bytes.
fn shorten(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str) -> Event {
        let fields = Fields::parse(&format!("rinban=1\n{body}")).expect("our header");
        Facts::new(&fields, &Named::default()).into_event("primary", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn severities_are_those_of_the_reference() {
        for (zabbix, ours) in [
            ("0", Severity::Info),
            ("1", Severity::Info),
            ("2", Severity::Warning),
            ("3", Severity::Error),
            ("4", Severity::Critical),
            ("5", Severity::Critical),
            ("Disaster", Severity::Critical),
            ("average", Severity::Error),
            ("{EVENT.NSEVERITY}", Severity::Error),
            ("9", Severity::Error),
        ] {
            assert_eq!(
                event(&format!("nseverity={zabbix}")).severity,
                ours,
                "{zabbix}"
            );
        }
    }

    #[test]
    fn a_retry_is_the_same_event_and_another_update_is_another() {
        let update = |extra: &str| event(&format!("kind=update\nevent_id=7\nvalue=1\n{extra}")).id;
        assert_eq!(
            event("kind=problem\nevent_id=7").id.as_str(),
            "zabbix:primary:7:problem"
        );
        assert_eq!(
            event("kind=recovery\nevent_id=7").id.as_str(),
            "zabbix:primary:7:recovery"
        );
        assert_eq!(
            update("date=2026.11.22\ntime=1:00"),
            update("date=2026.11.22\ntime=1:00")
        );
        assert_ne!(
            update("date=2026.11.22\ntime=1:00"),
            update("date=2026.11.22\ntime=1:01")
        );
        assert_ne!(update("time=1:00\nuser=a"), update("time=1:00\nuser=b"));
        assert!(
            update("time=1:00")
                .as_str()
                .starts_with("zabbix:primary:7:update: 1:00:")
        );
    }

    #[test]
    fn an_alert_is_named_by_its_event_else_its_trigger_else_its_host_and_title() {
        let key = |body: &str| event(body).dedup_key.as_str().to_owned();
        assert_eq!(key("event_id=7\ntrigger_id=9\nname=x"), "7");
        assert_eq!(
            key("event_id={EVENT.ID}\ntrigger_id=9\nname=x"),
            "trigger 9"
        );
        assert_eq!(key("host=web01\nname=x"), "web01/x");
    }

    #[test]
    fn an_update_of_a_problem_that_is_over_closes_it() {
        let over = event("kind=update\nevent_id=7\nvalue=0\nack=Yes\nuser=Admin");
        assert_eq!(
            (over.kind, over.acknowledged_by),
            (EventKind::Recovery, None)
        );
        assert_eq!(over.id.as_str(), "zabbix:primary:7:recovery");
    }

    #[test]
    fn an_acknowledgement_names_the_user_unless_it_is_our_own() {
        let by = |body: &str| {
            event(&format!("kind=update\nevent_id=7\nvalue=1\n{body}")).acknowledged_by
        };
        assert_eq!(
            by("ack=Yes\nuser=Admin\nmessage=on it"),
            Some("Admin".into())
        );
        assert_eq!(
            by("ack=Yes\nuser={USER.FULLNAME}"),
            Some("a Zabbix user".into())
        );
        assert_eq!(
            by("ack=Yes\nuser=Inaccessible user"),
            Some("a Zabbix user".into())
        );
        assert_eq!(by("ack=No\nuser=Admin"), None);
        assert_eq!(
            by("ack=Yes\nuser=rin ban (bot)\nmessage=[rinban] acknowledged by phone"),
            None
        );
        assert_eq!(
            event("kind=problem\nevent_id=7\nack=Yes\nuser=x").acknowledged_by,
            None
        );
    }

    #[test]
    fn a_tag_or_a_line_names_the_message_template() {
        let id = |body: &str| event(body).message_id;
        assert_eq!(id("message_id=db\nname=x"), Some("db".into()));
        let tags = r#"tags=[{"tag":"scope","value":"x"},{"tag":"rinban_message_id","value":"db"}]"#;
        assert_eq!(id(tags), Some("db".into()));
        assert_eq!(id("tags=[not json"), None);
    }

    #[test]
    fn however_long_a_name_is_the_event_is_within_its_bounds() {
        let long = "あ".repeat(2_000);
        for kind in ["problem", "update", "recovery"] {
            let event = event(&format!(
                "kind={kind}\nevent_id={long}\ndate={long}\ntime={long}\nhost={long}\nname={long}"
            ));
            assert_eq!(event.check(), Ok(()), "{kind}");
        }
    }

    #[test]
    fn named_parameters_win_over_the_message() {
        let set = |text: &str| Some(text.to_owned());
        let named = Named {
            event_id: set("8"),
            value: set("{EVENT.VALUE}"),
            update: set("{EVENT.UPDATE.STATUS}"),
            recovery: set("9"),
            ..Named::default()
        };
        let fields =
            Fields::parse("rinban=1\nkind=problem\nevent_id=7\nname=x").expect("our header");
        let facts = Facts::new(&fields, &named);
        assert_eq!(
            (facts.kind, facts.event_id.as_deref()),
            (Kind::Recovery, Some("8"))
        );
    }
}
