//! Telling people who read: Slack, webhooks. Decides nothing, and never delays a call.
//!
//! A [`Notice`] stands in the store's outbox until [`delivery::run`] says that it is settled. Delivery is at least once:
//! after a crash a notice may come again, with the same `Idempotency-Key` where the receiver is a webhook.

pub mod delivery;
pub mod outbox;
pub(crate) mod post;
mod slack;
pub mod text;
mod webhook;

pub use post::{Delivery, Sender, Sent};
pub use slack::Slack;
pub use webhook::Webhook;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{GroupName, text_newtype},
    escalation::{Counts, EscalationId, Headline, News},
};

text_newtype! {
    /// Names a configured receiver of notices.
    ReceiverName
}

/// One piece of news on its way to one receiver. It stands in the store's outbox until it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// To whom.
    pub receiver: ReceiverName,
    /// What happened.
    pub news: News,
    /// When.
    pub at: Timestamp,
    /// Whose alert.
    pub group: GroupName,
    /// Which run; none for an alert that calls nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<EscalationId>,
    /// What it is about.
    pub headline: Arc<Headline>,
    /// How many alerts.
    pub counts: Counts,
}

#[cfg(test)]
pub(crate) mod samples {
    //! Notices for the tests of this folder.

    use super::*;
    use crate::alert::{AlertKey, Severity};

    /// A client that follows no redirect and uses no proxy. Built once, since that takes long, and without a pool, since
    /// each test has a runtime of its own.
    pub(crate) fn client() -> reqwest::Client {
        static CLIENT: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
        let build = || {
            // An error means that it is installed already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(0)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client")
        };
        CLIENT.get_or_init(build).clone()
    }

    /// An address on which nobody listens.
    pub(crate) fn dead_url() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/x", listener.local_addr().expect("an address"))
    }

    /// A notice to `receiver` with the given news, about a full disk.
    pub(crate) fn notice(receiver: &str, news: News) -> Notice {
        Notice {
            receiver: receiver.into(),
            news,
            at: "2025-11-22T01:09:00Z".parse().expect("a timestamp"),
            group: "db".into(),
            escalation: Some(EscalationId(42)),
            headline: Arc::new(Headline {
                alert: AlertKey {
                    source: "zabbix".into(),
                    group: "primary".into(),
                    dedup: "1234".into(),
                },
                severity: Severity::Critical,
                title: "Disk full".to_owned(),
                host: Some("db1".to_owned()),
                message: String::new(),
                url: None,
                message_id: None,
                variables: Default::default(),
            }),
            counts: Counts {
                waiting: 1,
                open: 1,
            },
        }
    }
}
