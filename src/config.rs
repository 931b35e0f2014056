//! The TOML file, checked as a whole into a typed [`Config`]; every error with file, line and remedy.
//!
//! [`Config::load`] is for the core and the commands. [`handoff_settings`] is for plugins: it reads only where an event
//! goes, and passes over every mistake elsewhere in the file.

mod endpoint;
mod error;
mod groups;
mod handoff;
mod heartbeats;
mod locate;
mod members;
pub mod moment;
mod monitors;
mod notices;
mod policies;
mod providers;
mod reader;
mod server;
mod simulator;
mod sources;
mod templates;
mod warnings;
pub mod whom;

pub(crate) use error::one_of;
pub use error::{ConfigError, ConfigErrors};
pub use heartbeats::Heartbeat;
pub use locate::{NotFound, SYSTEM_PATH, locate};
pub use providers::{PaaSoo, ProviderKind, Signing, Twilio, Vonage};
pub use warnings::{beyond_holidays, gap, warnings, warnings_but_gaps};

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::de::DeTable;

use groups::Known;
use reader::{Reader, Section};
use secrecy::SecretString;

use crate::{
    alert::{GroupName, Headline, SourceName},
    dispatch::limiter::Rate,
    escalation::{Policy, ProviderName},
    monitor::{MonitorKind, MonitorName},
    notice::ReceiverName,
    roster::{Channel, Member, MemberName, Roster},
    source::{AddressRange, Source},
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
    pub handoff: crate::handoff::Settings,
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
    /// Monitors that send JSON.
    pub sources: Vec<SourceConfig>,
    /// Whose alerts are written back and read again.
    pub monitors: Vec<Monitor>,
    /// Who is to be heard, and whom a silence concerns.
    pub heartbeats: Vec<Heartbeat>,
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
    /// Whether nothing reaches us from outside: calls say their message without asking us, and are looked up.
    pub is_outbound_only: bool,
    /// Who may hand events over by HTTP.
    pub api_keys: Vec<ApiKey>,
    /// Where rinban's own heartbeat goes; a secret, since whoever knows the address can beat for us.
    pub heartbeat_url: Option<SecretString>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
}

/// A caller of the ingest API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Who.
    pub name: String,
    /// The key.
    pub key: SecretString,
    /// How much it may hand over.
    pub quota: Quota,
}

/// How many events a caller may hand over. In any span of time it is at most `burst` and `per_minute` for each minute of the
/// span, and at most `per_day` in any 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Events in a minute, over long.
    pub per_minute: u32,
    /// Events at once, after a time without.
    pub burst: u32,
    /// Events in 24 hours.
    pub per_day: u32,
}

/// Far above what monitors send in a bad night, far below what fills a disk in a day.
impl Default for Quota {
    fn default() -> Self {
        Self {
            per_minute: 6_000,
            burst: 6_000,
            per_day: 1_000_000,
        }
    }
}

/// A monitor that sends JSON to `/v1/sources/NAME`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// What it sends, and whom that calls.
    pub source: Source,
    /// What whoever sends must know.
    pub key: SecretString,
    /// From where it sends; from anywhere if empty.
    pub ranges: Vec<AddressRange>,
    /// How much it may send.
    pub quota: Quota,
    /// Of Mackerel: the monitor whose API knows its alerts.
    pub monitor: Option<MonitorName>,
    /// Whether an alert is looked up in that monitor before it calls anybody.
    pub verify: bool,
    /// Of Mackerel: what is spoken to a phone that Mackerel calls itself.
    pub language: crate::roster::Language,
}

/// A group: a team with its roster and its policy.
#[derive(Clone, Debug)]
pub struct Group {
    /// Who is on call when.
    pub roster: Roster,
    /// How they are called.
    pub policy: Arc<Policy>,
}

/// A carrier.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name.
    pub name: ProviderName,
    /// What it is.
    pub kind: ProviderKind,
    /// What it carries; at least one, each channel once.
    pub lines: Vec<LineConfig>,
    /// Below what balance, in the currency of the account, somebody is told.
    pub low_balance: Option<f64>,
}

impl ProviderConfig {
    /// Whether it carries this channel.
    pub fn carries(&self, channel: Channel) -> bool {
        self.lines.iter().any(|line| line.channel == channel)
    }
}

/// One channel of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineConfig {
    /// Which.
    pub channel: Channel,
    /// How much of the channel's traffic it carries, of the sum of all weights; 0 for a spare.
    pub weight: u32,
    /// How often it takes a call or a message.
    pub rate: Rate,
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
    /// Whether news of this group goes to it; those of a test go where those of its group go.
    pub fn hears_of(&self, group: &GroupName) -> bool {
        let name = whom::untested(group.as_str());
        self.groups.is_empty() || self.groups.iter().any(|group| group.as_str() == name)
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

/// A monitor whose API is used. Alerts of its source belong to it.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// Its name, which no receiver of notices has.
    pub name: MonitorName,
    /// What it is.
    pub kind: MonitorKind,
    /// Of Zabbix the address of `api_jsonrpc.php`, of Mackerel the API's base; without a slash at the end.
    pub url: String,
    /// Zabbix's API token, Mackerel's API key.
    pub token: SecretString,
    /// Whether key 9 closes the alert in the monitor too.
    pub close: bool,
    /// Of Mackerel: the service on whose graphs the time of a run is marked.
    pub annotate: Option<String>,
    /// The source of its events; of no other monitor.
    pub source: SourceName,
    /// The language in which it is written to.
    pub language: crate::roster::Language,
}

impl Monitor {
    /// The name by which this monitor knows an alert; none if the alert is not its own, or has no name there.
    pub fn own_id<'a>(&self, headline: &'a Headline) -> Option<&'a str> {
        (headline.alert.source == self.source)
            .then(|| self.kind.own_id(headline))
            .flatten()
    }

    /// The name under which what is to be written back waits in the outbox.
    pub fn receiver(&self) -> ReceiverName {
        ReceiverName::new(self.name.as_str())
    }
}

/// The people of the simulated network.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// How fast simulated time runs: 1.0 is real time, 10.0 ten times as fast.
    pub speed: f64,
    /// What a number does, call by call, the last for ever; a number without an entry answers and presses 1.
    pub people: BTreeMap<String, Vec<String>>,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            speed: 1.0,
            people: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::parse(&read(path)?, path)
    }

    /// Checks a text; `path` is what errors name, and relative directories are taken from its parent.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        Self::parse_with(text, path, &|name| std::env::var(name).ok())
    }

    /// Like [`Self::parse`] with other environment variables than those of this process.
    pub fn parse_with(
        text: &str,
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigErrors> {
        let reader = Reader::new(path, text, environment);
        let (table, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            reader.wrong_syntax(error);
        }
        if !syntax.is_empty() {
            return Err(reader.into_errors());
        }
        let config = check(&Section::root(&reader, table.get_ref()));
        let errors = reader.into_errors();
        match config {
            Some(config) if errors.0.is_empty() => Ok(config),
            _ => Err(errors),
        }
    }
}

/// Where an event goes, for plugins: reads `state_dir` and `[handoff]` and passes over every mistake elsewhere, errors of
/// syntax included. Fails only if the file cannot be read or does not tell where events go.
pub fn handoff_settings(path: &Path) -> Result<crate::handoff::Settings, ConfigErrors> {
    let text = read(path)?;
    let environment = |name: &str| std::env::var(name).ok();
    let reader = Reader::new(path, &text, &environment);
    let (table, _) = DeTable::parse_recoverable(&text);
    let root = Section::root(&reader, table.get_ref());
    let settings = handoff::settings(&root);
    // Keys that nobody asked for belong to the rest of the file.
    root.ask_for_all();
    drop(root);
    settings.ok_or_else(|| reader.into_errors())
}

fn read(path: &Path) -> Result<String, ConfigErrors> {
    fs::read_to_string(path).map_err(|error| ConfigErrors::unreadable(path, &error))
}

/// Checks everything; none only if a mistake was recorded.
fn check(root: &Section<'_>) -> Option<Config> {
    let settings = handoff::settings(root);
    let (providers, is_public) = providers::providers(root);
    let server = server::server(root, is_public);
    let members = members::members(root);
    let is_outbound_only = server
        .as_ref()
        .is_some_and(|server| server.is_outbound_only);
    let policies = policies::policies(root, &providers, is_outbound_only);
    let zone = groups::time_zone(root);
    let known = Known {
        members: &members,
        policies: &policies,
        zone: zone.unwrap_or_else(groups::default_zone),
    };
    let groups = groups::groups(root, &known);
    let default_group = groups::default_group(root, &groups);
    let templates = templates::templates(root);
    let receivers = notices::receivers(root, &groups);
    let monitors = monitors::monitors(root, &receivers);
    let has_api_keys = server
        .as_ref()
        .is_none_or(|server| !server.api_keys.is_empty());
    let heartbeats = heartbeats::heartbeats(root, &groups, default_group.as_ref(), has_api_keys);
    let sources = sources::sources(root, &groups, default_group.as_ref(), &monitors);
    let simulator = simulator::simulator(root);
    let settings = settings?;
    Some(Config {
        path: root.reader().path.to_owned(),
        server: server?,
        state_dir: settings.state_dir.clone(),
        handoff: settings,
        providers,
        members: members.sound,
        groups: groups.sound,
        default_group: default_group?,
        templates,
        receivers,
        sources,
        monitors,
        heartbeats,
        simulator,
    })
}

#[cfg(test)]
mod tests;
