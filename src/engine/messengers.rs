//! Carrying out what concerns messages: send, look for, follow. Each is a task of its own, like what concerns calls.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::carriers::{LOOK_EVERY, LOOK_FOR};
use crate::{
    escalation::{AttemptId, Fault, FaultClass, Input, MessageSid},
    provider::{FoundMessage, MessageRequest, Messenger},
    roster::PhoneNumber,
};

/// When a message is asked about whose carrier brings no receipts, from one look to the next. After the last one nothing more
/// is known of it.
const LOOKS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(180),
];

/// A carrier's line for messages.
#[derive(Clone, Debug)]
pub(super) struct MessageLine(pub(super) Arc<dyn Messenger>);

/// A message to be sent, or that may have been sent.
pub(super) struct MessageErrand {
    pub(super) attempt: AttemptId,
    pub(super) to: PhoneNumber,
    /// When the intent was journalled, by the wall clock.
    pub(super) since: Timestamp,
    /// Messages to this person that belong to other attempts.
    pub(super) known: Vec<MessageSid>,
}

impl MessageLine {
    /// Whether a reply reaches us.
    pub(super) fn takes_replies(&self, is_reachable: bool) -> bool {
        self.0.takes_replies(is_reachable)
    }

    /// Sends a message, and says what became of it: [`Input::MessageSent`] or [`Input::MessageFailed`].
    pub(super) async fn send(&self, errand: MessageErrand, request: MessageRequest) -> Input {
        let attempt = errand.attempt;
        match self.0.send(&request).await {
            Ok(message) => Input::MessageSent { attempt, message },
            Err(fault) if fault.class == FaultClass::Ambiguous => {
                self.look_for(errand, fault).await
            }
            Err(fault) => Input::MessageFailed {
                attempt,
                fault,
                possible_duplicate: false,
            },
        }
    }

    /// Looks for a message that may have been sent (P3). Not found in time, it is taken not to exist.
    pub(super) async fn look_for(&self, errand: MessageErrand, fault: Fault) -> Input {
        let attempt = errand.attempt;
        let give_up = Instant::now() + LOOK_FOR;
        loop {
            match self.0.find(&errand.to, errand.since, &errand.known).await {
                Ok(Some(FoundMessage { message, .. })) => {
                    return Input::MessageSent { attempt, message };
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%attempt, "failed to look for the message: {error}"),
            }
            if Instant::now() + LOOK_EVERY >= give_up {
                return Input::MessageFailed {
                    attempt,
                    fault,
                    possible_duplicate: true,
                };
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Asks again and again how far a message has come, until that is known for good. Nothing if the carrier says so by itself.
    pub(super) async fn follow(
        &self,
        attempt: AttemptId,
        message: MessageSid,
        is_reachable: bool,
    ) -> Option<Input> {
        if is_reachable && !self.0.is_asked_for_receipts() {
            return None;
        }
        let mut furthest = None;
        for pause in LOOKS {
            sleep(pause).await;
            match self.0.look_up(&message).await {
                Ok(status) if status.is_final() => {
                    furthest = Some(status);
                    break;
                }
                Ok(status) => furthest = furthest.max(Some(status)),
                Err(error) => tracing::warn!(%attempt, "failed to look the message up: {error}"),
            }
        }
        Some(Input::Receipt {
            attempt,
            message,
            status: furthest?,
        })
    }
}
