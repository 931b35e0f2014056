//! HTTP/1.1 as bytes on a socket. The request target goes out exactly as it is given: no client library does that, since each of them
//! normalises addresses. One connection for each request, everything bounded, and all that went over the wire is kept for the report.

mod reply;
mod route;
mod tls;

use std::{io, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

use super::address::{Address, Scheme};
pub use reply::Reply;
pub use route::Route;
pub use tls::TlsError;

/// A request as it goes over the wire. `Host`, `Content-Length` and `Connection` are added where it has none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `GET`.
    pub method: String,
    /// The place as its owner knows it; a [`Route`] may lead elsewhere.
    pub address: Address,
    /// In this order.
    pub headers: Vec<(String, String)>,
    /// Sent as it is.
    pub body: Vec<u8>,
}

/// How long things may take, and how large they may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the TCP connection and the TLS handshake, each.
    pub connect: Duration,
    /// Of everything together.
    pub total: Duration,
    /// Bytes of the reply's head.
    pub head: usize,
    /// Bytes of the reply's body.
    pub body: usize,
}

/// A request, and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was to be sent.
    pub request: Request,
    /// Where it was sent: scheme, host and port.
    pub dialled: String,
    /// The bytes that were sent.
    pub sent: Vec<u8>,
    /// The bytes that came, up to where reading stopped.
    pub received: Vec<u8>,
    /// When what happened, counted from the start.
    pub times: Times,
    /// What came back, or why nothing of use did.
    pub result: Result<Reply, WireError>,
}

/// When what happened, counted from the start of the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Connected, TLS included.
    pub connected: Option<Duration>,
    /// The first byte of the reply.
    pub first_byte: Option<Duration>,
    /// The end.
    pub done: Duration,
}

/// Why nothing of use came back. Each has the code by which the carrier reports it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The name of the host is not known (11210).
    #[error("the host name cannot be resolved: {0}")]
    Resolve(String),
    /// Nobody listens, or the network does not lead there (11205).
    #[error("no connection: {0}")]
    Connect(String),
    /// No connection in time (11205).
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// No TLS, or a certificate that is not trusted (11220).
    #[error("no TLS: {0}")]
    Tls(String),
    /// No whole reply in time (11205, as it is for a slow server).
    #[error("no whole reply within {0:?}")]
    Timeout(Duration),
    /// The connection ended within the reply, or before it (11200).
    #[error("the connection ended before the reply did: {0}")]
    BrokeOff(String),
    /// The reply is not HTTP (11206).
    #[error("the reply is not HTTP/1.1: {0}")]
    NotHttp(String),
    /// The head of the reply is too large (11206).
    #[error("the head of the reply is longer than {0} bytes")]
    HeadTooLarge(usize),
    /// The body of the reply is too large (11750).
    #[error("the body of the reply is longer than {0} bytes")]
    BodyTooLarge(usize),
}

/// Sends requests.
#[derive(Clone)]
pub struct Wire {
    tls: TlsConnector,
    limits: Limits,
    route: Option<Route>,
}

impl Limits {
    /// What the carrier grants a webhook: 5 s to connect, 15 s in all, 64 kB (11750).
    pub const WEBHOOK: Self = Self {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(15),
        head: 64 * 1024,
        body: 64 * 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::WEBHOOK
    }
}

impl WireError {
    /// The carrier's error code.
    pub fn code(&self) -> u32 {
        match self {
            Self::Resolve(_) => 11210,
            Self::Connect(_) | Self::ConnectTimeout(_) | Self::Timeout(_) => 11205,
            Self::Tls(_) => 11220,
            Self::BrokeOff(_) => 11200,
            Self::NotHttp(_) | Self::HeadTooLarge(_) => 11206,
            Self::BodyTooLarge(_) => 11750,
        }
    }

    /// Whether no request has got through: nothing that the receiver's code could have done.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Resolve(_) | Self::Connect(_) | Self::ConnectTimeout(_) | Self::Tls(_)
        )
    }
}

impl Request {
    /// A GET without anything.
    pub fn get(address: Address) -> Self {
        Self {
            method: "GET".to_owned(),
            address,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Sets a header, in the place of one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with user and password of the address as basic authentication; none if it has none.
    fn with_credentials(&self) -> Option<Self> {
        let userinfo = self.address.userinfo()?;
        let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let pair = [decode(user), decode(password)].join(&b':');
        let value = format!("Basic {}", STANDARD.encode(pair));
        Some(self.clone().with_header("Authorization", &value))
    }

    /// Head and body.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\n",
            self.method,
            self.address.request_target()
        );
        let length = self.body.len().to_string();
        let has_body = !self.body.is_empty() || self.method != "GET";
        let added = [
            ("Host", Some(self.address.authority())),
            ("Content-Length", has_body.then_some(length)),
            ("Connection", Some("close".to_owned())),
        ];
        for (name, value) in added {
            if let Some(value) = value.filter(|_| self.header(name).is_none()) {
                bytes += &format!("{name}: {value}\r\n");
            }
        }
        for (name, value) in &self.headers {
            bytes += &format!("{name}: {value}\r\n");
        }
        bytes += "\r\n";
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Wire {
    /// Trusts the certificates that browsers trust, and those in `ca_file` (PEM).
    ///
    /// # Errors
    /// A file that cannot be read, or has no certificate in it.
    pub fn new(limits: Limits, ca_file: Option<&std::path::Path>) -> Result<Self, TlsError> {
        Ok(Self {
            tls: TlsConnector::from(Arc::new(tls::config(ca_file)?)),
            limits,
            route: None,
        })
    }

    /// The same with a detour: requests for one place go to another.
    #[must_use]
    pub fn with_route(self, route: Option<Route>) -> Self {
        Self { route, ..self }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What is granted.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request and reads the reply. Whatever goes wrong is part of the exchange.
    pub async fn send(&self, request: &Request) -> Exchange {
        let wanted = &request.address;
        let to = match &self.route {
            Some(route) => route.dial(wanted),
            None => wanted.clone(),
        };
        let sent = Request {
            address: wanted.with_target(to.target()),
            ..request.clone()
        }
        .bytes();
        let mut log = Log::start();
        let work = self.converse(&to, &request.method, &sent, &mut log);
        let result = timeout(self.limits.total, work)
            .await
            .unwrap_or(Err(WireError::Timeout(self.limits.total)));
        log.times.done = log.start.elapsed();
        Exchange {
            request: request.clone(),
            dialled: to.origin(),
            sent,
            received: log.received,
            times: log.times,
            result,
        }
    }

    /// Sends a request as the carrier does: without user and password of its address, and again with them where the receiver asks for them.
    pub async fn deliver(&self, request: &Request) -> Exchange {
        let exchange = self.send(request).await;
        let asks = |reply: &Reply| {
            let challenge = reply.header("www-authenticate").unwrap_or_default();
            reply.status == 401 && challenge.to_ascii_lowercase().starts_with("basic")
        };
        match (&exchange.result, request.with_credentials()) {
            (Ok(reply), Some(again)) if asks(reply) => self.send(&again).await,
            _ => exchange,
        }
    }

    async fn converse(
        &self,
        to: &Address,
        method: &str,
        bytes: &[u8],
        log: &mut Log,
    ) -> Result<Reply, WireError> {
        let tcp = self.connect(to).await?;
        match to.scheme() {
            Scheme::Http => {
                log.connected();
                self.exchange(tcp, method, bytes, log).await
            }
            Scheme::Https => {
                let name = tls::server_name(to.host_name())?;
                let handshake = self.tls.connect(name, tcp);
                let limit = self.limits.connect;
                let stream = timeout(limit, handshake)
                    .await
                    .map_err(|_| WireError::Tls(format!("no handshake within {limit:?}")))?
                    .map_err(|error| WireError::Tls(error.to_string()))?;
                log.connected();
                self.exchange(stream, method, bytes, log).await
            }
        }
    }

    async fn connect(&self, to: &Address) -> Result<TcpStream, WireError> {
        let place = (to.host_name(), to.port_called());
        let found = self.in_time(tokio::net::lookup_host(place)).await?;
        let found = found.map_err(|error| WireError::Resolve(error.to_string()))?;
        let places: Vec<_> = found.collect();
        let stream = self.in_time(TcpStream::connect(places.as_slice())).await?;
        let stream = stream.map_err(|error| WireError::Connect(error.to_string()))?;
        // Requests are small, and whoever waits for them measures.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, WireError> {
        let limit = self.limits.connect;
        timeout(limit, work)
            .await
            .map_err(|_| WireError::ConnectTimeout(limit))
    }

    async fn exchange(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        method: &str,
        bytes: &[u8],
        log: &mut Log,
    ) -> Result<Reply, WireError> {
        // A receiver that refuses early may close before it has read everything; its reply still counts.
        let written = stream.write_all(bytes).await;
        let _ = stream.flush().await;
        let mut reading = reply::Reading::new(method, self.limits);
        loop {
            if let Some(reply) = reading.look(&log.received)? {
                return Ok(reply);
            }
            match log.read(&mut stream).await {
                Ok(0) => return reading.end(&log.received),
                Ok(_) => {}
                Err(error) => return Err(broke_off(written.err().unwrap_or(error))),
            }
        }
    }
}

fn broke_off(error: io::Error) -> WireError {
    WireError::BrokeOff(error.to_string())
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("limits", &self.limits)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// What came, and when.
struct Log {
    start: Instant,
    received: Vec<u8>,
    times: Times,
}

impl Log {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            received: Vec::new(),
            times: Times::default(),
        }
    }

    fn connected(&mut self) {
        self.times.connected = Some(self.start.elapsed());
    }

    async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        let mut piece = [0; 8 * 1024];
        let read = match stream.read(&mut piece).await {
            Ok(read) => read,
            // Many servers end TLS by closing the connection; the reply tells whether it is whole.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        if read > 0 && self.times.first_byte.is_none() {
            self.times.first_byte = Some(self.start.elapsed());
        }
        self.received.extend_from_slice(&piece[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
