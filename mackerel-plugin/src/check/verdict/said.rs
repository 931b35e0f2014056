//! What a core that answers says of its surroundings.

use jiff::Timestamp;

use super::{CheckStatus, Finding, Limits, list};
use crate::health::{Health, Provider};

pub(super) fn findings(health: &Health, limits: Limits, now: Timestamp) -> Vec<Finding> {
    [
        outbox(health, limits),
        self_test(health, limits, now),
        providers(health),
        channels(health),
        heartbeats(health),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn outbox(health: &Health, limits: Limits) -> Option<Finding> {
    let waiting = health.outbox_pending;
    (waiting > limits.outbox).then(|| {
        let text = format!("{waiting} notices wait to be sent; is a receiver of [[notices]] down?");
        (CheckStatus::Warning, text)
    })
}

fn self_test(health: &Health, limits: Limits, now: Timestamp) -> Option<Finding> {
    let Some(test) = &health.self_test else {
        limits.self_test_max_age?;
        return Some((
            CheckStatus::Warning,
            "there was no self-test yet".to_owned(),
        ));
    };
    if !test.ok {
        let text = format!("the self-test has failed: {}", test.text);
        return Some((CheckStatus::Critical, text));
    }
    let age = now.duration_since(test.at).unsigned_abs();
    (age > limits.self_test_max_age?).then(|| {
        let hours = age.as_secs() / 3_600;
        let text = format!("the last self-test was {hours} hours ago");
        (CheckStatus::Warning, text)
    })
}

/// A carrier that fails is replaced by the next; if all fail, nobody is called.
fn providers(health: &Health) -> Option<Finding> {
    let is_down = |provider: &&Provider| provider.state == "open";
    let down: Vec<_> = health.providers.iter().filter(is_down).collect();
    let names = list(down.iter().map(|provider| {
        format!("{} {}", provider.name, provider.channel)
            .trim()
            .to_owned()
    }))?;
    if down.len() == health.providers.len() {
        return Some((CheckStatus::Critical, format!("all carriers fail: {names}")));
    }
    Some((CheckStatus::Warning, format!("carriers fail: {names}")))
}

fn channels(health: &Health) -> Option<Finding> {
    let names = list(health.suspended_channels.iter().cloned())?;
    let text = format!("Mackerel has suspended the channel {names}; resume it there");
    Some((CheckStatus::Critical, text))
}

/// The core itself calls somebody for a monitor that is silent.
fn heartbeats(health: &Health) -> Option<Finding> {
    let silent = health.heartbeats.iter().filter(|heartbeat| !heartbeat.ok);
    let names = list(silent.map(|heartbeat| heartbeat.name.clone()))?;
    Some((CheckStatus::Warning, format!("nothing is heard of {names}")))
}
