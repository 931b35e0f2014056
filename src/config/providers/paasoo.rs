//! `kind = "paasoo"`: an account that writes.

use super::{
    super::{endpoint, error::Wrong, reader::Section},
    PaaSoo, sender,
};
use crate::provider::paasoo::{BASE_URL, RECEIPT_URL};

pub(super) fn paasoo(section: &Section<'_>) -> Option<PaaSoo> {
    let base_url = section.parsed("base_url", endpoint::base);
    let receipt_url = section.parsed("receipt_url", endpoint::base);
    let key = section.required_secret("api_key");
    let secret = section.required_secret("api_secret");
    let from = section.parsed("from", short);
    let remedy = "add from = \"RINBAN\": who messages come from, 11 letters and digits at most";
    let from = section.required("from", from, remedy);
    Some(PaaSoo {
        base_url: base_url.unwrap_or_else(|| BASE_URL.to_owned()),
        receipt_url: receipt_url.unwrap_or_else(|| RECEIPT_URL.to_owned()),
        key: key?,
        secret: secret?,
        from: from?,
    })
}

/// A number counts without its plus sign, and is mostly too long.
fn short(text: &str) -> Result<String, Wrong> {
    let bare = text.strip_prefix('+').unwrap_or(text);
    sender::name(bare)?;
    Ok(bare.to_owned())
}
