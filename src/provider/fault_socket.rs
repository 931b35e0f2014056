//! A server that misbehaves below HTTP, in the ways in which connections really fail. What a scripted HTTP server
//! cannot do: resets, hangs, half replies, garbage.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody listens.
    Refused,
    /// The connection is closed before anything is read.
    CloseOnAccept,
    /// The connection is reset before anything is read.
    ResetOnAccept,
    /// Nothing is read, nothing is said.
    HangBeforeRead,
    /// The request is read and the connection closed.
    CloseAfterRequest,
    /// The request is read, the sending side is closed, the receiving one stays open.
    HalfCloseAfterRequest,
    /// The request is read and the connection reset.
    ResetAfterRequest,
    /// The request is read and nothing is said.
    HangAfterRequest,
    /// The reply stops within its head.
    StallInHead,
    /// The reply is not HTTP.
    GarbageHead,
    /// The head does not end.
    EndlessHead,
    /// The body is shorter than announced.
    ShortBody,
    /// The connection is reset within the body.
    ResetInBody,
    /// The body's chunks are broken.
    BadChunk,
    /// The body comes more slowly than anybody waits.
    SlowBody,
    /// The body does not end.
    EndlessBody,
    /// A well-formed reply whose body says nothing of use.
    GarbageBody,
}

impl Trouble {
    /// All of them.
    pub(super) const ALL: [Self; 17] = [
        Self::Refused,
        Self::CloseOnAccept,
        Self::ResetOnAccept,
        Self::HangBeforeRead,
        Self::CloseAfterRequest,
        Self::HalfCloseAfterRequest,
        Self::ResetAfterRequest,
        Self::HangAfterRequest,
        Self::StallInHead,
        Self::GarbageHead,
        Self::EndlessHead,
        Self::ShortBody,
        Self::ResetInBody,
        Self::BadChunk,
        Self::SlowBody,
        Self::EndlessBody,
        Self::GarbageBody,
    ];

    /// Whether the head of a success arrives whole.
    pub(super) fn has_head(self) -> bool {
        matches!(
            self,
            Self::ShortBody
                | Self::ResetInBody
                | Self::BadChunk
                | Self::SlowBody
                | Self::EndlessBody
                | Self::GarbageBody
        )
    }
}

/// A listener on loopback with one trouble. Stops when dropped.
#[derive(Debug)]
pub(super) struct FaultSocket {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    behaviour: Behaviour,
}

#[derive(Debug)]
enum Behaviour {
    Accepts(JoinHandle<()>),
    /// Bound without listening, so that no other test is given the port meanwhile.
    Refuses {
        _bound: TcpSocket,
    },
}

impl FaultSocket {
    pub(super) async fn start(trouble: Trouble) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(any_port).expect("a free port");
        let address = socket.local_addr().expect("an address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let behaviour = if trouble == Trouble::Refused {
            Behaviour::Refuses { _bound: socket }
        } else {
            let listener = socket.listen(64).expect("a listener");
            Behaviour::Accepts(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    counter.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(misbehave(stream, trouble));
                }
            }))
        };
        Self {
            address,
            accepted,
            behaviour,
        }
    }

    pub(super) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// How many connections came: more than one for one request means that it was sent again.
    pub(super) fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for FaultSocket {
    fn drop(&mut self) {
        if let Behaviour::Accepts(task) = &self.behaviour {
            task.abort();
        }
    }
}

/// Runs a check against every trouble, all at once since some of them last.
pub(super) async fn for_each_trouble<F>(check: impl Fn(Trouble, FaultSocket) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut checks = tokio::task::JoinSet::new();
    for trouble in Trouble::ALL {
        let socket = FaultSocket::start(trouble).await;
        checks.spawn(check(trouble, socket));
    }
    while let Some(checked) = checks.join_next().await {
        checked.expect("the check passes");
    }
}

/// Longer than any test waits.
const FOREVER: Duration = Duration::from_secs(60);

async fn misbehave(mut stream: TcpStream, trouble: Trouble) {
    match trouble {
        Trouble::Refused | Trouble::CloseOnAccept => return,
        Trouble::ResetOnAccept => return reset(stream),
        Trouble::HangBeforeRead => return tokio::time::sleep(FOREVER).await,
        _ => read_request(&mut stream).await,
    }
    match trouble {
        Trouble::ResetAfterRequest => return reset(stream),
        Trouble::HalfCloseAfterRequest => {
            // The client may be gone already.
            let _ = stream.shutdown().await;
        }
        Trouble::HangAfterRequest => {}
        Trouble::StallInHead => say(&mut stream, "HTTP/1.1 201 Created\r\nContent-").await,
        Trouble::GarbageHead => return say(&mut stream, "220 mail ready\r\n\r\n").await,
        Trouble::EndlessHead => {
            return repeat(&mut stream, "HTTP/1.1 201 Created\r\n", "X: y\r\n").await;
        }
        Trouble::ShortBody => return say(&mut stream, &head("Content-Length: 500")).await,
        Trouble::ResetInBody => {
            say(&mut stream, &head("Content-Length: 500")).await;
            // So that the head is not thrown away together with the connection.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return reset(stream);
        }
        Trouble::BadChunk => {
            return say(
                &mut stream,
                &head("Transfer-Encoding: chunked").replace('{', "zz\r\n{"),
            )
            .await;
        }
        Trouble::SlowBody => say(&mut stream, &head("Content-Length: 500")).await,
        Trouble::EndlessBody => {
            let chunk = format!("400\r\n{:1024}\r\n", "");
            return repeat(&mut stream, &head("Transfer-Encoding: chunked"), &chunk).await;
        }
        Trouble::GarbageBody => return say(&mut stream, &head("Content-Length: 7")).await,
        _ => return,
    }
    tokio::time::sleep(FOREVER).await;
}

/// A head and the first seven bytes of a body.
fn head(field: &str) -> String {
    format!("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n{field}\r\n\r\n{{\"sid\":")
}

async fn say(stream: &mut TcpStream, text: &str) {
    // The client may be gone already.
    let _ = stream.write_all(text.as_bytes()).await;
}

async fn repeat(stream: &mut TcpStream, first: &str, then: &str) {
    let first = first.split_inclusive("\r\n\r\n").next().unwrap_or(first);
    say(stream, first).await;
    let block = then.repeat(100);
    while stream.write_all(block.as_bytes()).await.is_ok() {}
}

fn reset(stream: TcpStream) {
    // Closing with a linger of zero sends RST instead of FIN.
    stream.set_zero_linger().expect("a socket option");
}

/// Reads a head and as much body as it announces.
async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut block = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&block[..read]),
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    body.len() >= length
}
