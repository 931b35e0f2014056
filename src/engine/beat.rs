//! The heartbeat out: an address that is asked for once a minute, only while all is well. Whoever waits there for it
//! (a service for cron jobs, another monitor) tells people when rinban itself has gone quiet.
//!
//! All is well when the loop turns, the store commits, and nothing has waited in the spool for a minute: then an alert
//! would be taken, and somebody called.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Engine;

/// Between two beats.
pub const EVERY: Duration = Duration::from_secs(60);

/// How long each part of the look, and the request, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an event may wait in the spool.
const WAITS: Duration = Duration::from_secs(60);

/// The name of the mark that shows that the store commits.
const MARK: &str = "heartbeat_out";

/// Why there is no beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwell {
    /// The loop does not turn.
    #[error("the core's loop does not answer")]
    Stuck,
    /// The store does not commit.
    #[error("the store commits nothing")]
    Unstored,
    /// Events wait.
    #[error("an event has waited in the spool for {} s", .0.as_secs())]
    Spooled(Duration),
}

/// Beats for ever.
#[derive(Debug)]
pub struct Beat {
    /// Where to; a secret, since whoever knows it can beat for us.
    pub url: SecretString,
    /// By what.
    pub client: Client,
    /// Whose loop and store are looked at.
    pub engine: Engine,
    /// The spool.
    pub spool: PathBuf,
    /// Between two beats: [`EVERY`].
    pub every: Duration,
}

impl Beat {
    /// Beats until it is dropped.
    pub async fn run(self) {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.look().await {
                Ok(()) => self.send().await,
                Err(unwell) => tracing::error!("no heartbeat goes out: {unwell}"),
            }
        }
    }

    /// Whether all is well.
    async fn look(&self) -> Result<(), Unwell> {
        let load = timeout(PATIENCE, self.engine.load()).await;
        load.ok().flatten().ok_or(Unwell::Stuck)?;
        let mark = (MARK.to_owned(), self.engine.now().to_string());
        let kept = timeout(PATIENCE, self.engine.keep(vec![mark])).await;
        kept.ok().and_then(Result::ok).ok_or(Unwell::Unstored)?;
        let new = self.spool.join("new");
        let oldest = tokio::task::spawn_blocking(move || oldest(&new, SystemTime::now())).await;
        match oldest.ok().flatten() {
            Some(age) if age >= WAITS => Err(Unwell::Spooled(age)),
            _ => Ok(()),
        }
    }

    /// A beat that fails is missed there, which is what it is for; it is not repeated. The error's text could name the
    /// address, so it is left out.
    async fn send(&self) {
        let url = self.url.expose_secret();
        match self.client.get(url).timeout(PATIENCE).send().await {
            Ok(reply) if reply.status().is_success() => {}
            Ok(reply) => {
                let status = reply.status().as_u16();
                tracing::warn!(
                    status,
                    "the heartbeat was refused; check server.heartbeat_url"
                );
            }
            Err(error) => {
                let why = if error.is_timeout() {
                    "no answer in time"
                } else {
                    "no connection"
                };
                tracing::warn!("the heartbeat could not be sent: {why}");
            }
        }
    }
}

/// How long the oldest of the files has waited.
fn oldest(new: &Path, now: SystemTime) -> Option<Duration> {
    let files = fs::read_dir(new).ok()?.flatten();
    let ages = files.filter_map(|file| {
        let modified = file.metadata().ok()?.modified().ok()?;
        now.duration_since(modified).ok()
    });
    ages.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_file_counts() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = SystemTime::now();
        assert_eq!(oldest(&dir.path().join("none"), now), None);
        assert_eq!(oldest(dir.path(), now), None);
        for (name, age) in [("a", 5), ("b", 90), ("c", 0)] {
            let file = fs::File::create(dir.path().join(name)).expect("writes");
            let then = now - Duration::from_secs(age);
            file.set_modified(then).expect("sets its time");
        }
        assert_eq!(oldest(dir.path(), now), Some(Duration::from_secs(90)));
    }
}
