//! `rinban oncall`: who is called in which order.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};

use super::{ConfigArg, Failure, GroupArg, civil, moment, table};
use crate::{
    config::Config,
    roster::{MemberName, Reason, Roster},
};

/// How far ahead the next change is looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    group: GroupArg,
    /// At this time instead of now: 2026-12-29T09:00:00+09:00, or "2026-12-29 09:00" in the group's time zone
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn run(args: Args, out: &mut dyn Write) -> Result<(), Failure> {
    let config = args.config.load()?;
    for (index, (name, group)) in args.group.of(&config)?.into_iter().enumerate() {
        let roster = &group.roster;
        let at = match args.at.as_deref() {
            Some(text) => moment("--at", text, roster.zone())?,
            None => Timestamp::now(),
        };
        let now = Now::of(roster, at);
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(
            out,
            "{name} at {} ({}): {}",
            civil(at, roster.zone()),
            roster.zone_name(),
            now.reason
        )?;
        if now.order.is_empty() {
            writeln!(out, "  nobody is on call")?;
        }
        table::write(out, &rows(&config, &now.order))?;
        if let Some(until) = now.until {
            writeln!(out, "  until {}", civil(until, roster.zone()))?;
        }
    }
    Ok(())
}

/// Who is on call at an instant.
pub(super) struct Now {
    pub(super) order: Vec<MemberName>,
    pub(super) reason: Reason,
    /// The next change, if there is one within a year.
    pub(super) until: Option<Timestamp>,
}

impl Now {
    pub(super) fn of(roster: &Roster, at: Timestamp) -> Self {
        let horizon = at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let shift = roster.shifts(at, horizon).next();
        let end = shift.map(|shift| shift.end);
        Self {
            order: roster.order_at(at),
            reason: roster.reason_at(at),
            until: end.filter(|end| *end < horizon),
        }
    }

    /// The order as a sentence.
    pub(super) fn sentence(&self) -> String {
        match self.order.split_first() {
            None => "nobody is on call".to_owned(),
            Some((first, [])) => format!("{first} is on call"),
            Some((first, rest)) => {
                let rest: Vec<_> = rest.iter().map(MemberName::as_str).collect();
                format!("{first} is on call, then {}", rest.join(", "))
            }
        }
    }
}

fn rows(config: &Config, order: &[MemberName]) -> Vec<[String; 4]> {
    order
        .iter()
        .enumerate()
        .map(|(index, name)| {
            // The check has found everybody who is named in a roster.
            let member = &config.members[name];
            let channels = member.channels.iter().map(ToString::to_string);
            [
                format!("  {}.", index + 1),
                name.to_string(),
                member.number.to_string(),
                channels.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect()
}
