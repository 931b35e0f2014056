//! Calls: the request that creates one, and the one that changes it.

use std::time::Duration;

use super::{Numbers, fields, magic};
use crate::{
    serve::{form::Form, record::CallStatus, refusal::Refusal},
    twilio::twiml::Target,
};

/// The longest TwiML in the request itself, in characters.
const LONGEST_TWIML: usize = 4_000;

/// Call resource, Timeout: 60 s unless said, 600 s at most.
const RING_SECS: (u64, u64) = (60, 600);

/// Call resource, TimeLimit: 4 hours unless said; a day is the most that any account has.
const LIMIT_SECS: (u64, u64) = (14_400, 86_400);

/// A call as it was ordered.
#[derive(Clone, Debug)]
pub struct CallOrder {
    /// Who is called.
    pub to: String,
    /// Who calls.
    pub from: String,
    /// What is said first.
    pub script: Script,
    /// What is said when that fails.
    pub fallback: Option<Target>,
    /// Who hears how it goes.
    pub status_callback: Option<Target>,
    /// The statuses that are told.
    pub told: Vec<Told>,
    /// How long it rings.
    pub ring_timeout: Duration,
    /// How long it talks at most.
    pub time_limit: Duration,
    /// Whether it is found out who picks up.
    pub machine: Option<Machine>,
}

/// An event of `StatusCallbackEvent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The carrier dials.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody has picked up.
    Answered,
    /// The call is over, however it went.
    Completed,
}

/// Where the TwiML comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// It is fetched.
    At(Target),
    /// It stood in the request.
    Inline(String),
}

/// How machines are told from people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// As soon as it is known.
    Start,
    /// When the machine has said its greeting.
    End,
}

/// What is to become of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is taken back, if it does not talk yet.
    Cancel,
    /// It is ended, whatever it does.
    Complete,
    /// It goes on elsewhere, if it talks.
    Redirect(Script),
}

impl CallOrder {
    /// Reads the form of a request that creates a call.
    pub fn read(form: &Form, numbers: &Numbers) -> Result<Self, Refusal> {
        let to = fields::number(form, "To", 21201, 21211)?;
        let from = fields::number(form, "From", 21213, 21212)?;
        magic::call(numbers, from, to)?;
        send_digits(form)?;
        Ok(Self {
            to: to.to_owned(),
            from: from.to_owned(),
            script: script(form)?.ok_or_else(no_script)?,
            fallback: fields::endpoint(form, "FallbackUrl", "FallbackMethod", 21205)?,
            status_callback: fields::status_callback(form)?,
            told: told(form)?,
            ring_timeout: fields::seconds(form, "Timeout", RING_SECS.0, RING_SECS.1, 21208)?,
            time_limit: fields::seconds(form, "TimeLimit", LIMIT_SECS.0, LIMIT_SECS.1, 20001)?,
            machine: machine(form)?,
        })
    }

    /// Whether a status is told.
    pub fn tells(&self, status: CallStatus) -> bool {
        let event = match status {
            CallStatus::Queued => return false,
            CallStatus::Initiated => Told::Initiated,
            CallStatus::Ringing => Told::Ringing,
            CallStatus::InProgress => Told::Answered,
            _ => Told::Completed,
        };
        self.told.contains(&event)
    }
}

impl Change {
    /// Reads the form of a request that changes a call.
    pub fn read(form: &Form) -> Result<Self, Refusal> {
        match (form.get("Status"), script(form)?) {
            (Some("canceled"), _) => Ok(Self::Cancel),
            (Some("completed"), _) => Ok(Self::Complete),
            (Some(other), _) => {
                let message = format!("Status must be canceled or completed, not {other}");
                Err(Refusal::bad(20001, message))
            }
            (None, Some(script)) => Ok(Self::Redirect(script)),
            (None, None) => Err(Refusal::bad(21218, "Url, Twiml or Status is required.")),
        }
    }
}

fn no_script() -> Refusal {
    Refusal::bad(21205, "Url parameter is required.")
}

/// Of both, the address wins.
fn script(form: &Form) -> Result<Option<Script>, Refusal> {
    let url = fields::endpoint(form, "Url", "Method", 21205)?;
    match (url, form.get("Twiml")) {
        (Some(to), _) => Ok(Some(Script::At(to))),
        (None, Some(twiml)) if twiml.chars().count() > LONGEST_TWIML => {
            let message =
                format!("The 'Twiml' parameter is longer than {LONGEST_TWIML} characters.");
            Err(Refusal::bad(20001, message))
        }
        (None, Some(twiml)) => Ok(Some(Script::Inline(twiml.to_owned()))),
        (None, None) if form.get("ApplicationSid").is_some() => {
            let message = "There is no application here; use Url or Twiml.";
            Err(Refusal::bad(21218, message))
        }
        (None, None) => Ok(None),
    }
}

/// Without a word the end is told.
fn told(form: &Form) -> Result<Vec<Told>, Refusal> {
    let told = form.all("StatusCallbackEvent").map(event);
    let told: Vec<Told> = told.collect::<Result<_, _>>()?;
    let unsaid = told.is_empty();
    Ok(if unsaid { vec![Told::Completed] } else { told })
}

fn event(text: &str) -> Result<Told, Refusal> {
    match text {
        "initiated" => Ok(Told::Initiated),
        "ringing" => Ok(Told::Ringing),
        "answered" => Ok(Told::Answered),
        "completed" => Ok(Told::Completed),
        other => {
            let message = format!(
                "StatusCallbackEvent must be initiated, ringing, answered or completed, each in a parameter of its own, not {other}"
            );
            Err(Refusal::bad(21626, message))
        }
    }
}

fn send_digits(form: &Form) -> Result<(), Refusal> {
    let keys = form.get("SendDigits").unwrap_or_default();
    let is_key = |key: char| matches!(key, '0'..='9' | 'A'..='D' | '#' | '*' | 'w' | 'W');
    if keys.chars().all(is_key) && keys.len() <= 32 {
        return Ok(());
    }
    let message = "SendDigits may have 32 of 0-9, A-D, #, *, w and W.";
    Err(Refusal::bad(21206, message))
}

/// Ignored where `SendDigits` is set. The thresholds are checked, though machines here take no time to be known.
fn machine(form: &Form) -> Result<Option<Machine>, Refusal> {
    for (name, bounds) in [
        ("MachineDetectionTimeout", (3, 120)),
        ("MachineDetectionSpeechThreshold", (1_000, 6_000)),
        ("MachineDetectionSpeechEndThreshold", (500, 5_000)),
        ("MachineDetectionSilenceTimeout", (2_000, 10_000)),
    ] {
        fields::whole(form, name, bounds, 20001)?;
    }
    fields::flag(form, "AsyncAmd")?;
    match form.get("MachineDetection") {
        _ if form.get("SendDigits").is_some() => Ok(None),
        None => Ok(None),
        Some("Enable") => Ok(Some(Machine::Start)),
        Some("DetectMessageEnd") => Ok(Some(Machine::End)),
        Some(other) => {
            let message =
                format!("MachineDetection must be Enable or DetectMessageEnd, not {other}");
            Err(Refusal::bad(20001, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::Method;

    fn read(fields: &str) -> Result<CallOrder, Refusal> {
        CallOrder::read(&Form::parse(fields.as_bytes()), &Numbers::default())
    }

    const LEAST: &str =
        "To=%2B819012345678&From=%2B815012345678&Url=https%3A%2F%2Fa.example%2Fvoice%23rc%3D2";

    #[test]
    fn the_least_order_has_the_documented_defaults() {
        let order = read(LEAST).expect("an order");
        assert_eq!(order.ring_timeout.as_secs(), 60);
        assert_eq!(order.time_limit.as_secs(), 14_400);
        assert_eq!(order.told, [Told::Completed]);
        let Script::At(Target { address, method }) = order.script else {
            panic!("the address counts");
        };
        assert_eq!(address.to_string(), "https://a.example/voice#rc=2");
        assert_eq!(method, Method::Post);
    }

    #[test]
    fn what_is_wrong_has_the_documented_code() {
        for (fields, code) in [
            ("From=%2B815012345678&Url=http%3A%2F%2Fa", 21201),
            ("To=%2B819012345678&Url=http%3A%2F%2Fa", 21213),
            (
                "To=09012345678&From=%2B815012345678&Url=http%3A%2F%2Fa",
                21211,
            ),
            ("To=%2B819012345678&From=rinban&Url=http%3A%2F%2Fa", 21212),
            ("To=%2B819012345678&From=%2B815012345678", 21205),
            (
                "To=%2B819012345678&From=%2B815012345678&Url=%2Fvoice",
                21205,
            ),
            (
                "To=%2B819012345678&From=%2B815012345678&ApplicationSid=AP0",
                21218,
            ),
        ] {
            let refusal = read(fields).expect_err(fields);
            assert_eq!((refusal.code, refusal.status), (code, 400), "{fields}");
        }
        for (more, code) in [
            ("Method=PUT", 21209),
            ("FallbackUrl=ftp%3A%2F%2Fa", 21205),
            ("StatusCallback=voice", 21609),
            ("StatusCallback=https%3A%2F%2Fa_b.example%2F", 21609),
            ("StatusCallbackEvent=initiated+ringing", 21626),
            ("Timeout=601", 21208),
            ("Timeout=0", 21208),
            ("Timeout=soon", 21208),
            ("TimeLimit=-1", 20001),
            ("SendDigits=1x", 21206),
            ("MachineDetection=maybe", 20001),
            ("MachineDetectionSpeechThreshold=999", 20001),
        ] {
            let refusal = read(&format!("{LEAST}&{more}")).expect_err(more);
            assert_eq!(refusal.code, code, "{more}");
        }
        let long = "あ".repeat(LONGEST_TWIML + 1);
        let form: Form = [
            ("To", "+819012345678"),
            ("From", "+815012345678"),
            ("Twiml", &long),
        ]
        .into_iter()
        .collect();
        assert!(CallOrder::read(&form, &Numbers::default()).is_err());
    }

    #[test]
    fn events_are_repeated_parameters_and_unknown_parameters_are_nothing() {
        let more = "&StatusCallbackEvent=initiated&StatusCallbackEvent=answered&New=1";
        let order = read(&format!("{LEAST}{more}")).expect("an order");
        assert!(order.tells(CallStatus::Initiated) && order.tells(CallStatus::InProgress));
        assert!(!order.tells(CallStatus::Ringing) && !order.tells(CallStatus::Busy));
    }

    #[test]
    fn a_change_ends_a_call_or_leads_it_elsewhere() {
        let change = |text: &str| Change::read(&Form::parse(text.as_bytes()));
        assert_eq!(change("Status=canceled"), Ok(Change::Cancel));
        assert_eq!(change("Status=completed"), Ok(Change::Complete));
        let said = Script::Inline("<Response/>".to_owned());
        assert_eq!(
            change("Twiml=%3CResponse%2F%3E"),
            Ok(Change::Redirect(said))
        );
        for (text, code) in [
            ("Status=busy", 20001),
            ("Url=x", 21205),
            ("TimeLimit=3", 21218),
        ] {
            assert_eq!(change(text).expect_err(text).code, code);
        }
    }
}
