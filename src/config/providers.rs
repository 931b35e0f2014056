//! `[[providers]]`: the carriers, in order of preference.

use std::collections::BTreeSet;

use super::{
    ProviderConfig, ProviderKind, Twilio, endpoint,
    error::{Wrong, one_of},
    members::phone_number,
    reader::Section,
    server::unique_name,
};
use crate::{dispatch::limiter::Rate, escalation::ProviderName};

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
        let is_first = providers.is_empty();
        let weight = section.whole("weight", 0..=1_000);
        let rate = rate(section, matches!(kind, Some(ProviderKind::Simulated)));
        providers.extend(name.zip(kind).map(|(name, kind)| ProviderConfig {
            name: ProviderName::new(name),
            kind,
            weight: weight.unwrap_or(if is_first { 100 } else { 0 }),
            rate,
        }));
    }
    if !providers.is_empty() && providers.iter().all(|provider| provider.weight == 0) {
        root.wrong(
            sections[0].at,
            "every provider has weight 0, so nobody would carry anything",
            "give one of them a weight above 0, or leave `weight` out",
        );
    }
    (providers, is_public)
}

/// How often a carrier takes a call: once a second, unless its contract says otherwise. The built-in network takes any.
///
/// A tenth of a second's calls may go at once, one at least. The line moves once in each turn of the engine, which lasts as long
/// as the disk takes; with one call for each turn, a slow disk would hold a quick carrier to a few calls a second, and
/// all who wait would ask again in every turn.
fn rate(section: &Section<'_>, is_simulated: bool) -> Rate {
    let per_second = section.number("calls_per_second", 0.01..=1_000.0);
    let rate = |per_second: f64| Rate {
        // Bounded above: 1 to 100,000.
        every_millis: (1_000.0 / per_second).round() as u32,
        // Bounded above: 1 to 100.
        burst: (per_second / 10.0).max(1.0) as u32,
    };
    match per_second {
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
        config.unwrap_or_else(|errors| panic!("{errors}")).providers[0].rate
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
