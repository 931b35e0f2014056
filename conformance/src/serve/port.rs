//! The port: HTTP/1.1 over connections that can be spoiled below HTTP.
//!
//! wiremock cannot carry this: its replies are whole, so it cannot reset, hang, cut, trickle or speak garbage, and its port
//! cannot refuse for a while. The connections here are hyper's, over a stream whose writing side does as the
//! handler of the request says. wiremock plays the other side, the application, in the tests.

mod stream;
pub(super) mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::sleep,
};

use stream::Spoiled;
pub(super) use stream::{Spoil, Trouble};

/// A reply.
pub(super) type Reply = Response<Full<Bytes>>;

/// After a failure to accept (too many open files), so long nothing is accepted.
const BREATH: Duration = Duration::from_millis(50);

/// A client that connects and says nothing is let go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers requests.
pub(super) trait Answer: Send + Sync + 'static {
    /// The reply; whatever is done to `spoil` is done to its bytes.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        spoil: Spoil,
    ) -> impl Future<Output = Reply> + Send;
}

/// Makes the port refuse connections.
#[derive(Clone, Debug)]
pub(super) struct Shutter(mpsc::UnboundedSender<Duration>);

impl Shutter {
    /// From now on, for so long. Open connections are cut.
    pub(super) fn close(&self, lasts: Duration) {
        // Nobody listens to it only when the stand-in ends.
        let _ = self.0.send(lasts);
    }
}

/// The other end of [`Shutter`].
pub(super) type Closing = mpsc::UnboundedReceiver<Duration>;

/// Both ends.
pub(super) fn shutter() -> (Shutter, Closing) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Shutter(sender), receiver)
}

/// Serves until the task is dropped.
///
/// # Errors
/// The port was taken by somebody else during an outage.
pub(super) async fn serve<A: Answer>(
    mut listener: TcpListener,
    answers: Arc<A>,
    mut closing: Closing,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    loop {
        let lasts = {
            let open = accept(&listener, &answers);
            tokio::select! {
                lasts = closing.recv() => lasts,
                () = open => None,
            }
        };
        let Some(lasts) = lasts else { return Ok(()) };
        drop(listener);
        sleep(lasts).await;
        listener = reopen(address).await?;
    }
}

/// Connections in the kernel that are still being cut may hold the port for a moment.
async fn reopen(address: SocketAddr) -> io::Result<TcpListener> {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Err(_) if tries < 100 => tries += 1,
            other => return other,
        }
        sleep(BREATH).await;
    }
}

/// Never ends. Dropped, it cuts all connections.
async fn accept<A: Answer>(listener: &TcpListener, answers: &Arc<A>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(answers)));
            }
            Err(_) => sleep(BREATH).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse<A: Answer>(stream: TcpStream, answers: Arc<A>) {
    // Replies are small, and whoever waits for them measures.
    let _ = stream.set_nodelay(true);
    let spoil = Spoil::default();
    let stream = Spoiled::new(stream, spoil.clone());
    let service = service_fn(|request| {
        let reply = Arc::clone(&answers).answer(request, spoil.clone());
        async { Ok::<_, std::convert::Infallible>(reply.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the client's business, or a fault of ours that is meant.
    let _ = connection.await;
}
