//! Delivers webhooks: signed, within the time limits, tried again as the address asks, following redirects.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use reqwest::{Client, Response, header, redirect};
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use super::{
    fields::{Endpoint, Method},
    overrides::{Overrides, RetryOn, TOTAL_LIMIT},
    signature::{Channel, sign},
};

/// The longest reply (11750).
pub(super) const LONGEST_REPLY: usize = 64 * 1024;
/// How many redirects are followed (11215).
const MOST_REDIRECTS: usize = 10;
/// How many requests are under way at once. The carrier knows no such bound, but this machine's table of open files does.
const MOST_AT_ONCE: usize = 128;

/// Posts and gets for the network.
#[derive(Debug)]
pub(super) struct Courier {
    /// By connect time-out: reqwest knows it per client only. As few as there are kinds of addresses.
    clients: Mutex<HashMap<Duration, Client>>,
    auth_token: String,
    slots: Semaphore,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// Where it came from in the end, with the fragment of the address that was asked.
    pub(super) url: Url,
    pub(super) status: u16,
    /// In small letters, without parameters; none if the reply has none.
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Why nothing of use came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The carrier's error code.
    pub(super) code: u32,
    /// The address that failed, without its fragment.
    pub(super) url: String,
    pub(super) text: String,
}

/// The form that is sent.
pub(super) type Form = Vec<(String, String)>;

enum Attempt {
    Done(Reply),
    Failed(Option<RetryOn>, Trouble),
}

impl Courier {
    pub(super) fn new(auth_token: &str) -> Result<Self, reqwest::Error> {
        let courier = Self {
            clients: Mutex::default(),
            auth_token: auth_token.to_owned(),
            slots: Semaphore::new(MOST_AT_ONCE),
        };
        courier.client(Overrides::default().connect_timeout)?;
        Ok(courier)
    }

    /// Sends a webhook, and again where its address says so. Every attempt carries the same `token`.
    pub(super) async fn deliver(
        &self,
        channel: Channel,
        to: &Endpoint,
        form: &Form,
        token: &str,
    ) -> Result<Reply, Trouble> {
        let patience = Overrides::parse(to.url.fragment().unwrap_or("")).map_err(|code| {
            trouble(
                code,
                &to.url,
                "the connection overrides in the fragment are wrong",
            )
        })?;
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(trouble(11200, &to.url, "the network is stopping"));
        };
        let limit = patience.total_timeout.min(TOTAL_LIMIT);
        timeout(limit, self.attempts(channel, to, form, token, &patience))
            .await
            .unwrap_or_else(|_| {
                Err(trouble(
                    11203,
                    &to.url,
                    &format!("no reply within {limit:?} in all"),
                ))
            })
    }

    /// Fetches a recording: a plain GET, without parameters and signature.
    pub(super) async fn fetch_media(&self, url: &Url) -> Result<Reply, Trouble> {
        let patience = Overrides::parse(url.fragment().unwrap_or("")).unwrap_or_default();
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(trouble(11200, url, "the network is stopping"));
        };
        let request = self
            .client(patience.connect_timeout)
            .map(|client| client.get(without_fragment(url)))
            .map_err(|error| trouble(11200, url, &error.to_string()))?;
        match timeout(TOTAL_LIMIT, receive(request, url, &patience, usize::MAX)).await {
            Ok(Attempt::Done(reply)) if (200..300).contains(&reply.status) => Ok(reply),
            Ok(Attempt::Done(reply)) => Err(trouble(
                11200,
                url,
                &format!("the reply was {}", reply.status),
            )),
            Ok(Attempt::Failed(_, trouble)) => Err(trouble),
            Err(_) => Err(trouble(11203, url, "no reply within 15 s in all")),
        }
    }

    async fn attempts(
        &self,
        channel: Channel,
        to: &Endpoint,
        form: &Form,
        token: &str,
        patience: &Overrides,
    ) -> Result<Reply, Trouble> {
        let mut left = patience.retries;
        loop {
            match self.attempt(channel, to, form, token, patience).await {
                Attempt::Done(reply) => return Ok(reply),
                Attempt::Failed(Some(reason), _)
                    if left > 0 && patience.retry_on.contains(&reason) =>
                {
                    left -= 1;
                }
                Attempt::Failed(_, trouble) => return Err(trouble),
            }
        }
    }

    /// One attempt, redirects included.
    async fn attempt(
        &self,
        channel: Channel,
        to: &Endpoint,
        form: &Form,
        token: &str,
        patience: &Overrides,
    ) -> Attempt {
        let mut hop = to.clone();
        let mut form = Cow::Borrowed(form);
        for _ in 0..=MOST_REDIRECTS {
            let reply = match self.send(channel, &hop, &form, token, patience).await {
                Attempt::Done(reply) => reply,
                failed => return failed,
            };
            let reason = match reply.status {
                200..300 => return Attempt::Done(reply),
                300..400 => match redirected(&hop, &reply) {
                    Some(next) => {
                        if next.method != hop.method {
                            form = Cow::Owned(without_answer(&form));
                        }
                        hop = next;
                        continue;
                    }
                    None => None,
                },
                400..500 => Some(RetryOn::ClientError),
                500..600 => Some(RetryOn::ServerError),
                _ => None,
            };
            let text = format!("the reply was {}", reply.status);
            return Attempt::Failed(reason, trouble(11200, &hop.url, &text));
        }
        Attempt::Failed(None, trouble(11215, &to.url, "more than 10 redirects"))
    }

    async fn send(
        &self,
        channel: Channel,
        to: &Endpoint,
        form: &Form,
        token: &str,
        patience: &Overrides,
    ) -> Attempt {
        let mut url = without_fragment(&to.url);
        let client = match self.client(patience.connect_timeout) {
            Ok(client) => client,
            Err(error) => return Attempt::Failed(None, trouble(11200, &url, &error.to_string())),
        };
        let request = match to.method {
            Method::Post => {
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                let signature = sign(&self.auth_token, channel, &url, form);
                client
                    .post(url)
                    .header(
                        header::CONTENT_TYPE,
                        "application/x-www-form-urlencoded; charset=UTF-8",
                    )
                    .header("X-Twilio-Signature", signature)
                    .body(body)
            }
            Method::Get => {
                url.query_pairs_mut().extend_pairs(form);
                let signature = sign(&self.auth_token, channel, &url, &[]);
                client.get(url).header("X-Twilio-Signature", signature)
            }
        };
        let request = request.header("I-Twilio-Idempotency-Token", token);
        match receive(request, &to.url, patience, LONGEST_REPLY).await {
            Attempt::Done(mut reply) => {
                reply.url = to.url.clone();
                Attempt::Done(reply)
            }
            failed => failed,
        }
    }

    fn client(&self, connect_timeout: Duration) -> Result<Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&connect_timeout) {
            return Ok(client.clone());
        }
        let client = build(connect_timeout)?;
        // Whoever invents a new time-out for every call only loses the kept connections.
        if clients.len() < 16 {
            clients.insert(connect_timeout, client.clone());
        }
        Ok(client)
    }
}

fn build(connect_timeout: Duration) -> Result<Client, reqwest::Error> {
    install_tls_provider();
    Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent("TwilioProxy/1.1")
        .pool_max_idle_per_host(MOST_AT_ONCE)
        .build()
}

/// reqwest wants a TLS provider to be installed even if it never speaks TLS. Another one may be installed already, and
/// serves as well.
fn install_tls_provider() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Sends a request and reads the reply to its end. A reply that breaks off is not worth another try.
async fn receive(
    request: reqwest::RequestBuilder,
    url: &Url,
    patience: &Overrides,
    longest: usize,
) -> Attempt {
    let failed = |reason, code, text: String| Attempt::Failed(reason, trouble(code, url, &text));
    // The connect time-out has its own clock in the client, but reqwest does not say when it is connected, so this clock
    // runs from the start. On loopback that is the same moment.
    let head = timeout(patience.read_timeout, request.send()).await;
    let mut response = match head {
        Err(_) => {
            return failed(
                Some(RetryOn::ReadTimeout),
                11203,
                format!("no reply within {:?}", patience.read_timeout),
            );
        }
        Ok(Err(error)) if error.is_connect() => {
            return failed(Some(RetryOn::ConnectFailure), 11205, chain(&error));
        }
        Ok(Err(error)) => return failed(None, 11206, chain(&error)),
        Ok(Ok(response)) => response,
    };
    let mut body = Vec::new();
    loop {
        match timeout(patience.read_timeout, response.chunk()).await {
            Err(_) => return failed(None, 11203, "the reply broke off".to_owned()),
            Ok(Err(error)) => return failed(None, 11206, chain(&error)),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > longest => {
                return failed(
                    None,
                    11750,
                    format!("the reply is longer than {longest} bytes"),
                );
            }
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
        }
    }
    Attempt::Done(Reply {
        url: url.clone(),
        status: response.status().as_u16(),
        content_type: content_type(&response),
        body,
    })
    .with_location(&response)
}

impl Attempt {
    /// Of a redirect the only thing of interest is where it leads: it takes the place of the body.
    fn with_location(self, response: &Response) -> Self {
        match self {
            Self::Done(mut reply) if (300..400).contains(&reply.status) => {
                let location = response.headers().get(header::LOCATION);
                reply.body = location
                    .map(|value| value.as_bytes().to_vec())
                    .unwrap_or_default();
                Self::Done(reply)
            }
            other => other,
        }
    }
}

fn content_type(response: &Response) -> Option<String> {
    let value = response
        .headers()
        .get(header::CONTENT_TYPE)?
        .to_str()
        .ok()?;
    let essence = value.split(';').next().unwrap_or(value).trim();
    Some(essence.to_ascii_lowercase())
}

/// Where a redirect leads. Like a browser, 301 to 303 turn a POST into a GET.
fn redirected(from: &Endpoint, reply: &Reply) -> Option<Endpoint> {
    let location = std::str::from_utf8(&reply.body)
        .ok()
        .filter(|text| !text.is_empty())?;
    let method = match reply.status {
        301..=303 => Method::Get,
        307 | 308 => from.method,
        _ => return None,
    };
    let mut url = from.url.join(location).ok()?;
    url.set_fragment(from.url.fragment());
    Some(Endpoint { url, method })
}

/// What is left of a form when a POST is redirected to a GET: an answer's digits are lost (Gather, Troubleshooting).
fn without_answer(form: &Form) -> Form {
    let of_answer = |name: &str| matches!(name, "Digits" | "FinishedOnKey" | "msg");
    form.iter()
        .filter(|(name, _)| !of_answer(name))
        .cloned()
        .collect()
}

pub(super) fn trouble(code: u32, url: &Url, text: &str) -> Trouble {
    Trouble {
        code,
        url: without_fragment(url).into(),
        text: text.to_owned(),
    }
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// An error with its causes, without the address, which stands beside it.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::from("the request failed");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
