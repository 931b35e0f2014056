//! `rinban check`: all mistakes of the configuration at once, or who is on call now.

use std::io::Write;

use jiff::Timestamp;

use super::{ConfigArg, Failure, civil, oncall::Now, warn};
use crate::config::{self, Config};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: Args, out: &mut dyn Write) -> Result<(), Failure> {
    let config = args.config.load()?;
    let now = Timestamp::now();
    writeln!(
        out,
        "{} is sound: {}",
        config.path.display(),
        counts(&config)
    )?;
    for (name, group) in &config.groups {
        let now = Now::of(&group.roster, now);
        let zone = group.roster.zone();
        let until = now.until.map_or_else(String::new, |until| {
            format!(", until {}", civil(until, zone))
        });
        writeln!(out, "{name}: {} ({}{until})", now.sentence(), now.reason)?;
    }
    warn(config::warnings(&config, now));
    Ok(())
}

fn counts(config: &Config) -> String {
    let count = |count: usize, thing: &str| match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    };
    [
        count(config.members.len(), "member"),
        count(config.groups.len(), "group"),
        count(config.providers.len(), "provider"),
        count(config.receivers.len(), "notice"),
    ]
    .join(", ")
}
