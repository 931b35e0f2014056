//! The decision: an event to hand over, or no call and why.

use jiff::Timestamp;
use rinban::alert::Event;

use crate::{
    arguments::Arguments,
    database,
    facts::{self, Facts, Kind},
    message::{Fields, resolved},
    plain,
};

/// What to do about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hand this event over.
    HandOver(Box<Event>),
    /// Zabbix's database is down: hand this event over, and remember the outage.
    DatabaseDown(Box<Event>),
    /// Nobody is called: it is the Test button, or a message that names no event.
    NoCall(NoCall),
}

/// Why nobody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// No `rinban=1` header, and nothing in the text that could be read as a problem.
    NotAnEvent,
    /// "Escalation canceled" about a message that names no event: nothing can be closed.
    CanceledUnknown,
}

impl NoCall {
    /// One line for the person at the Test button, who sees nothing but a failure, and for a terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAnEvent => {
                "no call: the message names no event, so it is a test or a custom message"
            }
            Self::CanceledUnknown => {
                "no call: a canceled escalation that names no event; its alert stays open"
            }
        }
    }
}

/// Decides. `outage` is since when Zabbix's database is known to be down.
pub fn decide(arguments: &Arguments, outage: Option<Timestamp>, now: Timestamp) -> Verdict {
    let group = facts::group(&arguments.named, arguments.sendto());
    match read(arguments) {
        Reading::Facts(facts) => Verdict::HandOver(Box::new(facts.into_event(&group, now))),
        Reading::DatabaseDown => {
            let since = outage.unwrap_or(now);
            Verdict::DatabaseDown(Box::new(database::down(arguments, Some(since), now)))
        }
        Reading::Nothing(why) => Verdict::NoCall(why),
    }
}

enum Reading {
    Facts(Box<Facts>),
    DatabaseDown,
    Nothing(NoCall),
}

fn read(arguments: &Arguments) -> Reading {
    let (subject, message) = (arguments.subject(), arguments.message());
    if let Some((reason, last)) = canceled(message) {
        return match event_facts(arguments, subject, last) {
            Some(facts) if facts.event_id.is_some() => Reading::Facts(Box::new(Facts {
                kind: Kind::Canceled,
                reason: Some(format!("escalation canceled: {reason}")),
                ..facts
            })),
            _ => Reading::Nothing(NoCall::CanceledUnknown),
        };
    }
    if names_an_event(arguments, message) {
        match event_facts(arguments, subject, message) {
            Some(facts) => Reading::Facts(Box::new(facts)),
            None => Reading::Nothing(NoCall::NotAnEvent),
        }
    } else if database::is_down(arguments) {
        Reading::DatabaseDown
    } else {
        match plain::parse(subject, message) {
            Some(facts) => Reading::Facts(Box::new(facts)),
            None => Reading::Nothing(NoCall::NotAnEvent),
        }
    }
}

fn names_an_event(arguments: &Arguments, message: &str) -> bool {
    let parameter = arguments.named.event_id.as_deref();
    parameter.and_then(resolved).is_some() || Fields::parse(message).is_some()
}

/// What the message and the parameters say of an event, in our form or in Zabbix's own.
fn event_facts(arguments: &Arguments, subject: &str, message: &str) -> Option<Facts> {
    let named = &arguments.named;
    let subject = || resolved(subject).map(str::to_owned);
    if let Some(fields) = Fields::parse(message) {
        let facts = Facts::new(&fields, named);
        return Some(Facts {
            title: facts.title.clone().or_else(subject),
            ..facts
        });
    }
    if named.event_id.as_deref().and_then(resolved).is_some() {
        let facts = Facts::new(&Fields::default(), named);
        return Some(Facts {
            title: facts.title.clone().or_else(subject),
            message: message.replace('\r', ""),
            stamp: facts::fingerprint(message),
            ..facts
        });
    }
    plain::parse(subject().as_deref().unwrap_or_default(), message)
}

/// The reason of a canceled escalation and the last message that was sent. Older servers spell it "cancelled".
fn canceled(message: &str) -> Option<(String, &str)> {
    let message = message.trim_start();
    let rest = message
        .strip_prefix("NOTE: Escalation canceled: ")
        .or_else(|| message.strip_prefix("NOTE: Escalation cancelled: "))?;
    let (reason, last) = rest
        .split_once("\nLast message sent:")
        .unwrap_or((rest, ""));
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    Some((reason, last.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rinban::alert::EventKind;

    use super::*;

    fn verdict(args: &[&str]) -> Verdict {
        let arguments = Arguments::parse(args.iter().map(Into::into)).expect("a command line");
        decide(&arguments, None, Timestamp::UNIX_EPOCH)
    }

    fn event(args: &[&str]) -> Event {
        match verdict(args) {
            Verdict::HandOver(event) | Verdict::DatabaseDown(event) => *event,
            Verdict::NoCall(why) => panic!("{args:?}: {}", why.as_str()),
        }
    }

    const LAST: &str = "rinban=1\r\nkind=problem\r\nevent_id=7\r\nname=disk full";

    #[test]
    fn a_canceled_escalation_closes_its_alert_and_says_why() {
        for spelled in ["canceled", "cancelled"] {
            let body = format!(
                "NOTE: Escalation {spelled}: trigger \"disk\nfull\" disabled.\nLast message sent:\n{LAST}"
            );
            let event = event(&["primary", "problem 7", &body]);
            assert_eq!(event.kind, EventKind::Recovery);
            assert_eq!(event.id.as_str(), "zabbix:primary:7:canceled");
            assert_eq!(event.dedup_key.as_str(), "7");
            assert_eq!(
                event.reason.as_deref(),
                Some("escalation canceled: trigger \"disk full\" disabled.")
            );
        }
    }

    #[test]
    fn a_canceled_escalation_of_a_plain_message_closes_too() {
        let last = "Problem started at 1:00 on 2026.11.22\nProblem name: x\nOriginal problem ID: 7";
        let body =
            format!("NOTE: Escalation canceled: host \"h\" disabled.\nLast message sent:\n{last}");
        assert_eq!(
            event(&["primary", "Problem: x", &body]).id.as_str(),
            "zabbix:primary:7:canceled"
        );
    }

    #[test]
    fn a_canceled_escalation_without_an_event_calls_nobody() {
        let body = "NOTE: Escalation canceled: host \"h\" disabled.\nLast message sent:\nhello";
        assert_eq!(
            verdict(&["primary", "x", body]),
            Verdict::NoCall(NoCall::CanceledUnknown)
        );
    }

    #[test]
    fn the_test_button_calls_nobody() {
        let test = verdict(&[
            "primary",
            "Test subject",
            "This is the test message from Zabbix",
        ]);
        assert_eq!(test, Verdict::NoCall(NoCall::NotAnEvent));
        assert_eq!(
            verdict(&["primary", "", ""]),
            Verdict::NoCall(NoCall::NotAnEvent)
        );
    }

    #[test]
    fn named_parameters_are_enough() {
        let event = event(&[
            "primary",
            "disk full",
            "97 %",
            "--event-id",
            "7",
            "--value=0",
            "--severity",
            "5",
        ]);
        assert_eq!(
            (event.kind, event.title.as_str()),
            (EventKind::Recovery, "disk full")
        );
        assert_eq!(event.message, "97 %");
        let long = "x".repeat(100_000);
        let update = self::event(&[
            "primary",
            "s",
            &long,
            "--event-id=7",
            "--value=1",
            "--update=1",
        ]);
        assert_eq!((update.kind, update.check()), (EventKind::Update, Ok(())));
    }

    #[test]
    fn an_unusable_group_falls_back_to_the_default_group() {
        for sendto in ["", "  ", "*UNKNOWN*", "{ALERT.SENDTO}"] {
            assert_eq!(
                event(&[sendto, "problem 7", LAST]).group.as_str(),
                "default",
                "{sendto:?}"
            );
        }
    }

    #[test]
    fn a_database_that_is_down_pages_even_with_unresolved_parameters() {
        let seven = verdict(&[
            "{ALERT.SENDTO}",
            "Zabbix database is not available.",
            "<html><pre>down</pre></html>",
            "--event-id={EVENT.ID}",
        ]);
        assert!(matches!(seven, Verdict::DatabaseDown(_)), "{seven:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_arrives_is_an_event_within_its_bounds_or_no_call(
            args in proptest::collection::vec(
                "(rinban=1\n|kind=update\n|event_id=|date=|ack=Yes\n|name=|PROBLEM: |Event ID: 7\n|NOTE: Escalation canceled: |\
                 \nLast message sent:|--event-id=|\\PC{0,600}|[ -~]{0,900}|\n|\r){0,12}",
                0..6,
            ),
        ) {
            if let Ok(arguments) = Arguments::parse(args.iter().map(Into::into)) {
                match decide(&arguments, None, Timestamp::UNIX_EPOCH) {
                    Verdict::HandOver(event) | Verdict::DatabaseDown(event) => {
                        prop_assert_eq!(event.check(), Ok(()));
                    }
                    Verdict::NoCall(_) => {}
                }
            }
        }
    }
}
