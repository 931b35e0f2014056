//! Carrying out what concerns calls: place, look for, end. Each errand is a task of its own, so that a slow provider holds
//! up nobody; what comes of it goes back to the loop as an input.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::messengers::MessageLine;
use crate::{
    dispatch::{
        breaker::{Report, SLOW},
        command::Found,
    },
    escalation::{AttemptId, CallSid, CallStatus, Fault, FaultClass, Input, ProviderName},
    provider::{AnsweredBy, CallRequest, FoundCall, Messenger, Provider},
    roster::{Channel, PhoneNumber},
};

/// How long a call whose reply was lost is looked for. A provider's list lags a little behind (Twilio: eventually
/// consistent).
pub(super) const LOOK_FOR: Duration = Duration::from_secs(3);

/// The pause between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often a call is asked about that only looking it up tells of, and the pause after a failure. In all longer than any call.
const ASK_TRIES: u32 = 120;
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How often ending a call is tried, with a pause that doubles from the first.
const END_TRIES: u32 = 6;
const END_PAUSE: Duration = Duration::from_millis(500);

/// How long the URLs of an attempt are good: longer than any call, its ringing and its retries.
pub(super) const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// A configured provider, ready to use.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// Its API for calls, if it carries them.
    pub voice: Option<Arc<dyn Provider>>,
    /// Its API for messages, if it carries them.
    pub sms: Option<Arc<dyn Messenger>>,
    /// Connection overrides for the URLs that it is given.
    pub connection_overrides: String,
}

/// All configured providers.
pub type Carriers = HashMap<ProviderName, Carrier>;

/// A call to be placed, or that may have been placed.
pub(super) struct Errand {
    pub(super) attempt: AttemptId,
    pub(super) to: PhoneNumber,
    /// When the intent was journalled.
    pub(super) since: Timestamp,
    /// Calls to this person that belong to other attempts.
    pub(super) known: Vec<CallSid>,
}

impl Carrier {
    /// Its line for calls.
    pub(super) fn calls(&self) -> Option<CallLine> {
        self.voice.clone().map(CallLine)
    }

    /// Its line for messages.
    pub(super) fn messages(&self) -> Option<MessageLine> {
        self.sms.clone().map(MessageLine)
    }

    /// The channel that is meant where none is named.
    pub(super) fn usual_channel(&self) -> Channel {
        match self.voice {
            Some(_) => Channel::Voice,
            None => Channel::Sms,
        }
    }

    /// Finds out whether the provider does its work, for the breaker of a channel.
    pub(super) async fn probe(&self, channel: Channel) -> Found {
        let before = Instant::now();
        let fault = match (channel, &self.voice, &self.sms) {
            (Channel::Voice, Some(api), _) => api.probe().await.err(),
            (Channel::Sms, _, Some(api)) => api.probe().await.err(),
            _ => Some(no_line()),
        };
        let took = before.elapsed();
        let report = match &fault {
            None if took > SLOW => Report::Slow,
            None => Report::Good,
            Some(fault) => {
                tracing::info!("the probe failed: {fault}");
                match fault.class {
                    FaultClass::Account => Report::Account,
                    _ => Report::Fault,
                }
            }
        };
        Found {
            report,
            took_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            fault,
        }
    }
}

/// The configuration has changed since dispatch asked.
fn no_line() -> Fault {
    Fault {
        class: FaultClass::Ours,
        code: None,
        text: "the provider is not configured for this channel".to_owned(),
    }
}

/// A carrier's line for calls.
#[derive(Clone, Debug)]
pub(super) struct CallLine(Arc<dyn Provider>);

impl CallLine {
    /// Places a call, and says what became of it: [`Input::Placed`] or [`Input::PlaceFailed`].
    pub(super) async fn place(&self, errand: Errand, request: CallRequest) -> Input {
        match self.0.place(&request).await {
            Ok(call) => Input::Placed {
                attempt: errand.attempt,
                call,
            },
            Err(fault) if fault.class == FaultClass::Ambiguous => {
                self.look_for(errand, fault).await
            }
            Err(fault) => Input::PlaceFailed {
                attempt: errand.attempt,
                fault,
                possible_duplicate: false,
            },
        }
    }

    /// Looks for a call that may have been placed (P3). Not found within [`LOOK_FOR`], it is taken not to exist.
    pub(super) async fn look_for(&self, errand: Errand, fault: Fault) -> Input {
        let attempt = errand.attempt;
        let give_up = Instant::now() + LOOK_FOR;
        loop {
            match self.0.find(&errand.to, errand.since, &errand.known).await {
                Ok(Some(FoundCall { call, .. })) => return Input::Placed { attempt, call },
                Ok(None) => {}
                Err(error) => tracing::warn!(%attempt, "failed to look for the call: {error}"),
            }
            if Instant::now() + LOOK_EVERY >= give_up {
                return Input::PlaceFailed {
                    attempt,
                    fault,
                    possible_duplicate: true,
                };
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Asks how a call goes whose callbacks may have been missed.
    pub(super) async fn ask(&self, attempt: AttemptId, call: CallSid) -> Option<Vec<Input>> {
        let state = match self.0.look_up(&call).await {
            Ok(state) => state,
            Err(fault) => {
                tracing::warn!(%attempt, "failed to look the call up: {fault}");
                return None;
            }
        };
        let answered = state.answered_by.map(|by| Input::Answered {
            attempt,
            call: call.clone(),
            by_person: by == AnsweredBy::Human,
        });
        // Who answered comes first: a call that is over already was answered all the same.
        let status = Input::Status {
            attempt,
            call,
            status: state.status,
        };
        Some(answered.into_iter().chain([status]).collect())
    }

    /// Asks until there is an answer, for calls of which nothing else tells.
    pub(super) async fn ask_until_answered(
        &self,
        attempt: AttemptId,
        call: CallSid,
    ) -> Option<Vec<Input>> {
        for _ in 0..ASK_TRIES {
            if let Some(inputs) = self.ask(attempt, call.clone()).await {
                return Some(inputs);
            }
            sleep(ASK_AGAIN).await;
        }
        None
    }

    /// Ends a call, again and again until the provider says that it is over.
    pub(super) async fn end(&self, attempt: AttemptId, call: CallSid) -> Option<Input> {
        for attempted in 0..END_TRIES {
            match self.0.end(&call).await {
                // The status callback says the same, if it is not lost.
                Ok(()) => {
                    return Some(Input::Status {
                        attempt,
                        call,
                        status: CallStatus::Canceled,
                    });
                }
                Err(fault) => tracing::warn!(%attempt, "failed to end the call: {fault}"),
            }
            sleep(END_PAUSE * 2u32.pow(attempted)).await;
        }
        None
    }
}

/// What is known of an intent whose request a crash cut short.
pub(super) fn cut_short() -> Fault {
    Fault {
        class: FaultClass::Ambiguous,
        code: None,
        text: "the core ended before the provider's reply came".to_owned(),
    }
}

/// The configuration has changed since the attempt was decided: its member or provider is gone.
pub(super) fn not_configured(attempt: AttemptId) -> Input {
    Input::PlaceFailed {
        attempt,
        fault: gone(),
        possible_duplicate: false,
    }
}

/// As [`not_configured`], for a message.
pub(super) fn message_not_configured(attempt: AttemptId) -> Input {
    Input::MessageFailed {
        attempt,
        fault: gone(),
        possible_duplicate: false,
    }
}

fn gone() -> Fault {
    Fault {
        class: FaultClass::Callee,
        code: None,
        text: "the member or the provider is no longer configured".to_owned(),
    }
}
