//! `[[sources]]`: monitors that send JSON.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Monitor, SourceConfig,
    error::{Wrong, one_of},
    groups::{Groups, check_group},
    members::LANGUAGES,
    reader::Section,
    server::{quota, ranges, unique_name},
};
use crate::{
    alert::{GroupName, Limits, Severity},
    monitor::MonitorKind,
    roster::Language,
    source::{Fields, Kind, Labels, MACKEREL, Pointer, Routing, Source, States},
};

/// Characters that a secret has at least. It may stand in a URL that anybody can try.
const SECRET_CHARS: usize = 16;

/// The source of what the plugin for Zabbix hands over.
const ZABBIX: &str = "zabbix";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Mackerel,
    Alertmanager,
    Grafana,
    Fluentd,
    Json,
}

const KINDS: [(&str, Word); 5] = [
    ("mackerel", Word::Mackerel),
    ("alertmanager", Word::Alertmanager),
    ("grafana", Word::Grafana),
    ("fluentd", Word::Fluentd),
    ("json", Word::Json),
];

const SEVERITIES: [(&str, Severity); 4] = [
    ("info", Severity::Info),
    ("warning", Severity::Warning),
    ("error", Severity::Error),
    ("critical", Severity::Critical),
];

pub(super) fn sources(
    root: &Section<'_>,
    groups: &Groups<'_>,
    default_group: Option<&GroupName>,
    monitors: &[Monitor],
) -> Vec<SourceConfig> {
    let mut seen = BTreeSet::new();
    root.sections("sources")
        .iter()
        .filter_map(|section| source(section, &mut seen, groups, default_group, monitors))
        .collect()
}

fn source(
    section: &Section<'_>,
    seen: &mut BTreeSet<String>,
    groups: &Groups<'_>,
    default_group: Option<&GroupName>,
    monitors: &[Monitor],
) -> Option<SourceConfig> {
    let name = unique_name(section, seen);
    let word = section.choice("kind", &KINDS);
    let word = section.required(
        "kind",
        word,
        "add kind = \"mackerel\", \"alertmanager\", \"grafana\", \"fluentd\" or \"json\"",
    );
    let name = name.and_then(|name| checked_name(section, name, word));
    let key = section.required_secret("key");
    let key = key.and_then(|key| long_enough(section, key));
    let ranges = ranges(section, "ranges");
    let quota = quota(section);
    let routing = routing(section, groups, default_group);
    let severities = severities(section);
    let Some(word) = word else {
        // Which further keys belong to it is not known.
        section.ask_for_all();
        return None;
    };
    let kind = kind(section, word);
    let own = (word == Word::Mackerel).then(|| mackerel(section, monitors));
    let name = name?;
    let (monitor, verify, language) = own.unwrap_or_default();
    let event_source = match (word, monitor) {
        (Word::Mackerel, Some(monitor)) => monitor.source.clone(),
        (Word::Mackerel, None) => MACKEREL.into(),
        _ => name.into(),
    };
    Some(SourceConfig {
        source: Source {
            name: name.into(),
            event_source,
            kind,
            routing: routing?,
            severities,
        },
        key: key?,
        ranges: ranges?,
        quota,
        monitor: monitor.map(|monitor| monitor.name.clone()),
        verify,
        language,
    })
}

/// What only Mackerel has: the monitor whose API knows its alerts, whether it is asked, and what phones speak that it calls itself.
fn mackerel<'m>(
    section: &Section<'_>,
    monitors: &'m [Monitor],
) -> (Option<&'m Monitor>, bool, Language) {
    let named = section.text("monitor");
    let verify = section.flag("verify").unwrap_or_default();
    let language = section.choice("language", &LANGUAGES);
    let of_kind = || {
        monitors
            .iter()
            .filter(|monitor| monitor.kind == MonitorKind::Mackerel)
    };
    let monitor = match named {
        Some(name) => of_kind().find(|monitor| monitor.name.as_str() == name.value),
        None => of_kind().find(|monitor| monitor.source.as_str() == MACKEREL),
    };
    if let (Some(name), None) = (named, monitor) {
        let wrong = Wrong::new(
            format!(
                "names {:?}, which is no [[monitors]] of kind \"mackerel\"",
                name.value
            ),
            one_of(name.value, of_kind().map(|monitor| monitor.name.as_str())),
        );
        section.wrong_value("monitor", name.at, &wrong);
    } else if verify && monitor.is_none() {
        let what = format!("`{}` needs the API of Mackerel", section.path("verify"));
        let remedy = "add [[monitors]] with kind = \"mackerel\" and token_env = \"MACKEREL_API_KEY\", or leave verify out";
        section.wrong(section.at, what, remedy);
    }
    (monitor, verify, language.unwrap_or_default())
}

/// The name is a part of a URL and, but for Mackerel, the source of events.
fn checked_name<'a>(section: &Section<'a>, name: &'a str, word: Option<Word>) -> Option<&'a str> {
    let at = section.text("name").map_or(section.at, |name| name.at);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !name.bytes().all(is_plain) || name.len() > Limits::SOURCE_BYTES {
        let wrong = Wrong::new(
            format!("is {name:?}, which is a part of a URL"),
            format!(
                "use at most {} of the letters a to z, digits, hyphens, dots and underscores",
                Limits::SOURCE_BYTES
            ),
        );
        section.wrong_value("name", at, &wrong);
        return None;
    }
    let is_taken = [MACKEREL, ZABBIX].contains(&name);
    if is_taken && word.is_some_and(|word| word != Word::Mackerel) {
        let wrong = Wrong::new(
            format!("is {name:?}, as the events of that monitor's own plugin"),
            "give it another name",
        );
        section.wrong_value("name", at, &wrong);
        return None;
    }
    Some(name)
}

fn long_enough(section: &Section<'_>, key: SecretString) -> Option<SecretString> {
    let is_long = key.expose_secret().chars().count() >= SECRET_CHARS;
    if !is_long {
        let what = format!(
            "`{}` has less than {SECRET_CHARS} characters",
            section.path("key")
        );
        section.wrong(
            section.at,
            what,
            "anybody may try; make one with `openssl rand -hex 24`",
        );
    }
    is_long.then_some(key)
}

fn routing(
    section: &Section<'_>,
    groups: &Groups<'_>,
    default_group: Option<&GroupName>,
) -> Option<Routing> {
    let named = section.text("group");
    if let Some(name) = named {
        check_group(section, "group", name, groups);
    }
    let default = match named {
        Some(name) => Some(GroupName::new(name.value)),
        None => default_group.cloned(),
    };
    let mut by_hint = BTreeMap::new();
    if let Some(map) = section.section("groups") {
        let hints: Vec<_> = map.keys().map(|(hint, _)| hint).collect();
        for hint in hints {
            if let Some(name) = map.text(hint) {
                check_group(&map, hint, name, groups);
                by_hint.insert(hint.to_owned(), GroupName::new(name.value));
            }
        }
    }
    Some(Routing {
        default: default?,
        by_hint,
        known: groups.names.iter().map(GroupName::new).collect(),
    })
}

fn severities(section: &Section<'_>) -> BTreeMap<String, Severity> {
    let Some(map) = section.section("severities") else {
        return BTreeMap::new();
    };
    let words: Vec<_> = map.keys().map(|(word, _)| word).collect();
    let meant = words
        .iter()
        .filter_map(|word| Some((word.to_lowercase(), map.choice(word, &SEVERITIES)?)));
    meant.collect()
}

fn kind(section: &Section<'_>, word: Word) -> Kind {
    match word {
        Word::Mackerel => Kind::Mackerel,
        Word::Alertmanager => Kind::Alertmanager(labels(section)),
        Word::Grafana => Kind::Grafana(labels(section)),
        Word::Fluentd => Kind::Fluentd(Box::new(fluentd(section))),
        Word::Json => Kind::Json(Box::new(json(section))),
    }
}

fn labels(section: &Section<'_>) -> Labels {
    let text = |key| section.text(key).map(|text| text.value.to_owned());
    Labels {
        group: text("group_label"),
        severity: text("severity_label").unwrap_or_else(|| "severity".to_owned()),
    }
}

/// The keys of `sources.fields`, but for `each`, and where each is looked for unless the file says otherwise.
type Usual = [(&'static str, &'static [&'static str]); 11];

const JSON: Usual = [
    ("title", &["title"]),
    ("dedup", &["dedup"]),
    ("id", &["id"]),
    ("status", &["status"]),
    ("acknowledged_by", &["acknowledged_by"]),
    ("severity", &["severity"]),
    ("host", &["host"]),
    ("message", &["message"]),
    ("url", &["url"]),
    ("group", &["group"]),
    ("message_id", &["message_id"]),
];

/// Records of logs: the text is the title, and there is no name for a message.
const FLUENTD: Usual = [
    ("title", &["message", "log", "msg"]),
    ("dedup", &["dedup"]),
    ("id", &[]),
    ("status", &["status"]),
    ("acknowledged_by", &[]),
    ("severity", &["severity", "level"]),
    ("host", &["host", "hostname"]),
    ("message", &[]),
    ("url", &["url"]),
    ("group", &["group"]),
    ("message_id", &[]),
];

fn json(section: &Section<'_>) -> Fields {
    let named = section.section("fields");
    let each = named
        .as_ref()
        .and_then(|named| named.parsed("each", pointer));
    Fields {
        each,
        ..fields(section, named.as_ref(), &JSON)
    }
}

fn fluentd(section: &Section<'_>) -> Fields {
    fields(section, section.section("fields").as_ref(), &FLUENTD)
}

fn fields(section: &Section<'_>, named: Option<&Section<'_>>, usual: &Usual) -> Fields {
    let at = |key: &str| {
        let own = named.and_then(|named| pointers(named, key));
        own.unwrap_or_else(|| {
            let usual = usual.iter().find(|(name, _)| *name == key);
            let keys = usual.map_or(&[][..], |(_, keys)| *keys);
            keys.iter().map(|key| Pointer::of_key(key)).collect()
        })
    };
    Fields {
        each: None,
        title: at("title"),
        dedup: at("dedup"),
        id: at("id"),
        status: at("status"),
        acknowledged_by: at("acknowledged_by"),
        severity: at("severity"),
        host: at("host"),
        message: at("message"),
        url: at("url"),
        group: at("group"),
        message_id: at("message_id"),
        states: states(section),
    }
}

/// A pointer, or a list of them that are tried in order.
fn pointers(section: &Section<'_>, key: &str) -> Option<Vec<Pointer>> {
    let texts = section.text_or_texts(key)?;
    let pointers = texts
        .iter()
        .filter_map(|text| section.taken(key, text.at, pointer(text.value)));
    Some(pointers.collect())
}

fn pointer(text: &str) -> Result<Pointer, Wrong> {
    Pointer::parse(text).ok_or_else(|| {
        Wrong::new(
            format!("is {text:?}, which points nowhere"),
            "write a key such as \"title\", or a JSON pointer such as \"/alert/title\" (RFC 6901)",
        )
    })
}

fn states(section: &Section<'_>) -> States {
    let Some(words) = section.section("status") else {
        return States::default();
    };
    let list = |key| {
        let texts = words.texts(key)?;
        Some(texts.iter().map(|text| text.value.to_lowercase()).collect())
    };
    States {
        problem: list("problem"),
        update: list("update"),
        recovery: list("recovery"),
    }
}
