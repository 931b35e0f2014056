//! What is left of prepaid accounts. An account that runs out carries nothing, and says so only then; so it is asked about while
//! there is something left, and a low balance is told before it matters. Pure: instants come in as arguments.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Dispatch, Happened, What};
use crate::{escalation::ProviderName, roster::Channel};

/// What was left when the provider was asked last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// With its currency, where the provider names one, such as `12.50 EUR`.
    pub amount: String,
    /// Whether it is less than the configuration wants.
    pub is_low: bool,
    /// When.
    pub at: Timestamp,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = if self.is_low { ", which is low" } else { "" };
        write!(f, "{} left{low}", self.amount)
    }
}

impl Dispatch {
    /// A provider has said what is left. Something has happened when that became low, or is low no more.
    pub fn balance(
        &mut self,
        (provider, channel): (&ProviderName, Channel),
        left: Left,
    ) -> Option<Happened> {
        let line = self.line_mut(provider, channel)?;
        let was_low = line.left.as_ref().is_some_and(|left| left.is_low);
        let amount = left.amount.clone();
        let what = match (was_low, left.is_low) {
            (false, true) => Some(What::LowBalance(amount)),
            (true, false) => Some(What::ToppedUp(amount)),
            _ => None,
        };
        *line.left_mut() = Some(left);
        what.map(|what| line.happened(what))
    }
}
