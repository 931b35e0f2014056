//! Calls to play with: either at addresses that were given, or placed by the system itself at our stand-in for the carrier.

use std::cell::RefCell;

use super::{case::Stop, outbound::Outbound};
use crate::twilio::{CallFacts, twiml::Target};

/// A call whose other end is the handler.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who calls whom.
    pub facts: CallFacts,
    /// Where the call asks what to do.
    pub voice: Target,
    /// Where it tells how it goes.
    pub status: Option<Target>,
    /// Where it goes on when something fails.
    pub fallback: Option<Target>,
}

/// Where calls come from.
#[derive(Debug)]
pub enum Lines {
    /// Somebody calls the handler; its addresses are known.
    Given(Box<Given>),
    /// The system calls somebody, by the carrier's API, whenever it is triggered.
    Placed(Box<Outbound>),
}

/// Addresses that were given.
#[derive(Debug)]
pub struct Given {
    /// Where calls ask what to do.
    pub voice: Target,
    /// Where they tell how they go.
    pub status: Option<Target>,
    /// Where they go on when something fails.
    pub fallback: Option<Target>,
    /// Names calls. Not the seed's: a handler may remember the calls of the last run.
    pub names: RefCell<fastrand::Rng>,
}

impl Lines {
    /// A call that nothing has happened in yet.
    ///
    /// # Errors
    /// No call is placed.
    pub async fn next(&self, case: &str) -> Result<Line, Stop> {
        match self {
            Self::Given(given) => Ok(given.line()),
            Self::Placed(outbound) => outbound.place(case).await,
        }
    }

    /// Whether the system hands out its addresses itself, so that no other is its own.
    pub fn are_placed(&self) -> bool {
        matches!(self, Self::Placed(_))
    }
}

impl Given {
    fn line(&self) -> Line {
        let mut names = self.names.borrow_mut();
        let hex = format!("{:032x}", names.u128(..));
        Line {
            facts: CallFacts {
                account_sid: "AC00000000000000000000000000000001".to_owned(),
                call_sid: format!("CA{hex}"),
                from: "+819012345678".to_owned(),
                to: "+815012345678".to_owned(),
                direction: "inbound",
            },
            voice: self.voice.clone(),
            status: self.status.clone(),
            fallback: self.fallback.clone(),
        }
    }
}
