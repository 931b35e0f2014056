//! News of the providers, for the receivers that hear of all groups.

use std::sync::Arc;

use super::{Desk, Now, Turn};
use crate::{
    alert::{AlertKey, Headline, SELF_TEST, Severity},
    dispatch::{
        Happened, What,
        breaker::Change,
        command::{Command, Order},
        delivery::Delivered,
    },
    escalation::{Became, Counts, News, ProviderName},
    notice::Notice,
    roster::Channel,
};

/// Stands where a notice names the group.
const GROUP: &str = "rinban";

impl Desk {
    /// Something happened to a provider: the log has all of it, people what is news.
    pub(super) fn happened(&mut self, now: Now, happened: &Happened, turn: &mut Turn) {
        let Happened {
            provider,
            channel,
            what,
        } = happened;
        tracing::warn!(%provider, %channel, "{what}");
        if self.dispatch.tells(now.steady, happened) {
            self.tell_of_provider(now, provider, *channel, what, turn);
        }
    }

    /// Tells what was kept back.
    pub(super) fn tell_owed(&mut self, now: Now, turn: &mut Turn) {
        for Happened {
            provider,
            channel,
            what,
        } in self.dispatch.owed(now.steady)
        {
            self.tell_of_provider(now, &provider, channel, &what, turn);
        }
    }

    /// Tells what an operator has changed.
    pub(super) fn tell_of_command(&self, now: Now, command: &Command, turn: &mut Turn) {
        let (by, why) = (command.by.clone(), command.why.clone());
        let (name, became) = match &command.order {
            Order::ForceOpen(name) => (name, Became::ForcedOpen { by, why }),
            Order::ForceClosed(name) => (name, Became::ForcedClosed { by, why }),
            Order::Auto(name) => (name, Became::Auto { by, why }),
            Order::Ratio(weights) => {
                let channel = command.channel.unwrap_or(Channel::Voice);
                for (name, weight) in weights {
                    let (by, why) = (by.clone(), why.clone());
                    let weight = *weight;
                    let became = Became::Weighed { weight, by, why };
                    self.notify_of_provider(now, name, channel, became, turn);
                }
                return;
            }
        };
        for channel in self.dispatch.channels_of(name, command.channel) {
            self.notify_of_provider(now, name, channel, became.clone(), turn);
        }
    }

    fn tell_of_provider(
        &self,
        now: Now,
        provider: &ProviderName,
        channel: Channel,
        what: &What,
        turn: &mut Turn,
    ) {
        let became = match what {
            What::Breaker(Change::HalfOpened) => return,
            What::Breaker(Change::Closed) => Became::Well,
            What::Breaker(Change::Opened { reason, until }) => Became::Sick {
                sickness: *reason,
                until: *until,
            },
            What::HeldBack(rate) => Became::HeldBack {
                arrived: rate.map(|Delivered { delivered, of }| (delivered, of)),
            },
            What::Back => Became::Back,
            What::LowBalance(left) => Became::LowBalance { left: left.clone() },
            What::ToppedUp(left) => Became::ToppedUp { left: left.clone() },
        };
        self.notify_of_provider(now, provider, channel, became, turn);
    }

    /// Receivers of some groups only are told of these, and of nothing else.
    fn notify_of_provider(
        &self,
        now: Now,
        provider: &ProviderName,
        channel: Channel,
        became: Became,
        turn: &mut Turn,
    ) {
        let title = format!("{provider} ({channel})");
        let headline = Arc::new(Headline {
            alert: AlertKey {
                source: SELF_TEST.into(),
                group: GROUP.into(),
                dedup: title.as_str().into(),
            },
            severity: match became.is_bad() {
                true => Severity::Warning,
                false => Severity::Info,
            },
            title,
            host: None,
            message: String::new(),
            url: None,
            message_id: None,
            variables: Default::default(),
        });
        let news = News::Provider {
            provider: provider.clone(),
            channel,
            became,
        };
        for receiver in &self.config.receivers {
            if receiver.groups.is_empty() {
                turn.batch.notices.push(Notice {
                    receiver: receiver.name.clone(),
                    news: news.clone(),
                    at: now.steady,
                    group: GROUP.into(),
                    escalation: None,
                    headline: headline.clone(),
                    counts: Counts::default(),
                });
            }
        }
    }
}
