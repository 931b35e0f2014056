//! Asking Mackerel whether an alert is real before anybody is called about it. Its webhooks carry no signature.

use std::time::Duration;

use crate::{
    alert::{Event, EventKind},
    monitor::mackerel::{Client, Found},
};

/// How long the answer is waited for. Mackerel's own patience with us is not documented.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What Mackerel says of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is open.
    Open,
    /// It is closed there.
    Closed,
    /// There is no such alert.
    Unknown,
    /// It does not say, and why.
    Silent(String),
}

/// What Mackerel knows of an alert, or why it does not say.
pub(super) async fn look_up(client: &Client, id: &str) -> Result<Found, String> {
    match tokio::time::timeout(PATIENCE, client.alert(id)).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// What Mackerel says of a problem; nothing for what opens no alert, and for a group of alerts, which its API does not tell of. Alerts
/// without an id, which Mackerel has not sent since 2018, are unknown to it.
pub(super) async fn judge(client: &Client, event: &Event) -> Option<Verdict> {
    let of_group = event.variables.contains_key("alert_group_id");
    if event.kind != EventKind::Problem || of_group {
        return None;
    }
    let Some(id) = event.variables.get("alert_id") else {
        return Some(Verdict::Unknown);
    };
    Some(match look_up(client, id).await {
        Ok(Found::Open(_)) => Verdict::Open,
        Ok(Found::Closed(_)) => Verdict::Closed,
        Ok(Found::Unknown) => Verdict::Unknown,
        Err(why) => Verdict::Silent(why),
    })
}
