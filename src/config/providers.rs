//! `[[providers]]`: the carriers, in order of preference. What is common to all kinds stands here, each kind in a file of its own.

mod kind;
mod paasoo;
mod sender;
mod twilio;
mod vonage;

use std::collections::BTreeSet;

use super::{
    LineConfig, ProviderConfig, error::Wrong, members::CHANNELS, reader::Section,
    server::unique_name,
};
use crate::{dispatch::limiter::Rate, escalation::ProviderName, roster::Channel};

pub use kind::{PaaSoo, ProviderKind, Signing, Twilio, Vonage};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simulated,
    Twilio,
    TwilioCompatible,
    Vonage,
    PaaSoo,
}

const KINDS: [(&str, Kind); 5] = [
    ("simulated", Kind::Simulated),
    ("twilio", Kind::Twilio),
    ("twilio-compatible", Kind::TwilioCompatible),
    ("vonage", Kind::Vonage),
    ("paasoo", Kind::PaaSoo),
];

impl Kind {
    /// What it carries unless the file says otherwise.
    fn usual(self) -> Channel {
        match self {
            Self::PaaSoo => Channel::Sms,
            _ => Channel::Voice,
        }
    }

    /// Whether it asks us what to say, or tells us how a message goes.
    fn reaches_us(self) -> bool {
        !matches!(self, Self::Simulated | Self::PaaSoo)
    }
}

const ADD_KIND: &str =
    "add kind = \"twilio\", \"twilio-compatible\", \"vonage\", \"paasoo\" or \"simulated\"";

/// The providers, and whether one of them reaches us from outside this host.
pub(super) fn providers(root: &Section<'_>) -> (Vec<ProviderConfig>, bool) {
    let sections = root.sections("providers");
    if sections.is_empty() {
        root.wrong(
            0,
            "there is no provider",
            "add [[providers]] with name and kind, such as \"twilio\" or \"simulated\"",
        );
    }
    let mut seen = BTreeSet::new();
    let mut is_public = false;
    let mut providers = Vec::new();
    for section in &sections {
        let name = unique_name(section, &mut seen);
        let kind = section.choice("kind", &KINDS);
        let Some(kind) = section.required("kind", kind, ADD_KIND) else {
            // Which keys are known depends on the kind.
            section.ask_for_all();
            continue;
        };
        is_public |= kind.reaches_us();
        let channels = channels(section, kind);
        let lines = lines(section, kind, &channels, &providers);
        let low_balance = low_balance(section, kind, &channels);
        let kind = match kind {
            Kind::Simulated => Some(ProviderKind::Simulated),
            Kind::Twilio => twilio::own(section, &channels).map(ProviderKind::Twilio),
            Kind::TwilioCompatible => {
                twilio::compatible(section, &channels).map(ProviderKind::Twilio)
            }
            Kind::Vonage => vonage::vonage(section, &channels).map(ProviderKind::Vonage),
            Kind::PaaSoo => paasoo::paasoo(section).map(ProviderKind::PaaSoo),
        };
        providers.extend(name.zip(kind).map(|(name, kind)| ProviderConfig {
            name: ProviderName::new(name),
            kind,
            lines,
            low_balance,
        }));
    }
    for (channel, what, key) in [
        (Channel::Voice, "call", "weight"),
        (Channel::Sms, "message", "sms_weight"),
    ] {
        let lines = providers.iter().flat_map(|provider| &provider.lines);
        let mut weights = lines
            .filter(|line| line.channel == channel)
            .map(|line| line.weight)
            .peekable();
        if weights.peek().is_some() && weights.all(|weight| weight == 0) {
            root.wrong(
                sections[0].at,
                format!("every provider has `{key}` 0, so nobody would carry a {what}"),
                format!("give one of them a weight above 0, or leave `{key}` out"),
            );
        }
    }
    (providers, is_public)
}

/// What the provider carries, in order; never empty.
fn channels(section: &Section<'_>, kind: Kind) -> Vec<Channel> {
    let channels = section.choices("channels", &CHANNELS);
    if channels.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(
            section.at,
            format!("`{}` is empty", section.path("channels")),
            "write channels = [\"voice\"], or leave the key out",
        );
    }
    let mut channels = channels.unwrap_or_default();
    if kind == Kind::PaaSoo && channels.contains(&Channel::Voice) {
        let wrong = Wrong::new(
            "names voice, and PaaSoo carries messages only",
            "write channels = [\"sms\"], or leave the key out",
        );
        section.refuse("channels", &wrong);
    }
    if channels.is_empty() {
        channels.push(kind.usual());
    }
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// The lines of the channels. The first provider of a channel carries all of it, unless weights say otherwise.
fn lines(
    section: &Section<'_>,
    kind: Kind,
    channels: &[Channel],
    before: &[ProviderConfig],
) -> Vec<LineConfig> {
    let mut lines = Vec::new();
    for channel in [Channel::Voice, Channel::Sms] {
        let [weight, per_second] = match channel {
            Channel::Voice => ["weight", "calls_per_second"],
            Channel::Sms => ["sms_weight", "messages_per_second"],
        };
        if !channels.contains(&channel) {
            refuse_line(section, channel, [weight, per_second]);
            continue;
        }
        let is_first = !before.iter().any(|provider| provider.carries(channel));
        let weight = section.whole(weight, 0..=1_000);
        lines.push(LineConfig {
            channel,
            weight: weight.unwrap_or(if is_first { 100 } else { 0 }),
            rate: rate(section, per_second, kind == Kind::Simulated),
        });
    }
    lines
}

/// Keys of a channel that the provider does not carry.
fn refuse_line(section: &Section<'_>, channel: Channel, keys: [&str; 2]) {
    let what = match channel {
        Channel::Voice => "calls",
        Channel::Sms => "messages",
    };
    for key in keys {
        let wrong = Wrong::new(
            format!("is about {what}, which this provider does not carry"),
            format!("add \"{channel}\" to its channels, or leave the key out"),
        );
        section.refuse(key, &wrong);
    }
}

/// The balance is asked for with an account that tells it.
fn low_balance(section: &Section<'_>, kind: Kind, channels: &[Channel]) -> Option<f64> {
    let tells = match kind {
        Kind::Simulated => return None,
        Kind::PaaSoo => Err("is about a balance, which PaaSoo does not tell"),
        Kind::Vonage if !channels.contains(&Channel::Sms) => {
            Err("is about a balance, which Vonage tells to the account that sends messages")
        }
        _ => Ok(()),
    };
    match tells {
        Ok(()) => section.number("low_balance", 0.0..=1_000_000_000.0),
        Err(what) => {
            section.refuse("low_balance", &Wrong::new(what, "leave the key out"));
            None
        }
    }
}

/// How often a carrier takes a call or a message: once a second, unless its contract says otherwise. The built-in network takes
/// any.
///
/// A tenth of a second's calls may go at once, one at least. The line moves once in each turn of the engine, which lasts as long
/// as the disk takes; with one call for each turn, a slow disk would hold a quick carrier to a few calls a second, and
/// all who wait would ask again in every turn.
fn rate(section: &Section<'_>, key: &str, is_simulated: bool) -> Rate {
    let rate = |per_second: f64| Rate {
        // Bounded above: 1 to 100,000.
        every_millis: (1_000.0 / per_second).round() as u32,
        // Bounded above: 1 to 100.
        burst: (per_second / 10.0).max(1.0) as u32,
    };
    match section.number(key, 0.01..=1_000.0) {
        Some(per_second) => rate(per_second),
        None if is_simulated => Rate::AT_WILL,
        None => Rate::ONE_A_SECOND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn of(line: &str) -> Rate {
        let text = format!(
            "[[providers]]\nname = \"c\"\nkind = \"twilio\"\naccount_sid = \"AC{:032}\"\nauth_token_env = \"T\"\nfrom = \"+815000000000\"\n\
             {line}\n[server]\npublic_url = \"https://a.example\"\n[members.a]\nnumber = \"+819000000001\"\n[groups.g]\nmembers = [\"a\"]\n",
            0
        );
        let secret = |_: &str| Some("secret".to_owned());
        let config = Config::parse_with(&text, std::path::Path::new("c.toml"), &secret);
        config.unwrap_or_else(|errors| panic!("{errors}")).providers[0].lines[0].rate
    }

    #[test]
    fn a_quick_carrier_takes_a_tenth_of_a_second_at_once() {
        for (line, every_millis, burst) in [
            ("", 1_000, 1),
            ("calls_per_second = 0.5", 2_000, 1),
            ("calls_per_second = 5", 200, 1),
            ("calls_per_second = 30", 33, 3),
            ("calls_per_second = 1000", 1, 100),
        ] {
            let expected = Rate {
                every_millis,
                burst,
            };
            assert_eq!(of(line), expected, "{line}");
        }
    }
}
