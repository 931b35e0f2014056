//! One request and its reply, with the repeats of a throttled one.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, header::RETRY_AFTER};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Field, Twilio, resource, throttle, verdict};
use crate::{
    escalation::{Fault, FaultClass},
    provider::transport,
};

/// A reply with a status of success.
pub(super) struct Accepted {
    /// Its body, or why it could not be read.
    pub(super) body: Result<Vec<u8>, Fault>,
}

/// Anything but a success.
pub(super) struct Refused {
    /// The status, if a reply came.
    pub(super) status: Option<u16>,
    /// Twilio's code, if the reply has one.
    pub(super) code: Option<u32>,
    fault: Fault,
    throttled: bool,
    retry_after: Option<Duration>,
}

impl Refused {
    fn without_status(fault: Fault) -> Self {
        Self {
            status: None,
            code: None,
            fault,
            throttled: false,
            retry_after: None,
        }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        refused.fault
    }
}

impl Twilio {
    /// Sends a form.
    pub(super) async fn post(&self, url: &str, form: &[Field<'_>]) -> Result<Accepted, Refused> {
        self.patiently(|| self.request(Method::POST, url).form(form))
            .await
    }

    /// Reads a resource. Nothing can have been changed by the request, so no fault is ambiguous.
    pub(super) async fn read<T: DeserializeOwned>(&self, url: &str) -> Result<T, Refused> {
        let read = async {
            let accepted = self.patiently(|| self.request(Method::GET, url)).await?;
            let body = accepted.body.map_err(Refused::without_status)?;
            resource::parse(&body).map_err(Refused::without_status)
        };
        read.await.map_err(|mut refused: Refused| {
            if refused.fault.class == FaultClass::Ambiguous {
                refused.fault.class = FaultClass::Provider;
            }
            refused
        })
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let account = &self.account;
        self.client
            .request(method, url)
            .timeout(self.timing.request)
            .basic_auth(
                &account.account_sid,
                Some(account.auth_token.expose_secret()),
            )
    }

    /// Repeats a throttled request while there is time.
    async fn patiently(&self, request: impl Fn() -> RequestBuilder) -> Result<Accepted, Refused> {
        let start = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let refused = match once(request()).await {
                Err(refused) if refused.throttled => refused,
                other => return other,
            };
            let left = self.timing.throttle.saturating_sub(start.elapsed());
            let dice = fastrand::f64();
            match throttle::pause(tries, refused.retry_after, dice, left) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(refused),
            }
        }
    }
}

async fn once(request: RequestBuilder) -> Result<Accepted, Refused> {
    let response = request
        .send()
        .await
        .map_err(|error| Refused::without_status(transport::judge(&error)))?;
    if response.status().is_success() {
        let body = transport::read_body(response).await;
        Ok(Accepted { body })
    } else {
        Err(refusal(response).await)
    }
}

async fn refusal(response: Response) -> Refused {
    let status = response.status().as_u16();
    let retry_after = retry_after(&response);
    // A body that breaks off takes only the code away; the status stands.
    let body = transport::read_body(response).await.unwrap_or_default();
    let code = resource::error_code(&body);
    Refused {
        status: Some(status),
        code,
        fault: verdict::judge(status, code),
        throttled: verdict::is_throttled(status, code),
        retry_after,
    }
}

/// Whole seconds; the form with a date is ignored.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
