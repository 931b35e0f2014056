//! Webhooks: signed, sent, and sent again where the address says so.
//!
//! The fragment of an address overrides how it is asked (page Connection overrides): `ct` and `rt` in ms, `tt` for all tries
//! together, `rc` tries more, `rp` for what: `ct` (no connection), `rt` (no reply), `4xx`, `5xx`, `all`. Every try
//! has the same `I-Twilio-Idempotency-Token`.

mod overrides;

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

use super::options::Options;
use crate::twilio::{
    Address, Form, Webhook,
    signature::Port,
    twiml::Target,
    wire::{Limits, Reply, Request, TlsError, Wire, WireError},
};
use overrides::Overrides;

/// Sends webhooks.
#[derive(Debug)]
pub(super) struct Courier {
    wire: Wire,
    auth_token: SecretString,
}

/// The name by which the tries of one webhook are known.
pub(super) fn idempotency_token() -> String {
    format!("{:032x}", fastrand::u128(..))
}

impl Courier {
    pub(super) fn new(options: &Options) -> Result<Self, TlsError> {
        Ok(Self {
            wire: Wire::new(Limits::WEBHOOK, options.ca_file.as_deref())?,
            auth_token: options.auth_token.clone(),
        })
    }

    /// Sends a webhook, as often as its address allows.
    pub(super) async fn deliver(
        &self,
        to: &Target,
        form: Form,
        token: &str,
    ) -> Result<Reply, WireError> {
        let webhook = Webhook::new(to.method, to.address.clone(), form, token);
        self.post(to, &webhook).await
    }

    /// The same for a message: its signature has the port in it, over https too (page Security).
    pub(super) async fn deliver_message(
        &self,
        to: &Target,
        form: Form,
        token: &str,
    ) -> Result<Reply, WireError> {
        let webhook = Webhook {
            port: Port::AsWritten,
            ..Webhook::new(to.method, to.address.clone(), form, token)
        };
        self.post(to, &webhook).await
    }

    async fn post(&self, to: &Target, webhook: &Webhook) -> Result<Reply, WireError> {
        let request = webhook.sign(self.auth_token.expose_secret()).request;
        self.try_often(&to.address, &request).await
    }

    /// Fetches a recording: a GET without parameters (page Play).
    pub(super) async fn recording(&self, address: &Address) -> Result<Reply, WireError> {
        self.try_often(address, &Request::get(address.with_fragment(None)))
            .await
    }

    async fn try_often(&self, address: &Address, request: &Request) -> Result<Reply, WireError> {
        let overrides = Overrides::read(address.fragment().unwrap_or_default());
        let start = Instant::now();
        let mut tries = 0;
        loop {
            let left = overrides.total.saturating_sub(start.elapsed());
            let result = self.once(request, overrides, left).await;
            let is_last = tries == overrides.retries || left.is_zero();
            if is_last || !overrides.repeats(&result) {
                return result;
            }
            tries += 1;
        }
    }

    async fn once(
        &self,
        request: &Request,
        overrides: Overrides,
        left: Duration,
    ) -> Result<Reply, WireError> {
        let limits = Limits {
            connect: overrides.connect,
            total: overrides.connect + overrides.read,
            ..Limits::WEBHOOK
        };
        let wire = self.wire.clone().with_limits(limits);
        let exchange = timeout(left, wire.send(request)).await;
        exchange.map_or(Err(WireError::Timeout(overrides.total)), |it| it.result)
    }
}
