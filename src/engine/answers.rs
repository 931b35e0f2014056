//! What the engine answers, and that it does so only once the turn is on disk (P4).

use tokio::sync::oneshot;

use super::{desk::Speech, inbound::WrittenReply};
use crate::{
    dispatch::command::{Done, Found, WrongCommand},
    escalation::{Input, ProviderName},
};

/// The answer to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Say this.
    Speak(Box<Speech>),
    /// Taken in; nothing to say.
    Noted,
    /// Refused: 403, and nothing has changed.
    Refused,
}

/// Why a webhook has no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoAnswer {
    /// What it says could not be stored; the provider is to ask again.
    #[error("the webhook could not be stored; the provider asks again")]
    NotStored,
    /// The engine is ending.
    #[error("the core is ending")]
    Ending,
}

/// Why an operator's command was not carried out.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotDone {
    /// It makes no sense.
    #[error(transparent)]
    Wrong(#[from] WrongCommand),
    /// The store took nothing; nothing has changed.
    #[error(
        "the command could not be stored, and nothing has changed; see the log, and give it again"
    )]
    NotStored,
    /// The engine is ending.
    #[error("the core is ending; give the command again when it runs")]
    Ending,
}

/// A provider's request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) provider: ProviderName,
    pub(super) input: Input,
    pub(super) reply: oneshot::Sender<Result<Answer, NoAnswer>>,
}

/// Where the answer to a command, and to a probe, goes.
pub(super) type CommandReply = oneshot::Sender<Result<Done, NotDone>>;
pub(super) type ProbeReply = oneshot::Sender<Result<Found, NotDone>>;

/// The answers of a turn that is not stored yet.
#[derive(Debug, Default)]
pub(super) struct Replies {
    webhooks: Vec<(oneshot::Sender<Result<Answer, NoAnswer>>, Answer)>,
    commands: Vec<(CommandReply, Done)>,
    probes: Vec<(ProbeReply, Found)>,
    written: Vec<(WrittenReply, Option<String>)>,
}

impl Replies {
    pub(super) fn webhook(
        &mut self,
        reply: oneshot::Sender<Result<Answer, NoAnswer>>,
        answer: Answer,
    ) {
        self.webhooks.push((reply, answer));
    }

    /// A refusal changes nothing, so it waits for nothing.
    pub(super) fn command(&mut self, reply: CommandReply, done: Result<Done, WrongCommand>) {
        match done {
            Ok(done) => self.commands.push((reply, done)),
            Err(wrong) => drop(reply.send(Err(wrong.into()))),
        }
    }

    pub(super) fn probe(&mut self, reply: ProbeReply, found: Found) {
        self.probes.push((reply, found));
    }

    pub(super) fn written(&mut self, reply: WrittenReply, text: Option<String>) {
        self.written.push((reply, text));
    }

    /// The turn is on disk. Whoever has gone asks again.
    pub(super) fn stored(self) {
        give(self.webhooks, Ok);
        give(self.commands, Ok);
        give(self.probes, Ok);
        give(self.written, Ok);
    }

    /// The turn was undone.
    pub(super) fn undone(self) {
        give(self.webhooks, |_| Err(NoAnswer::NotStored));
        give(self.commands, |_| Err(NotDone::NotStored));
        give(self.probes, |_| Err(NotDone::NotStored));
        give(self.written, |_| Err(NoAnswer::NotStored));
    }
}

fn give<T, E>(
    replies: Vec<(oneshot::Sender<Result<T, E>>, T)>,
    answer: impl Fn(T) -> Result<T, E>,
) {
    for (reply, ready) in replies {
        let _ = reply.send(answer(ready));
    }
}
