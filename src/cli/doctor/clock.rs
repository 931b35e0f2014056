//! The clock of this host against those of servers outside, and the time zones that count.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{finding::Finding, web};
use crate::{config::Config, provider};

const NAME: &str = "clock";

/// The header Date has whole seconds, and replies take a moment.
const OFF: SignedDuration = SignedDuration::from_secs(5);

pub(super) async fn check(config: Arc<Config>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((host, off)) = first_answer(&config).await {
        findings.push(judge(&host, off));
    }
    findings.push(zones(&config, &TimeZone::system()));
    findings
}

/// How far ahead this host's clock is of the first server that answers with a date. One that is configured anyway is asked, so
/// that nobody else hears of us; a core on this host has this host's clock.
async fn first_answer(config: &Config) -> Option<(String, SignedDuration)> {
    let providers = config
        .providers
        .iter()
        .filter_map(|provider| provider.kind.base_url().map(str::to_owned));
    let monitors = config.monitors.iter().map(|monitor| monitor.url.clone());
    for url in providers.chain(monitors) {
        let Ok(client) = provider::client_for(&url) else {
            continue;
        };
        let asked = Timestamp::now();
        let Ok(reply) = web::send(client.head(&url)).await else {
            continue;
        };
        if let Some(date) = reply.date {
            // Somewhere between question and answer, and within the second that the date names.
            let middle = asked + Timestamp::now().duration_since(asked) / 2;
            let date = date + SignedDuration::from_millis(500);
            return Some((url, middle.duration_since(date)));
        }
    }
    None
}

fn judge(host: &str, off: SignedDuration) -> Finding {
    let secs = off.as_secs_f64();
    if off.abs() <= OFF {
        return Finding::ok(NAME, format!("agrees with {host}"));
    }
    let (by, way) = (secs.abs(), if secs > 0.0 { "ahead of" } else { "behind" });
    Finding::warn(
        NAME,
        format!("this host is {by:.0} s {way} {host}"),
        "let the clock be set by NTP (timedatectl set-ntp true); rosters and signatures go by it",
    )
}

/// Rosters go by the zones of their groups, whatever this host's is; logs do not.
fn zones(config: &Config, system: &TimeZone) -> Finding {
    let zones: BTreeSet<_> = config
        .groups
        .values()
        .map(|group| group.roster.zone_name())
        .collect();
    let zones: Vec<_> = zones.into_iter().collect();
    let system = system
        .iana_name()
        .map_or_else(|| "another zone".to_owned(), str::to_owned);
    let text = if zones == [system.as_str()] {
        format!("groups and this host are in {system}")
    } else {
        format!(
            "groups hand over by {}; this host is in {system}",
            zones.join(", ")
        )
    };
    Finding::ok(NAME, text)
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn a_clock_that_is_off_by_more_than_five_seconds_is_told() {
        for (millis, level, words) in [
            (0, Level::Ok, "agrees"),
            (5_000, Level::Ok, "agrees"),
            (-5_000, Level::Ok, "agrees"),
            (5_001, Level::Warn, "5 s ahead of"),
            (-90_000, Level::Warn, "90 s behind"),
        ] {
            let finding = judge("https://a.example", SignedDuration::from_millis(millis));
            assert_eq!(finding.level, level);
            assert!(finding.text.contains(words), "{finding:?}");
        }
    }
}
