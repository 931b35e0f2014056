//! What the phone says: message templates, TwiML, webhook signatures, and the absolute URLs that we hand out.
//!
//! * [`PublicUrl`]: the address under which carriers reach us;
//! * [`TokenKey`], [`Links`], [`Place`]: every URL names its place in the call and the attempt (P7);
//! * [`signature`]: every webhook is verified over the raw request target (P6).

mod links;
mod stub;
pub use stub::{Context,Voice};
mod public_url;
pub mod signature;
mod token;

pub use links::{CallLinks, Links, Place, PlaceKind};
pub use public_url::{PublicUrl, PublicUrlError};
pub use signature::{Form, SignatureError, SignedRequest, SigningKeys};
pub use token::{TokenError, TokenKey};

use std::collections::BTreeMap;

use crate::roster::Language;

/// Message templates by name (a `message_id`, a severity or `default`) and language.
pub type TemplateTexts = BTreeMap<String, BTreeMap<Language, String>>;
