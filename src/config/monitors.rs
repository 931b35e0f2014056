//! `[[monitors]]`: the monitors to whose APIs rinban writes what people did, and from which it reads what became of alerts.

use std::collections::BTreeSet;

use super::{
    Monitor, Receiver, endpoint,
    error::Wrong,
    members::LANGUAGES,
    reader::{Located, Section},
    server::unique_name,
};
use crate::{
    alert::Limits,
    monitor::{MonitorKind, MonitorName, mackerel},
};

const KINDS: [(&str, MonitorKind); 2] = [
    ("zabbix", MonitorKind::Zabbix),
    ("mackerel", MonitorKind::Mackerel),
];

pub(super) fn monitors(root: &Section<'_>, receivers: &[Receiver]) -> Vec<Monitor> {
    let mut seen = Seen {
        names: receivers
            .iter()
            .map(|receiver| receiver.name.as_str().to_owned())
            .collect(),
        sources: BTreeSet::new(),
    };
    root.sections("monitors")
        .iter()
        .filter_map(|section| monitor(section, &mut seen))
        .collect()
}

/// What may be used once. What is written back waits under the monitor's name beside the notices for people.
struct Seen {
    names: BTreeSet<String>,
    sources: BTreeSet<String>,
}

fn monitor(section: &Section<'_>, seen: &mut Seen) -> Option<Monitor> {
    let kind = section.choice("kind", &KINDS);
    let Some(kind) = section.required("kind", kind, "add kind = \"zabbix\" or \"mackerel\"") else {
        // Which keys are known depends on the kind.
        section.ask_for_all();
        return None;
    };
    let name = name(section, kind, &mut seen.names);
    let url = section.parsed("url", endpoint::base);
    let url = match kind {
        MonitorKind::Zabbix => {
            let remedy = "add url = \"https://zabbix.example.com/api_jsonrpc.php\"";
            section.required("url", url, remedy)
        }
        MonitorKind::Mackerel => Some(url.unwrap_or_else(|| mackerel::BASE_URL.to_owned())),
    };
    let token = section.required_secret("token");
    let close = section.flag("close").unwrap_or(false);
    let annotate = match kind {
        MonitorKind::Mackerel => section.text("annotate"),
        MonitorKind::Zabbix => None,
    };
    let source = source(section, kind, &mut seen.sources);
    let language = section.choice("language", &LANGUAGES);
    Some(Monitor {
        name: name?,
        kind,
        url: url?,
        token: token?,
        close,
        annotate: annotate.map(|service| service.value.to_owned()),
        source: source?.into(),
        language: language.unwrap_or_default(),
    })
}

fn name(
    section: &Section<'_>,
    kind: MonitorKind,
    names: &mut BTreeSet<String>,
) -> Option<MonitorName> {
    if section.has("name") {
        return unique_name(section, names).map(MonitorName::new);
    }
    // So that a suggestion may name it.
    section.text("name");
    if names.insert(kind.as_str().to_owned()) {
        return Some(MonitorName::new(kind.as_str()));
    }
    section.wrong(
        section.at,
        format!(
            "`{}` is missing, and {:?} is taken by another",
            section.path("name"),
            kind.as_str()
        ),
        "add name = \"...\"",
    );
    None
}

/// The source whose alerts belong to this monitor; to no other, since an alert has one origin.
fn source<'a>(
    section: &Section<'a>,
    kind: MonitorKind,
    sources: &mut BTreeSet<String>,
) -> Option<&'a str> {
    let written = section.text("source");
    let Located { value, at } = written.unwrap_or(Located {
        value: kind.as_str(),
        at: section.at,
    });
    let wrong = if value.is_empty() || value.len() > Limits::SOURCE_BYTES {
        Wrong::new(
            format!("has {} bytes", value.len()),
            format!(
                "write 1 to {}: the `source` of the events",
                Limits::SOURCE_BYTES
            ),
        )
    } else if !sources.insert(value.to_owned()) {
        Wrong::new(
            format!("is {value:?}, as that of another monitor"),
            "give each its own: an alert belongs to one monitor",
        )
    } else {
        return Some(value);
    };
    section.wrong_value("source", at, &wrong);
    None
}
