//! What goes wrong on the way, by script or by seed.

use std::sync::{Mutex, PoisonError};

use super::people::dice;

/// Something that goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A status callback is never sent.
    LoseCallback,
    /// A status callback is sent twice.
    DuplicateCallback,
    /// A status callback is sent up to 10 s (simulated) late, so that a later one may overtake it.
    DelayCallback,
    /// The request that places a call is answered wrongly or not at all.
    Create(CreateFault),
    /// Something about a text message.
    Message(MessageFault),
    /// The reply to a TwiML request is lost on its way, and the request repeated with the same idempotency token.
    DuplicateWebhook,
    /// TwiML cannot be fetched, although the web server is well (error 11200 without a trace there).
    FailFetch,
}

/// Something that goes wrong with a text message once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageFault {
    /// The request that sends it is answered wrongly or not at all.
    Create(CreateFault),
    /// It is accepted, and then nothing is heard of it any more.
    NeverSent,
    /// It is sent and never delivered, and nobody is told so.
    NeverDelivered,
    /// The network loses it, and says so (30001).
    Fail,
    /// A status callback is never sent.
    LoseReceipt,
    /// A status callback is sent twice.
    DuplicateReceipt,
    /// A status callback is sent up to 10 s (simulated) late, so that later ones may overtake it.
    DelayReceipt,
    /// A status callback is overtaken by the next one.
    SwapReceipt,
    /// The reply to a webhook about a message from somebody is lost on its way, and the request repeated with the same
    /// idempotency token.
    DuplicateInbound,
    /// The webhook about a message from somebody never comes, although the web server is well (error 11200 without a trace
    /// there). The message is in the list.
    FailInbound,
}

/// What becomes of a request that places a call or sends a message; "placed" stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateFault {
    /// 500; no call was placed.
    ErrorBefore,
    /// 500, but the call was placed.
    ErrorAfter,
    /// 429; no call was placed (the carrier promises so).
    Throttled,
    /// The connection is closed without a reply; no call was placed.
    CloseBefore,
    /// The connection is closed without a reply, but the call was placed.
    CloseAfter,
}

/// What goes wrong, and how often.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Decides together with the number, the call and the occasion, so that equal calls meet equal faults.
    pub seed: u64,
    /// How probable each fault is at each occasion, from 0 to 1. The first that hits wins.
    pub chances: Vec<(Fault, f64)>,
    /// Each happens once, at the first occasion for it, before chance is asked.
    pub script: Vec<Fault>,
}

/// When something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Callback,
    Create,
    Webhook,
    CreateMessage,
    Message,
    Receipt,
    Inbound,
}

/// The faults of a running network.
#[derive(Debug)]
pub(super) struct Mischief {
    seed: u64,
    chances: Vec<(Fault, f64)>,
    script: Mutex<Vec<Fault>>,
}

impl Fault {
    fn occasion(self) -> Occasion {
        match self {
            Self::LoseCallback | Self::DuplicateCallback | Self::DelayCallback => {
                Occasion::Callback
            }
            Self::Create(_) => Occasion::Create,
            Self::DuplicateWebhook | Self::FailFetch => Occasion::Webhook,
            Self::Message(fault) => fault.occasion(),
        }
    }
}

impl MessageFault {
    fn occasion(self) -> Occasion {
        match self {
            Self::Create(_) => Occasion::CreateMessage,
            Self::NeverSent | Self::NeverDelivered | Self::Fail => Occasion::Message,
            Self::LoseReceipt | Self::DuplicateReceipt | Self::DelayReceipt | Self::SwapReceipt => {
                Occasion::Receipt
            }
            Self::DuplicateInbound | Self::FailInbound => Occasion::Inbound,
        }
    }
}

impl Mischief {
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            seed: faults.seed,
            chances: faults.chances,
            script: Mutex::new(faults.script),
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Adds to the script.
    pub(super) fn add(&self, fault: Fault) {
        self.script
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    /// What goes wrong with a message; see [`Self::at`].
    pub(super) fn with_message(
        &self,
        occasion: Occasion,
        message: &str,
        nth: u32,
    ) -> Option<MessageFault> {
        match self.at(occasion, message, nth) {
            Some(Fault::Message(fault)) => Some(fault),
            _ => None,
        }
    }

    /// What goes wrong at this occasion: the `nth` of its kind in the call that `call` names.
    pub(super) fn at(&self, occasion: Occasion, call: &str, nth: u32) -> Option<Fault> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let scripted = script.iter().position(|fault| fault.occasion() == occasion);
        if let Some(at) = scripted {
            return Some(script.remove(at));
        }
        drop(script);
        let mut dice = dice(self.seed, &[call, &format!("{occasion:?}")], nth);
        let possible = self
            .chances
            .iter()
            .filter(|(fault, _)| fault.occasion() == occasion);
        possible
            .filter(|(_, chance)| dice.f64() < *chance)
            .map(|(fault, _)| *fault)
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_goes_first_and_each_entry_once() {
        let mischief = Mischief::new(Faults {
            script: vec![Fault::LoseCallback, Fault::FailFetch],
            ..Faults::default()
        });
        assert_eq!(mischief.at(Occasion::Create, "x", 0), None);
        assert_eq!(
            mischief.at(Occasion::Webhook, "x", 0),
            Some(Fault::FailFetch)
        );
        assert_eq!(mischief.at(Occasion::Webhook, "x", 1), None);
        assert_eq!(
            mischief.at(Occasion::Callback, "x", 0),
            Some(Fault::LoseCallback)
        );
        mischief.add(Fault::Create(CreateFault::Throttled));
        assert!(mischief.at(Occasion::Create, "x", 0).is_some());
    }

    #[test]
    fn chance_depends_on_the_occasion_only() {
        let mischief = Mischief::new(Faults {
            seed: 5,
            chances: vec![(Fault::LoseCallback, 0.2), (Fault::DuplicateCallback, 0.2)],
            script: Vec::new(),
        });
        let all = || {
            (0..500)
                .map(|nth| mischief.at(Occasion::Callback, "x", nth))
                .collect::<Vec<_>>()
        };
        assert_eq!(all(), all());
        let hits = all().iter().flatten().count();
        assert!(
            (120..240).contains(&hits),
            "{hits} of 500, expected about 180"
        );
        assert_eq!(mischief.at(Occasion::Webhook, "x", 0), None);
    }
}
