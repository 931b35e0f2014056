//! The core: whether it runs, as whom and in which version, how it says it does, and whether an event reaches it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    disk::user,
    finding::{Finding, Level},
    web,
};
use crate::{
    alert::{Event, EventKind, SELF_TEST, Severity},
    cli::own_address,
    config::Config,
    handoff::{Spool, core_lock},
    provider,
};

const NAME: &str = "core";
const HAND_OFF: &str = "hand-off";

/// How long a core may take over an event; it takes milliseconds.
const TAKES: Duration = Duration::from_secs(5);

/// How old the last test call may be.
const TEST_DAYS: i64 = 35;

/// Whether a core runs on this host, and which process it is.
pub(super) fn runs(config: &Config) -> Vec<Finding> {
    let finding = match core_lock::is_core_ready(&config.state_dir) {
        Ok(true) => Finding::ok(
            NAME,
            format!("runs on this host{}", process(&config.state_dir)),
        ),
        Ok(false) if !config.handoff.cores.is_empty() => {
            Finding::ok(NAME, "none runs on this host; events go to other hosts")
        }
        Ok(false) if config.handoff.start_core => Finding::warn(
            NAME,
            "none runs on this host; the next event starts one",
            "start the rinban service, so that open alerts, heartbeats and webhooks are seen to meanwhile",
        ),
        Ok(false) => Finding::fail(
            NAME,
            format!("none runs on {}", config.state_dir.display()),
            "start the rinban service",
        ),
        Err(error) => Finding::told(NAME, Level::Fail, &error.to_string()),
    };
    vec![finding]
}

/// The process that the lock names, and whose it is.
fn process(state_dir: &Path) -> String {
    let pid = fs::read_to_string(state_dir.join("core.lock")).unwrap_or_default();
    let pid = pid.trim();
    match fs::metadata(format!("/proc/{pid}")) {
        Ok(process) if !pid.is_empty() => format!(", process {pid} of {}", user(process.uid())),
        _ => String::new(),
    }
}

/// What the core says of itself. What an older one does not say is taken to be well.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Health {
    version: String,
    spool_pending: u64,
    outbox_pending: u64,
    open_escalations: u64,
    self_test: Option<Test>,
    heartbeats: Vec<Heartbeat>,
    suspended_channels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Test {
    at: Timestamp,
    ok: bool,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Heartbeat {
    name: String,
    ok: bool,
    last: Option<Timestamp>,
}

/// Asks the core of this host, and those of other hosts that events go to.
pub(super) async fn health(config: Arc<Config>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if core_lock::is_core_ready(&config.state_dir).unwrap_or(false) {
        let address = own_address(&config);
        match ask(&format!("http://{address}")).await {
            Ok(health) => findings.extend(judge(&health, Timestamp::now())),
            Err(why) => findings.push(Finding::fail(
                NAME,
                format!("does not answer at {address}: {why}"),
                "check that `server.listen` is what it was started with; restart the rinban service",
            )),
        }
    }
    for core in &config.handoff.cores {
        findings.push(match ask(&core.url).await {
            Ok(health) => Finding::ok(
                NAME,
                format!("{} answers, version {}", core.url, health.version),
            ),
            Err(why) => Finding::fail(
                NAME,
                format!("{} does not answer: {why}", core.url),
                "see to the core there, or take it out of [handoff] cores",
            ),
        });
    }
    findings
}

async fn ask(base: &str) -> Result<Health, String> {
    let client = provider::client_for(base).map_err(|error| error.to_string())?;
    let reply = web::get(&client, &format!("{base}/health")).await?;
    if reply.status != 200 {
        return Err(format!("HTTP status {}", reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|_| "the answer is not that of a core".to_owned())
}

fn judge(health: &Health, now: Timestamp) -> Vec<Finding> {
    let ours = env!("CARGO_PKG_VERSION");
    let mut findings = vec![if health.version == ours {
        Finding::ok(
            NAME,
            format!(
                "version {ours}, {} open escalations",
                health.open_escalations
            ),
        )
    } else {
        let text = format!("is version {}, and this program is {ours}", health.version);
        Finding::warn(
            NAME,
            text,
            "restart the rinban service, so that the new version runs",
        )
    }];
    for (count, what) in [
        (health.spool_pending, "events wait in the spool"),
        (health.outbox_pending, "notices wait"),
    ] {
        if count > 100 {
            findings.push(Finding::warn(
                NAME,
                format!("{count} {what}"),
                "see the core's log for why",
            ));
        }
    }
    for heartbeat in health.heartbeats.iter().filter(|heartbeat| !heartbeat.ok) {
        let last = heartbeat
            .last
            .map_or("never heard".to_owned(), |at| format!("last heard {at:.0}"));
        let text = format!("heartbeat {}: {last}", heartbeat.name);
        findings.push(Finding::fail(
            NAME,
            text,
            "see whether that monitor runs, and reaches rinban",
        ));
    }
    for channel in &health.suspended_channels {
        findings.push(suspended(channel));
    }
    findings.push(last_test(health.self_test.as_ref(), now));
    findings
}

/// A channel through which Mackerel does not tell us of anything.
pub(super) fn suspended(channel: &str) -> Finding {
    Finding::fail(
        NAME,
        format!("Mackerel has suspended the channel {channel}, so its alerts do not come"),
        "see that public_url is reached from outside, then switch the channel on again in Mackerel's settings",
    )
}

fn last_test(test: Option<&Test>, now: Timestamp) -> Finding {
    const REMEDY: &str = "run `rinban test-call GROUP`, or `rinban test-call --member NAME`";
    let Some(Test { at, ok, text }) = test else {
        return Finding::warn(NAME, "there was no test call yet", REMEDY);
    };
    let days = now.duration_since(*at).as_hours() / 24;
    let told = format!("the last test call, {days} days ago: {text}");
    if *ok && days <= TEST_DAYS {
        Finding::ok(NAME, told)
    } else {
        Finding::warn(NAME, told, REMEDY)
    }
}

/// Hands an event over that makes no alert, and sees it taken: an update of an alert that is not open opens none.
pub(super) fn hand_off(config: &Config) -> Vec<Finding> {
    if !core_lock::is_core_ready(&config.state_dir).unwrap_or(false) {
        return Vec::new();
    }
    let now = Timestamp::now();
    let event = probe(config, now);
    let spool = Spool::new(&config.handoff.spool);
    let begun = Instant::now();
    let written = serde_json::to_vec(&event)
        .map_err(|error| error.to_string())
        .and_then(|json| {
            spool
                .write(&event.id, &json)
                .map_err(|error| error.to_string())
        });
    if let Err(error) = written {
        return vec![Finding::told(HAND_OFF, Level::Fail, &error)];
    }
    while begun.elapsed() < TAKES {
        if !spool.holds(&event.id) {
            let took = begun.elapsed().as_secs_f64() * 1e3;
            return vec![Finding::ok(
                HAND_OFF,
                format!("an event without effect was on disk and taken after {took:.0} ms"),
            )];
        }
        thread::sleep(Duration::from_millis(2));
    }
    vec![Finding::fail(
        HAND_OFF,
        format!(
            "the core has not taken an event from {} within {} s",
            config.handoff.spool.display(),
            TAKES.as_secs()
        ),
        "see the core's log; its user must be able to read what this one writes there",
    )]
}

fn probe(config: &Config, now: Timestamp) -> Event {
    let name = format!("doctor:{now}");
    Event {
        id: name.as_str().into(),
        source: SELF_TEST.into(),
        dedup_key: name.as_str().into(),
        group: config.default_group.clone(),
        kind: EventKind::Update,
        acknowledged_by: None,
        reason: None,
        severity: Severity::Info,
        title: "rinban doctor".to_owned(),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: BTreeMap::new(),
        received_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[(Level, &str)]) {
        let health: Health = serde_json::from_str(json).expect("a health");
        let now = "2026-11-22T00:00:00Z".parse().expect("a timestamp");
        let findings = judge(&health, now);
        let seen: Vec<_> = findings
            .iter()
            .map(|finding| (finding.level, finding.text.as_str()))
            .collect();
        assert_eq!(seen.len(), expected.len(), "{seen:?}");
        for ((level, text), (expected_level, words)) in seen.into_iter().zip(expected) {
            assert_eq!(level, *expected_level, "{text}");
            assert!(text.contains(words), "{text}: {words}");
        }
    }

    #[test]
    fn what_the_core_says_of_itself_is_judged() {
        let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
        let test = r#""self_test":{"at":"2026-11-20T00:00:00Z","ok":true,"text":"aya took it"}"#;
        check(
            &format!("{{{version},{test}}}"),
            &[
                (Level::Ok, "version"),
                (Level::Ok, "2 days ago: aya took it"),
            ],
        );
        check(
            r#"{"version":"0.0.1"}"#,
            &[
                (Level::Warn, "is version 0.0.1"),
                (Level::Warn, "no test call yet"),
            ],
        );
        check(
            &format!(
                r#"{{{version},"spool_pending":500,"suspended_channels":["rinban"],
                    "heartbeats":[{{"name":"a","ok":true,"last":null}},{{"name":"b","ok":false,"last":null}}],
                    "self_test":{{"at":"2026-01-20T00:00:00Z","ok":true,"text":"aya took it"}}}}"#
            ),
            &[
                (Level::Ok, "version"),
                (Level::Warn, "500 events wait"),
                (Level::Fail, "heartbeat b: never heard"),
                (Level::Fail, "suspended the channel rinban"),
                (Level::Warn, "306 days ago"),
            ],
        );
        let failed = test.replace("true", "false");
        check(
            &format!("{{{version},{failed}}}"),
            &[(Level::Ok, "version"), (Level::Warn, "aya took it")],
        );
    }
}
