//! `[[notices]]`: who is told what happens.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::{
    Receiver, ReceiverKind, endpoint,
    groups::{Groups, check_group},
    members::LANGUAGES,
    reader::Section,
    server::unique_name,
};
use crate::{alert::GroupName, notice::ReceiverName};

#[derive(Clone, Copy)]
enum Kind {
    Slack,
    Webhook,
}

const KINDS: [(&str, Kind); 2] = [("slack", Kind::Slack), ("webhook", Kind::Webhook)];

pub(super) fn receivers(root: &Section<'_>, groups: &Groups<'_>) -> Vec<Receiver> {
    let mut seen = BTreeSet::new();
    root.sections("notices")
        .iter()
        .filter_map(|section| receiver(section, &mut seen, groups))
        .collect()
}

fn receiver(
    section: &Section<'_>,
    seen: &mut BTreeSet<String>,
    groups: &Groups<'_>,
) -> Option<Receiver> {
    let name = unique_name(section, seen);
    let kind = section.choice("kind", &KINDS);
    let kind = section.required("kind", kind, "add kind = \"slack\" or \"webhook\"");
    let url = section.required_secret("url");
    let url = url.and_then(|url| address(section, url));
    let language = section.choice("language", &LANGUAGES);
    let groups = only_groups(section, groups);
    let url = url?;
    Some(Receiver {
        name: ReceiverName::new(name?),
        kind: match kind? {
            Kind::Slack => ReceiverKind::Slack { url },
            Kind::Webhook => ReceiverKind::Webhook { url },
        },
        groups,
        language: language.unwrap_or_default(),
    })
}

fn address(section: &Section<'_>, url: SecretString) -> Option<SecretString> {
    let checked = endpoint::absolute(url.expose_secret()).map(|_| ());
    section.taken("url", section.at, checked).map(|()| url)
}

fn only_groups(section: &Section<'_>, groups: &Groups<'_>) -> Vec<GroupName> {
    let names = section.texts("groups").unwrap_or_default();
    for name in &names {
        check_group(section, "groups", *name, groups);
    }
    let names = names.iter().map(|name| GroupName::new(name.value));
    names.collect()
}
