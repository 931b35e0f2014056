//! The kinds of faults: one table of names, places and meanings.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::Occasion;

/// Where things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A request to the REST API.
    Request,
    /// A status callback, of a call or a message.
    Callback,
    /// A request for TwiML.
    Webhook,
    /// A phone is picked up.
    Answer,
    /// A recording is fetched for `Play`.
    Media,
}

/// Something that goes wrong once.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 503; nothing was done.
    ErrorBefore,
    /// 500, but it was done.
    ErrorAfter,
    /// The connection is closed without a reply; nothing was done.
    CloseBefore,
    /// The connection is closed without a reply, but it was done.
    CloseAfter,
    /// The connection is reset; nothing was done.
    ResetBefore,
    /// The connection is reset, but it was done.
    ResetAfter,
    /// The reply breaks off in the middle of its body; it was done.
    CutReply,
    /// No reply ever comes; nothing was done.
    HangBefore,
    /// No reply ever comes, but it was done.
    HangAfter,
    /// The reply comes late.
    LateReply,
    /// The body of the reply trickles.
    SlowBody,
    /// A success with a body that is no JSON; it was done.
    WrongJson,
    /// The reply is not HTTP; it was done.
    Garbage,
    /// 429; nothing was done.
    Throttle,
    /// 401: the credentials are not taken any more; nothing was done.
    Unauthenticated,
    /// 403: the account is suspended; nothing was done.
    Suspended,
    /// The port refuses all connections for a while, from this request on.
    Outage,
    /// A status callback is never sent.
    LoseCallback,
    /// A status callback is sent twice.
    RepeatCallback,
    /// A status callback is late; others overtake it.
    DelayCallback,
    /// A status callback is sent after the one that follows it.
    ReorderCallback,
    /// TwiML cannot be fetched although its server is well: 11200, without a trace there. The fallback is asked.
    LoseWebhook,
    /// The reply to a request for TwiML is lost, and the request repeated with the same idempotency token.
    RepeatWebhook,
    /// The phone is picked up, but neither TwiML nor the fallback is ever asked for; the call ends after a while.
    NeverFetch,
    /// A relative address in `Play` is taken for one of the carrier's own host.
    WrongHost,
}

impl Kind {
    /// Where it can happen.
    pub fn place(self) -> Place {
        match self {
            Self::LoseCallback
            | Self::RepeatCallback
            | Self::DelayCallback
            | Self::ReorderCallback => Place::Callback,
            Self::LoseWebhook | Self::RepeatWebhook => Place::Webhook,
            Self::NeverFetch => Place::Answer,
            Self::WrongHost => Place::Media,
            _ => Place::Request,
        }
    }

    pub(super) fn fits(self, occasion: Occasion<'_>) -> bool {
        self.place() == occasion.place
    }

    /// Its length unless something else is said: real time for requests, phone time for the rest.
    pub(super) fn usually_lasts(self) -> Duration {
        match self {
            // Longer than any client waits (the official one for Node: 30 s).
            Self::HangBefore | Self::HangAfter => Duration::from_secs(600),
            Self::SlowBody => Duration::from_secs(60),
            Self::LateReply => Duration::from_secs(2),
            Self::Outage => Duration::from_secs(5),
            Self::DelayCallback => Duration::from_secs(5),
            Self::NeverFetch => Duration::from_secs(15),
            _ => Duration::ZERO,
        }
    }

    /// Its name in plans and flags.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_in_plans_flags_and_json() {
        for kind in Kind::value_variants() {
            let json = serde_json::to_string(kind).expect("JSON");
            assert_eq!(json, format!("{:?}", kind.name()));
        }
    }
}
