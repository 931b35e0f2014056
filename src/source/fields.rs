//! Any JSON whose fields the configuration names.

use serde_json::Value;

use super::{
    Found, Said, Signal, SourceError,
    reading::{name_of, text_at, texts_at},
};

/// A JSON pointer (RFC 6901), checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Reads `/a/b`, or `a` for `/a`. None for an empty text and for a `~` that escapes nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let Some(path) = text.strip_prefix('/') else {
            return Some(Self::of_key(text));
        };
        let escapes = path
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        escapes.then(|| Self(text.to_owned()))
    }

    /// The pointer to a key of the outermost object.
    pub fn of_key(key: &str) -> Self {
        Self(format!("/{}", key.replace('~', "~0").replace('/', "~1")))
    }

    /// As RFC 6901 writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where each part of an event stands. Several pointers are tried in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The list whose items are the alerts; without it the document is one alert, or a list of them.
    pub each: Option<Pointer>,
    /// What is wrong, in one line.
    pub title: Vec<Pointer>,
    /// What the messages of one alert have in common; without it, title and host.
    pub dedup: Vec<Pointer>,
    /// Tells a message from its repetition; without it, what is the same within a minute is a repetition.
    pub id: Vec<Pointer>,
    /// Whether it is a problem, an update or a recovery.
    pub status: Vec<Pointer>,
    /// Who has acknowledged it, of an update.
    pub acknowledged_by: Vec<Pointer>,
    /// How bad it is.
    pub severity: Vec<Pointer>,
    /// Where it is wrong.
    pub host: Vec<Pointer>,
    /// More about it.
    pub message: Vec<Pointer>,
    /// Where to look.
    pub url: Vec<Pointer>,
    /// Who is called.
    pub group: Vec<Pointer>,
    /// Names the message template.
    pub message_id: Vec<Pointer>,
    /// The words of `status`.
    pub states: States,
}

/// The words that say whether something is a problem, in lower case. Without words of its own a list has the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// A problem. If it is given, a word that stands in none of the lists calls nobody; otherwise it is a problem.
    pub problem: Option<Vec<String>>,
    /// A change that opens nothing.
    pub update: Option<Vec<String>>,
    /// It is over.
    pub recovery: Option<Vec<String>>,
}

const UPDATES: [&str; 4] = ["update", "updated", "acknowledged", "ack"];

const RECOVERIES: [&str; 9] = [
    "ok",
    "resolved",
    "recovered",
    "recovery",
    "closed",
    "cleared",
    "up",
    "normal",
    "false",
];

impl States {
    /// What a word says; nothing for one that is to be passed over.
    fn said(&self, word: &str) -> Option<Said> {
        let word = word.to_lowercase();
        let holds = |list: &Option<Vec<String>>, usual: &[&str]| match list {
            Some(list) => list.contains(&word),
            None => usual.contains(&word.as_str()),
        };
        if holds(&self.problem, &[]) {
            Some(Said::Problem)
        } else if holds(&self.recovery, &RECOVERIES) {
            Some(Said::Recovery)
        } else if holds(&self.update, &UPDATES) {
            Some(Said::Update)
        } else {
            self.problem.is_none().then_some(Said::Problem)
        }
    }
}

pub(super) fn read(payload: &Value, fields: &Fields) -> Result<Found, SourceError> {
    let mut found = Found::default();
    let items = match &fields.each {
        Some(each) => {
            let list = payload.pointer(each.as_str());
            let list = list.and_then(Value::as_array).ok_or_else(|| {
                SourceError::Shape(format!(
                    "there is no list at `{}`; send one, or set `sources.fields.each` to where it is",
                    each.as_str()
                ))
            })?;
            list.as_slice()
        }
        None => match payload {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        },
    };
    for (at, item) in items.iter().enumerate() {
        add(&mut found, item, fields, &format!("item {}", at + 1))?;
    }
    Ok(found)
}

/// Adds what one item says; `name` is what an error calls it.
pub(super) fn add(
    found: &mut Found,
    item: &Value,
    fields: &Fields,
    name: &str,
) -> Result<(), SourceError> {
    if !item.is_object() {
        return Err(SourceError::Shape(format!(
            "{name} is {}; send an object",
            name_of(item)
        )));
    }
    let text = |pointers: &[Pointer]| pointers.iter().find_map(|at| text_at(item, at.as_str()));
    let status = text(&fields.status);
    let Some(kind) = status
        .as_deref()
        .map_or(Some(Said::Problem), |word| fields.states.said(word))
    else {
        let status = status.unwrap_or_default();
        found
            .passed_over
            .push(format!("{name}, whose status is {status:?}"));
        return Ok(());
    };
    let dedup = text(&fields.dedup);
    let title = text(&fields.title);
    let Some(title) = title.or_else(|| dedup.clone()) else {
        let tried: Vec<_> = fields.title.iter().map(Pointer::as_str).collect();
        return Err(SourceError::Shape(format!(
            "{name} has no title at {}; send one, or set `sources.fields.title` to where it is",
            tried.join(" or ")
        )));
    };
    found.signals.push(Signal {
        dedup,
        // Many monitors name a problem and its end alike.
        change: text(&fields.id).map(|id| format!("{kind:?}:{id}")),
        kind,
        acknowledged_by: text(&fields.acknowledged_by).filter(|_| kind == Said::Update),
        severity: text(&fields.severity),
        title,
        host: text(&fields.host),
        message: text(&fields.message).unwrap_or_default(),
        url: text(&fields.url),
        message_id: text(&fields.message_id),
        variables: texts_at(item, "").collect(),
        hints: text(&fields.group).into_iter().collect(),
        ..Signal::default()
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_a_path_or_a_key() {
        for (text, expected) in [
            ("/a/b", Some("/a/b")),
            ("a", Some("/a")),
            ("kubernetes.host", Some("/kubernetes.host")),
            ("a/b", Some("/a~1b")),
            ("a~b", Some("/a~0b")),
            ("/a~1b", Some("/a~1b")),
            ("/a~b", None),
            ("/a~", None),
            ("", None),
        ] {
            let pointer = Pointer::parse(text);
            assert_eq!(pointer.as_ref().map(Pointer::as_str), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_status_is_a_problem_unless_problems_are_named() {
        let usual = States::default();
        let own = States {
            problem: Some(vec!["down".to_owned()]),
            recovery: Some(vec!["fine".to_owned()]),
            ..States::default()
        };
        for (word, by_usual, by_own) in [
            ("DOWN", Some(Said::Problem), Some(Said::Problem)),
            ("purple", Some(Said::Problem), None),
            ("Resolved", Some(Said::Recovery), None),
            ("fine", Some(Said::Problem), Some(Said::Recovery)),
            ("ack", Some(Said::Update), Some(Said::Update)),
        ] {
            assert_eq!(
                (usual.said(word), own.said(word)),
                (by_usual, by_own),
                "{word}"
            );
        }
    }
}
