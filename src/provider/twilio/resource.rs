//! The parts of Twilio's JSON that are read: Call and Message resource, their lists, error. Everything else is ignored, and a
//! missing field is no error until it is needed, since nearly all of them may be null.

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use serde::Deserialize;
use serde_json::Value;

use crate::escalation::{CallSid, CallStatus, Fault, FaultClass, MessageSid, MessageStatus};

use super::{
    super::{
        AnsweredBy,
        transport::{fault, is_plain},
    },
    list::Page,
    message_codes,
};

/// A call.
#[derive(Deserialize)]
pub(super) struct Call {
    sid: Option<String>,
    status: Option<String>,
    to: Option<String>,
    date_created: Option<String>,
    answered_by: Option<String>,
}

/// The account.
#[derive(Deserialize)]
pub(super) struct AccountState {
    pub(super) status: Option<String>,
}

/// A page of the list of calls.
#[derive(Deserialize)]
pub(super) struct CallPage {
    calls: Vec<Call>,
    next_page_uri: Option<String>,
}

impl Page for CallPage {
    type Item = Call;

    fn turn(self) -> (Vec<Call>, Option<String>) {
        (self.calls, self.next_page_uri)
    }

    fn created_at(call: &Call) -> Option<Timestamp> {
        call.date_created.as_deref().and_then(date)
    }
}

/// A message.
#[derive(Deserialize)]
pub(super) struct Message {
    sid: Option<String>,
    status: Option<String>,
    to: Option<String>,
    pub(super) from: Option<String>,
    pub(super) body: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
}

/// A page of the list of messages.
#[derive(Deserialize)]
pub(super) struct MessagePage {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

impl Page for MessagePage {
    type Item = Message;

    fn turn(self) -> (Vec<Message>, Option<String>) {
        (self.messages, self.next_page_uri)
    }

    fn created_at(message: &Message) -> Option<Timestamp> {
        message.date_created.as_deref().and_then(date)
    }
}

impl Message {
    /// Its name, if it can stand in a path.
    pub(super) fn sid(&self) -> Option<MessageSid> {
        let sid = self.sid.as_deref()?;
        is_plain(sid).then(|| MessageSid::new(sid))
    }

    /// How far it has come, if we know the word.
    pub(super) fn status(&self) -> Option<MessageStatus> {
        message_codes::status(self.status.as_deref()?)
    }

    /// Whether it may have gone to this number.
    pub(super) fn is_to(&self, e164: &str) -> bool {
        self.to.as_deref().is_none_or(|to| to == e164)
    }

    /// Whether somebody has sent it to us (Message resource, "direction").
    pub(super) fn is_inbound(&self) -> bool {
        self.direction.as_deref() == Some("inbound")
    }
}

impl Call {
    /// Its name, if it can stand in a path.
    pub(super) fn sid(&self) -> Option<CallSid> {
        let sid = self.sid.as_deref()?;
        is_plain(sid).then(|| CallSid::new(sid))
    }

    /// How it goes, if we know the word.
    pub(super) fn status(&self) -> Option<CallStatus> {
        CallStatus::parse(self.status.as_deref()?)
    }

    /// Who answered, if the detection was asked for and is done (Call resource, "answered_by").
    pub(super) fn answered_by(&self) -> Option<AnsweredBy> {
        match self.answered_by.as_deref()? {
            "human" => Some(AnsweredBy::Human),
            "unknown" => None,
            _ => Some(AnsweredBy::Machine),
        }
    }

    /// Whether it may be a call to this number: a server that ignores the filter must not mislead us.
    pub(super) fn is_to(&self, e164: &str) -> bool {
        self.to.as_deref().is_none_or(|to| to == e164)
    }
}

/// To the second.
fn date(text: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok()
}

/// The error code in a body, if there is one. The body may be anything, such as a proxy's HTML.
pub(super) fn error_code(body: &[u8]) -> Option<u32> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("code")?.as_u64()?.try_into().ok()
}

/// Reads a body, or says that it could not be read.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| {
        fault(
            FaultClass::Ambiguous,
            "the reply is not what Twilio documents",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_either_kind_of_error() {
        for (body, code) in [
            (
                &br#"{"code":21211,"message":"m","more_info":"u","status":400}"#[..],
                Some(21211),
            ),
            (
                br#"{"type":"t","title":"Too Many Requests","status":429,"code":20429}"#,
                Some(20429),
            ),
            (br#"{"status":404}"#, None),
            (br#"{"code":null}"#, None),
            (br#"{"code":-1}"#, None),
            (br#"{"code":99999999999}"#, None),
            (b"<html>502 Bad Gateway</html>", None),
            (b"[]", None),
            (b"", None),
        ] {
            assert_eq!(error_code(body), code, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_date_of_creation_is_read_to_the_second() {
        let call: Call =
            parse(br#"{"date_created":"Tue, 31 Aug 2010 20:36:28 +0000"}"#).expect("a call");
        let expected: Timestamp = "2010-08-31T20:36:28Z".parse().expect("a timestamp");
        assert_eq!(CallPage::created_at(&call), Some(expected));
        for other in [
            r#"{"date_created":null}"#,
            r#"{"date_created":"today"}"#,
            "{}",
        ] {
            let call: Call = parse(other.as_bytes()).expect("a call");
            assert_eq!(CallPage::created_at(&call), None, "{other}");
        }
    }
}
