//! Carriers' webhooks and the ingest API, against a running `rinban serve`: what is not in order is refused and changes nothing
//! (P6), what is in order is answered once and the same way again.

mod accepted;
mod ingest;
mod messages;
mod refused;
mod replayed;
mod vonage;

use rinban::{
    alert::GroupName,
    escalation::{Entry, Escalation, Phase},
};

use serde_json::Value;

use crate::support::{
    carrier::{Call, Carrier},
    core::{Core, Home, PUBLIC, TOKEN, problem},
    http::{Reply, Request},
    signing::webhook,
    wait_for,
};

/// A core that is calling the first of two people about one alert.
#[derive(Debug)]
struct Ringing {
    home: Home,
    core: Core,
    carrier: Carrier,
    call: Call,
}

impl Ringing {
    #[track_caller]
    fn start() -> Self {
        Self::reached_at(PUBLIC)
    }

    #[track_caller]
    fn reached_at(public_url: &str) -> Self {
        Self::about(&problem("disk"), public_url)
    }

    #[track_caller]
    fn about(problem: &Value, public_url: &str) -> Self {
        let carrier = Carrier::start();
        let home = Home::reached_at(public_url, &carrier);
        let core = home.serve();
        let reply = core.post(problem);
        assert_eq!(reply.status, 202, "{reply:?}");
        let call = carrier.call(0);
        assert_eq!(call.to, "+819012345678");
        let ringing = Self {
            home,
            core,
            carrier,
            call,
        };
        // The reply of the carrier is the last thing that happens by itself.
        wait_for("the call's name in the journal", || {
            ringing.attempt().call.map(drop)
        });
        ringing
    }

    fn journal(&self) -> Vec<Entry> {
        self.home.journal(1)
    }

    fn escalation(&self) -> Escalation {
        self.home.escalation(1)
    }

    /// The first attempt.
    fn attempt(&self) -> rinban::escalation::Attempt {
        let escalation = self.escalation();
        escalation.attempt(1).expect("there is one").clone()
    }

    /// A webhook of the call, signed by the carrier. The parameters are those that always come, and these.
    fn webhook(&self, url: &str, more: &[(&str, &str)]) -> Request {
        let parameters = self.parameters(more);
        webhook(TOKEN, url, &borrowed(&parameters))
    }

    fn parameters(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let usual = [
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", self.call.sid.as_str()),
            ("Direction", "outbound-api"),
            ("From", "+815012345678"),
            ("To", "+819012345678"),
        ];
        usual
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// The carrier asks what to say and is told the message; the URL of the keys.
    #[track_caller]
    fn answer(&self) -> String {
        let request = self.webhook(&self.call.voice, &[("CallStatus", "in-progress")]);
        let reply = self.core.send(&request);
        check_twiml(&reply);
        keys_url(&reply)
    }

    #[track_caller]
    fn check_still_rings(&self, before: &[Entry], why: &str) {
        assert_eq!(self.journal(), before, "{why}: the journal has changed");
        assert_eq!(self.escalation().phase, Phase::Calling, "{why}");
        assert!(!self.carrier.was_ended(&self.call.sid), "{why}");
    }
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// The `action` of the Gather.
#[track_caller]
fn keys_url(reply: &Reply) -> String {
    let gather = reply.body.split("<Gather").nth(1);
    let action = gather.and_then(|rest| rest.split("action=\"").nth(1));
    let action = action.and_then(|rest| rest.split('"').next());
    let action = action.unwrap_or_else(|| panic!("no Gather with an action: {reply:?}"));
    let url = action.replace("&amp;", "&");
    url.split('#').next().unwrap_or_default().to_owned()
}

#[track_caller]
fn check_twiml(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let content_type = reply.header("content-type").unwrap_or_default();
    assert!(content_type.starts_with("text/xml"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
    assert!(reply.body.contains("<Response>"), "{reply:?}");
}

#[track_caller]
fn check_forbidden(reply: &Reply, why: &str) {
    assert_eq!(reply.status, 403, "{why}: {reply:?}");
    // Who has no right to ask gets no hint.
    assert_eq!(reply.error(), "forbidden", "{why}");
}

fn web() -> GroupName {
    GroupName::new("web")
}
