//! `rinban doctor`: whether an alert would reach a phone, looked at from all sides, and what to do where it would not.
//!
//! The checks run side by side, each in bounded time. Nobody is called and nothing is changed. One file per check.

mod certificate;
mod clock;
mod configuration;
mod core;
mod disk;
mod finding;
mod monitors;
mod people;
mod providers;
mod public_url;
mod service;
mod web;

use std::{future::Future, io::Write, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::timeout};

use super::{ConfigArg, Failure};
use crate::config::{self, Config};
use finding::{Finding, Report};

/// The bound on one check.
const CHECK_TAKES: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object: {"ok", "checks": [{"check", "level", "text", "remedy"}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let path = config::locate(args.config.config.as_deref())?;
    let report = examine(&path)?;
    if args.json {
        report.write_json(out)?;
    } else {
        report.write(out)?;
    }
    match report.failures() {
        0 => Ok(()),
        1 => Err(Failure::World("1 check failed".to_owned())),
        count => Err(Failure::World(format!("{count} checks failed"))),
    }
}

/// Without a sound configuration there is nothing else to look at.
fn examine(path: &Path) -> Result<Report, Failure> {
    let config = match Config::load(path) {
        Ok(config) => Arc::new(config),
        Err(errors) => return Ok(Report::new(configuration::errors(&errors))),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::World(format!("cannot start: {error}")))?;
    let report = runtime.block_on(examine_all(config));
    // What hangs still, such as a disk, is of no use any more.
    runtime.shutdown_background();
    Ok(report)
}

async fn examine_all(config: Arc<Config>) -> Report {
    let now = Timestamp::now();
    let mut checks = Checks::default();
    checks.blocking("config", &config, move |config| {
        configuration::check(config, now)
    });
    checks.blocking("people", &config, people::check);
    checks.blocking("roster", &config, move |config| people::roster(config, now));
    checks.blocking("disk", &config, disk::check);
    checks.blocking("core", &config, core::runs);
    checks.blocking("service", &config, |_| service::check());
    checks.add("core", core::health(Arc::clone(&config)));
    checks.blocking("hand-off", &config, core::hand_off);
    checks.add("provider", providers::check(Arc::clone(&config)));
    checks.add("public URL", public_url::check(Arc::clone(&config)));
    checks.add("clock", clock::check(Arc::clone(&config)));
    checks.add("monitor", monitors::check(Arc::clone(&config)));
    Report::new(checks.all().await)
}

/// Checks under way, in the order of the report.
#[derive(Default)]
struct Checks {
    running: JoinSet<(usize, Vec<Finding>)>,
    started: usize,
}

impl Checks {
    fn add(
        &mut self,
        name: &'static str,
        check: impl Future<Output = Vec<Finding>> + Send + 'static,
    ) {
        let place = self.started;
        self.started += 1;
        self.running.spawn(async move {
            let findings = timeout(CHECK_TAKES, check).await.unwrap_or_else(|_| {
                let text = format!("no end within {} s", CHECK_TAKES.as_secs());
                vec![Finding::fail(
                    name,
                    text,
                    "see what hangs: the disk, the network or the core",
                )]
            });
            (place, findings)
        });
    }

    fn blocking(
        &mut self,
        name: &'static str,
        config: &Arc<Config>,
        check: impl FnOnce(&Config) -> Vec<Finding> + Send + 'static,
    ) {
        let config = Arc::clone(config);
        self.add(name, async move {
            let findings = tokio::task::spawn_blocking(move || check(&config)).await;
            findings.unwrap_or_else(|_| {
                vec![Finding::fail(
                    name,
                    "the check itself failed",
                    "please report this",
                )]
            })
        });
    }

    async fn all(mut self) -> Vec<Finding> {
        let mut found = Vec::new();
        while let Some(ended) = self.running.join_next().await {
            found.extend(ended.ok());
        }
        found.sort_by_key(|(place, _)| *place);
        found
            .into_iter()
            .flat_map(|(_, findings)| findings)
            .collect()
    }
}
