//! What a case has at hand: calls, signed requests, people who press keys, a look at what the handler has done. All that goes over the
//! wire is kept for the report.

mod judge;
mod walk;

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    case::{Stop, Verdict},
    forge::{Draft, Keys},
    line::{Line, Lines},
    observer::{Facts, Observer},
};
use crate::twilio::{
    Form, Signed, Webhook,
    twiml::Target,
    wire::{Exchange, Limits, Request, Wire},
};

pub use walk::{Document, Walk};

/// What all cases against one handler share.
#[derive(Debug)]
pub struct Kit {
    /// Sends requests.
    pub wire: Wire,
    /// Where calls come from.
    pub lines: Lines,
    /// The key under genuine signatures.
    pub token: SecretString,
    /// A key that has been the handler's.
    pub stale_token: Option<SecretString>,
    /// The key under SHA-256 signatures.
    pub shared_key: Option<SecretString>,
    /// Parameters that come with every request.
    pub extra_form: Form,
    /// Tells what was done.
    pub observer: Option<Observer>,
    /// Where JSON is taken.
    pub json: Option<Target>,
    /// Keys and words of the handler.
    pub customs: Customs,
    /// How long a reply may take.
    pub patience: Duration,
    /// Of generated cases.
    pub cases: u32,
    /// Of everything random about requests.
    pub seed: u64,
    /// Whether the handler was started without a token.
    pub has_no_token: bool,
    /// Whether the handler believes to be elsewhere than it listens.
    pub is_proxied: bool,
    /// Whether it takes the address from the headers of the proxy.
    pub needs_proxy_headers: bool,
    /// Where it listens, as it stands in a `Host` header.
    pub listens_at: String,
    /// Whether it does not even answer a plain request in time.
    pub is_slow: Cell<bool>,
}

/// Which keys mean what, and what is said then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customs {
    /// Takes the alert.
    pub acknowledge_key: String,
    /// Means nothing.
    pub wrong_key: String,
    /// A part of what is said once it is taken.
    pub acknowledged_says: Option<String>,
}

/// What was sent, and what came of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it was sent for.
    pub note: String,
    /// What was signed, if anything was.
    pub signed_string: Option<String>,
    /// The request and its reply.
    pub exchange: Exchange,
}

/// Where one case is played.
#[derive(Debug)]
pub struct Stage<'r> {
    /// The case's id.
    pub case: &'static str,
    /// What is shared.
    pub kit: &'r Kit,
    records: RefCell<Vec<Record>>,
}

/// A request that was sent, by its place in the records.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its place in the stage's records.
    pub at: usize,
    /// The request and its reply.
    pub exchange: Exchange,
}

impl<'r> Stage<'r> {
    /// An empty stage.
    pub fn new(case: &'static str, kit: &'r Kit) -> Self {
        Self {
            case,
            kit,
            records: RefCell::default(),
        }
    }

    /// All that went over the wire.
    pub fn into_records(self) -> Vec<Record> {
        self.records.into_inner()
    }

    /// A call that nothing has happened in yet.
    ///
    /// # Errors
    /// No call is placed.
    pub async fn line(&self) -> Result<Line, Stop> {
        let mut line = self.kit.lines.next(self.case).await?;
        // Whoever names the call himself is told of that one.
        let named = self
            .kit
            .extra_form
            .iter()
            .find(|(name, _)| name == "CallSid");
        if let Some((_, sid)) = named {
            sid.clone_into(&mut line.facts.call_sid);
        }
        Ok(line)
    }

    /// Ends what is left of the calls, where the system placed them.
    pub async fn settle(&self) {
        if let Lines::Placed(outbound) = &self.kit.lines {
            outbound.settle().await;
        }
    }

    /// The keys of a forger.
    pub fn keys(&self) -> Keys<'_> {
        Keys {
            right: self.kit.token.expose_secret(),
            stale: self
                .kit
                .stale_token
                .as_ref()
                .map(|token| token.expose_secret()),
        }
    }

    /// The parameters of a call's request: those that always come, those that the user adds or changes, and those of the occasion.
    pub fn parameters(&self, line: &Line, status: &str, more: &[(&str, &str)]) -> Form {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let mut form = line.facts.parameters(status);
        for added in [
            self.kit.extra_form.clone(),
            more.iter().map(owned).collect(),
        ] {
            form.retain(|(given, _)| !added.iter().any(|(name, _)| name == given));
            form.extend(added);
        }
        form
    }

    /// A request to a place, with a token of its own.
    pub fn webhook(&self, target: &Target, form: Form) -> Webhook {
        let token = format!("{:032x}", fastrand::u128(..));
        Webhook::new(target.method, target.address.clone(), form, &token)
    }

    /// The first request of a call: it was answered, what now?
    pub fn answered(&self, line: &Line) -> Webhook {
        self.webhook(&line.voice, self.parameters(line, "in-progress", &[]))
    }

    /// The keys of a question.
    pub fn pressed(&self, line: &Line, action: &Target, digits: &str) -> Webhook {
        let more = [
            ("Digits", digits),
            ("FinishedOnKey", ""),
            ("msg", "Gather End"),
        ];
        self.webhook(action, self.parameters(line, "in-progress", &more))
    }

    /// How the call stands.
    ///
    /// # Errors
    /// The handler has no status callback.
    pub fn told(&self, line: &Line, status: &str, number: usize) -> Result<Webhook, Stop> {
        let target = line.status.as_ref().ok_or_else(|| {
            Stop::skip("the handler has no status callback here: name it with --status-url")
        })?;
        let number = number.to_string();
        let mut more = vec![
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", number.as_str()),
            ("Timestamp", "Mon, 05 Jan 2026 00:00:00 +0000"),
        ];
        if matches!(
            status,
            "completed" | "busy" | "no-answer" | "failed" | "canceled"
        ) {
            more.extend([
                ("CallDuration", "12"),
                ("Duration", "1"),
                ("SipResponseCode", "200"),
            ]);
        }
        Ok(self.webhook(target, self.parameters(line, status, &more)))
    }

    /// The call goes on where failures go.
    ///
    /// # Errors
    /// The handler has no fallback.
    pub fn failed(&self, line: &Line, code: u32, url: &str) -> Result<Webhook, Stop> {
        let target = line.fallback.as_ref().ok_or_else(|| {
            Stop::skip("the handler has no fallback here: name it with --fallback-url")
        })?;
        let code = code.to_string();
        let more = [("ErrorCode", code.as_str()), ("ErrorUrl", url)];
        Ok(self.webhook(target, self.parameters(line, "in-progress", &more)))
    }

    /// Signs a request and sends it.
    pub async fn send(&self, note: &str, webhook: &Webhook) -> Delivery {
        let signed = webhook.sign(self.kit.token.expose_secret());
        self.send_signed(note, &signed).await
    }

    /// A genuine request, with twice the patience: whoever is only too slow is there.
    pub async fn knock(&self, line: &Line) -> Exchange {
        let wire = &self.kit.wire;
        let limits = Limits {
            total: 2 * wire.limits().total,
            ..wire.limits()
        };
        let signed = self.answered(line).sign(self.kit.token.expose_secret());
        let request = self.proxied(&signed.request);
        wire.clone().with_limits(limits).deliver(&request).await
    }

    /// Sends what a forger made.
    pub async fn send_forged(&self, note: &str, draft: &Draft) -> Delivery {
        self.send_signed(note, &draft.finish(&self.keys())).await
    }

    /// Sends what is signed already.
    pub async fn send_signed(&self, note: &str, signed: &Signed) -> Delivery {
        let request = self.proxied(&signed.request);
        let exchange = self.kit.wire.deliver(&request).await;
        self.keep(note, Some(signed.string.clone()), exchange)
    }

    /// The request with what a proxy adds, if the handler needs that and the case has not said otherwise.
    fn proxied(&self, request: &Request) -> Request {
        let mut request = request.clone();
        let address = request.address.clone();
        let (host, scheme) = (address.authority(), address.scheme().name());
        for (name, value) in [
            ("X-Forwarded-Host", host.as_str()),
            ("X-Forwarded-Proto", scheme),
        ] {
            if self.kit.needs_proxy_headers && request.header(name).is_none() {
                request = request.with_header(name, value);
            }
        }
        request
    }

    /// Sends a request that nobody signs.
    pub async fn send_plain(&self, note: &str, request: &Request) -> Delivery {
        let exchange = self.kit.wire.deliver(request).await;
        self.keep(note, None, exchange)
    }

    /// Sends the same request many times at once.
    pub async fn send_at_once(&self, note: &str, all: &[Signed]) -> Vec<Delivery> {
        let mut under_way = tokio::task::JoinSet::new();
        for (number, signed) in all.iter().enumerate() {
            let (wire, request) = (self.kit.wire.clone(), self.proxied(&signed.request));
            under_way.spawn(async move { (number, wire.deliver(&request).await) });
        }
        let mut done = under_way.join_all().await;
        done.sort_by_key(|(number, _)| *number);
        let keep = |(number, exchange): (usize, Exchange)| {
            self.keep(note, Some(all[number].string.clone()), exchange)
        };
        done.into_iter().map(keep).collect()
    }

    fn keep(&self, note: &str, signed_string: Option<String>, exchange: Exchange) -> Delivery {
        let mut records = self.records.borrow_mut();
        records.push(Record {
            note: note.to_owned(),
            signed_string,
            exchange: exchange.clone(),
        });
        Delivery {
            at: records.len() - 1,
            exchange,
        }
    }

    /// What the handler says that it has done in a call.
    ///
    /// # Errors
    /// There is no observer, or it does not do what was agreed.
    pub async fn facts(&self, line: &Line) -> Result<Facts, Stop> {
        let observer = self.kit.observer.as_ref().ok_or_else(|| {
            Stop::skip("only the handler knows what it has done: let it tell with --observe-url")
        })?;
        let facts = observer.facts(&line.facts.call_sid).await;
        facts.map_err(|error| {
            Stop::fail(
                "facts about the call, as the contract of --observe-url says",
                error,
            )
        })
    }

    /// How many times something was acknowledged in a call has to be this.
    ///
    /// # Errors
    /// It is another number, or cannot be told.
    pub async fn check_acknowledged(&self, line: &Line, times: u64, when: &str) -> Verdict {
        let told = self.facts(line).await?.acknowledged;
        let told = told
            .ok_or_else(|| Stop::skip("the observer does not tell how often was `acknowledged`"))?;
        if told == times {
            return Ok(());
        }
        let expected = format!("acknowledged {times} times {when}");
        Err(Stop::fail(
            expected,
            format!("the observer tells of {told} times"),
        ))
    }

    /// Whether an observer could tell of acknowledgements.
    pub fn is_observed(&self) -> bool {
        self.kit.observer.is_some()
    }
}

/// Why a case is skipped that only somebody who can tell could judge.
pub fn cannot_tell() -> Stop {
    Stop::skip(
        "nobody can tell whether the alert was taken: name an --observe-url, or the words of it with --acknowledged-says",
    )
}
