//! HTTP as bytes on a socket: targets, headers and half a body exactly as a test wants them.

use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
};

use serde_json::Value;

use super::PATIENCE;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Head and body. `Host` and `Content-Length` are added where the test has none of its own.
    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        let mut add = |name: &str, value: &str| {
            write!(head, "{name}: {value}\r\n").expect("writing to a String succeeds");
        };
        if !has("host") {
            add("Host", "127.0.0.1");
        }
        if !has("content-length") && !has("transfer-encoding") {
            add("Content-Length", &self.body.len().to_string());
        }
        add("Connection", "close");
        for (name, value) in &self.headers {
            add(name, value);
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it and reads the whole answer.
    #[track_caller]
    pub(crate) fn send(&self, to: SocketAddr) -> Reply {
        let mut stream = self.begin(to);
        Reply::read(&mut stream)
    }

    /// The same with a peer that may hang up, or not be there.
    pub(crate) fn try_send(&self, to: SocketAddr) -> Option<Reply> {
        let mut stream = TcpStream::connect(to).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(&self.bytes()).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        Reply::parse(&bytes)
    }

    /// Sends all but the last byte.
    #[track_caller]
    pub(crate) fn begin_without_its_last_byte(&self, to: SocketAddr) -> TcpStream {
        let mut stream = connect(to);
        let bytes = self.bytes();
        let most = &bytes[..bytes.len() - 1];
        stream.write_all(most).expect("the request goes out");
        stream
    }

    /// Sends it and leaves the rest to the test.
    #[track_caller]
    pub(crate) fn begin(&self, to: SocketAddr) -> TcpStream {
        let mut stream = connect(to);
        stream
            .write_all(&self.bytes())
            .expect("the request goes out");
        stream
    }
}

#[track_caller]
pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("somebody listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("is settable");
    stream
        .set_write_timeout(Some(PATIENCE))
        .expect("is settable");
    stream
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// Reads to the end of the connection. A peer that stops reading a body that is too long may reset the connection
    /// after its answer.
    #[track_caller]
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        let _ = stream.shutdown(Shutdown::Both);
        Self::parse(&bytes).unwrap_or_else(|| {
            panic!(
                "no answer ({ended:?}): {:?}",
                String::from_utf8_lossy(&bytes)
            )
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Self {
            status,
            headers,
            body: body.to_owned(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// A body has a type, and 204 has neither.
    #[track_caller]
    pub(crate) fn check_form(&self) {
        match self.status {
            204 => assert_eq!(self.body, "", "{self:?}"),
            _ => assert!(self.header("content-type").is_some(), "{self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        json["error"]
            .as_str()
            .expect("an error has a text")
            .to_owned()
    }
}
