//! From the bytes that came to a reply.

use super::{Limits, WireError};

/// How many headers a reply may have.
const MOST_HEADERS: usize = 128;

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// In the order in which they came; bytes that are not UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// Without its transfer encoding.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The content type in small letters, without its parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let essence = value.split(';').next().unwrap_or(value).trim();
        (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
    }

    /// The body as text, for people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A reply that is being read. It looks at all that came so far, each time anew: replies are small.
#[derive(Debug)]
pub(super) struct Reading {
    has_no_body: bool,
    limits: Limits,
}

/// A head, and where the body begins.
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    length: usize,
}

enum Framing {
    None,
    Length(usize),
    Chunked,
    ToTheEnd,
}

impl Reading {
    pub(super) fn new(method: &str, limits: Limits) -> Self {
        Self {
            has_no_body: method == "HEAD",
            limits,
        }
    }

    /// The reply, once it is whole.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Result<Option<Reply>, WireError> {
        self.read(bytes, false)
    }

    /// The connection has ended.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Reply, WireError> {
        self.read(bytes, true)?.ok_or_else(|| {
            let text = match bytes.len() {
                0 => "nothing came".to_owned(),
                bytes => format!("{bytes} bytes came"),
            };
            WireError::BrokeOff(text)
        })
    }

    fn read(&self, bytes: &[u8], is_end: bool) -> Result<Option<Reply>, WireError> {
        let Some((head, bytes)) = self.final_head(bytes)? else {
            return Ok(None);
        };
        let body = match self.framing(&head)? {
            Framing::None => Some(Vec::new()),
            Framing::Length(length) => self.sized(bytes, length)?,
            Framing::Chunked => self.chunked(bytes)?,
            Framing::ToTheEnd => {
                let body = self.sized(bytes, bytes.len())?;
                body.filter(|_| is_end)
            }
        };
        Ok(body.map(|body| Reply {
            status: head.status,
            headers: head.headers,
            body,
        }))
    }

    /// The head behind those that only say "wait" (1xx).
    fn final_head<'b>(&self, mut bytes: &'b [u8]) -> Result<Option<(Head, &'b [u8])>, WireError> {
        while let Some(head) = self.head(bytes)? {
            bytes = &bytes[head.length..];
            if head.status >= 200 {
                return Ok(Some((head, bytes)));
            }
        }
        Ok(None)
    }

    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, WireError> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes);
        let parsed = parsed.map_err(|error| WireError::NotHttp(error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else {
            return match bytes.len() > self.limits.head {
                true => Err(WireError::HeadTooLarge(self.limits.head)),
                false => Ok(None),
            };
        };
        let owned = |header: &httparse::Header<'_>| {
            let value = String::from_utf8_lossy(header.value).trim().to_owned();
            (header.name.to_owned(), value)
        };
        Ok(Some(Head {
            status: response.code.unwrap_or_default(),
            headers: response.headers.iter().map(owned).collect(),
            length,
        }))
    }

    /// RFC 9112, 6.3.
    fn framing(&self, head: &Head) -> Result<Framing, WireError> {
        let value = |name: &str| {
            let mut headers = head.headers.iter();
            headers.find(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        if self.has_no_body || matches!(head.status, 204 | 304) {
            return Ok(Framing::None);
        }
        if let Some((_, coding)) = value("transfer-encoding") {
            return match coding.eq_ignore_ascii_case("chunked") {
                true => Ok(Framing::Chunked),
                false => Err(WireError::NotHttp(format!("Transfer-Encoding: {coding}"))),
            };
        }
        match value("content-length") {
            None => Ok(Framing::ToTheEnd),
            Some((_, length)) => length
                .parse()
                .map(Framing::Length)
                .map_err(|_| WireError::NotHttp(format!("Content-Length: {length}"))),
        }
    }

    fn sized(&self, bytes: &[u8], length: usize) -> Result<Option<Vec<u8>>, WireError> {
        if length > self.limits.body {
            return Err(WireError::BodyTooLarge(self.limits.body));
        }
        Ok(bytes.get(..length).map(<[u8]>::to_vec))
    }

    fn chunked(&self, mut bytes: &[u8]) -> Result<Option<Vec<u8>>, WireError> {
        let mut body = Vec::new();
        loop {
            let size = httparse::parse_chunk_size(bytes)
                .map_err(|_| WireError::NotHttp("a chunk has no valid size".to_owned()))?;
            let httparse::Status::Complete((start, size)) = size else {
                return Ok(None);
            };
            if size == 0 {
                return Ok(is_trailer_whole(&bytes[start..]).then_some(body));
            }
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > self.limits.body - body.len() {
                return Err(WireError::BodyTooLarge(self.limits.body));
            }
            let Some(chunk) = bytes.get(start..start + size + 2) else {
                return Ok(None);
            };
            body.extend_from_slice(&chunk[..size]);
            bytes = &bytes[start + size + 2..];
        }
    }
}

/// Behind the last chunk: an empty line, or trailers that end with one.
fn is_trailer_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\r\n") || bytes.windows(4).any(|end| end == b"\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], is_end: bool) -> Result<Option<Reply>, WireError> {
        let limits = Limits {
            head: 200,
            body: 10,
            ..Limits::WEBHOOK
        };
        Reading::new("POST", limits).read(bytes, is_end)
    }

    /// Status and body of a reply that is whole exactly at its last byte.
    #[track_caller]
    fn whole(text: &str) -> (u16, String) {
        for end in 0..text.len() {
            let part = read(&text.as_bytes()[..end], false);
            assert_eq!(part, Ok(None), "{:?}", &text[..end]);
        }
        let reply = read(text.as_bytes(), false).expect("HTTP").expect("whole");
        (reply.status, reply.text())
    }

    #[test]
    fn a_reply_is_whole_at_its_last_byte() {
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
            (200, "abc".into())
        );
        assert_eq!(
            whole("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
            (204, String::new())
        );
        assert_eq!(
            whole(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n"
            ),
            (200, "abc".into())
        );
        assert_eq!(
            whole(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
            ),
            (403, String::new())
        );
    }

    #[test]
    fn a_reply_without_a_length_ends_with_the_connection() {
        let text = b"HTTP/1.0 200 OK\r\n\r\nabc";
        assert_eq!(read(text, false), Ok(None));
        let reply = read(text, true).expect("HTTP").expect("whole");
        assert_eq!(reply.text(), "abc");
    }

    #[test]
    fn what_is_too_large_or_no_http_is_said_so() {
        let check = |text: &str, error: fn(&WireError) -> bool| {
            let read = read(text.as_bytes(), false).expect_err(text);
            assert!(error(&read), "{text}: {read}");
        };
        check("SSH-2.0-OpenSSH_9.2\r\n", |e| {
            matches!(e, WireError::NotHttp(_))
        });
        check("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", |e| {
            matches!(e, WireError::NotHttp(_))
        });
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n", |e| {
            matches!(e, WireError::NotHttp(_))
        });
        check(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(300)), |e| {
            matches!(e, WireError::HeadTooLarge(_))
        });
        check("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", |e| {
            matches!(e, WireError::BodyTooLarge(_))
        });
        check("HTTP/1.1 200 OK\r\n\r\n0123456789x", |e| {
            matches!(e, WireError::BodyTooLarge(_))
        });
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n012345678\r\n2\r\n",
            |e| matches!(e, WireError::BodyTooLarge(_)),
        );
    }
}
