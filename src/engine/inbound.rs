//! What people write back: which run a message is about, what it says, and what they are answered once that is on disk (P4).

use tokio::sync::oneshot;

use super::{
    Engine, Happening, Runner,
    answers::NoAnswer,
    answers::Replies,
    desk::{Errand, Now, Turn},
};
use crate::{
    escalation::{Counts, Input, Line},
    provider::Inbound,
    roster::{Language, Member, MemberName},
    voice::sms,
};

/// A message from somebody, and where the answer goes.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) inbound: Inbound,
    pub(super) reply: WrittenReply,
}

/// Where the answer to a message goes; nothing for somebody whom nobody here knows.
pub(super) type WrittenReply = oneshot::Sender<Result<Option<String>, NoAnswer>>;

impl Engine {
    /// Hands in a message that somebody has sent to one of our numbers, and waits for what to answer, which is on disk by then
    /// (P4). Nobody is answered whose number is no member's. The same message may be handed in twice.
    ///
    /// # Errors
    /// What it says could not be stored, or the engine is ending: the carrier is to ask again.
    pub async fn reply(&self, inbound: Inbound) -> Result<Option<String>, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let written = Happening::Written(Written { inbound, reply });
        let sent = self.happenings.send(written).await;
        sent.map_err(|_| NoAnswer::Ending)?;
        answer.await.map_err(|_| NoAnswer::Ending)?
    }
}

impl Runner {
    /// Folds a message in.
    pub(super) fn read(
        &mut self,
        now: Now,
        written: Written,
        turn: &mut Turn,
        replies: &mut Replies,
    ) {
        let Written { inbound, reply } = written;
        let (said, named) = sms::read_reply(&inbound.text);
        let senders: Vec<(MemberName, Language)> = self.members_at(&inbound);
        let Some((_, language)) = senders.first().cloned() else {
            tracing::warn!("a message came from a number that is no member's; nobody is answered");
            return replies.written(reply, None);
        };
        let names: Vec<&MemberName> = senders.iter().map(|(name, _)| name).collect();
        let before = self.desk.replied_before(&inbound.message);
        let Some(attempt) = before.or_else(|| self.desk.replied_to(&names, named)) else {
            let over = sms::answer(&Line::Over, Counts::default(), language);
            return replies.written(reply, Some(over));
        };
        let input = Input::Reply {
            attempt,
            reply: inbound.message,
            said,
        };
        self.desk.input(now, attempt.escalation, input, turn);
        let answer = turn
            .errands
            .iter()
            .position(|errand| matches!(errand, Errand::Answer(_)));
        let text = match answer.map(|at| turn.errands.remove(at)) {
            Some(Errand::Answer(speech)) => {
                Some(sms::answer(&speech.line, speech.counts, language))
            }
            _ => None,
        };
        replies.written(reply, text);
    }

    /// Whoever has this number; several people may share a phone.
    fn members_at(&self, inbound: &Inbound) -> Vec<(MemberName, Language)> {
        let has_number = |member: &&Member| member.number == inbound.from;
        let members = self.config.members.values().filter(has_number);
        members
            .map(|member| (member.name.clone(), member.language))
            .collect()
    }
}
