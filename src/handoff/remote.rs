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
        429 => format!(
            "{status}; this key is over its quota, raise `per_minute` and `burst` of its [[server.api_keys]] there"
        ),
        408 | 500..=599 => format!("{status}; it cannot take events now, look at its log"),
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

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        thread::{self, JoinHandle},
    };

    use super::*;

    const LONG: Duration = Duration::from_secs(10);
    const ID: &str = "zabbix:障害 1%";
    const JSON: &[u8] = br#"{"id":"1"}"#;

    fn remote(url: impl Into<String>) -> RemoteCore {
        RemoteCore {
            url: url.into(),
            api_key: "s3cret-key".to_owned().into(),
        }
    }

    fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        (listener, url)
    }

    /// A core that answers one request with `reply`; gives back the request's head and body.
    fn core(reply: &'static str) -> (RemoteCore, JoinHandle<(String, Vec<u8>)>) {
        let (listener, url) = listen();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accepts");
            let request = read_request(&stream);
            let reply =
                format!("HTTP/1.1 {reply}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(reply.as_bytes()).expect("answers");
            request
        });
        (remote(url), server)
    }

    fn read_request(stream: &TcpStream) -> (String, Vec<u8>) {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).expect("reads"), 0, "{head}");
        }
        let head = head.to_ascii_lowercase();
        let length = head
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.lines().next())
            .expect("has a length");
        let mut body = vec![0; length.parse().expect("a number")];
        reader.read_exact(&mut body).expect("reads");
        (head, body)
    }

    /// An address where nobody listens.
    fn nobody() -> RemoteCore {
        remote(listen().1)
    }

    fn give(cores: &[RemoteCore], within: Duration) -> Result<String, Vec<Refusal>> {
        offer(cores, &ID.into(), JSON, Instant::now() + within)
    }

    fn refusal(cores: &[RemoteCore], within: Duration) -> String {
        let refusals = give(cores, within).expect_err("nobody takes it");
        assert_eq!(refusals.len(), cores.len());
        refusals
            .iter()
            .map(Refusal::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_request_carries_the_event_its_id_and_the_key() {
        let (core, server) = core("202 Accepted");
        assert_eq!(
            give(std::slice::from_ref(&core), LONG).expect("taken"),
            core.url
        );
        let (head, body) = server.join().expect("no panic");
        assert!(head.starts_with("post /v1/events http/1.1\r\n"), "{head}");
        for line in [
            "authorization: bearer s3cret-key",
            "idempotency-key: zabbix:%e9%9a%9c%e5%ae%b3%201%25",
            "content-type: application/json",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} in {head}");
        }
        assert_eq!(body, JSON);
    }

    #[test]
    fn what_a_core_answers_says_what_to_do() {
        for (reply, advice) in [
            ("401 Unauthorized", "check the API key"),
            ("403 Forbidden", "check the API key"),
            ("404 Not Found", "check the address"),
            ("400 Bad Request", "it refuses this event"),
            ("408 Request Timeout", "cannot take events now"),
            ("429 Too Many Requests", "over its quota"),
            ("503 Service Unavailable", "cannot take events now"),
            ("302 Found", "redirects"),
        ] {
            let (core, server) = core(reply);
            let text = refusal(&[core], LONG);
            assert!(
                text.contains(advice) && text.contains(&reply[..3]),
                "{text}"
            );
            assert!(!text.contains("s3cret") && !text.contains('\n'), "{text}");
            server.join().expect("no panic");
        }
    }

    #[test]
    fn the_next_core_is_asked_whatever_the_first_does() {
        let (listener, silent) = listen();
        let (broken, server) = core("500 Internal Server Error");
        let (full, other) = core("429 Too Many Requests");
        for first in [nobody(), remote(silent), broken, full] {
            let (second, taker) = core("202 Accepted");
            let within = Duration::from_secs(3);
            assert_eq!(
                give(&[first, second.clone()], within).expect("taken"),
                second.url
            );
            assert_eq!(taker.join().expect("no panic").1, JSON);
        }
        server.join().expect("no panic");
        other.join().expect("no panic");
        drop(listener);
    }

    #[test]
    fn cores_that_hang_hold_nobody_longer_than_the_deadline() {
        let (_first, silent) = listen();
        let (second, endless) = listen();
        // It sends a head that never ends.
        let server = thread::spawn(move || {
            let (mut stream, _) = second.accept().expect("accepts");
            while stream.write_all(b"HTTP/1.1 202 Acc").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let begin = Instant::now();
        let text = refusal(
            &[remote(silent), remote(endless)],
            Duration::from_millis(600),
        );
        assert!(
            begin.elapsed() < Duration::from_secs(4),
            "{:?}",
            begin.elapsed()
        );
        assert!(text.contains("no answer within 0."), "{text}");
        server.join().expect("no panic");
    }

    #[test]
    fn a_connection_that_breaks_is_no_acceptance() {
        let (listener, url) = listen();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("accepts");
            read_request(&stream);
        });
        let text = refusal(&[remote(url.clone())], LONG);
        assert!(text.starts_with(&url), "{text}");
        server.join().expect("no panic");
    }

    #[test]
    fn where_nobody_listens_is_told_as_such() {
        let text = refusal(&[nobody()], LONG);
        assert!(text.contains("cannot connect"), "{text}");
        assert!(text.contains("refused"), "{text}");
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_not_told() {
        let core = RemoteCore {
            api_key: "s3cret\nkey".to_owned().into(),
            ..nobody()
        };
        let text = refusal(&[core], LONG);
        assert!(!text.contains("s3cret"), "{text}");
    }
}
