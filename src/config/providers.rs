//! `[[providers]]`: the carriers, in order of preference.

use std::collections::BTreeSet;

use super::{
    LineConfig, ProviderConfig, ProviderKind, Twilio, endpoint,
    error::{Wrong, one_of},
    members::{CHANNELS, phone_number},
    reader::Section,
    server::unique_name,
};
use crate::{dispatch::limiter::Rate, escalation::ProviderName, roster::Channel};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simulated,
    Twilio,
}

const KINDS: [(&str, Kind); 2] = [("simulated", Kind::Simulated), ("twilio", Kind::Twilio)];

/// The providers, and whether one of them reaches us from outside this host.
pub(super) fn providers(root: &Section<'_>) -> (Vec<ProviderConfig>, bool) {
    let sections = root.sections("providers");
    if sections.is_empty() {
        root.wrong(
            0,
            "there is no provider",
            "add [[providers]] with name and kind (\"simulated\" or \"twilio\")",
        );
    }
    let mut seen = BTreeSet::new();
    let mut is_public = false;
    let mut providers = Vec::new();
    for section in &sections {
        let name = unique_name(section, &mut seen);
        let kind = section.choice("kind", &KINDS);
        let Some(kind) = section.required("kind", kind, "add kind = \"simulated\" or \"twilio\"")
        else {
            // Which keys are known depends on the kind.
            section.ask_for_all();
            continue;
        };
        is_public |= kind == Kind::Twilio;
        let kind = match kind {
            Kind::Simulated => Some(ProviderKind::Simulated),
            Kind::Twilio => twilio(section).map(ProviderKind::Twilio),
        };
        let lines = lines(
            section,
            matches!(kind, Some(ProviderKind::Simulated)),
            &providers,
        );
        providers.extend(name.zip(kind).map(|(name, kind)| ProviderConfig {
            name: ProviderName::new(name),
            kind,
            lines,
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

/// What the provider carries. The first provider of a channel carries all of it, unless weights say otherwise.
fn lines(section: &Section<'_>, is_simulated: bool, before: &[ProviderConfig]) -> Vec<LineConfig> {
    let channels = section.choices("channels", &CHANNELS);
    if channels.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(
            section.at,
            format!("`{}` is empty", section.path("channels")),
            "write channels = [\"voice\"], or leave the key out",
        );
    }
    let mut channels = channels.unwrap_or_else(|| vec![Channel::Voice]);
    channels.sort_unstable();
    channels.dedup();
    let line = |channel: Channel| {
        let [weight, per_second] = match channel {
            Channel::Voice => ["weight", "calls_per_second"],
            Channel::Sms => ["sms_weight", "messages_per_second"],
        };
        let is_first = !before.iter().any(|provider| provider.carries(channel));
        let weight = section.whole(weight, 0..=1_000);
        LineConfig {
            channel,
            weight: weight.unwrap_or(if is_first { 100 } else { 0 }),
            rate: rate(section, per_second, is_simulated),
        }
    };
    channels.into_iter().map(line).collect()
}

/// How often a carrier takes a call or a message: once a second, unless its contract says otherwise. The built-in network takes
/// any.
fn rate(section: &Section<'_>, key: &str, is_simulated: bool) -> Rate {
    let rate = |per_second: f64| Rate {
        // Bounded above: 1 to 100,000.
        every_millis: (1_000.0 / per_second).round() as u32,
        burst: 1,
    };
    match section.number(key, 0.01..=1_000.0) {
        Some(per_second) => rate(per_second),
        None if is_simulated => Rate::AT_WILL,
        None => Rate::ONE_A_SECOND,
    }
}

fn twilio(section: &Section<'_>) -> Option<Twilio> {
    let base_url = section.parsed("base_url", endpoint::base);
    let account_sid = section.parsed("account_sid", account_sid);
    let account_sid = section.required("account_sid", account_sid, "add account_sid = \"AC...\"");
    let auth_token = section.required_secret("auth_token");
    let next_auth_token = section.secret("next_auth_token");
    let from = section.parsed("from", phone_number);
    let from = section.required("from", from, "add from = \"+81...\": the number that calls");
    let overrides = section.parsed("connection_overrides", connection_overrides);
    Some(Twilio {
        base_url: base_url.unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        account_sid: account_sid?,
        auth_token: auth_token?,
        next_auth_token,
        from: from?,
        connection_overrides: overrides.unwrap_or_default(),
    })
}

/// Twilio: `AC` and 32 hexadecimal digits.
fn account_sid(text: &str) -> Result<String, Wrong> {
    let digits = text.strip_prefix("AC").unwrap_or_default();
    let is_sid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sid {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!(
            "has {} characters and is not an account SID",
            text.chars().count()
        ),
        "copy it from the Twilio console: AC and 32 hexadecimal digits",
    ))
}

/// Twilio, webhooks connection overrides: `key=value` joined by `&`.
fn connection_overrides(text: &str) -> Result<String, Wrong> {
    const KEYS: [&str; 7] = ["ct", "rt", "tt", "rc", "rp", "sni", "e"];
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-,".contains(c);
        if !KEYS.contains(&key) {
            return Err(Wrong::new(
                format!("has the unknown key {key:?}"),
                one_of(key, KEYS),
            ));
        }
        if value.is_empty() || !value.chars().all(is_plain) {
            return Err(Wrong::new(
                format!("has no usable value for {key}"),
                "write it like \"ct=2000&rc=3\", without `#`",
            ));
        }
    }
    Ok(text.to_owned())
}
