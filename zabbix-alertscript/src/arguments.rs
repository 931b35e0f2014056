//! What Zabbix put on the command line.
//!
//! Zabbix runs `zabbix-alertscript SENDTO SUBJECT MESSAGE`, and any of the three may start with a dash, be empty or
//! not be UTF-8. So options stand before the three or after them, never between, and the value of an option is taken
//! as it stands. A fourth positional argument is passed over: a superfluous parameter is no reason to lose a page.

use std::{ffi::OsString, path::PathBuf};

/// The command line, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// SENDTO, SUBJECT and MESSAGE, as many as there are.
    pub positional: Vec<String>,
    /// The named parameters (Zabbix 6.4 and later resolves macros in them).
    pub named: Named,
    /// `--config`: the configuration file.
    pub config: Option<PathBuf>,
    /// What to do.
    pub mode: Mode,
}

/// Named parameters; each replaces the line of the message that says the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// `--group`: the group, instead of SENDTO.
    pub group: Option<String>,
    /// `--event-id {EVENT.ID}`.
    pub event_id: Option<String>,
    /// `--trigger-id {TRIGGER.ID}`.
    pub trigger_id: Option<String>,
    /// `--value {EVENT.VALUE}`: 1 problem, 0 over.
    pub value: Option<String>,
    /// `--severity {EVENT.NSEVERITY}`: 0 to 5, or the English name.
    pub severity: Option<String>,
    /// `--host {HOST.NAME}`.
    pub host: Option<String>,
    /// `--name {EVENT.NAME}`.
    pub name: Option<String>,
    /// `--message-id`: names the message template.
    pub message_id: Option<String>,
    /// `--recovery` or `--recovery={EVENT.RECOVERY.ID}`: set, unless the macro is unresolved or 0.
    pub recovery: Option<String>,
    /// `--update` or `--update={EVENT.UPDATE.STATUS}`: set, unless the macro is unresolved or 0.
    pub update: Option<String>,
}

/// What to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Hand the event over.
    #[default]
    HandOver,
    /// Print the event as JSON, or why there is none.
    DryRun,
    /// See whether an event could be handed over by this user.
    Check,
    /// Print the usage text.
    Help,
    /// Print the version.
    Version,
}

/// Why a command line is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArgumentsError {
    /// An option that does not exist.
    #[error("unknown option `{0}`; see zabbix-alertscript --help")]
    Unknown(String),
    /// An option at the end of the line without its value.
    #[error("option `{0}` needs a value")]
    NoValue(String),
    /// An option between SENDTO and MESSAGE.
    #[error("option `{0}` stands between SENDTO and MESSAGE; put it before or after all three")]
    Misplaced(String),
}

/// The value of a flag that is given without one.
const SET: &str = "1";

impl Arguments {
    /// Reads the arguments without the program's name. Bytes that are not UTF-8 become U+FFFD.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentsError> {
        let mut parsed = Self::default();
        let mut args = args.into_iter().peekable();
        while let Some(arg) = args.next() {
            let between = matches!(parsed.positional.len(), 1 | 2);
            let text = arg.to_string_lossy();
            match text.strip_prefix("--") {
                Some(option) if !between => parsed.option(option, &mut args)?,
                None if text == "-h" && !between => parsed.mode = Mode::Help,
                None if text == "-V" && !between => parsed.mode = Mode::Version,
                Some(option) if is_parameter(option) && args.peek().is_some_and(|_| between) => {
                    return Err(ArgumentsError::Misplaced(text.into_owned()));
                }
                _ if parsed.positional.len() < 3 => parsed.positional.push(text.into_owned()),
                _ => {}
            }
        }
        Ok(parsed)
    }

    fn option(
        &mut self,
        option: &str,
        args: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), ArgumentsError> {
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let named = &mut self.named;
        let slot = match name {
            "dry-run" => return self.set_mode(Mode::DryRun),
            "check" => return self.set_mode(Mode::Check),
            "help" => return self.set_mode(Mode::Help),
            "version" => return self.set_mode(Mode::Version),
            "recovery" => return set_flag(&mut named.recovery, inline),
            "update" => return set_flag(&mut named.update, inline),
            "config" => {
                let value = match inline {
                    Some(value) => value.into(),
                    None => args
                        .next()
                        .ok_or_else(|| ArgumentsError::NoValue("--config".to_owned()))?,
                };
                self.config = Some(value.into());
                return Ok(());
            }
            "group" | "sendto" => &mut named.group,
            "event-id" => &mut named.event_id,
            "trigger-id" => &mut named.trigger_id,
            "value" => &mut named.value,
            "severity" => &mut named.severity,
            "host" => &mut named.host,
            "name" => &mut named.name,
            "message-id" => &mut named.message_id,
            _ => return Err(ArgumentsError::Unknown(format!("--{name}"))),
        };
        *slot = Some(match inline {
            Some(value) => value,
            None => args
                .next()
                .map(|value| value.to_string_lossy().into_owned())
                .ok_or_else(|| ArgumentsError::NoValue(format!("--{name}")))?,
        });
        Ok(())
    }

    fn set_mode(&mut self, mode: Mode) -> Result<(), ArgumentsError> {
        self.mode = mode;
        Ok(())
    }

    /// SENDTO, if there is one.
    pub fn sendto(&self) -> Option<&str> {
        self.positional.first().map(String::as_str)
    }

    /// SUBJECT; empty if there is none.
    pub fn subject(&self) -> &str {
        self.positional.get(1).map_or("", String::as_str)
    }

    /// MESSAGE; empty if there is none.
    pub fn message(&self) -> &str {
        self.positional.get(2).map_or("", String::as_str)
    }

    /// Whether nothing was said about any event, as when Zabbix 6.4 to 7.0.16 reports its database down.
    pub fn says_nothing(&self) -> bool {
        self.positional.is_empty() && self.named.is_empty()
    }
}

impl Named {
    /// Whether no named parameter was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether an option carries a macro; a media type with these alone is easily put together in a wrong order.
fn is_parameter(option: &str) -> bool {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    matches!(
        name,
        "event-id" | "trigger-id" | "value" | "severity" | "host" | "name"
    )
}

fn set_flag(slot: &mut Option<String>, inline: Option<String>) -> Result<(), ArgumentsError> {
    *slot = Some(inline.unwrap_or_else(|| SET.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn parse(args: &[&str]) -> Result<Arguments, ArgumentsError> {
        Arguments::parse(args.iter().map(OsString::from))
    }

    fn positional(args: &[&str]) -> Vec<String> {
        parse(args).expect("a command line").positional
    }

    #[test]
    fn the_three_arguments_are_taken_as_they_stand() {
        for three in [
            ["primary", "problem 1", "rinban=1\r\nkind=problem"],
            ["", "", ""],
            ["primary", "--dry-run", "--help"],
            ["primary", "-h", "--"],
            ["primary", "--unknown", "- a list\n- of things"],
            ["primary", "--recovery", "--name"],
        ] {
            assert_eq!(positional(&three), three, "{three:?}");
        }
    }

    #[test]
    fn options_stand_before_or_after_the_three() {
        let expected = Arguments {
            positional: vec!["primary".into(), "--s".into(), "m".into()],
            named: Named {
                event_id: Some("7".into()),
                ..Named::default()
            },
            config: Some("/etc/r.toml".into()),
            mode: Mode::DryRun,
        };
        for args in [
            [
                "--config",
                "/etc/r.toml",
                "--dry-run",
                "primary",
                "--s",
                "m",
                "--event-id",
                "7",
            ]
            .as_slice(),
            &[
                "--config=/etc/r.toml",
                "primary",
                "--s",
                "m",
                "--event-id=7",
                "--dry-run",
            ],
            &[
                "primary",
                "--s",
                "m",
                "extra",
                "--config=/etc/r.toml",
                "--dry-run",
                "--event-id=7",
            ],
        ] {
            assert_eq!(parse(args).as_ref(), Ok(&expected), "{args:?}");
        }
    }

    #[test]
    fn the_value_of_an_option_may_look_like_an_option() {
        let args = parse(&[
            "primary",
            "s",
            "m",
            "--name",
            "--recovery",
            "--update={EVENT.UPDATE.STATUS}",
        ])
        .expect("a command line");
        assert_eq!(args.named.name.as_deref(), Some("--recovery"));
        assert_eq!(args.named.recovery, None);
        assert_eq!(args.named.update.as_deref(), Some("{EVENT.UPDATE.STATUS}"));
    }

    #[test]
    fn a_wrong_option_is_named() {
        assert_eq!(
            parse(&["--sevrity", "5"]),
            Err(ArgumentsError::Unknown("--sevrity".into()))
        );
        assert_eq!(
            parse(&["--name"]),
            Err(ArgumentsError::NoValue("--name".into()))
        );
        assert_eq!(
            parse(&["primary", "--event-id", "7"]),
            Err(ArgumentsError::Misplaced("--event-id".into()))
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        let args = [OsString::from_vec(b"prim\xffary".to_vec())];
        assert_eq!(
            Arguments::parse(args).expect("a command line").positional,
            ["prim\u{fffd}ary"]
        );
    }
}
