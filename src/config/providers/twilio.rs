//! `kind = "twilio"`, and `kind = "twilio-compatible"` for services that speak the same.

use super::{
    super::{
        endpoint,
        error::{Wrong, one_of},
        reader::Section,
    },
    Signing, Twilio, sender,
};
use crate::{
    provider::twilio::{Abilities, Account, BASE_URL, Preset, SIGNATURE_HEADER, Sender},
    roster::{Channel, PhoneNumber},
};

const PRESETS: [(&str, Preset); 2] = [
    ("signalwire", Preset::SignalWire),
    ("somleng", Preset::Somleng),
];

/// An account of Twilio itself.
pub(super) fn own(section: &Section<'_>, channels: &[Channel]) -> Option<Twilio> {
    let base_url = section.parsed("base_url", endpoint::base);
    let account_sid = section.parsed("account_sid", account_sid);
    let account_sid = section.required("account_sid", account_sid, "add account_sid = \"AC...\"");
    let auth_token = section.required_secret("auth_token");
    let tokens = auth_token
        .iter()
        .cloned()
        .chain(section.secret("next_auth_token"));
    let signing = Signing {
        header: SIGNATURE_HEADER.to_owned(),
        tokens: tokens.collect(),
        shared: section.secret("shared_key").into_iter().collect(),
    };
    let from = from(section, channels);
    let overrides = section.parsed("connection_overrides", connection_overrides);
    let (from, sender) = from?;
    let account_sid = account_sid?;
    Some(Twilio {
        account: Account {
            base_url: base_url.unwrap_or_else(|| BASE_URL.to_owned()),
            user: account_sid.clone(),
            account_sid,
            auth_token: auth_token?,
        },
        abilities: Abilities::default(),
        from,
        sender,
        signing,
        connection_overrides: overrides.unwrap_or_default(),
    })
}

/// An account of a service that speaks the same. What is known of a service is its preset; each key beside it counts more.
pub(super) fn compatible(section: &Section<'_>, channels: &[Channel]) -> Option<Twilio> {
    let preset = section.choice("preset", &PRESETS);
    let base_url = section.parsed("base_url", endpoint::base);
    let remedy = "add base_url = \"https://...\", up to what stands before /2010-04-01";
    let base_url = section.required("base_url", base_url, remedy);
    let account_sid = section.parsed("account_sid", plain);
    let remedy = "add account_sid = \"...\": the account or project as the service names it";
    let account_sid = section.required("account_sid", account_sid, remedy);
    let user = section.text("user").map(|user| user.value.to_owned());
    let auth_token = section.required_secret("auth_token");
    let signing_secret = section.secret("signing_secret").or(auth_token.clone());
    let next = section.secret("next_signing_secret");
    let header = section.parsed("signature_header", header_name);
    let usual_header = preset.map_or(SIGNATURE_HEADER, Preset::signature_header);
    let signing = Signing {
        header: header.unwrap_or_else(|| usual_header.to_owned()),
        tokens: signing_secret.into_iter().chain(next).collect(),
        shared: Vec::new(),
    };
    let from = from(section, channels);
    let abilities = abilities(section, preset);
    let overrides = section.parsed("connection_overrides", connection_overrides);
    let (from, sender) = from?;
    let account_sid = account_sid?;
    Some(Twilio {
        account: Account {
            base_url: base_url?,
            user: user.unwrap_or_else(|| account_sid.clone()),
            account_sid,
            auth_token: auth_token?,
        },
        abilities,
        from,
        sender,
        signing,
        connection_overrides: overrides.unwrap_or_default(),
    })
}

fn abilities(section: &Section<'_>, preset: Option<Preset>) -> Abilities {
    let usual = preset.map_or_else(Abilities::default, Preset::abilities);
    let flag = |key: &str, usual: bool| section.flag(key).unwrap_or(usual);
    Abilities {
        fall_back: flag("fallback_url", usual.fall_back),
        name_events: flag("status_events", usual.name_events),
        limit_times: flag("time_limits", usual.limit_times),
        detect_machines: flag("machine_detection", usual.detect_machines),
    }
}

/// Who calls and messages come from, each if it is carried; none if a mistake was recorded.
fn from(
    section: &Section<'_>,
    channels: &[Channel],
) -> Option<(Option<PhoneNumber>, Option<Sender>)> {
    let calls = channels.contains(&Channel::Voice);
    if !channels.contains(&Channel::Sms) {
        refuse_senders(section);
        return caller_id(section).map(|from| (Some(from), None));
    }
    let sender = sender_beside(section);
    if calls {
        let from = caller_id(section)?;
        let sender = sender.unwrap_or_else(|| Sender::Number(from.clone()));
        return Some((Some(from), Some(sender)));
    }
    let from = section.parsed("from", sender::sender);
    if !SENDERS.iter().any(|key| section.has(key)) {
        let remedy = "add from = \"+81...\" or a name: who messages come from";
        section.required("from", from.as_ref(), remedy);
    }
    sender.or(from).map(|sender| (None, Some(sender)))
}

/// Keys that name a sender of its own for messages.
const SENDERS: [&str; 2] = ["sms_from", "messaging_service_sid"];

fn caller_id(section: &Section<'_>) -> Option<PhoneNumber> {
    let from = section.parsed("from", sender::caller_id);
    section.required("from", from, "add from = \"+81...\": the number that calls")
}

fn sender_beside(section: &Section<'_>) -> Option<Sender> {
    let service = section.parsed("messaging_service_sid", service_sid);
    let sms_from = section.parsed("sms_from", sender::sender);
    if SENDERS.iter().all(|key| section.has(key)) {
        let wrong = Wrong::new("has `sms_from` beside it", "keep one of the two");
        section.refuse("messaging_service_sid", &wrong);
    }
    service.map(Sender::Service).or(sms_from)
}

fn refuse_senders(section: &Section<'_>) {
    for key in SENDERS {
        let wrong = Wrong::new(
            "is about messages, which this provider does not carry",
            "add \"sms\" to its channels, or leave the key out",
        );
        section.refuse(key, &wrong);
    }
}

/// Twilio: `AC` and 32 hexadecimal digits.
fn account_sid(text: &str) -> Result<String, Wrong> {
    sid(text, "AC").ok_or_else(|| {
        Wrong::new(
            format!(
                "has {} characters and is not an account SID",
                text.chars().count()
            ),
            "copy it from the Twilio console: AC and 32 hexadecimal digits",
        )
    })
}

/// Twilio: `MG` and 32 hexadecimal digits.
fn service_sid(text: &str) -> Result<String, Wrong> {
    sid(text, "MG").ok_or_else(|| {
        Wrong::new(
            "is not the SID of a messaging service",
            "copy it from the Twilio console: MG and 32 hexadecimal digits",
        )
    })
}

fn sid(text: &str, prefix: &str) -> Option<String> {
    let digits = text.strip_prefix(prefix)?;
    let is_sid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sid.then(|| text.to_owned())
}

/// A name that can stand in a path as it is.
fn plain(text: &str) -> Result<String, Wrong> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        "cannot stand in a URL",
        "copy it from the service's console: letters, digits and hyphens",
    ))
}

fn header_name(text: &str) -> Result<String, Wrong> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !text.is_empty() && text.bytes().all(is_token) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!("is {text:?}, which is no name of a header"),
        "write it like \"X-SignalWire-Signature\"",
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
