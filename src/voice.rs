//! What the phone says: message templates, TwiML, webhook signatures, and the absolute URLs that we hand out.

use std::collections::BTreeMap;

use crate::roster::Language;

/// Message templates by name (a `message_id`, a severity or `default`) and language.
pub type TemplateTexts = BTreeMap<String, BTreeMap<Language, String>>;

/// The address under which carriers reach us: absolute, https unless it is loopback, perhaps with a path prefix, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);
