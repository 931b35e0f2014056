//! What an operator says to do with the providers. Pure; each command says who gives it and why, and both are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Dispatch,
    breaker::{Forced, Gate, Report},
    ratio::WrongRatio,
};
use crate::{
    escalation::{Fault, ProviderName},
    roster::Channel,
};

/// The longest name of whoever commands, and the longest reason, in characters.
const BY_LIMIT: usize = 100;
const WHY_LIMIT: usize = 500;

/// The greatest weight, as in the configuration: sums stay far from any limit.
pub const WEIGHT_MOST: u32 = 1_000;

/// An order, who gives it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub order: Order,
    /// On which channel; on all if none is named. Weights without a channel are those of voice.
    pub channel: Option<Channel>,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing goes through this provider until further notice.
    ForceOpen(ProviderName),
    /// Everything goes through it, however sick it seems.
    ForceClosed(ProviderName),
    /// Its breaker decides by itself again.
    Auto(ProviderName),
    /// Weights from now on. Whoever is not named keeps its own, and nobody is held back any more.
    Ratio(Vec<(ProviderName, u32)>),
}

/// Why a command is refused. It has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongCommand {
    /// Not configured, or not on this channel.
    #[error("no provider is named {0}{on}; `rinban provider` lists them", on = on(*.1))]
    Unknown(ProviderName, Option<Channel>),
    /// The weights make no sense.
    #[error(transparent)]
    Ratio(#[from] WrongRatio),
    /// A weight beyond the limit.
    #[error(
        "the weight {0} is more than {WEIGHT_MOST}; weights are parts of their sum, such as 70 and 30"
    )]
    Weight(u32),
    /// No weight at all.
    #[error("no weight is given; name providers with theirs, such as NAME=70")]
    NoWeight,
    /// A lasting change without a reason.
    #[error("a reason is missing; say why, whoever is on call next will want to know")]
    NoReason,
    /// Nobody gives the command.
    #[error("it is not said who gives the command; name yourself")]
    Nobody,
    /// A text that does not fit on a line.
    #[error(
        "{0} is longer than {1} characters or holds control characters; write one shorter line"
    )]
    Text(&'static str, usize),
}

/// What a command has brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What was done, one line for each provider or change.
    pub done: Vec<String>,
    /// What to mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What a probe has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it says of the provider.
    pub report: Report,
    /// How long it took, in milliseconds.
    pub took_millis: u64,
    /// What was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl Command {
    /// Whether it says who and why, in bounds.
    pub fn check(&self) -> Result<(), WrongCommand> {
        let lasts = !matches!(self.order, Order::Auto(_));
        if self.by.trim().is_empty() {
            return Err(WrongCommand::Nobody);
        }
        if lasts && self.why.trim().is_empty() {
            return Err(WrongCommand::NoReason);
        }
        line("the name of who commands", &self.by, BY_LIMIT)?;
        line("the reason", &self.why, WHY_LIMIT)
    }
}

impl Dispatch {
    /// Does what an operator says, and keeps who and why.
    pub fn command(&mut self, now: Timestamp, command: &Command) -> Result<Done, WrongCommand> {
        command.check()?;
        let forced = |open| Forced {
            open,
            by: command.by.clone(),
            why: command.why.clone(),
            at: now,
        };
        let done = match &command.order {
            Order::ForceOpen(name) => {
                self.switch(now, command, name, Some(&forced(true)), "forced open")?
            }
            Order::ForceClosed(name) => {
                self.switch(now, command, name, Some(&forced(false)), "forced closed")?
            }
            Order::Auto(name) => self.switch(now, command, name, None, "left to itself again")?,
            Order::Ratio(weights) => vec![self.weigh(now, command, weights)?],
        };
        Ok(Done {
            done,
            warning: self.nobody_left(now),
        })
    }

    /// Whether there is such a provider.
    pub fn knows(&self, provider: &ProviderName, channel: Option<Channel>) -> bool {
        self.channels_of(provider, channel).next().is_some()
    }

    fn switch(
        &mut self,
        now: Timestamp,
        command: &Command,
        name: &ProviderName,
        forced: Option<&Forced>,
        what: &str,
    ) -> Result<Vec<String>, WrongCommand> {
        let channels: Vec<Channel> = self.channels_of(name, command.channel).collect();
        if !self.force(name, command.channel, forced) {
            return Err(WrongCommand::Unknown(name.clone(), command.channel));
        }
        let because = because(&command.why);
        for channel in &channels {
            let why = format!("{name} is {what}{because}");
            self.ratio_mut(*channel).remark(now, &command.by, why);
        }
        let by = &command.by;
        Ok(channels
            .iter()
            .map(|channel| format!("{name} ({channel}): {what} by {by}{because}"))
            .collect())
    }

    fn weigh(
        &mut self,
        now: Timestamp,
        command: &Command,
        weights: &[(ProviderName, u32)],
    ) -> Result<String, WrongCommand> {
        if weights.is_empty() {
            return Err(WrongCommand::NoWeight);
        }
        if let Some((_, weight)) = weights.iter().find(|(_, weight)| *weight > WEIGHT_MOST) {
            return Err(WrongCommand::Weight(*weight));
        }
        let channel = command.channel.unwrap_or(Channel::Voice);
        self.set_ratio(now, channel, (&command.by, &command.why), weights)?;
        let now: Vec<_> = self.ratio(channel).weights();
        let now: Vec<_> = now
            .iter()
            .map(|(name, weight)| format!("{name}={weight}"))
            .collect();
        let because = because(&command.why);
        Ok(format!(
            "{channel}: {} by {}{because}",
            now.join(" "),
            command.by
        ))
    }

    /// The channels of a provider; of these only `channel`, if one is named.
    pub fn channels_of(
        &self,
        provider: &ProviderName,
        channel: Option<Channel>,
    ) -> impl Iterator<Item = Channel> {
        self.lines
            .iter()
            .filter(move |line| {
                line.provider == *provider && channel.is_none_or(|channel| line.channel == channel)
            })
            .map(|line| line.channel)
    }

    /// A warning if an operator has forbidden every provider of a channel: then nobody is called at all.
    fn nobody_left(&self, now: Timestamp) -> Option<String> {
        let stopped = |channel: &Channel| {
            let mut lines = self
                .lines
                .iter()
                .filter(|line| line.channel == *channel)
                .peekable();
            lines.peek().is_some() && lines.all(|line| line.breaker.gate(now) == Gate::Forbidden)
        };
        let channel = [Channel::Voice, Channel::Sms].into_iter().find(stopped)?;
        Some(format!(
            "every provider of {channel} is forced open now, so nobody is reached by {channel}; \
             `rinban provider auto NAME` lets one carry again"
        ))
    }
}

fn on(channel: Option<Channel>) -> String {
    channel.map_or_else(String::new, |channel| format!(" on {channel}"))
}

fn because(why: &str) -> String {
    match why.trim() {
        "" => String::new(),
        why => format!(": {why}"),
    }
}

fn line(what: &'static str, text: &str, limit: usize) -> Result<(), WrongCommand> {
    if text.chars().count() > limit || text.chars().any(char::is_control) {
        return Err(WrongCommand::Text(what, limit));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{
        Ask, Kept, Offer, Pick,
        breaker::{Report, State},
        limiter::{Class, Rate},
    };
    use crate::escalation::{AttemptId, EscalationId, Fault, FaultClass};

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(secs)
    }

    fn offers() -> Vec<Offer> {
        [("main", 100), ("spare", 0)]
            .map(|(name, weight)| Offer {
                provider: name.into(),
                channel: Channel::Voice,
                weight,
                rate: Rate::AT_WILL,
            })
            .to_vec()
    }

    fn dispatch() -> Dispatch {
        Dispatch::new(&offers(), Kept::default())
    }

    fn command(order: Order) -> Command {
        Command {
            order,
            channel: None,
            by: "aya".to_owned(),
            why: "the carrier maintains".to_owned(),
        }
    }

    fn picked(dispatch: &mut Dispatch, now: i64) -> Pick {
        let ask = Ask {
            attempt: AttemptId {
                escalation: EscalationId(1),
                number: 1,
            },
            channel: Channel::Voice,
            tried: &[],
            class: Class::First,
        };
        dispatch.pick(at(now), ask)
    }

    fn again(dispatch: &Dispatch) -> Dispatch {
        let json = serde_json::to_string(&dispatch.kept()).expect("JSON");
        let kept = serde_json::from_str(&json).expect("read back");
        Dispatch::new(&offers(), kept)
    }

    #[test]
    fn what_an_operator_sets_decides_lasts_and_says_who_and_why() {
        let mut dispatch = dispatch();
        let done = dispatch
            .command(at(1), &command(Order::ForceOpen("main".into())))
            .expect("a good command");
        let told = "main (voice): forced open by aya: the carrier maintains";
        assert_eq!((done.done, done.warning), (vec![told.to_owned()], None));
        let mut dispatch = again(&dispatch);
        dispatch.restarted(at(2));
        assert_eq!(picked(&mut dispatch, 2), Pick::Through("spare".into()));
        let main = &dispatch.standing(at(2))[0];
        let forced = main.forced.as_ref().expect("it is forced");
        assert_eq!(
            (
                forced.open,
                forced.by.as_str(),
                forced.why.as_str(),
                forced.at
            ),
            (true, "aya", "the carrier maintains", at(1))
        );
        assert_eq!(main.gate, Gate::Forbidden);
        let auto = command(Order::Auto("main".into()));
        dispatch.command(at(3), &auto).expect("a good command");
        assert_eq!(picked(&mut dispatch, 4), Pick::Through("main".into()));
        let history = again(&dispatch).history();
        let history: Vec<_> = history
            .iter()
            .map(|recorded| (recorded.changed.at, recorded.changed.why.as_str()))
            .collect();
        assert_eq!(
            history,
            [
                (at(1), "main is forced open: the carrier maintains"),
                (at(3), "main is left to itself again: the carrier maintains")
            ]
        );
    }

    #[test]
    fn weights_are_shown_as_they_are_as_set_and_as_configured() {
        let mut dispatch = dispatch();
        let weights = vec![("main".into(), 0), ("spare".into(), 40)];
        dispatch
            .command(at(1), &command(Order::Ratio(weights)))
            .expect("good weights");
        let weights: Vec<_> = again(&dispatch)
            .standing(at(2))
            .iter()
            .map(|line| (line.weight, line.weight_set, line.weight_configured))
            .collect();
        assert_eq!(weights, [(0, 0, 100), (40, 40, 0)]);
    }

    #[test]
    fn faults_and_the_breaker_are_shown_with_reason_and_instants() {
        let mut dispatch = dispatch();
        let main = ("main".into(), Channel::Voice);
        for second in 1..=7 {
            let fault = Fault {
                class: FaultClass::Provider,
                code: None,
                text: format!("HTTP status 50{second}"),
            };
            dispatch.failed(at(second), (&main.0, main.1), &fault);
            dispatch.report(at(second), (&main.0, main.1), Report::Fault, 0.5);
        }
        let standing = &again(&dispatch).standing(at(8))[0];
        let kept: Vec<_> = standing
            .faults
            .iter()
            .map(|last| (last.at, last.fault.text.as_str()))
            .collect();
        assert_eq!(kept.len(), FAULTS_KEPT);
        assert_eq!(kept[0], (at(3), "HTTP status 503"));
        assert_eq!(kept[4], (at(7), "HTTP status 507"));
        assert!(
            matches!(standing.breaker, State::Open { since, until, .. } if since == at(2) && until == at(32)),
            "{standing:?}"
        );
        assert_eq!(standing.gate, Gate::Sick);
        assert_eq!(standing.delivered, None, "without traffic nothing is known");
    }

    const FAULTS_KEPT: usize = 5;

    #[test]
    fn a_wrong_command_says_what_to_do_and_changes_nothing() {
        let force = || Order::ForceOpen("main".into());
        let good = || command(force());
        let ratio = |name: &str, weight| command(Order::Ratio(vec![(name.into(), weight)]));
        for (command, says) in [
            (
                command(Order::ForceOpen("mian".into())),
                "no provider is named mian; `rinban provider` lists them",
            ),
            (
                Command {
                    channel: Some(Channel::Sms),
                    ..good()
                },
                "no provider is named main on sms",
            ),
            (
                Command {
                    why: " ".to_owned(),
                    ..good()
                },
                "say why",
            ),
            (
                Command {
                    by: String::new(),
                    ..good()
                },
                "name yourself",
            ),
            (
                Command {
                    why: "a\u{1b}[2Jb".to_owned(),
                    ..good()
                },
                "one shorter line",
            ),
            (
                Command {
                    why: "x".repeat(501),
                    ..good()
                },
                "one shorter line",
            ),
            (ratio("mian", 1), "no provider is named"),
            (ratio("main", 0), "all weights are zero"),
            (ratio("main", 1_001), "more than 1000"),
            (command(Order::Ratio(vec![])), "NAME=70"),
        ] {
            let mut dispatch = dispatch();
            let before = dispatch.kept();
            let wrong = dispatch.command(at(1), &command).expect_err("it is wrong");
            assert!(wrong.to_string().contains(says), "{wrong}");
            assert_eq!(dispatch.kept(), before, "{command:?}");
        }
    }

    #[test]
    fn whoever_forbids_the_last_provider_is_told() {
        let mut dispatch = dispatch();
        for (name, warns) in [("spare", false), ("main", true)] {
            let done = dispatch.command(at(1), &command(Order::ForceOpen(name.into())));
            let warning = done.expect("a good command").warning;
            assert_eq!(warning.is_some(), warns, "{name}: {warning:?}");
        }
        assert_eq!(picked(&mut dispatch, 2), Pick::Nobody);
    }
}
