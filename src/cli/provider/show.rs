//! The list as people read it: a table, and below each provider what needs more words.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::{
    cli::table,
    dispatch::{
        breaker::{Gate, State},
        limiter::Rate,
        standing::{Overview, Standing},
    },
};

pub(super) fn standing(overview: &Overview, out: &mut dyn Write) -> io::Result<()> {
    let head = [
        "PROVIDER", "CHANNEL", "HEALTH", "BREAKER", "WEIGHT", "ARRIVED", "RATE", "WAITING",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(overview.providers.iter().map(row));
    table::write(out, &rows)?;
    for line in overview
        .providers
        .iter()
        .flat_map(|line| notes(line, overview.at))
    {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

pub(super) fn history(overview: &Overview, out: &mut dyn Write) -> io::Result<()> {
    if overview.history.is_empty() {
        return writeln!(out, "nothing was changed yet");
    }
    let rows = overview.history.iter().map(|recorded| {
        let changed = &recorded.changed;
        let weights = changed
            .weights
            .iter()
            .map(|(name, weight)| format!("{name}={weight}"));
        [
            instant(changed.at),
            recorded.channel.to_string(),
            weights.collect::<Vec<_>>().join(" "),
            changed.by.clone(),
            changed.why.clone(),
        ]
    });
    let head = ["AT", "CHANNEL", "WEIGHTS", "BY", "WHY"].map(str::to_owned);
    writeln!(out)?;
    table::write(out, &std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn row(line: &Standing) -> [String; 8] {
    let breaker = match (&line.forced, &line.breaker) {
        (Some(forced), _) if forced.open => "forced open",
        (Some(_), _) => "forced closed",
        (None, State::Closed { .. }) => "closed",
        (None, State::Open { .. }) => "open",
        (None, State::HalfOpen { .. }) => "half open",
    };
    let health = match line.gate {
        Gate::Well => "well",
        Gate::Recovering => "recovering",
        Gate::Trial => "on trial",
        Gate::Sick => "sick",
        Gate::Forbidden => "switched off",
    };
    let arrived = line.delivered.map_or("unknown".to_owned(), |delivered| {
        format!("{} of {}", delivered.delivered, delivered.of)
    });
    [
        line.provider.to_string(),
        line.channel.to_string(),
        health.to_owned(),
        breaker.to_owned(),
        weight(line),
        arrived,
        rate(line.rate),
        line.waiting.to_string(),
    ]
}

/// The weight, and where it differs what was set and configured.
fn weight(line: &Standing) -> String {
    let mut text = line.weight.to_string();
    let mut differs = Vec::new();
    if line.weight_set != line.weight {
        differs.push(format!("set {}", line.weight_set));
    }
    if line.weight_configured != line.weight_set {
        differs.push(format!("configured {}", line.weight_configured));
    }
    if !differs.is_empty() {
        text.push_str(&format!(" ({})", differs.join(", ")));
    }
    text
}

fn rate(rate: Rate) -> String {
    if rate == Rate::AT_WILL {
        return "at will".to_owned();
    }
    let millis = rate.every_millis.max(1);
    match millis {
        ..=1_000 => format!("{}/s", 1_000 / millis),
        _ => format!("1 in {} s", f64::from(millis) / 1_000.0),
    }
}

fn notes(line: &Standing, now: Timestamp) -> Vec<String> {
    let name = format!("{} ({})", line.provider, line.channel);
    let mut notes = Vec::new();
    if let Some(forced) = &line.forced {
        let (what, by, why) = (
            if forced.open { "open" } else { "closed" },
            &forced.by,
            &forced.why,
        );
        let at = instant(forced.at);
        notes.push(format!("{name}: forced {what} by {by} at {at}: {why}"));
    }
    match &line.breaker {
        State::Open {
            since,
            until,
            reason,
        } => notes.push(format!(
            "{name}: open since {}: {reason}; probed at {}",
            instant(*since),
            instant(*until)
        )),
        State::HalfOpen { successes, .. } => {
            notes.push(format!("{name}: being probed, {successes} of 2 succeeded"));
        }
        State::Closed { since: Some(since) } if line.gate == Gate::Recovering => {
            notes.push(format!(
                "{name}: well since {}; others come first for 10 minutes",
                instant(*since)
            ));
        }
        State::Closed { .. } => {}
    }
    if let Some(until) = line.held_until {
        let until = instant(until);
        notes.push(format!(
            "{name}: held back until {until}, since too little of what it accepted arrived"
        ));
    }
    if line.waiting > 0 && line.busy_until > now {
        let until = instant(line.busy_until);
        notes.push(format!("{name}: at its rate until {until}"));
    }
    if let Some(left) = &line.left {
        notes.push(format!("{name}: {left} (as of {})", instant(left.at)));
    }
    for last in &line.faults {
        notes.push(format!(
            "{name}: fault at {}: {}",
            instant(last.at),
            last.fault
        ));
    }
    notes
}

/// To the second, in UTC as in the log.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dispatch::{
            Dispatch, Kept, Offer,
            breaker::Report,
            command::{Command, Order},
        },
        escalation::{Fault, FaultClass},
        roster::Channel,
    };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).expect("in range")
    }

    fn dispatch() -> Dispatch {
        let offers =
            [("main", 100, 1_000), ("spare", 0, 2_500)].map(|(name, weight, every_millis)| Offer {
                provider: name.into(),
                channel: Channel::Voice,
                weight,
                rate: Rate {
                    every_millis,
                    burst: 1,
                },
            });
        Dispatch::new(&offers, Kept::default())
    }

    fn shown(dispatch: &Dispatch, now: Timestamp) -> String {
        let mut out = Vec::new();
        standing(&dispatch.overview(now), &mut out).expect("memory");
        history(&dispatch.overview(now), &mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn without_trouble_the_table_is_all() {
        let expected = "\
PROVIDER  CHANNEL  HEALTH  BREAKER  WEIGHT  ARRIVED  RATE        WAITING
main      voice    well    closed   100     unknown  1/s         0
spare     voice    well    closed   0       unknown  1 in 2.5 s  0
nothing was changed yet
";
        assert_eq!(shown(&dispatch(), at(0)), expected);
    }

    #[test]
    fn trouble_and_what_was_set_by_hand_come_with_who_when_and_why() {
        let mut dispatch = dispatch();
        let main = ("main".into(), Channel::Voice);
        for second in 0..2 {
            let fault = Fault {
                class: FaultClass::Provider,
                code: None,
                text: "HTTP status 503".to_owned(),
            };
            dispatch.failed(at(second), (&main.0, main.1), &fault);
            dispatch.report(at(second), (&main.0, main.1), Report::Fault, 0.5);
        }
        for order in [
            Order::ForceClosed("spare".into()),
            Order::Ratio(vec![("spare".into(), 40)]),
        ] {
            let command = Command {
                order,
                channel: None,
                by: "aya".to_owned(),
                why: "a trial".to_owned(),
            };
            dispatch.command(at(5), &command).expect("a good command");
        }
        let expected = "\
PROVIDER  CHANNEL  HEALTH  BREAKER        WEIGHT               ARRIVED  RATE        WAITING
main      voice    sick    open           100                  unknown  1/s         0
spare     voice    well    forced closed  40 (configured 0)    unknown  1 in 2.5 s  0
main (voice): open since 2027-01-15T08:00:01Z: two requests in a row failed; probed at 2027-01-15T08:00:31Z
main (voice): fault at 2027-01-15T08:00:00Z: HTTP status 503 (the provider's fault)
main (voice): fault at 2027-01-15T08:00:01Z: HTTP status 503 (the provider's fault)
spare (voice): forced closed by aya at 2027-01-15T08:00:05Z: a trial

AT                    CHANNEL  WEIGHTS            BY   WHY
2027-01-15T08:00:05Z  voice    main=100 spare=0   aya  spare is forced closed: a trial
2027-01-15T08:00:05Z  voice    main=100 spare=40  aya  a trial
";
        // The widths of the table are tried where it is made.
        let words = |text: &str| -> Vec<String> {
            let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            text.lines().map(line).collect()
        };
        assert_eq!(words(&shown(&dispatch, at(6))), words(expected));
    }
}
