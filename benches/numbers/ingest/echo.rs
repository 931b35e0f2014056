//! The reference: the HTTP server that the core stands on, with nothing behind it.

use std::process::ExitCode;

use axum::{Router, body, extract::Request, http::StatusCode, routing::post};
use rinban::alert::Limits;
use tokio::net::TcpListener;

/// The argument by which the benchmark starts itself as this server.
pub(crate) const ECHO: &str = "serve-echo";

/// Answers every event with itself, until it is killed.
pub(crate) fn serve_echo() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        println!("ready on http://{address}");
        let router = Router::new().route("/v1/events", post(echo));
        axum::serve(listener, router).await.expect("serves");
    });
    ExitCode::SUCCESS
}

async fn echo(request: Request) -> (StatusCode, body::Bytes) {
    let body = body::to_bytes(request.into_body(), Limits::EVENT_BYTES).await;
    (StatusCode::ACCEPTED, body.expect("a small body"))
}
