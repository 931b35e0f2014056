//! A connection whose reply can be spoiled.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// What becomes of the bytes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Trouble {
    /// They are thrown away, and the connection is closed.
    Close,
    /// They are thrown away, and the connection is reset.
    Reset,
    /// The head goes out, and half of the body; then the connection is closed.
    Cut,
    /// The head goes out, and then the body byte by byte, which takes so long in all.
    Trickle(Duration),
    /// Something goes out instead that is not HTTP; then the connection is closed.
    Garbage,
}

/// What a mail server says.
const GARBAGE: &[u8] = b"220 mail.example.com ready\r\n\r\n";

/// Spoils the next bytes that are written to a connection. All of a reply is written by then or nothing, since hyper hands
/// small replies over in one piece.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Spoil(Arc<Mutex<Option<Trouble>>>);

impl Spoil {
    /// Takes effect with the reply to the request under way.
    pub(in crate::serve) fn with(&self, trouble: Trouble) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    fn trouble(&self) -> Option<Trouble> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that can be spoiled.
#[derive(Debug)]
pub(super) struct Spoiled {
    stream: TcpStream,
    spoil: Spoil,
    /// How many more bytes of this reply go out before the connection is closed.
    left: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Spoiled {
    pub(super) fn new(stream: TcpStream, spoil: Spoil) -> Self {
        Self {
            stream,
            spoil,
            left: None,
            pause: None,
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// The head and half of the body, then the end.
    fn cut(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let left = *self.left.get_or_insert_with(|| half(bytes));
        if left == 0 {
            return Poll::Ready(Err(broken()));
        }
        let written = ready!(self.write(cx, &bytes[..left.min(bytes.len())]))?;
        self.left = Some(left - written);
        Poll::Ready(Ok(written))
    }

    /// The head, then byte by byte with a pause before each.
    fn trickle(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        lasts: Duration,
    ) -> Poll<io::Result<usize>> {
        if self.left.is_none() {
            let head = head(bytes);
            let written = ready!(self.write(cx, &bytes[..head]))?;
            self.left = Some(bytes.len() - written);
            return Poll::Ready(Ok(written));
        }
        let steps = u32::try_from(self.left.unwrap_or(1).max(1)).unwrap_or(u32::MAX);
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(sleep(lasts / steps)));
        ready!(pause.as_mut().poll(cx));
        self.pause = None;
        self.write(cx, &bytes[..1])
    }

    fn garbage(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // So few bytes go out in one piece.
        ready!(self.write(cx, GARBAGE))?;
        Poll::Ready(Err(broken()))
    }
}

fn head(bytes: &[u8]) -> usize {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(bytes.len(), |end| end + 4)
}

fn half(bytes: &[u8]) -> usize {
    head(bytes).midpoint(bytes.len())
}

fn broken() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl AsyncRead for Spoiled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Spoiled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.spoil.trouble() {
            None => self.write(cx, bytes),
            Some(Trouble::Close) => Poll::Ready(Err(broken())),
            Some(Trouble::Reset) => {
                // Closing with a linger of zero sends RST instead of FIN.
                self.stream.set_zero_linger()?;
                Poll::Ready(Err(broken()))
            }
            Some(Trouble::Cut) => self.cut(cx, bytes),
            Some(Trouble::Trickle(lasts)) => self.trickle(cx, bytes, lasts),
            Some(Trouble::Garbage) => self.garbage(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_cut_in_the_middle_of_its_body() {
        let reply = b"HTTP/1.1 201 Created\r\n\r\n{\"sid\": 1}";
        assert_eq!(&reply[..half(reply)], b"HTTP/1.1 201 Created\r\n\r\n{\"sid");
    }
}
