//! What an escalation sees and what it decides, as values: together they are the journal (P11).
//!
//! An [`Entry`] holds one [`Input`] with the instant it was handed in, and the [`Effect`]s that followed. The state
//! of an escalation is nothing but the fold of its inputs, so a journal can be replayed and must arrive at the
//! same effects and the same state. Phone numbers and secrets never stand in a journal: members and providers are named.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    call::{AttemptId, CallSid, CallStatus, Fault, ProviderName},
    carrier_news::Became,
    message::{MessageSid, MessageStatus},
    policy::Policy,
};
use crate::{
    alert::{AlertKey, GroupName, Headline},
    roster::{Channel, MemberName},
};

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 within the escalation.
    pub number: u32,
    /// The `now` that the step was given.
    pub at: Timestamp,
    /// What was seen.
    pub input: Input,
    /// What was decided.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub effects: Arc<[Effect]>,
}

/// How many alerts an escalation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Open and not taken by anybody.
    pub waiting: u32,
    /// Open, taken or not.
    pub open: u32,
}

/// A person who may be called in this round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub member: MemberName,
    /// When this person was called within the last hour, by any escalation, oldest first.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub calls: Arc<[Timestamp]>,
    /// How this person can be reached, in order of preference.
    #[serde(default = "voice_only", skip_serializing_if = "is_voice_only")]
    pub channels: Vec<Channel>,
}

fn voice_only() -> Vec<Channel> {
    vec![Channel::Voice]
}

fn is_voice_only(channels: &[Channel]) -> bool {
    channels == [Channel::Voice]
}

/// What the escalation sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "saw", rename_all = "snake_case")]
pub enum Input {
    /// The first alert. Always the first entry of a journal, and only there.
    Opened {
        /// Whom it concerns.
        group: GroupName,
        /// What the call will say.
        headline: Arc<Headline>,
    },
    /// Another alert of the same group, while nobody has taken the first (P9).
    AlertJoined {
        /// What the new alert says.
        headline: Arc<Headline>,
        /// How many there are now, the new one included.
        counts: Counts,
    },
    /// An alert is over, or was taken in the monitor.
    AlertLeft {
        /// Which.
        alert: AlertKey,
        /// Why.
        why: Left,
        /// How many remain.
        counts: Counts,
        /// What the calls speak of from here on, if it was this alert so far and others remain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        headline: Option<Arc<Headline>>,
    },
    /// The answer to [`Effect::Muster`]: the rules and the people of the coming round, in the order of calling.
    Mustered {
        /// The rules from here on.
        policy: Arc<Policy>,
        /// Nobody is a mistake in the roster, which the operator must hear of.
        candidates: Vec<Arc<Candidate>>,
    },
    /// The answer to [`Effect::Route`]: the provider that carries the attempt, or none that is left.
    Routed {
        /// The attempt.
        attempt: AttemptId,
        /// Its provider.
        provider: Option<ProviderName>,
        /// The person is on a call of another escalation right now (P9).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        engaged: bool,
    },
    /// The other answer to [`Effect::Route`]: all that may carry the attempt take nothing more at present.
    Waits {
        /// The attempt.
        attempt: AttemptId,
        /// When to ask again.
        until: Timestamp,
    },
    /// The provider accepted the call, which means that it is queued.
    Placed {
        /// The attempt.
        attempt: AttemptId,
        /// The provider's name for the call.
        call: CallSid,
    },
    /// The provider did not accept the call. Never ambiguous: the engine looks the call up first.
    PlaceFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        fault: Fault,
        /// The call may have been placed all the same, although it could not be found.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        possible_duplicate: bool,
    },
    /// A status callback, or the answer to a look-up.
    Status {
        /// The attempt.
        attempt: AttemptId,
        /// The call.
        call: CallSid,
        /// What is said of it.
        status: CallStatus,
    },
    /// The provider asks what to say.
    Voice {
        /// The attempt.
        attempt: AttemptId,
        /// The call.
        call: CallSid,
        /// The place in the call that the URL names; 0 is the first fetch.
        stage: u16,
        /// What came with the request.
        heard: Heard,
    },
    /// Who answered a call, where nothing but looking it up tells.
    Answered {
        /// The attempt.
        attempt: AttemptId,
        /// The call.
        call: CallSid,
        /// A person, rather than a machine.
        by_person: bool,
    },
    /// The answer to [`Effect::RouteMessage`]: the provider that carries the message, or none that is left.
    MessageRouted {
        /// The attempt.
        attempt: AttemptId,
        /// Its provider.
        provider: Option<ProviderName>,
    },
    /// The other answer to [`Effect::RouteMessage`]: all that may carry it take nothing more at present.
    MessageWaits {
        /// The attempt.
        attempt: AttemptId,
        /// When to ask again.
        until: Timestamp,
    },
    /// The provider accepted the message, which means that it is queued.
    MessageSent {
        /// The attempt.
        attempt: AttemptId,
        /// The provider's name for it.
        message: MessageSid,
    },
    /// The provider did not accept the message. Never ambiguous: the engine looks for it first.
    MessageFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        fault: Fault,
        /// It may have been sent all the same, although it could not be found.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        possible_duplicate: bool,
    },
    /// A receipt, or the answer to a look-up.
    Receipt {
        /// The attempt.
        attempt: AttemptId,
        /// The message.
        message: MessageSid,
        /// What is said of it.
        status: MessageStatus,
    },
    /// A person has answered a message with one of their own.
    Reply {
        /// The message that it answers.
        attempt: AttemptId,
        /// The carrier's name for the reply, which it may tell of twice.
        reply: MessageSid,
        /// What it says.
        said: Said,
    },
    /// The instant that [`super::Escalation::next_wakeup`] named has come.
    Woke,
    /// A core took over from one that ended, and found a timer further ahead than any rule allows: the clock was set back.
    Restarted,
}

impl Input {
    /// The attempt that a provider tells of.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Placed { attempt, .. }
            | Self::PlaceFailed { attempt, .. }
            | Self::Status { attempt, .. }
            | Self::Voice { attempt, .. }
            | Self::Answered { attempt, .. }
            | Self::MessageSent { attempt, .. }
            | Self::MessageFailed { attempt, .. }
            | Self::Receipt { attempt, .. }
            | Self::Reply { attempt, .. } => Some(*attempt),
            _ => None,
        }
    }
}

/// Why an alert left an escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// The monitor says that it is over, perhaps with a reason other than recovery.
    Recovered(Option<String>),
    /// Somebody took it in the monitor.
    TakenBy(String),
}

/// What the phone network brought us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Nothing yet: the call was answered and the provider wants to know what to say.
    Answer,
    /// Keys, as pressed.
    Keys(String),
    /// No key within the time to press one.
    Silence,
    /// Our last answer could not be fetched or executed; the provider's error code, such as 11200.
    Trouble(Option<u32>),
}

/// What a reply to a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// 1, or the short code alone: I take it.
    Take,
    /// 2: the next person.
    Pass,
    /// 9: it is over.
    Close,
    /// Anything else.
    Other,
}

/// What the escalation wants done. Effects are carried out after the entry is on disk, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// Say who is on call now, with [`Input::Mustered`], within the same commit.
    Muster,
    /// Say which provider carries the attempt, with [`Input::Routed`] or [`Input::Waits`], within the same commit.
    Route {
        /// The attempt.
        attempt: AttemptId,
        /// The person.
        member: MemberName,
        /// Providers that failed this person in this round.
        tried: Vec<ProviderName>,
    },
    /// Place the call. The intent is on disk before the request goes out (P3).
    Place {
        /// The attempt, which travels in every URL.
        attempt: AttemptId,
        /// The person.
        member: MemberName,
        /// The carrier.
        provider: ProviderName,
        /// How long it may ring.
        ring_timeout: SignedDuration,
        /// How long the call may last.
        call_limit: SignedDuration,
        /// Whether it says its message without asking us first.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        inline: bool,
    },
    /// The call ought to ring by now: look it up, and hand in what is said of it with [`Input::Status`].
    LookUp {
        /// The attempt.
        attempt: AttemptId,
        /// The carrier.
        provider: ProviderName,
        /// The call.
        call: CallSid,
    },
    /// The call still does not ring, which is its provider's fault.
    NotRinging {
        /// The attempt.
        attempt: AttemptId,
        /// The carrier.
        provider: ProviderName,
    },
    /// Say which provider carries the message, with [`Input::MessageRouted`] or [`Input::MessageWaits`], within the same commit.
    RouteMessage {
        /// The attempt.
        attempt: AttemptId,
        /// The person.
        member: MemberName,
        /// Providers that failed this person's message.
        tried: Vec<ProviderName>,
    },
    /// Send the message. The intent is on disk before the request goes out (P3).
    Send {
        /// The attempt.
        attempt: AttemptId,
        /// The person.
        member: MemberName,
        /// The carrier.
        provider: ProviderName,
    },
    /// Answer the person who has replied. Only said when it is on disk (P4).
    Answer {
        /// The message that was replied to.
        attempt: AttemptId,
        /// What to say.
        line: Line,
    },
    /// End the call, whether it rings or talks.
    EndCall {
        /// The attempt.
        attempt: AttemptId,
        /// The carrier.
        provider: ProviderName,
        /// The call.
        call: CallSid,
    },
    /// Answer the webhook that asks what to say.
    Speak {
        /// The attempt.
        attempt: AttemptId,
        /// The place in the call that the URLs of the answer name.
        stage: u16,
        /// What to say.
        line: Line,
    },
    /// Answer the webhook with 403: it names a place in the call that is past.
    Refuse {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The waiting alerts are taken.
    TakeAlerts {
        /// Who took them.
        by: MemberName,
    },
    /// Nobody holds the alerts any more: the time to close them has run out.
    ReleaseAlerts,
    /// The open alerts are over because a person says so.
    CloseAlerts {
        /// Who closed them.
        by: MemberName,
    },
    /// Tell the group's channels.
    Tell {
        /// What.
        news: News,
    },
}

/// What the phone says; `voice` renders it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The alert and the keys. Asks for a key.
    Message,
    /// That was no key we know; the alert and the keys again. Asks for a key.
    UnknownKey,
    /// Closing by key is not allowed here; the keys again. Asks for a key.
    CloseNotAllowed,
    /// You have taken it. Only spoken when that is on disk (P4). Ends the call.
    Acknowledged,
    /// The next person is called. Ends the call.
    Passed,
    /// You have closed it. Ends the call.
    Closed,
    /// Somebody else has taken it. Ends the call.
    TakenBy(String),
    /// It is over. Ends the call.
    Over,
    /// No key was pressed; the next person is called. Ends the call.
    Goodbye,
}

impl Line {
    /// Whether the answer gathers a key; otherwise it hangs up.
    pub fn asks_for_key(&self) -> bool {
        matches!(
            self,
            Self::Message | Self::UnknownKey | Self::CloseNotAllowed
        )
    }
}

/// What the group's channels hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// The run begins.
    Opened,
    /// An alert that is too mild to call anybody.
    Noted,
    /// A phone is about to ring.
    Calling {
        /// Whose.
        member: MemberName,
        /// Counts from 1.
        round: u32,
    },
    /// A message is about to be sent.
    Writing {
        /// To whom.
        member: MemberName,
        /// Counts from 1.
        round: u32,
    },
    /// A call or a message did not lead to a person.
    NotReached {
        /// Whose.
        member: MemberName,
        /// What happened to it.
        outcome: Outcome,
    },
    /// Somebody or something answered.
    Answered {
        /// Whose phone.
        member: MemberName,
    },
    /// Somebody took the alerts.
    Acknowledged {
        /// A member, or a user of the monitor.
        by: String,
    },
    /// Somebody closed the alerts by key.
    Closed {
        /// Who.
        by: MemberName,
    },
    /// All alerts are over.
    Recovered {
        /// Why, if they did not simply recover.
        reason: Option<String>,
    },
    /// Taken, but not closed in time: calling resumes.
    Resumed,
    /// The roster is empty: nobody can be called. The operator must act.
    NobodyOnCall,
    /// The operator's cap on rounds is reached and nobody took it.
    Exhausted {
        /// How many rounds.
        rounds: u32,
    },
    /// Something became of a provider. Belongs to no run.
    Provider {
        /// Which.
        provider: ProviderName,
        /// On which channel.
        channel: Channel,
        /// What.
        #[serde(flatten)]
        became: Became,
    },
    /// A provider or our configuration fails in a way that only an operator can mend.
    Broken {
        /// Which provider.
        provider: ProviderName,
        /// How.
        fault: Fault,
    },
}

impl News {
    /// Whether this only stands in the journal: it comes round after round and would drown what matters.
    pub fn is_routine(&self) -> bool {
        matches!(
            self,
            Self::NotReached {
                outcome: Outcome::Resting,
                ..
            }
        )
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The line was busy.
    Busy,
    /// It rang out.
    NoAnswer,
    /// The provider could not connect it.
    Failed,
    /// It was cancelled, by us or by them.
    Canceled,
    /// Answered, but no key: a voicemail, or a person who hung up.
    NoKey,
    /// Answered, and the call was passed on with key 2.
    Passed,
    /// Answered, and the person took or closed the alert.
    Taken,
    /// Answered, but our TwiML was never fetched, so the person heard nothing.
    Unheard,
    /// The phone did not ring within the time that the policy gives a provider.
    NotRinging,
    /// No reply to the message within the time to send one.
    NoReply,
    /// No word from the provider within the time a call can take.
    Lost,
    /// The provider did not take the call.
    NotPlaced(Fault),
    /// No provider was left to carry it.
    NoProvider,
    /// The person is on another call of ours.
    Engaged,
    /// The person was called as often as the ceiling allows.
    Resting,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no answer",
            Self::Failed => "not connected",
            Self::Canceled => "cancelled",
            Self::NoKey => "answered, no key pressed",
            Self::Passed => "passed on",
            Self::Taken => "taken",
            Self::Unheard => "answered, but our message was never fetched",
            Self::NotRinging => "the phone did not ring",
            Self::NoReply => "no reply to the message",
            Self::Lost => "no word from the provider",
            Self::NotPlaced(fault) => return write!(f, "not placed: {fault}"),
            Self::NoProvider => "no provider left",
            Self::Engaged => "on another call of ours",
            Self::Resting => "called too often within the hour",
        })
    }
}
