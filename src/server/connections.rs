//! Takes connections and speaks HTTP/1.1 on them. A peer that connects and says nothing, or half a head, is not waited for
//! without end: what it holds is wanted by carriers.

use std::{io, net::IpAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// How long a connection may wait for the whole head of a request, the first or the next. Longer than proxies keep
/// idle connections (nginx: 60 s): who closes first must be the one that sends, or its next request may be lost.
const HEAD_TIME: Duration = Duration::from_secs(90);

/// How long nobody is let in after the system has run out of something, such as descriptors.
const OUT_OF_BREATH: Duration = Duration::from_millis(200);

/// Serves until `stop` is done; then takes nobody in any more and answers what is under way.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let service = Introduced {
                        router: TowerToHyperService::new(router.clone()),
                        peer: Peer(peer.ip()),
                    };
                    connections.spawn(talk(stream, service, closed.clone()));
                }
                Err(error) => recover(&error).await,
            },
            Some(_ended) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    drop(closing);
    while connections.join_next().await.is_some() {}
}

/// Who is at the other end of the connection, in the extensions of each request: a proxy, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// The routes, told who asks.
struct Introduced {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Introduced {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

/// Answers one request after another, until the peer hangs up or `closed` says that this one is the last.
async fn talk(stream: TcpStream, service: Introduced, mut closed: watch::Receiver<()>) {
    // Answers are written whole. Without it a slow acknowledgement of the head would hold the body back.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closed.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Peers that hang up in the middle are no concern of the operator's.
        tracing::debug!("a connection ended: {error}");
    }
}

/// A connection that broke before it was taken concerns only its peer. Anything else is about this process, and would be
/// met again at once.
async fn recover(error: &io::Error) {
    let is_the_peers = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !is_the_peers {
        tracing::error!("a connection cannot be taken: {error}");
        sleep(OUT_OF_BREATH).await;
    }
}
