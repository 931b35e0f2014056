//! TW119: a secret in every log.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW119",
    name: "secret-in-query",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the query of the address holds a secret",
    explain: "\
Addresses are written into the logs of both sides, into the reports of the carrier and into every proxy between.

Use a token that is good for this call only, or check the signature of the request.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3?api_key=8f2c1d</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::Queries(check),
};

/// What secrets are called, without `-` and `_`.
pub(super) const NAMES: [&str; 13] = [
    "password", "passwd", "pwd", "secret", "clientsecret", "apikey", "apisecret", "accesskey", "accesstoken", "authtoken",
    "privatekey", "secretkey", "token",
];

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    for (name, value) in super::query::pairs(address.trimmed()) {
        if !value.is_empty() && is_secret(name) {
            let message = format!("the query of the address in {} holds a {name}, which ends up in logs", address.place_name());
            pass.report(address.span, message).help("use a token that is good for this call only, in the path, or check the signature");
            return;
        }
    }
}

/// Whether a name is one of these but for its case and what is neither letter nor digit.
fn is_secret(name: &str) -> bool {
    const LONGEST: usize = 12;
    let mut letters = [0; LONGEST];
    let mut length = 0;
    for letter in name.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(place) = letters.get_mut(length) else {
            return false;
        };
        *place = letter.to_ascii_lowercase();
        length += 1;
    }
    let first = letters[0];
    let is_it = |secret: &&str| secret.as_bytes()[0] == first && secret.as_bytes() == &letters[..length];
    NAMES.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_in_every_spelling() {
        for name in NAMES {
            assert!(is_secret(name), "{name}");
        }
        assert!(is_secret("Api-Key") && is_secret("_token") && is_secret("CLIENT_SECRET"));
        for name in ["", "tok", "tokens", "try", "clientsecrets", "secret=", "トークン"] {
            assert_eq!(is_secret(name), name == "secret=", "{name}");
        }
    }
}
