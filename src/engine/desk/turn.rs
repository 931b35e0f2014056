//! What the desk is handed and what it hands back: the instant of a turn, what is to be stored, and what is to be done in the
//! world once that is durable.

use std::{collections::HashSet, sync::Arc};

use foldhash::fast::{FixedState, RandomState as FoldHash};
use jiff::{SignedDuration, Timestamp};

use crate::{
    alert::{AlertKey, GroupName, Headline},
    escalation::{AttemptId, CallSid, Counts, EscalationId, Line, MessageSid, ProviderName},
    monitor::Open,
    roster::{Channel, MemberName},
    store::{Batch, CallRecord},
};

/// The instant of a turn, by two clocks, and its luck.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// By the clock that never jumps while the process lives: all deadlines.
    pub steady: Timestamp,
    /// By the clock on the wall: who is on call.
    pub wall: Timestamp,
    /// From 0 to 1: spreads what would otherwise fall together.
    pub dice: f64,
}

/// What one turn brings.
#[derive(Debug, Default)]
pub struct Turn {
    /// To be stored.
    pub batch: Batch,
    /// To be run once that is durable.
    pub errands: Vec<Errand>,
    /// Escalations that have gone on.
    pub(super) touched: HashSet<EscalationId, FixedState>,
    /// Alerts that have changed.
    pub(super) touched_alerts: HashSet<AlertKey, FoldHash>,
}

/// Something to do in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Place a call.
    Place {
        /// The attempt.
        attempt: AttemptId,
        /// Whom.
        member: MemberName,
        /// Through whom.
        provider: ProviderName,
        /// How long it may ring.
        ring_timeout: SignedDuration,
        /// How long it may last.
        call_limit: SignedDuration,
        /// What it says without asking us first, if it does.
        inline: Option<Box<Speech>>,
    },
    /// Ask how a call goes.
    LookUp {
        /// The attempt.
        attempt: AttemptId,
        /// Through whom.
        provider: ProviderName,
        /// Which.
        call: CallSid,
        /// How long from now.
        after: SignedDuration,
    },
    /// Send a message.
    Send {
        /// The attempt.
        attempt: AttemptId,
        /// Whom.
        member: MemberName,
        /// Through whom.
        provider: ProviderName,
        /// What it is about.
        about: Box<Speech>,
    },
    /// Ask how far a message has come, if nobody else says so.
    Follow {
        /// The attempt.
        attempt: AttemptId,
        /// Through whom.
        provider: ProviderName,
        /// Which.
        message: MessageSid,
    },
    /// Answer the reply that was handed in.
    Answer(Box<Speech>),
    /// End a call.
    End {
        /// The attempt.
        attempt: AttemptId,
        /// Through whom.
        provider: ProviderName,
        /// Which.
        call: CallSid,
    },
    /// Ask the monitors how these alerts stand.
    Ask(Vec<Open>),
    /// Find out, at no cost and without disturbing anybody, whether a provider does its work.
    Probe {
        /// Which.
        provider: ProviderName,
        /// On which channel.
        channel: Channel,
    },
    /// Answer the webhook that was handed in.
    Speak(Box<Speech>),
    /// Refuse the webhook that was handed in.
    Refuse,
}

/// What to say, with everything that the words need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// The attempt.
    pub attempt: AttemptId,
    /// The place in the call that the URLs of the answer name.
    pub stage: u16,
    /// What to say.
    pub line: Line,
    /// To whom.
    pub member: MemberName,
    /// For which group.
    pub group: GroupName,
    /// What it is about.
    pub headline: Arc<Headline>,
    /// How many alerts.
    pub counts: Counts,
    /// Whether key 9 closes.
    pub allow_close: bool,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Load {
    /// Escalations that are not over.
    pub open_escalations: usize,
    /// Alerts that are not closed.
    pub open_alerts: usize,
    /// Phones that ring or talk.
    pub live_calls: usize,
    /// Notices on disk that are neither delivered nor given up. The loop counts them; the desk knows none.
    pub outbox_pending: usize,
}

/// What an unfinished attempt needs after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// The intent is on disk; whether the request went out is not known (P3).
    Intent(CallRecord),
    /// The call was alive; its callbacks may have been missed.
    Live(CallRecord),
    /// The call was to be ended.
    ToEnd(CallRecord),
    /// The intent to send a message is on disk; whether the request went out is not known (P3).
    Message {
        /// The attempt.
        attempt: AttemptId,
        /// Whom.
        member: MemberName,
        /// Through whom.
        provider: ProviderName,
        /// When the intent was journalled.
        since: Timestamp,
    },
    /// The message was accepted; its receipts may have been missed.
    Sent {
        /// The attempt.
        attempt: AttemptId,
        /// Through whom.
        provider: ProviderName,
        /// Which.
        message: MessageSid,
    },
}
