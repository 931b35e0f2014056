//! `kind = "vonage"`: an application that calls, an account that writes, or both.

use super::{
    super::{endpoint, error::Wrong, reader::Section},
    Vonage, sender,
};
use crate::{
    provider::vonage::{Account, Application, PrivateKey, SMS_URL, VOICE_URL},
    roster::Channel,
};

/// Keys that only calls need, and keys that only messages need.
const OF_CALLS: [&str; 7] = [
    "base_url",
    "application_id",
    "private_key",
    "private_key_env",
    "private_key_file",
    "signature_secret_env",
    "signature_secret_file",
];
const OF_MESSAGES: [&str; 7] = [
    "sms_url",
    "sms_from",
    "api_key",
    "api_secret_env",
    "api_secret_file",
    "inbound_secret_env",
    "inbound_secret_file",
];

pub(super) fn vonage(section: &Section<'_>, channels: &[Channel]) -> Option<Vonage> {
    let calls = channels.contains(&Channel::Voice);
    let writes = channels.contains(&Channel::Sms);
    let voice = calls.then(|| application(section));
    let signature_secret = calls.then(|| section.required_secret("signature_secret"));
    let sms = writes.then(|| account(section, calls));
    let inbound_secret = writes.then(|| inbound_secret(section));
    if !calls {
        refuse(section, &OF_CALLS, "calls", "voice");
    }
    if !writes {
        refuse(section, &OF_MESSAGES, "messages", "sms");
    }
    // A channel that is carried has all it needs, or its mistake is recorded.
    Some(Vonage {
        voice: match voice {
            Some(application) => Some(application?),
            None => None,
        },
        sms: match sms {
            Some(account) => Some(account?),
            None => None,
        },
        signature_secret: signature_secret.flatten(),
        inbound_secret: inbound_secret.flatten(),
    })
}

fn refuse(section: &Section<'_>, keys: &[&str], what: &str, channel: &str) {
    for key in keys {
        let wrong = Wrong::new(
            format!("is about {what}, which this provider does not carry"),
            format!("add \"{channel}\" to its channels, or leave the key out"),
        );
        section.refuse(key, &wrong);
    }
}

fn application(section: &Section<'_>) -> Option<Application> {
    let base_url = section.parsed("base_url", endpoint::base);
    let id = section.parsed("application_id", uuid);
    let remedy = "add application_id = \"...\": the UUID of an application with voice";
    let id = section.required("application_id", id, remedy);
    let key = section.parsed_secret("private_key", |pem| {
        PrivateKey::parse(pem).map_err(|error| {
            Wrong::new(
                error.to_string(),
                "use the file private.key that the application's page made with its public key",
            )
        })
    });
    let from = section.parsed("from", sender::caller_id);
    let remedy = "add from = \"+81...\": a number that is linked to the application";
    let from = section.required("from", from, remedy);
    Some(Application {
        base_url: base_url.unwrap_or_else(|| VOICE_URL.to_owned()),
        id: id?,
        key: key?,
        from: from?,
    })
}

fn account(section: &Section<'_>, calls: bool) -> Option<Account> {
    let base_url = section.parsed("sms_url", endpoint::base);
    let api_key = section.parsed("api_key", api_key);
    let api_key = section.required("api_key", api_key, "add api_key = \"...\"");
    let api_secret = section.required_secret("api_secret");
    let sms_from = section.parsed("sms_from", sender::bare_sender);
    let from = match section.has("sms_from") {
        // Judged with what calls need.
        true if calls => sms_from,
        true => {
            section.parsed("from", sender::bare_sender);
            sms_from
        }
        // A mistake in it is recorded once, where calls are read.
        false if calls => {
            let from = section.text("from").map(|from| from.value);
            from.and_then(|from| sender::bare_sender(from).ok())
        }
        false => {
            let from = section.parsed("from", sender::bare_sender);
            let remedy = "add from = \"+81...\" or a name: who messages come from";
            section.required("from", from, remedy)
        }
    };
    Some(Account {
        base_url: base_url.unwrap_or_else(|| SMS_URL.to_owned()),
        api_key: api_key?,
        api_secret: api_secret?,
        from: from?,
    })
}

/// Stands in a path, so it is long and needs no escapes.
fn inbound_secret(section: &Section<'_>) -> Option<secrecy::SecretString> {
    let is_there = ["", "_env", "_file"]
        .iter()
        .any(|end| section.has(&format!("inbound_secret{end}")));
    if !is_there {
        // So that it is known.
        return section.secret("inbound_secret");
    }
    section.parsed_secret("inbound_secret", |secret| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if secret.len() >= 16 && secret.bytes().all(is_plain) {
            return Ok(secret.into());
        }
        Err(Wrong::new(
            "names a secret that cannot stand in an address",
            "use 16 or more letters and digits, such as what `openssl rand -hex 16` prints",
        ))
    })
}

/// 8-4-4-4-12 hexadecimal digits.
fn uuid(text: &str) -> Result<String, Wrong> {
    let lengths = text.split('-').map(str::len);
    let is_hex = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    if lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!("is {text:?}, which is no UUID"),
        "copy it from the application's page in the Vonage dashboard",
    ))
}

fn api_key(text: &str) -> Result<String, Wrong> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        "is no key of letters and digits",
        "copy the API key from the Vonage dashboard; its secret goes into api_secret_env",
    ))
}
