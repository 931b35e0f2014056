//! Who is on call tonight, what each of them does, and what goes wrong. All of it is invented.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::night::Pace;
use crate::{
    alert::{Event, EventKind, GroupName, Severity},
    config::{
        Config, Group, LineConfig, ProviderConfig, ProviderKind, Receiver, ReceiverKind, Server,
        SimulatorConfig,
    },
    dispatch::limiter::Rate,
    escalation::{Outcome, Policy},
    handoff::Settings,
    roster::{Channel, Language, Member, MemberName, PhoneNumber, Roster},
    simulator::{Behaviour, BehaviourError, People},
    voice::PublicUrl,
};

/// How long a phone rings; time of the night.
pub(super) const RING: SignedDuration = SignedDuration::from_secs(20);

/// From the end of a round to the next; time of the night.
const ROUND_PAUSE: Duration = Duration::from_secs(8);

/// A person on call.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Who.
    pub(super) name: MemberName,
    /// A number that nobody has.
    pub(super) number: PhoneNumber,
}

/// What a person does in the night that runs by itself.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// How the simulated network is told; see [`crate::simulator::people`].
    does: &'static str,
    /// How the call is to end; none if this person takes the alert.
    pub(super) ends: Option<Outcome>,
}

/// The night that runs by itself.
pub(super) fn script() -> [Part; 4] {
    let part = |does, ends| Part { does, ends };
    [
        part("busy", Some(Outcome::Busy)),
        part("no answer", Some(Outcome::NoAnswer)),
        part("voicemail", Some(Outcome::NoKey)),
        part("after 6s early key 1", None),
    ]
}

/// Everybody and everything of the demo, in one language.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    language: Language,
    /// In the order of calling.
    pub(super) people: Vec<Person>,
    /// The team.
    pub(super) group: GroupName,
    /// Where it is wrong.
    pub(super) host: &'static str,
    /// What is wrong.
    pub(super) title: &'static str,
}

impl Cast {
    pub(super) fn new(language: Language) -> Self {
        let (names, group, title) = match language {
            Language::Ja => (
                ["青木", "馬場", "千葉", "土井"],
                "データベース",
                "ディスク使用率 96%",
            ),
            Language::En => (["Aya", "Ben", "Chie", "Dan"], "database", "Disk 96% full"),
        };
        let people = names.iter().zip(1..).map(|(name, nth)| Person {
            name: MemberName::new(name),
            number: PhoneNumber::parse(&format!("+81900000000{nth}"))
                .expect("12 digits are a number in E.164"),
        });
        Self {
            language,
            people: people.collect(),
            group: group.into(),
            host: "db-01",
            title,
        }
    }

    /// Which of them has this number.
    pub(super) fn with_number(&self, number: &str) -> Option<usize> {
        self.people
            .iter()
            .position(|person| person.number.e164() == number)
    }

    /// Everybody waits for somebody to press keys.
    pub(super) fn by_hand(&self) -> People {
        People::all(Behaviour::ByHand)
    }

    /// Everybody does their part.
    pub(super) fn by_script(&self, script: &[Part]) -> Result<People, BehaviourError> {
        let mut people = People::default();
        for (person, part) in self.people.iter().zip(script) {
            let behaviour = Behaviour::parse(part.does)?;
            people = people.with(person.number.e164(), vec![behaviour]);
        }
        Ok(people)
    }

    /// What the monitor sends; `kind` is a problem or its recovery.
    pub(super) fn event(&self, kind: EventKind) -> Event {
        let suffix = match kind {
            EventKind::Recovery => "recovery",
            EventKind::Problem | EventKind::Update => "problem",
        };
        Event {
            id: format!("demo:1:{suffix}").as_str().into(),
            source: "zabbix".into(),
            dedup_key: "1".into(),
            group: self.group.clone(),
            kind,
            acknowledged_by: None,
            reason: None,
            severity: Severity::Critical,
            title: self.title.to_owned(),
            host: Some(self.host.to_owned()),
            message: String::new(),
            url: None,
            message_id: None,
            variables: BTreeMap::new(),
            received_at: Timestamp::now(),
        }
    }

    /// What a configuration file would say.
    pub(super) fn config(&self, place: &Place, pace: Pace) -> Config {
        let members = self.people.iter().map(|person| Member {
            name: person.name.clone(),
            number: person.number.clone(),
            language: self.language,
            channels: vec![Channel::Voice],
        });
        let names = self.people.iter().map(|person| person.name.clone());
        let group = Group {
            roster: Roster::new(names.collect()),
            policy: Arc::new(policy(pace, place.readings)),
        };
        Config {
            path: PathBuf::from("rinban demo"),
            server: Server {
                listen: place.listen,
                public_url: place.public_url.clone(),
                is_outbound_only: false,
                api_keys: Vec::new(),
                heartbeat_url: None,
                trusted_proxies: Vec::new(),
            },
            state_dir: place.state_dir.clone(),
            handoff: place.handoff(),
            providers: vec![ProviderConfig {
                name: "simulated".into(),
                kind: ProviderKind::Simulated,
                lines: vec![LineConfig {
                    channel: Channel::Voice,
                    weight: 100,
                    rate: Rate::AT_WILL,
                }],
                low_balance: None,
            }],
            members: members
                .map(|member| (member.name.clone(), member))
                .collect(),
            groups: [(self.group.clone(), group)].into(),
            default_group: self.group.clone(),
            templates: BTreeMap::new(),
            receivers: vec![Receiver {
                name: "channel".into(),
                kind: ReceiverKind::Webhook {
                    url: place.channel_url.clone().into(),
                },
                groups: Vec::new(),
                language: self.language,
            }],
            sources: Vec::new(),
            monitors: Vec::new(),
            heartbeats: Vec::new(),
            simulator: SimulatorConfig {
                speed: pace.speed,
                people: BTreeMap::new(),
            },
        }
    }
}

/// Where this demo takes place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The core's socket.
    pub(super) listen: SocketAddr,
    /// The same as an address.
    pub(super) public_url: PublicUrl,
    /// Removed at the end.
    pub(super) state_dir: PathBuf,
    /// Where the team reads.
    pub(super) channel_url: String,
    /// How often a call reads the message out.
    pub(super) readings: u16,
}

impl Place {
    /// How a plugin would hand over to this core.
    pub(super) fn handoff(&self) -> Settings {
        Settings {
            config_path: PathBuf::from("rinban demo"),
            spool: spool(&self.state_dir),
            state_dir: self.state_dir.clone(),
            cores: Vec::new(),
            start_core: false,
            deadline: Duration::from_secs(5),
        }
    }
}

fn spool(state_dir: &Path) -> PathBuf {
    state_dir.join("spool")
}

/// The network rings and talks in time of the night, the core keeps real time: what only the core waits for is turned
/// into real time, and lost callbacks, which do not happen here, are waited for far beyond the slowest night.
fn policy(pace: Pace, message_repeats: u16) -> Policy {
    let pause = pace.real(ROUND_PAUSE);
    Policy {
        ring_timeout: RING,
        callback_grace: SignedDuration::from_mins(10),
        round_pause: SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_secs(8)),
        message_repeats,
        ..Policy::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_part_in_both_languages() {
        for language in [Language::Ja, Language::En] {
            let cast = Cast::new(language);
            assert_eq!(cast.people.len(), script().len());
            let people = cast.by_script(&script()).expect("the parts can be played");
            for (at, person) in cast.people.iter().enumerate() {
                assert_eq!(cast.with_number(person.number.e164()), Some(at));
                let does = people.behaviour(person.number.e164(), 0).to_string();
                assert_eq!(does, script()[at].does);
            }
        }
    }
}
