//! Zabbix, by its JSON-RPC API: 6.0 to 7.x, whichever form of authentication the server wants.
//!
//! Zabbix, "API: Authorization": before 6.4 a token stands in the field `auth` of the body, from 6.4 on it may stand in the header
//! `Authorization`, and from 7.2 on only there. `apiinfo.version` is asked without either, once, and again after an error of
//! authentication, since the server may have been upgraded.

mod event;
#[cfg(test)]
mod quartet;
mod reader;
mod refusal;
mod writer;

pub use event::{ProblemEvent, Update};
pub use reader::Reader;
pub use writer::Writer;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::refusal::{RpcError, no_rpc};
use super::{MonitorError, exchange::exchange};
use crate::notice::post;

/// Starts every message of ours in Zabbix. When such an update comes back through the alertscript, or is read, it is nobody's
/// acknowledgement but our own.
pub const OWN_MARK: &str = "[rinban]";

/// Zabbix: a message of an update has at most so many characters; a longer one fails the whole request.
pub const MESSAGE_CHARS: usize = 2_048;

/// The bits of `action` of `event.acknowledge` (Zabbix, "event.acknowledge").
pub mod action {
    /// Closes the problem; the trigger must allow it.
    pub const CLOSE: u32 = 1;
    /// Acknowledges.
    pub const ACKNOWLEDGE: u32 = 2;
    /// Adds a message.
    pub const MESSAGE: u32 = 4;
    /// Takes an acknowledgement back.
    pub const UNACKNOWLEDGE: u32 = 16;
}

/// Whether a text is what Zabbix calls an event: a number.
pub fn is_event_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A client of one Zabbix; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    token: SecretString,
    client: reqwest::Client,
    form: Arc<Mutex<Option<Form>>>,
    /// Whether the server calls it `select_acknowledges`.
    old_names: Arc<AtomicBool>,
    timeout: std::time::Duration,
}

/// Where the token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Body,
    Header,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    result: Option<Value>,
    error: Option<RpcError>,
}

/// What a single request ended in.
enum Failed {
    Rpc(RpcError),
    Other(MonitorError),
}

impl From<MonitorError> for Failed {
    fn from(error: MonitorError) -> Self {
        Self::Other(error)
    }
}

impl Client {
    /// `url` is that of `api_jsonrpc.php`; the client should follow no redirects.
    pub fn new(url: String, token: SecretString, client: reqwest::Client) -> Self {
        Self {
            url,
            token,
            client,
            form: Arc::default(),
            old_names: Arc::default(),
            timeout: post::TIMEOUT,
        }
    }

    #[cfg(test)]
    fn with_timeout(self, timeout: std::time::Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The server's version, such as `6.0.14`. Needs no rights.
    pub async fn version(&self) -> Result<String, MonitorError> {
        let body = request_body("apiinfo.version", json!([]));
        match self.once::<String>(body, None).await {
            Ok(version) => Ok(version),
            Err(failed) => Err(self.judge(failed)),
        }
    }

    /// The events with these ids that exist and may be seen, in any order.
    pub async fn events(&self, ids: &[&str]) -> Result<Vec<ProblemEvent>, MonitorError> {
        let events = self.ask_events(ids).await?;
        if events.iter().all(|event| event.acknowledges.is_some()) {
            return Ok(events);
        }
        // 6.0 passes over a parameter that it does not know.
        self.old_names.fetch_xor(true, Ordering::Relaxed);
        self.ask_events(ids).await
    }

    /// Up to 6.0 the updates are asked for as `select_acknowledges`, from 7.2 on as `selectAcknowledges`.
    async fn ask_events(&self, ids: &[&str]) -> Result<Vec<ProblemEvent>, MonitorError> {
        let updates = if self.old_names.load(Ordering::Relaxed) {
            "select_acknowledges"
        } else {
            "selectAcknowledges"
        };
        let output = ["eventid", "r_eventid", "acknowledged", "suppressed"];
        let params = json!({ "eventids": ids, "output": output, updates: "extend" });
        self.call("event.get", params).await
    }

    /// Updates an event: `action` is a sum of the bits of [`action`]. A message is cut to what Zabbix takes.
    pub async fn acknowledge(
        &self,
        event: &str,
        action: u32,
        message: &str,
    ) -> Result<(), MonitorError> {
        let message: String = message.chars().take(MESSAGE_CHARS).collect();
        let params = json!({ "eventids": event, "action": action, "message": message });
        self.call("event.acknowledge", params)
            .await
            .map(|_: Value| ())
    }

    /// Calls a method with the token in the form that the server wants.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, MonitorError> {
        let known = self.known_form();
        let form = match known {
            Some(form) => form,
            None => self.ask_form().await?,
        };
        let failed = match self.authorized(method, &params, form).await {
            Ok(result) => return Ok(result),
            Err(failed) => failed,
        };
        let about_token = matches!(&failed, Failed::Rpc(error) if error.is_about_token());
        if known.is_some() && about_token {
            let now = self.ask_form().await?;
            if now != form {
                let again = self.authorized(method, &params, now).await;
                return again.map_err(|failed| self.judge(failed));
            }
        }
        Err(self.judge(failed))
    }

    fn known_form(&self) -> Option<Form> {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_form(&self) -> Result<Form, MonitorError> {
        let form = form_of(&self.version().await?);
        *self.form.lock().unwrap_or_else(PoisonError::into_inner) = Some(form);
        Ok(form)
    }

    async fn authorized<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
        form: Form,
    ) -> Result<T, Failed> {
        let mut body = request_body(method, params.clone());
        if form == Form::Body {
            body["auth"] = json!(self.token.expose_secret());
        }
        self.once(body, Some(form)).await
    }

    async fn once<T: DeserializeOwned>(
        &self,
        body: Value,
        form: Option<Form>,
    ) -> Result<T, Failed> {
        let mut request = self
            .client
            .post(&self.url)
            .timeout(self.timeout)
            .header(CONTENT_TYPE, "application/json-rpc")
            .body(body.to_string());
        if form == Some(Form::Header) {
            request = request.bearer_auth(self.token.expose_secret());
        }
        let reply = exchange(request).await?;
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&reply.body) else {
            return Err(no_rpc(reply.status).into());
        };
        if let Some(error) = envelope.error {
            return Err(Failed::Rpc(error));
        }
        let result = envelope.result.unwrap_or_default();
        serde_json::from_value(result)
            .map_err(|_| MonitorError::unreachable("the reply is not what Zabbix documents").into())
    }

    fn judge(&self, failed: Failed) -> MonitorError {
        match failed {
            Failed::Other(error) => error,
            Failed::Rpc(error) => error.judge(&self.token),
        }
    }
}

fn request_body(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 })
}

/// 6.4.0 is the first that reads the header. A version that cannot be read is a later one than any we know.
fn form_of(version: &str) -> Form {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().flatten(), parts.next().flatten());
    match (major, minor) {
        (Some(major), Some(minor)) if (major, minor) < (6, 4) => Form::Body,
        _ => Form::Header,
    }
}
