//! Which provider carries an attempt: ratio, breaker, limiter and delivery monitor, put together. Pure: instants and dice come
//! in as arguments.
//!
//! [`Dispatch::pick`] answers the one question; everything else tells it what came of its answers. A provider's trouble
//! moves its calls to the next one at once (P8); nobody waits for a sick provider while another is well.

pub mod balance;
pub mod breaker;
pub mod command;
pub mod delivery;
pub mod limiter;
mod line;
pub mod ratio;
pub mod standing;
pub mod told;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::{
    breaker::{Change, Forced, Gate, Report},
    delivery::{Delivered, Reached},
    limiter::{Answer, Class, Rate},
    line::Line,
    ratio::{Ratio, WrongRatio},
};
use crate::{
    escalation::{AttemptId, ProviderName},
    roster::{Channel, MemberName},
};

pub use line::KeptLine;

/// A spare takes over what would wait longer than this for the preferred provider's rate.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

/// What a provider offers on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Who.
    pub provider: ProviderName,
    /// On which channel.
    pub channel: Channel,
    /// How much of the traffic, of the sum of all weights.
    pub weight: u32,
    /// How often.
    pub rate: Rate,
}

/// What is asked for an attempt.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Which.
    pub attempt: AttemptId,
    /// On which channel.
    pub channel: Channel,
    /// These have failed this person already.
    pub tried: &'a [ProviderName],
    /// Whether it goes ahead of others.
    pub class: Class,
}

/// Who carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// This one; it has been counted.
    Through(ProviderName),
    /// All that may carry it are at their rate: ask again at this instant, which keeps the place.
    Wait(Timestamp),
    /// Nobody is left who has not been tried.
    Nobody,
}

/// What dispatch did on its own, to be logged and told to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// With which provider.
    pub provider: ProviderName,
    /// On which channel.
    pub channel: Channel,
    /// What.
    pub what: What,
}

/// See [`Happened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Its breaker changed.
    Breaker(Change),
    /// Too little of what it accepted arrived; another one bears its weight.
    HeldBack(Option<Delivered>),
    /// It carries again.
    Back,
    /// So much is left of its prepaid account, which is little.
    LowBalance(String),
    /// Its prepaid account holds enough again.
    ToppedUp(String),
}

impl fmt::Display for What {
    /// To read after the provider's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaker(Change::Opened { reason, until }) => {
                write!(
                    f,
                    "nothing goes through it: {reason}; it is probed at {until}"
                )
            }
            Self::Breaker(Change::HalfOpened) => f.write_str("it is being probed"),
            Self::Breaker(Change::Closed) => f.write_str("it is well again"),
            Self::HeldBack(Some(Delivered { delivered, of })) => {
                write!(
                    f,
                    "held back: {delivered} of the last {of} arrived; another one carries its part"
                )
            }
            Self::HeldBack(None) => {
                f.write_str("held back: two in a row did not arrive; another one carries its part")
            }
            Self::Back => f.write_str("it carries its part again"),
            Self::LowBalance(left) => write!(f, "only {left} is left; top the account up"),
            Self::ToppedUp(left) => write!(f, "topped up: {left} is left"),
        }
    }
}

/// What outlives the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    lines: Vec<Arc<KeptLine>>,
    ratios: Arc<[(Channel, Arc<Ratio>)]>,
}

/// All providers on all channels.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Of each channel in the order of preference.
    lines: Vec<Line>,
    ratios: Arc<[(Channel, Arc<Ratio>)]>,
}

impl Dispatch {
    /// Goes on where the last one stopped. Offers are in the order of preference. Weights of the configuration count where
    /// a provider is new; afterwards what was set by hand or by the monitor does.
    pub fn new(offers: &[Offer], kept: Kept) -> Self {
        let ratio = |channel| {
            let weights: Vec<_> = offers
                .iter()
                .filter(|offer| offer.channel == channel)
                .map(|offer| (offer.provider.clone(), offer.weight))
                .collect();
            let known = kept.ratios.iter().find(|(of, _)| *of == channel);
            let same = known.filter(|(_, ratio)| {
                ratio
                    .weights()
                    .iter()
                    .map(|(name, _)| *name)
                    .eq(weights.iter().map(|(name, _)| name))
            });
            let ratio = same.map_or_else(
                || Arc::new(Ratio::new(weights)),
                |(_, ratio)| Arc::clone(ratio),
            );
            (channel, ratio)
        };
        Self {
            lines: offers
                .iter()
                .map(|offer| Line::new(offer, &kept.lines))
                .collect(),
            ratios: [Channel::Voice, Channel::Sms].map(ratio).into(),
        }
    }

    /// A core took over, and the clock may have been set back.
    pub fn restarted(&mut self, now: Timestamp) {
        for line in &mut self.lines {
            line.breaker_mut().restarted(now);
            line.delivery_mut().restarted(now);
            line.told_mut().restarted(now);
        }
        for (_, ratio) in Arc::make_mut(&mut self.ratios) {
            Arc::make_mut(ratio).restarted(now);
        }
    }

    /// What has to outlive the process.
    pub fn kept(&self) -> Kept {
        Kept {
            lines: self.lines.iter().map(Line::kept).collect(),
            ratios: Arc::clone(&self.ratios),
        }
    }

    /// The provider that carries an attempt now.
    pub fn pick(&mut self, now: Timestamp, ask: Ask<'_>) -> Pick {
        let order = self.order(now, ask.channel, ask.tried);
        let mut soonest: Option<(Timestamp, usize)> = None;
        let mut chosen = None;
        for index in order {
            match self.lines[index].ask(now, ask.attempt, ask.class) {
                Answer::Go => {
                    chosen = Some(index);
                    break;
                }
                Answer::Wait(turn) => {
                    soonest = soonest.into_iter().chain([(turn, index)]).min();
                    if turn.duration_since(now) <= PATIENCE {
                        break;
                    }
                }
            }
        }
        let stands_at = chosen.or(soonest.map(|(_, index)| index));
        for (index, line) in self.lines.iter_mut().enumerate() {
            if Some(index) != stands_at && line.channel == ask.channel {
                line.withdraw(ask.attempt);
            }
        }
        match (chosen, soonest) {
            (Some(index), _) => {
                let line = &mut self.lines[index];
                if line.breaker.counts_sent() {
                    line.breaker_mut().sent(now);
                }
                let provider = line.provider.clone();
                if self.ratio(ask.channel).counts_use(&provider) {
                    self.ratio_mut(ask.channel).used(&provider);
                }
                Pick::Through(provider)
            }
            (None, Some((turn, _))) => Pick::Wait(turn),
            (None, None) => Pick::Nobody,
        }
    }

    /// An attempt that waited is not to be sent any more.
    pub fn withdraw(&mut self, attempt: AttemptId) {
        for line in &mut self.lines {
            line.withdraw(attempt);
        }
    }

    /// What came of a request to a provider. `dice`, from 0 to 1, spreads pauses.
    pub fn report(
        &mut self,
        now: Timestamp,
        (provider, channel): (&ProviderName, Channel),
        report: Report,
        dice: f64,
    ) -> Option<Happened> {
        let line = self.line_mut(provider, channel)?;
        let change = line.breaker_mut().report(now, report, dice)?;
        Some(line.happened(What::Breaker(change)))
    }

    /// What came of a probe.
    pub fn probed(
        &mut self,
        now: Timestamp,
        (provider, channel): (&ProviderName, Channel),
        report: Report,
        dice: f64,
    ) -> Option<Happened> {
        let line = self.line_mut(provider, channel)?;
        let change = line.breaker_mut().probed(now, report, dice)?;
        Some(line.happened(What::Breaker(change)))
    }

    /// What came of a probe that an operator asked for.
    pub fn probed_by_hand(
        &mut self,
        now: Timestamp,
        (provider, channel): (&ProviderName, Channel),
        report: Report,
        dice: f64,
    ) -> Option<Happened> {
        let line = self.line_mut(provider, channel)?;
        let change = line.breaker_mut().probed_by_hand(now, report, dice)?;
        Some(line.happened(What::Breaker(change)))
    }

    /// A provider has accepted an attempt.
    pub fn accepted(
        &mut self,
        now: Timestamp,
        (provider, channel): (&ProviderName, Channel),
        attempt: AttemptId,
        to: MemberName,
    ) {
        if let Some(line) = self.line_mut(provider, channel) {
            line.delivery_mut().accepted(now, attempt, to);
        }
    }

    /// Whether word of an attempt says anything that is not known yet.
    pub fn is_news(&self, attempt: AttemptId, reached: Option<Reached>) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.delivery.is_news(attempt, reached))
    }

    /// How far an accepted attempt has come; `None` for one that we ended ourselves, which says nothing.
    pub fn reached(&mut self, attempt: AttemptId, reached: Option<Reached>) {
        let is_news = |line: &&mut Line| line.delivery.is_news(attempt, reached);
        for line in self.lines.iter_mut().filter(is_news) {
            let delivery = line.delivery_mut();
            match reached {
                Some(reached) => delivery.reached(attempt, reached),
                None => delivery.forget(attempt),
            }
        }
    }

    /// When [`Self::wake`] has something to do, if no word comes before.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let lines = self.lines.iter().flat_map(|line| {
            [
                line.breaker.next_wakeup(),
                line.delivery.next_wakeup(),
                line.told.next_wakeup(),
            ]
        });
        let ratios = self.ratios.iter().map(|(_, ratio)| ratio.next_wakeup());
        lines.chain(ratios).flatten().min()
    }

    /// Whether a provider is to be held back, which [`Self::wake`] does whatever is due.
    pub fn is_failing(&self, now: Timestamp) -> bool {
        let fails = |line: &Line| {
            line.delivery.is_failing(now) && self.ratio(line.channel).can_hold_back(&line.provider)
        };
        self.lines.iter().any(fails)
    }

    /// Does what is due: the providers that are to be probed now, and what changed.
    pub fn wake(
        &mut self,
        now: Timestamp,
        dice: f64,
    ) -> (Vec<(ProviderName, Channel)>, Vec<Happened>) {
        let mut probes = Vec::new();
        let mut happened = Vec::new();
        for line in &mut self.lines {
            let (is_due, change) = line.breaker_mut().wake(now, dice);
            if is_due {
                probes.push((line.provider.clone(), line.channel));
            }
            happened.extend(change.map(|change| line.happened(What::Breaker(change))));
            line.delivery_mut().looked_at(now);
        }
        self.release(now, &mut happened);
        self.hold_back(now, &mut happened);
        (probes, happened)
    }

    /// Whether what happened is to be told now; else it is told later, if it still stands then.
    pub fn tells(&mut self, now: Timestamp, happened: &Happened) -> bool {
        let line = self.line_mut(&happened.provider, happened.channel);
        line.is_some_and(|line| line.told_mut().tells(now, &happened.what))
    }

    /// What was kept back, and is to be told now.
    pub fn owed(&mut self, now: Timestamp) -> Vec<Happened> {
        let of_line = |line: &mut Line| {
            let owed = line.told_mut().owed(now).into_iter();
            owed.map(|what| line.happened(what)).collect::<Vec<_>>()
        };
        self.lines.iter_mut().flat_map(of_line).collect()
    }

    /// Sets a breaker by hand, or leaves it to itself again. Whether there is such a provider.
    pub fn force(
        &mut self,
        provider: &ProviderName,
        channel: Option<Channel>,
        forced: Option<&Forced>,
    ) -> bool {
        let mut found = false;
        for line in &mut self.lines {
            if line.provider == *provider && channel.is_none_or(|channel| line.channel == channel) {
                line.breaker_mut().force(forced.cloned());
                found = true;
            }
        }
        found
    }

    /// Sets weights by hand.
    pub fn set_ratio(
        &mut self,
        now: Timestamp,
        channel: Channel,
        (by, why): (&str, &str),
        weights: &[(ProviderName, u32)],
    ) -> Result<(), WrongRatio> {
        self.ratio_mut(channel).set(now, by, why, weights)?;
        let of_channel = |line: &&mut Line| line.channel == channel;
        for line in self.lines.iter_mut().filter(of_channel) {
            line.told_mut().weighed();
        }
        Ok(())
    }

    /// The lines that may carry, best first.
    fn order(&self, now: Timestamp, channel: Channel, tried: &[ProviderName]) -> Vec<usize> {
        let ratio = self.ratio(channel);
        let weights = ratio.weights();
        let carries = |name| {
            weights
                .iter()
                .any(|(of, weight)| *of == name && *weight > 0)
        };
        let in_turn = ratio.order().into_iter();
        let mut order: Vec<(Rank, usize)> = in_turn
            .filter(|name| !tried.contains(name))
            .filter_map(|name| {
                let index = self.index(name, channel)?;
                let rank = Rank::of(self.lines[index].breaker.gate(now), carries(name))?;
                Some((rank, index))
            })
            .collect();
        // Stable: within a rank the ratio decides. Of several sick ones, too: one call is better than none.
        order.sort_by_key(|(rank, _)| *rank);
        order.into_iter().map(|(_, index)| index).collect()
    }

    fn hold_back(&mut self, now: Timestamp, happened: &mut Vec<Happened>) {
        for line in &self.lines {
            if !line.delivery.is_failing(now) {
                continue;
            }
            let rate = line.delivery.rate(now);
            let why = match rate {
                Some(rate) => format!("{} of the last {} arrived", rate.delivered, rate.of),
                None => "two in a row did not arrive".to_owned(),
            };
            let ratio = Arc::make_mut(&mut self.ratios)
                .iter_mut()
                .find(|(channel, _)| *channel == line.channel);
            let holds =
                |ratio: &mut Arc<Ratio>| Arc::make_mut(ratio).hold_back(now, &line.provider, &why);
            if ratio.is_some_and(|(_, ratio)| holds(ratio)) {
                happened.push(line.happened(What::HeldBack(rate)));
            }
        }
    }

    fn release(&mut self, now: Timestamp, happened: &mut Vec<Happened>) {
        let lines = &self.lines;
        for (channel, ratio) in Arc::make_mut(&mut self.ratios) {
            if ratio.next_wakeup().is_none_or(|at| now < at) {
                continue;
            }
            let back = Arc::make_mut(ratio).release(now, |provider, since| {
                let line = lines
                    .iter()
                    .find(|line| line.provider == *provider && line.channel == *channel);
                line.is_none_or(|line| {
                    let proven = line.delivery.has_proven_itself(since, now);
                    // Without traffic nothing is known; then it is enough that it is not sick and that the old misses are
                    // no longer of the present.
                    proven
                        || (line.breaker.gate(now) <= Gate::Recovering
                            && !line.delivery.is_failing(now))
                })
            });
            happened.extend(back.into_iter().map(|provider| Happened {
                provider,
                channel: *channel,
                what: What::Back,
            }));
        }
    }

    fn index(&self, provider: &ProviderName, channel: Channel) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| line.provider == *provider && line.channel == channel)
    }

    fn line_mut(&mut self, provider: &ProviderName, channel: Channel) -> Option<&mut Line> {
        let index = self.index(provider, channel)?;
        self.lines.get_mut(index)
    }

    fn ratio(&self, channel: Channel) -> &Ratio {
        let found = self.ratios.iter().find(|(of, _)| *of == channel);
        &found.expect("there is a ratio for each channel").1
    }

    fn ratio_mut(&mut self, channel: Channel) -> &mut Ratio {
        let mut ratios = Arc::make_mut(&mut self.ratios).iter_mut();
        let found = ratios.find(|(of, _)| *of == channel);
        Arc::make_mut(&mut found.expect("there is a ratio for each channel").1)
    }
}

/// How gladly a provider is taken; the first goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The one request that finds out whether it is well.
    Trial,
    Well,
    Recovering,
    /// Only where there is nobody else.
    Sick,
}

impl Rank {
    /// A spare is tried in its turn only: there is no need to know how it is.
    fn of(gate: Gate, carries: bool) -> Option<Self> {
        match gate {
            Gate::Trial if carries => Some(Self::Trial),
            Gate::Well => Some(Self::Well),
            Gate::Trial | Gate::Recovering => Some(Self::Recovering),
            Gate::Sick => Some(Self::Sick),
            Gate::Forbidden => None,
        }
    }
}
