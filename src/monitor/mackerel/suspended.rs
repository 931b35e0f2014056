//! Mackerel suspends a channel whose webhook has failed for long, and then tells nobody of anything (Mackerel, "Channels").

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{MissedTickBehavior, interval};

use super::{Channel, Client};

/// Between two looks. A suspension lasts until a person ends it.
const EVERY: Duration = Duration::from_secs(600);

/// What is known to be suspended; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Suspended(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Suspended {
    /// The names of the channels, of all monitors.
    pub fn names(&self) -> Vec<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().flatten().cloned().collect()
    }

    /// Looks every ten minutes, for ever. What a look that failed would have shown is taken to be as before.
    pub async fn watch(self, monitor: String, client: Client, public_url: String) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match client.channels().await {
                Ok(channels) => self.put(&monitor, suspended(&channels, &public_url)),
                Err(error) => {
                    tracing::warn!(%monitor, "failed to look for suspended channels: {error}");
                }
            }
        }
    }

    fn put(&self, monitor: &str, names: Vec<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names
            .iter()
            .filter(|name| !known.get(monitor).is_some_and(|known| known.contains(name)))
        {
            tracing::error!(%monitor, "Mackerel has suspended the channel {name}: its alerts do not come");
        }
        known.insert(monitor.to_owned(), names);
    }
}

/// The webhook channels that lead to an address of ours and through which Mackerel sends nothing any more, by name.
pub fn suspended(channels: &[Channel], public_url: &str) -> Vec<String> {
    let leads_here = |url: &SecretString| {
        let url = without_password(url.expose_secret());
        let rest = url.strip_prefix(public_url);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    channels
        .iter()
        .filter(|channel| channel.suspended_at.is_some())
        .filter(|channel| channel.url.as_ref().is_some_and(leads_here))
        .map(|channel| channel.name.clone())
        .collect()
}

/// A webhook may be authenticated by a name and a password in its address.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) => {
            // These fail for addresses without a host only.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.into()
        }
        Err(_) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suspended_is_named_until_it_is_not() {
        let suspended = Suspended::default();
        assert!(suspended.names().is_empty());
        suspended.put("b", vec!["two".to_owned()]);
        suspended.put("a", vec!["one".to_owned()]);
        assert_eq!(suspended.names(), ["one", "two"]);
        suspended.put("a", vec![]);
        assert_eq!(suspended.names(), ["two"]);
    }

    #[test]
    fn only_a_channel_that_leads_here_is_ours() {
        let channel = |url: Option<&str>, at: Option<i64>| Channel {
            id: "1".to_owned(),
            name: url.unwrap_or_default().to_owned(),
            kind: "webhook".to_owned(),
            url: url.map(SecretString::from),
            events: None,
            suspended_at: at,
        };
        let channels = [
            channel(Some("https://a.example/rinban/v1/x"), Some(1)),
            channel(Some("https://user:pass@a.example/rinban/v1/z"), Some(1)),
            channel(Some("https://a.example/rinban/v1/y"), None),
            channel(Some("https://a.example/rinban2"), Some(1)),
            channel(Some("https://a.example/"), Some(1)),
            channel(None, Some(1)),
        ];
        let found = suspended(&channels, "https://a.example/rinban");
        assert_eq!(
            found,
            [
                "https://a.example/rinban/v1/x",
                "https://user:pass@a.example/rinban/v1/z"
            ]
        );
    }
}
