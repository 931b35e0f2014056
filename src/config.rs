//! The TOML file, checked as a whole into a typed [`Config`]; every error with file, line and remedy.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use secrecy::SecretString;

use crate::{
    alert::GroupName,
    escalation::{Policy, ProviderName},
    handoff,
    notice::ReceiverName,
    roster::{Member, MemberName, PhoneNumber, Roster},
    voice::PublicUrl,
};

/// A configuration in which everything that can be checked without the network has been checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// How the core is reached.
    pub server: Server,
    /// The directory of the store: database, locks, log. The spool stands in it unless it is set apart.
    pub state_dir: PathBuf,
    /// How plugins hand events over.
    pub handoff: handoff::Settings,
    /// In order of preference; at least one.
    pub providers: Vec<ProviderConfig>,
    /// Everybody who can be called.
    pub members: BTreeMap<MemberName, Member>,
    /// At least one.
    pub groups: BTreeMap<GroupName, Group>,
    /// Takes the events of groups that nobody has configured, so that no page is lost by a typing error.
    pub default_group: GroupName,
    /// Message templates by name: a `message_id`, a severity or `default`; the value by language.
    pub templates: crate::voice::TemplateTexts,
    /// Who is told what happens.
    pub receivers: Vec<Receiver>,
    /// The people of the simulated network.
    pub simulator: SimulatorConfig,
}

/// How the core is reached.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How the carrier reaches it; absolute, https unless it is loopback.
    pub public_url: PublicUrl,
    /// Who may hand events over by HTTP.
    pub api_keys: Vec<ApiKey>,
}

/// A caller of the ingest API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Who.
    pub name: String,
    /// The key.
    pub key: SecretString,
}

/// A group: a team with its roster and its policy.
#[derive(Clone, Debug)]
pub struct Group {
    /// Who is on call when.
    pub roster: Roster,
    /// How they are called.
    pub policy: Policy,
}

/// A carrier.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name.
    pub name: ProviderName,
    /// What it is.
    pub kind: ProviderKind,
}

/// What a provider is, with what it needs.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// The built-in network: no account, no real phone.
    Simulated,
    /// Twilio.
    Twilio(Twilio),
}

/// A Twilio account.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// `https://api.twilio.com` unless a test or a proxy says otherwise; without a slash at the end.
    pub base_url: String,
    /// `AC...`
    pub account_sid: String,
    /// Authenticates requests and signs webhooks.
    pub auth_token: SecretString,
    /// Also accepted in webhook signatures, while tokens are being rotated.
    pub next_auth_token: Option<SecretString>,
    /// The caller id.
    pub from: PhoneNumber,
    /// Connection overrides that are appended to our URLs as a fragment, such as `ct=2000&rc=3`; empty for none.
    pub connection_overrides: String,
}

/// Who is told what happens.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name.
    pub name: ReceiverName,
    /// What it is.
    pub kind: ReceiverKind,
    /// Only news of these groups; of all if empty.
    pub groups: Vec<GroupName>,
    /// The language it reads.
    pub language: crate::roster::Language,
}

impl Receiver {
    /// Whether news of this group goes to it.
    pub fn hears_of(&self, group: &GroupName) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }
}

/// What a receiver is, with what it needs. The address is a secret: whoever knows it can post.
#[derive(Clone, Debug)]
pub enum ReceiverKind {
    /// A Slack incoming webhook.
    Slack {
        /// Its address.
        url: SecretString,
    },
    /// Any HTTP endpoint; gets the notice as JSON.
    Webhook {
        /// Its address.
        url: SecretString,
    },
}

/// The people of the simulated network.
#[derive(Clone, Debug, Default)]
pub struct SimulatorConfig {
    /// How fast simulated time runs: 1.0 is real time, 10.0 ten times as fast.
    pub speed: f64,
    /// What a number does, call by call, the last for ever; a number without an entry answers and presses 1.
    pub people: BTreeMap<String, Vec<String>>,
}
