//! `rinban plan`: the shifts to come.

use std::io::Write;

use jiff::Timestamp;

use super::{ConfigArg, Failure, GroupArg, civil, moment, table, warn};
use crate::{
    config::{self, Group},
    roster::{MemberName, Roster, Shift},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    group: GroupArg,
    /// How many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// From this date on, such as 2026-12-01, in the group's time zone [default: today]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
}

pub(super) fn run(args: Args, out: &mut dyn Write) -> Result<(), Failure> {
    let config = args.config.load()?;
    let mut warnings = Vec::new();
    for (index, (name, group)) in args.group.of(&config)?.into_iter().enumerate() {
        let roster = &group.roster;
        let from = match args.from.as_deref() {
            Some(text) => moment("--from", text, roster.zone())?,
            None => today(roster),
        };
        let until = later(roster, from, args.days);
        let shifts: Vec<_> = roster.shifts(from, until).collect();
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{name} ({})", roster.zone_name())?;
        table::write(out, &rows(group, &shifts))?;
        let gaps = shifts.iter().filter(|shift| shift.order.is_empty());
        warnings.extend(gaps.map(|shift| config::gap(name, group, shift)));
        warnings.extend(config::beyond_holidays(name, group, until));
    }
    warn(warnings);
    Ok(())
}

/// The beginning of the day in the roster's zone.
fn today(roster: &Roster) -> Timestamp {
    let now = Timestamp::now();
    let today = now.to_zoned(roster.zone().clone()).start_of_day();
    today.map_or(now, |today| today.timestamp())
}

/// Days later at the same civil time.
fn later(roster: &Roster, from: Timestamp, days: u16) -> Timestamp {
    let zoned = from.to_zoned(roster.zone().clone());
    let later = zoned.checked_add(jiff::Span::new().days(i64::from(days)));
    later.map_or(Timestamp::MAX, |later| later.timestamp())
}

fn rows(group: &Group, shifts: &[Shift]) -> Vec<[String; 5]> {
    let zone = group.roster.zone();
    let head = ["from", "until", "first", "then", "why"].map(str::to_owned);
    let shifts = shifts.iter().map(|shift| {
        let (first, rest) = match shift.order.split_first() {
            Some((first, rest)) => (first.as_str(), rest),
            None => ("(nobody)", &[][..]),
        };
        let rest: Vec<_> = rest.iter().map(MemberName::as_str).collect();
        [
            civil(shift.start, zone),
            civil(shift.end, zone),
            first.to_owned(),
            rest.join(", "),
            shift.reason.to_string(),
        ]
    });
    std::iter::once(head).chain(shifts).collect()
}
