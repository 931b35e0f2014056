//! The team's chat channel: a webhook on loopback that is told what a real one would be told, the same way.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

/// A notice as a webhook gets it; what the demo needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Told {
    /// What happened, such as `acknowledged`.
    pub(super) event: String,
    /// Whose phone it is about.
    pub(super) member: Option<String>,
    /// How a call ended that did not lead to a person, such as `no_key`.
    pub(super) outcome: Option<String>,
    /// Who took or closed it.
    pub(super) by: Option<String>,
    /// Two lines for people: the alert, and the news.
    text: String,
}

impl Told {
    /// The news without the alert.
    pub(super) fn news(&self) -> &str {
        self.text.lines().last().unwrap_or_default()
    }

    /// Whether it says how a call to this person ended.
    pub(super) fn is_verdict_on(&self, member: &str) -> bool {
        match self.event.as_str() {
            "not_reached" => self.member.as_deref() == Some(member),
            "acknowledged" | "closed" => self.by.as_deref() == Some(member),
            _ => false,
        }
    }

    /// Whether it belongs to no call.
    pub(super) fn stands_alone(&self) -> bool {
        !matches!(
            self.event.as_str(),
            "calling" | "answered" | "not_reached" | "acknowledged" | "closed"
        )
    }
}

/// A channel that listens until it is dropped.
#[derive(Debug)]
pub(super) struct Channel {
    address: SocketAddr,
    /// What it was told, in order.
    pub(super) told: mpsc::UnboundedReceiver<Told>,
    server: JoinHandle<()>,
}

impl Channel {
    /// Starts to listen on a free port of loopback.
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (tell, told) = mpsc::unbounded_channel();
        let app = Router::new().route("/", post(take)).with_state(tell);
        let server = tokio::spawn(async move {
            // It ends only with an error of the listener, and then nothing more is told.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            told,
            server,
        })
    }

    /// Where to post.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(tell): State<mpsc::UnboundedSender<Told>>,
    Json(told): Json<Told>,
) -> StatusCode {
    match tell.send(told) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::GONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_and_belongs_to_its_call() {
        let told: Told = serde_json::from_str(
            r#"{"version":1,"event":"not_reached","member":"Aya","outcome":"busy","text":"[CRITICAL] x\nBusy."}"#,
        )
        .expect("a notice");
        assert_eq!(told.news(), "Busy.");
        assert!(told.is_verdict_on("Aya") && !told.is_verdict_on("Ben"));
        assert!(!told.stands_alone());
    }
}
