//! Where a world takes place: its configuration, and the names of everybody in it. Four grounds differ in carriers, weights and
//! rates.

use std::{fmt::Write as _, path::Path, sync::Arc};

use rinban::{
    alert::{GroupName, Headline, Severity, SourceName},
    config::Config,
    escalation::{EscalationId, ProviderName},
    roster::MemberName,
    store::Snapshot,
};

/// Who is in which group: four groups share six people, so that phones are fought over.
const GROUPS: [&[usize]; 4] = [&[0, 1, 2], &[2, 3, 4], &[4, 5, 0], &[1, 3, 5]];

/// How long a phone rings, in seconds: of the policy of the even groups, and of the odd ones.
const RING_SECS: [u32; 2] = [30, 60];

/// From acknowledged to calling again, in the same order.
const ACK_SECS: [u32; 2] = [600, 1_800];

/// A carrier of a ground.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Its weight.
    pub weight: u32,
    /// So many calls it takes in a second.
    pub per_second: u32,
}

/// What makes a ground.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The carriers, in order of preference.
    pub offers: Vec<Offer>,
    /// Who is in which group.
    pub groups: Vec<Vec<usize>>,
    /// How long after the end of ringing a missing callback is waited for.
    pub grace_secs: u32,
    /// Whether somebody reads notices.
    pub is_told: bool,
}

impl Shape {
    /// Four groups that share six people, and these carriers.
    pub fn with(offers: &[Offer]) -> Self {
        Self {
            offers: offers.to_vec(),
            groups: GROUPS.iter().map(|members| members.to_vec()).collect(),
            grace_secs: 10,
            is_told: false,
        }
    }

    /// How many people there are.
    fn people(&self) -> usize {
        let numbers = self.groups.iter().flatten();
        numbers.max().map_or(0, |last| last + 1)
    }
}

/// A configured place with names.
#[derive(Debug)]
pub struct Ground {
    /// What the core runs with.
    pub config: Arc<Config>,
    /// The groups.
    pub groups: Vec<GroupName>,
    /// The carriers, in order of preference.
    pub carriers: Vec<(ProviderName, Offer)>,
    /// How many people there are.
    pub people: usize,
    /// The monitor.
    pub source: SourceName,
}

const fn offer(weight: u32, per_second: u32) -> Offer {
    Offer { weight, per_second }
}

/// The carriers of the four grounds.
const OFFERS: [&[Offer]; 4] = [
    &[offer(100, 1), offer(0, 1)],
    &[offer(70, 4), offer(30, 2), offer(0, 1)],
    &[offer(100, 2), offer(0, 5), offer(0, 5)],
    &[offer(50, 1), offer(50, 1)],
];

impl Ground {
    /// The ground of a world.
    pub fn of_world(world: u64) -> Self {
        // Rates are raised by the world's number modulo four; the ground must not go along with that.
        let which = (world / 4) % OFFERS.len() as u64;
        Self::of_shape(&Shape::with(OFFERS[which as usize]))
    }

    /// A ground of this shape.
    pub fn of_shape(shape: &Shape) -> Self {
        let text = text(shape);
        let environment = |_: &str| Some("https://hooks.example/soak".to_owned());
        let config = Config::parse_with(&text, Path::new("/soak/rinban.toml"), &environment)
            .unwrap_or_else(|errors| panic!("the soak's own configuration is wrong: {errors}"));
        let carriers = (0..).zip(&shape.offers);
        Self {
            config: Arc::new(config),
            groups: (0..shape.groups.len())
                .map(|group| named('g', group))
                .collect(),
            people: shape.people(),
            carriers: carriers
                .map(|(index, offer)| (named('c', index), *offer))
                .collect(),
            source: "soak".into(),
        }
    }

    /// How many of a carrier's calls there may be: microseconds from one to the next.
    pub fn every_micros(&self, carrier: usize) -> u64 {
        1_000_000 / u64::from(self.carriers[carrier].1.per_second)
    }

    /// A snapshot of an empty store.
    pub fn nothing() -> Snapshot {
        Snapshot {
            escalations: Vec::new(),
            alerts: Vec::new(),
            inbox: Vec::new(),
            outbox: Vec::new(),
            calls: Vec::new(),
            marks: Default::default(),
            dispatch: Default::default(),
            next_escalation: EscalationId(1),
            token_key: [0; 32],
            unreadable: Vec::new(),
        }
    }

    /// Which carrier a name means.
    pub fn carrier(&self, name: &ProviderName) -> usize {
        index(name.as_str())
    }
}

/// Which person a name means.
pub fn person(name: &MemberName) -> usize {
    index(name.as_str())
}

/// Which alert a headline is about.
pub fn alert_of(headline: &Headline) -> usize {
    index(headline.alert.dedup.as_str())
}

/// The number in a name such as `c2`.
pub fn index(name: &str) -> usize {
    let digits = name.bytes().filter(u8::is_ascii_digit);
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

/// How bad the alerts are.
pub const SEVERITIES: [Severity; 2] = [Severity::Critical, Severity::Warning];

fn named<T: for<'a> From<&'a str>>(kind: char, index: usize) -> T {
    T::from(&format!("{kind}{index}"))
}

fn text(shape: &Shape) -> String {
    let mut text = String::from("state_dir = \"/soak/state\"\ndefault_group = \"g0\"\n");
    // Writing to a string does not fail.
    for (index, offer) in shape.offers.iter().enumerate() {
        let _ = writeln!(
            text,
            "[[providers]]\nname = \"c{index}\"\nkind = \"simulated\"\nweight = {}\ncalls_per_second = {}",
            offer.weight, offer.per_second
        );
    }
    if shape.is_told {
        text.push_str("[[notices]]\nname = \"hook\"\nkind = \"webhook\"\nurl_env = \"URL\"\n");
    }
    for (index, (ring, ack)) in RING_SECS.iter().zip(ACK_SECS).enumerate() {
        let _ = writeln!(
            text,
            "[policies.p{index}]\nring_timeout_secs = {ring}\nack_timeout_secs = {ack}\nround_pause_secs = 30\n\
             callback_grace_secs = {}\ncall_limit_secs = 120\nmax_calls_per_hour = 1000\nallow_close = {}",
            shape.grace_secs,
            index == 1
        );
    }
    for person in 0..shape.people() {
        let _ = writeln!(text, "[members.m{person}]\nnumber = \"+8190{person:08}\"");
    }
    for (index, members) in shape.groups.iter().enumerate() {
        let members = members.iter().map(|person| format!("\"m{person}\""));
        let members = members.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "[groups.g{index}]\nmembers = [{members}]\npolicy = \"p{}\"",
            index % 2
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ground_is_a_configuration_that_the_core_takes() {
        for world in 0..16 {
            let ground = Ground::of_world(world);
            assert_eq!(ground.config.providers.len(), ground.carriers.len());
            assert_eq!(ground.config.groups.len(), ground.groups.len());
        }
        let shape = Shape {
            is_told: true,
            ..Shape::with(OFFERS[0])
        };
        assert_eq!(Ground::of_shape(&shape).config.receivers.len(), 1);
    }

    #[test]
    fn a_name_is_a_number() {
        assert_eq!(index("c2"), 2);
        assert_eq!(index("d1234"), 1_234);
    }
}
