//! Asks carriers what is left of their prepaid accounts, before nothing is left.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::{Engine, Happening};
use crate::{
    dispatch::balance::Left,
    escalation::ProviderName,
    provider::{Balance, Messenger},
};

/// Between two questions. A page costs cents, so a balance that warns lasts for longer.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// Asks one carrier for ever.
#[derive(Debug)]
pub struct Balances {
    /// Who is told.
    pub engine: Engine,
    /// Who is asked.
    pub carrier: Arc<dyn Messenger>,
    /// Less than this is low, in units of the currency.
    pub low: f64,
}

impl Balances {
    /// Asks until it is dropped. A carrier that does not say how much is left is asked no more.
    pub async fn run(self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.carrier.balance().await {
                Ok(Some(balance)) => {
                    let left = left(&balance, self.low, self.engine.now());
                    self.engine.balance(self.carrier.name().clone(), left).await;
                }
                Ok(None) => return,
                Err(fault) => {
                    let provider = self.carrier.name();
                    tracing::warn!(%provider, "failed to ask for the balance: {fault}");
                }
            }
        }
    }
}

fn left(balance: &Balance, low: f64, at: Timestamp) -> Left {
    let amount = match &balance.currency {
        Some(currency) => format!("{:.2} {currency}", balance.amount),
        None => format!("{:.2}", balance.amount),
    };
    Left {
        amount,
        is_low: balance.amount < low,
        at,
    }
}

impl Engine {
    /// A carrier has said what is left of its account.
    pub async fn balance(&self, provider: ProviderName, left: Left) {
        let told = Happening::Balance(provider, left);
        let _ = self.happenings.send(told).await;
    }
}
