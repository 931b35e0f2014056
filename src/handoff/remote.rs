//! Handing an event over to a core on another host, by HTTP.
//!
//! The client and its runtime are made only when they are needed: loading the system's root certificates alone costs
//! more than the whole hand-off through the spool.

use std::{
    fmt,
    sync::Once,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, redirect};
use secrecy::ExposeSecret;

use super::RemoteCore;
use crate::alert::EventId;

/// How long one core may take to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a core did not take the event.
#[derive(Debug)]
pub struct Refusal {
    /// Its address.
    pub url: String,
    /// Why, and what to do.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.why)
    }
}

/// Offers the event to each core in turn until one has it on disk; its address, or why none has.
pub(super) fn offer(
    cores: &[RemoteCore],
    id: &EventId,
    json: &[u8],
    deadline: Instant,
) -> Result<String, Vec<Refusal>> {
    let nobody = |why: String| {
        let refuse = |core: &RemoteCore| Refusal {
            url: core.url.clone(),
            why: why.clone(),
        };
        cores.iter().map(refuse).collect::<Vec<_>>()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| nobody(error.to_string()))?;
    let client = client().map_err(|error| nobody(root(&error).to_string()))?;
    let result = runtime.block_on(async {
        let mut refusals = Vec::new();
        for (at, core) in cores.iter().enumerate() {
            // A core that hangs leaves the others their share of the time.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / (cores.len() - at) as u32;
            match post(&client, core, id, json.to_vec(), share).await {
                Ok(()) => return Ok(core.url.clone()),
                Err(why) => refusals.push(Refusal {
                    url: core.url.clone(),
                    why,
                }),
            }
        }
        Err(refusals)
    });
    // A name look-up that hangs sits in a thread of its own, for which nobody waits.
    runtime.shutdown_background();
    result
}

/// No proxy: a monitor hands its own proxy for the internet on to its plugins, and a core is not there.
/// No redirects: the key is for the configured core only.
fn client() -> reqwest::Result<Client> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that the program has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
}

async fn post(
    client: &Client,
    core: &RemoteCore,
    id: &EventId,
    json: Vec<u8>,
    timeout: Duration,
) -> Result<(), String> {
    let url = format!("{}/v1/events", core.url.trim_end_matches('/'));
    let reply = client
        .post(url)
        .bearer_auth(core.api_key.expose_secret())
        .header("Idempotency-Key", header_text(id.as_str()))
        .header("Content-Type", "application/json")
        .timeout(timeout)
        .body(json)
        .send()
        .await
        .map_err(|error| explain(error, timeout))?;
    judge(reply.status())
}

fn judge(status: StatusCode) -> Result<(), String> {
    if status.is_success() {
        return Ok(());
    }
    Err(match status.as_u16() {
        401 | 403 => format!("{status}; check the API key"),
        300..=399 => {
            format!("{status}; write the address that it redirects to into the configuration")
        }
        404 | 405 => format!("{status}; check the address: is a rinban core there?"),
        408 | 429 | 500..=599 => format!("{status}; it cannot take events now, look at its log"),
        _ => format!("{status}; it refuses this event, look at its log"),
    })
}

fn explain(error: reqwest::Error, timeout: Duration) -> String {
    let error = error.without_url();
    if error.is_connect() {
        let root = root(&error);
        return format!(
            "cannot connect ({root}); is the core running, and can it be reached from here?"
        );
    }
    if error.is_timeout() {
        let secs = timeout.as_secs_f64();
        return format!("no answer within {secs:.1} s; look at its log");
    }
    root(&error).to_string()
}

/// The cause of the causes, which says most.
fn root<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root
}

/// An id as a header can carry it: what is no printable ASCII is percent-encoded, and so is the percent sign.
fn header_text(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'%' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
