//! The operator's side of the providers: commands, and probes that somebody asked for. They go through the
//! turn like everything else, and are answered once what they changed is on disk.

use tokio::sync::oneshot;

use super::{
    Engine, Happening, Runner,
    answers::{NotDone, ProbeReply},
    carriers::Carrier,
};
use crate::{
    dispatch::command::{Command, Done, Found, WrongCommand},
    escalation::ProviderName,
    roster::Channel,
};

/// A probe that an operator asks for.
#[derive(Debug)]
pub(super) struct Probing {
    pub(super) provider: ProviderName,
    pub(super) channel: Option<Channel>,
    pub(super) reply: ProbeReply,
}

/// What came of a probe.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) provider: ProviderName,
    pub(super) channel: Channel,
    pub(super) found: Found,
    /// Who waits for it; nobody if dispatch asked.
    pub(super) reply: Option<ProbeReply>,
}

impl Engine {
    /// Carries out what an operator says: durable on return.
    pub async fn command(&self, command: Command) -> Result<Done, NotDone> {
        let (reply, answer) = oneshot::channel();
        let sent = self.happenings.send(Happening::Commanded(command, reply));
        sent.await.map_err(|_| NotDone::Ending)?;
        answer.await.map_err(|_| NotDone::Ending)?
    }

    /// Probes a provider at once, and says what was found. A good probe ends the pause of an open breaker early; a bad one
    /// does not lengthen it. Without a channel voice is meant, if the provider carries it.
    pub async fn probe(
        &self,
        provider: ProviderName,
        channel: Option<Channel>,
    ) -> Result<Found, NotDone> {
        let (reply, answer) = oneshot::channel();
        let probing = Probing {
            provider,
            channel,
            reply,
        };
        let sent = self.happenings.send(Happening::ToProbe(probing)).await;
        sent.map_err(|_| NotDone::Ending)?;
        answer.await.map_err(|_| NotDone::Ending)?
    }
}

impl Runner {
    /// A probe changes nothing in the world, so it need not wait for the turn to be stored.
    pub(super) fn probe_by_hand(&self, probing: Probing) {
        let Probing {
            provider,
            channel,
            reply,
        } = probing;
        let known = self.desk.has_line(&provider, channel);
        let Some(carrier) = self.carriers.get(&provider).filter(|_| known).cloned() else {
            let wrong = WrongCommand::Unknown(provider, channel);
            return drop(reply.send(Err(wrong.into())));
        };
        let channel = channel.unwrap_or_else(|| carrier.usual_channel());
        self.probe(carrier, provider, channel, Some(reply));
    }

    pub(super) fn probe(
        &self,
        carrier: Carrier,
        provider: ProviderName,
        channel: Channel,
        reply: Option<ProbeReply>,
    ) {
        self.hand_in(async move {
            let found = carrier.probe(channel).await;
            Some(Happening::Probed(Probed {
                provider,
                channel,
                found,
                reply,
            }))
        });
    }
}
