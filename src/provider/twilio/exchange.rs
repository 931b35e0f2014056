//! One request to an account and its reply, with the repeats of a throttled one: what calls and messages have in common.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, header::RETRY_AFTER};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{
    Account, Field, Timing,
    resource::{self, AccountState},
    throttle, verdict,
};
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

/// An account and the way to it.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) account: Account,
    pub(super) client: reqwest::Client,
    pub(super) timing: Timing,
}

impl Api {
    /// With the usual [`Timing`].
    pub(super) fn new(account: Account, client: reqwest::Client) -> Self {
        Self {
            account,
            client,
            timing: Timing::default(),
        }
    }

    /// A resource of the account, such as `/Calls.json`.
    pub(super) fn url(&self, rest: &str) -> String {
        let base = self.account.base_url.trim_end_matches('/');
        let sid = &self.account.account_sid;
        format!("{base}/2010-04-01/Accounts/{sid}{rest}")
    }

    /// A list of the account, filtered.
    pub(super) fn list_url(&self, rest: &str, filter: &[(&str, &str)]) -> Result<String, Fault> {
        let mut url = url::Url::parse(&self.url(rest)).map_err(|_| not_a_url())?;
        url.query_pairs_mut().extend_pairs(filter);
        Ok(url.into())
    }

    /// Resolves `next_page_uri`, a path with a query. Our credentials go to no other host, whatever it says.
    pub(super) fn next_page(&self, next: &str) -> Result<String, Fault> {
        let base = url::Url::parse(&self.url("")).map_err(|_| not_a_url())?;
        match base.join(next) {
            Ok(url) if url.origin() == base.origin() => Ok(url.into()),
            _ => {
                let text = "the list goes on at another host";
                Err(transport::fault(FaultClass::Provider, text))
            }
        }
    }

    /// Reads the account (Account resource), which costs nothing.
    pub(super) async fn check_account(&self) -> Result<(), Fault> {
        let found: AccountState = self.read(&self.url(".json")).await?;
        match found.status.as_deref() {
            Some("suspended" | "closed") => {
                let text = "the account is suspended or closed; see Twilio's console";
                Err(transport::fault(FaultClass::Account, text))
            }
            _ => Ok(()),
        }
    }

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
        read.await.map_err(|refused: Refused| Refused {
            fault: transport::of_reading(refused.fault),
            ..refused
        })
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let account = &self.account;
        self.client
            .request(method, url)
            .timeout(self.timing.request)
            .basic_auth(&account.user, Some(account.auth_token.expose_secret()))
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

fn not_a_url() -> Fault {
    let text = "the base URL is not a URL";
    transport::fault(FaultClass::Ours, text)
}
