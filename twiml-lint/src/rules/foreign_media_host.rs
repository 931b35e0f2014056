//! TW118: media from elsewhere.

use crate::{
    address::{Address, authority, has_placeholder},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW118",
    name: "foreign-media-host",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11200],
    summary: "a file is played from another host than the documents come from",
    explain: "\
Every further host is one more that can be down when somebody has to be woken, and one more certificate that can run out.
It is also the host against which a relative address of the same document is resolved by mistake.

Serve the file from the host of the documents. The rule looks only when `base-url` says which that is.",
    bad: Example { files: &[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
</Response>
"#)], settings: &[("base-url", "https://example.com/voice/")] },
    good: Example { files: &[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)], settings: &[("base-url", "https://example.com/voice/")] },
    check: Check::AddressesIn(&["Media", "Play"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let Some(base) = pass.settings.base_url.as_deref() else {
        return;
    };
    let is_media = address.is_text_of("Play") || address.is_text_of("Media");
    let Some(host) = address.authority().filter(|host| is_media && !has_placeholder(host)) else {
        return;
    };
    let home = authority(base);
    if !host.eq_ignore_ascii_case(home) {
        let message = format!("{} comes from {host} while the documents come from {home}", address.place_name());
        pass.report(address.span, message).help("serve the file from the host of the documents");
    }
}
