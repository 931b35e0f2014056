//! What the core says of itself: `GET /health`, plain HTTP to this host.
//!
//! A metric plugin runs every minute on every host: this is a few system calls rather than a runtime. The core's answer
//! is small, and either has a length or ends with the connection.

use std::{
    fs,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// Where the core listens unless the file says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8075);

/// The bound on an answer.
const MAX_BYTES: u64 = 64 * 1024;

/// The answer. What an older core does not say is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// Of the core.
    pub version: String,
    /// Since its start, in seconds.
    pub uptime_secs: u64,
    /// Escalations that call, or wait to call.
    pub open_escalations: u64,
    /// Alerts that are not closed.
    pub open_alerts: u64,
    /// Calls that ring or are answered.
    pub live_calls: u64,
    /// Events in the spool.
    pub spool_pending: u64,
    /// Notices that wait to be sent.
    pub outbox_pending: u64,
    /// Since its start, like all that follow.
    pub calls_placed_total: u64,
    /// Answered by somebody or something.
    pub calls_answered_total: u64,
    /// Busy, no answer, failed.
    pub calls_failed_total: u64,
    /// Escalations that somebody took.
    pub acknowledged_total: u64,
    /// Events taken over.
    pub events_accepted_total: u64,
    /// The last self-test.
    #[serde(deserialize_with = "lenient")]
    pub self_test: Option<SelfTest>,
    /// Monitors that are to report regularly.
    #[serde(deserialize_with = "lenient")]
    pub heartbeats: Vec<Heartbeat>,
    /// Channels of Mackerel through which nothing comes until somebody resumes them.
    #[serde(deserialize_with = "lenient")]
    pub suspended_channels: Vec<String>,
    /// The carriers.
    #[serde(deserialize_with = "lenient")]
    pub providers: Vec<Provider>,
}

/// A page that was sent through the whole chain to see whether it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SelfTest {
    /// When it ended.
    pub at: Timestamp,
    /// Whether it arrived.
    pub ok: bool,
    /// What came of it.
    #[serde(default)]
    pub text: String,
}

/// A monitor that is to report regularly.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Heartbeat {
    /// Its name.
    pub name: String,
    /// Whether it has reported in time.
    pub ok: bool,
}

/// A carrier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// `voice` or `sms`.
    pub channel: String,
    /// Of its breaker: `closed`, `open`, `half-open`.
    pub state: String,
}

/// A part that a newer core says in another form is as if it were not there: what else it says still counts.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Why the core did not say how it is.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// No answer.
    #[error("the core does not answer at {address}: {source}; is the rinban service running?")]
    Io {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Another answer than 200 and JSON.
    #[error("{address} does not answer like a core of rinban ({what}); check `server.listen`")]
    Answer {
        /// Where.
        address: SocketAddr,
        /// What it was.
        what: String,
    },
}

/// Asks the core. Takes at most `timeout`, whatever hangs.
pub fn ask(address: SocketAddr, timeout: Duration) -> Result<Health, HealthError> {
    let deadline = Instant::now() + timeout;
    let answer = get(address, deadline).map_err(|source| HealthError::Io { address, source })?;
    read_answer(&answer).map_err(|what| HealthError::Answer { address, what })
}

fn get(address: SocketAddr, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let request = format!(
        "GET /health HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut part) {
            Ok(0) => return Ok(answer),
            Ok(bytes) => answer.extend_from_slice(&part[..bytes]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() as u64 > MAX_BYTES {
            return Err(io::Error::other("the answer is too long"));
        }
        if is_complete(&answer) {
            return Ok(answer);
        }
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    Some((head, &answer[end + 4..]))
}

fn is_complete(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

fn read_answer(answer: &[u8]) -> Result<Health, String> {
    let (head, body) = split(answer).ok_or("no HTTP")?;
    let status = head.lines().next().unwrap_or_default();
    // A core that is not well says so with 503, and why in the same form.
    match status.split(' ').nth(1) {
        Some("200" | "503") => {}
        _ => return Err(status.chars().take(80).collect()),
    }
    serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))
}

/// Where the core of this configuration is asked. Everything else in the file is passed over: secrets that are not in
/// the agent's environment are no reason not to look.
pub fn address(config: &Path) -> SocketAddr {
    #[derive(Default, Deserialize)]
    struct File {
        server: Option<Server>,
    }
    #[derive(Deserialize)]
    struct Server {
        listen: Option<SocketAddr>,
    }
    let file = fs::read_to_string(config)
        .ok()
        .and_then(|text| toml::from_str::<File>(&text).ok());
    reachable(file.and_then(|file| file.server?.listen).unwrap_or(LISTEN))
}

/// A core that listens everywhere is asked on this host.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Asks a server that sends these bytes, then keeps the connection open for as long as the test runs.
    fn ask_server_that_says(answer: &'static [u8]) -> Result<Health, HealthError> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 1_024];
            let bytes = stream.read(&mut request).expect("a request");
            let request = String::from_utf8_lossy(&request[..bytes]).into_owned();
            stream.write_all(answer).expect("sent");
            (stream, request)
        });
        let result = ask(address, Duration::from_millis(300));
        let (_stream, request) = server.join().expect("the server");
        assert!(
            request.starts_with("GET /health HTTP/1.1\r\nHost: 127.0.0.1:"),
            "{request}"
        );
        result
    }

    #[test]
    fn an_answer_with_a_length_is_read_without_waiting_for_the_end() {
        let health = ask_server_that_says(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 33\r\n\r\n\
              {\"status\":\"ok\",\"open_alerts\":12 }",
        )
        .expect("an answer");
        assert_eq!((health.status.as_str(), health.open_alerts), ("ok", 12));
    }

    #[test]
    fn an_unwell_core_is_still_an_answer() {
        let health = ask_server_that_says(
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 25\r\n\r\n{\"status\":\"store broken\"} ",
        )
        .expect("an answer");
        assert_eq!(health.status, "store broken");
    }

    #[test]
    fn parts_in_another_form_are_passed_over() {
        let health = |json: &str| serde_json::from_str::<Health>(json).expect("an answer");
        for json in [
            r#"{"open_alerts":1,"self_test":null,"heartbeats":null}"#,
            r#"{"open_alerts":1,"self_test":"fine","heartbeats":{"a":1},"providers":[3],"suspended_channels":"x"}"#,
            r#"{"open_alerts":1,"self_test":{"at":"yesterday","ok":true}}"#,
        ] {
            let expected = Health {
                open_alerts: 1,
                ..Health::default()
            };
            assert_eq!(health(json), expected, "{json}");
        }
        let whole = health(
            r#"{"self_test":{"at":"2026-08-01T00:00:00Z","ok":false,"text":"t"},
                "heartbeats":[{"name":"zabbix","ok":true,"last":null}],
                "providers":[{"name":"twilio","channel":"voice","state":"open","since":3}]}"#,
        );
        assert!(
            whole
                .self_test
                .is_some_and(|test| !test.ok && test.text == "t")
        );
        assert_eq!(
            (whole.heartbeats.len(), whole.providers[0].state.as_str()),
            (1, "open")
        );
    }

    #[test]
    fn silence_and_strangers_are_errors() {
        assert!(matches!(
            ask_server_that_says(b""),
            Err(HealthError::Io { .. })
        ));
        for stranger in [
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".as_slice(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ] {
            assert!(matches!(
                ask_server_that_says(stranger),
                Err(HealthError::Answer { .. })
            ));
        }
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port");
        assert!(matches!(
            ask(free, Duration::from_secs(1)),
            Err(HealthError::Io { .. })
        ));
    }

    #[test]
    fn the_address_is_read_from_a_file_that_has_other_mistakes() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (text, expected) in [
            ("", "127.0.0.1:8075"),
            (
                "[server]\nlisten = \"0.0.0.0:9000\"\napi_keys = 3",
                "127.0.0.1:9000",
            ),
            ("[server]\nlisten = \"[::]:9000\"", "[::1]:9000"),
            ("[server]\nlisten = \"10.1.2.3:80\"", "10.1.2.3:80"),
            ("not toml", "127.0.0.1:8075"),
        ] {
            fs::write(file.path(), text).expect("written");
            assert_eq!(address(file.path()).to_string(), expected, "{text}");
        }
    }
}
