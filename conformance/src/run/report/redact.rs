//! Blots out what must not be shown.

use secrecy::{ExposeSecret as _, SecretString};

const BLOT: &str = "***";
/// Real tokens have 32 letters.
const LONG: usize = 16;
/// How many bytes of a request or reply are shown.
const SHOWN: usize = 16 * 1024;

/// What is never shown.
#[derive(Debug, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// These.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let is_something = |secret: &SecretString| !secret.expose_secret().is_empty();
        Self(secrets.into_iter().filter(is_something).collect())
    }

    /// A text without them.
    pub fn blot(&self, text: &str) -> String {
        let blotted = |text: String, secret: &SecretString| blot(&text, secret.expose_secret());
        self.0.iter().fold(text.to_owned(), blotted)
    }

    /// Bytes of the wire as text, without them, and without passwords in headers.
    pub(super) fn wire(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = Vec::new();
        let mut is_head = true;
        for line in text.split('\n') {
            is_head &= !line.trim().is_empty();
            match line.split_once(':') {
                Some((name, _)) if is_head && name.eq_ignore_ascii_case("authorization") => {
                    lines.push(format!("{name}: {BLOT}\r"));
                }
                _ => lines.push(line.to_owned()),
            }
        }
        // Cut at last: half a secret would not be recognised.
        let mut text = self.blot(&lines.join("\n"));
        if text.len() > SHOWN {
            let cut = text.floor_char_boundary(SHOWN);
            let more = text.len() - cut;
            text.truncate(cut);
            text += &format!("\n... and {more} bytes more");
        }
        text
    }
}

/// A short secret is one for tests (12345), and stands in phone numbers and names too: it is blotted out where it stands alone.
fn blot(text: &str, secret: &str) -> String {
    if secret.len() >= LONG {
        return text.replace(secret, BLOT);
    }
    let mut blotted = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, behind) = (&rest[..at], &rest[at + secret.len()..]);
        let is_part =
            before.ends_with(char::is_alphanumeric) || behind.starts_with(char::is_alphanumeric);
        blotted += before;
        blotted += if is_part { secret } else { BLOT };
        rest = behind;
    }
    blotted + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_passwords_are_never_shown() {
        let secrets = Secrets::new(["token".into(), "".into(), "0123456789abcdef".into()]);
        let shown = secrets.blot("a token, tokens, x0123456789abcdefx");
        assert_eq!(shown, "a ***, tokens, x***x");
        let sent = b"GET / HTTP/1.1\r\nauthorization: Basic eA==\r\nX: y\r\n\r\nAuthorization: kept, token";
        let shown = secrets.wire(sent);
        assert_eq!(
            shown,
            "GET / HTTP/1.1\r\nauthorization: ***\r\nX: y\r\n\r\nAuthorization: kept, ***"
        );
    }

    #[test]
    fn long_replies_are_cut() {
        let shown = Secrets::default().wire(&vec![b'x'; SHOWN + 7]);
        assert!(shown.ends_with("... and 7 bytes more"));
    }
}
