//! Telling people who read: Slack, webhooks. Decides nothing, and never delays a call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{GroupName, text_newtype},
    escalation::{Counts, EscalationId, Headline, News},
};

text_newtype! {
    /// Names a configured receiver of notices.
    ReceiverName
}

/// One piece of news on its way to one receiver. It stands in the store's outbox until it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// To whom.
    pub receiver: ReceiverName,
    /// What happened.
    pub news: News,
    /// When.
    pub at: Timestamp,
    /// Whose alert.
    pub group: GroupName,
    /// Which run; none for an alert that calls nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<EscalationId>,
    /// What it is about.
    pub headline: Headline,
    /// How many alerts.
    pub counts: Counts,
}
