//! The body of our media type: a header `rinban=1`, then `key=value` lines, free text last.
//!
//! Values may contain anything, newlines too: an event name may carry an item's value. So the first occurrence of a key
//! wins, `name` or `opdata` starts free text in which only keys that our templates know and have not used yet are seen, and
//! after `message` nothing is a key any more. What a person or an item wrote cannot forge `kind=`, which our
//! templates put first. Lines end in CRLF after an import of the media type, in LF when it was made by API.

/// The `key=value` lines of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    entries: Vec<(String, String)>,
}

/// The keys that our templates use; those that decide stand first there.
const KNOWN: [&str; 20] = [
    "kind",
    "event_id",
    "trigger_id",
    "value",
    "nseverity",
    "ack",
    "message_id",
    "date",
    "time",
    "recovery_id",
    "duration",
    "action",
    "action_id",
    "user",
    "url",
    "tags",
    "host",
    "opdata",
    "name",
    "message",
];

impl Fields {
    /// Reads a body; `None` if it doesn't start with our header.
    pub fn parse(body: &str) -> Option<Self> {
        let body = body.trim_start_matches('\u{feff}').trim_start();
        let (header, rest) = body.split_once('\n').unwrap_or((body, ""));
        let version = header
            .trim()
            .strip_prefix("rinban")?
            .trim_start()
            .strip_prefix('=')?;
        if version.trim().is_empty() {
            return None;
        }
        let mut fields = Self::default();
        for line in rest.split('\n') {
            fields.line(line.strip_suffix('\r').unwrap_or(line));
        }
        for (_, value) in &mut fields.entries {
            value.truncate(value.trim_end().len());
        }
        Some(fields)
    }

    fn line(&mut self, line: &str) {
        match self.key_of(line) {
            Some((key, value)) if self.find(key).is_none() => {
                self.entries
                    .push((key.to_owned(), value.trim_start().to_owned()));
            }
            Some(_) if !self.in_free_text() => {}
            _ => {
                if let Some((_, value)) = self.entries.last_mut() {
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
    }

    fn key_of<'a>(&self, line: &'a str) -> Option<(&'a str, &'a str)> {
        let (key, value) = line.split_once('=')?;
        let key = key.trim();
        let is_key = if self.find("message").is_some() {
            false
        } else if self.in_free_text() {
            KNOWN.contains(&key) && self.find(key).is_none()
        } else {
            is_identifier(key)
        };
        is_key.then_some((key, value))
    }

    fn in_free_text(&self) -> bool {
        self.find("name").is_some() || self.find("opdata").is_some()
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The first line of a value, if Zabbix knew it.
    pub fn get(&self, key: &str) -> Option<&str> {
        resolved(self.find(key)?.lines().next()?)
    }

    /// A whole value, if Zabbix knew it.
    pub fn text(&self, key: &str) -> Option<&str> {
        resolved(self.find(key)?)
    }

    /// All values that Zabbix knew, in the order of the message.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), resolved(value)?)))
    }
}

fn is_identifier(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// The value, unless Zabbix had none: then it leaves the macro as it stands, or writes `*UNKNOWN*`, or nothing.
pub fn resolved(value: &str) -> Option<&str> {
    let value = value.trim();
    let known = !value.is_empty() && value != "*UNKNOWN*" && !is_macro(value);
    known.then_some(value)
}

/// Whether the whole text is one macro, such as `{EVENT.ID}` or `{$USER.MACRO}`.
fn is_macro(text: &str) -> bool {
    text.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '$' | '#' | '?'))
                && !name.contains(['{', '}', '\n'])
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(body: &str) -> Vec<(String, String)> {
        Fields::parse(body)
            .expect("a body with our header")
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn check(body: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(fields(body), expected, "{body:?}");
    }

    #[test]
    fn line_ends_and_blanks_do_not_matter() {
        let expected = [("kind", "problem"), ("event_id", "1"), ("name", "down")];
        check(
            "rinban=1\r\nkind=problem\r\nevent_id=1\r\nname=down",
            &expected,
        );
        check("rinban=1\nkind=problem\nevent_id=1\nname=down\n", &expected);
        check(
            "\u{feff}\r\nrinban = 1\r\nkind = problem\r\nevent_id= 1 \r\nname=down\r\n\r\n",
            &expected,
        );
    }

    #[test]
    fn what_zabbix_did_not_know_is_absent() {
        check(
            "rinban=1\nevent_id={EVENT.ID}\nurl=\nhost=*UNKNOWN*\nx={$M}\nname={brace}",
            &[("name", "{brace}")],
        );
    }

    #[test]
    fn free_text_cannot_forge_a_key() {
        check(
            "rinban=1\nkind=problem\nevent_id=1\nname=a\nkind=recovery\nx=y\nmessage=b\nuser=root",
            &[
                ("kind", "problem"),
                ("event_id", "1"),
                ("name", "a\nkind=recovery\nx=y"),
                ("message", "b\nuser=root"),
            ],
        );
        check(
            "rinban=1\nkind=problem\nkind=recovery",
            &[("kind", "problem")],
        );
    }

    #[test]
    fn a_template_in_another_order_is_still_read() {
        check(
            "rinban=1\nname=disk full\nevent_id=7\nkind=problem",
            &[
                ("name", "disk full"),
                ("event_id", "7"),
                ("kind", "problem"),
            ],
        );
    }

    #[test]
    fn every_line_of_our_media_type_is_a_key_that_we_know_and_free_text_is_last() {
        let yaml = include_str!("../media-type.yaml");
        let messages: Vec<_> = yaml.split("message: |\n").skip(1).collect();
        assert_eq!(messages.len(), 3);
        for message in messages {
            let lines: Vec<_> = message
                .lines()
                .map(str::trim)
                .take_while(|line| line.contains('='))
                .collect();
            let keys: Vec<_> = lines[1..]
                .iter()
                .filter_map(|line| line.split_once('='))
                .map(|(key, _)| key)
                .collect();
            assert!(keys.iter().all(|key| KNOWN.contains(key)), "{keys:?}");
            let name = keys.iter().position(|&key| key == "name").expect("a name");
            assert!(
                keys[name..]
                    .iter()
                    .all(|key| ["name", "opdata", "message"].contains(key))
            );
            let body = lines.join("\n").replace(['{', '}'], "");
            assert_eq!(
                Fields::parse(&body).expect("our header").iter().count(),
                keys.len()
            );
        }
    }

    #[test]
    fn a_body_without_our_header_is_not_ours() {
        for body in [
            "",
            "This is the test message from Zabbix",
            "kind=problem\nrinban=1",
            "rinban",
            "rinban=",
        ] {
            assert_eq!(Fields::parse(body), None, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_event_name_changes_what_stands_before_it(name in "(\\PC|\n|=|kind=recovery\n|ack=Yes\n){0,60}") {
            let body = format!("rinban=1\nkind=problem\nevent_id=1\nack=No\nname={name}");
            let parsed = Fields::parse(&body).expect("a body with our header");
            prop_assert_eq!(parsed.get("kind"), Some("problem"));
            prop_assert_eq!(parsed.get("event_id"), Some("1"));
            prop_assert_eq!(parsed.get("ack"), Some("No"));
        }
    }
}
