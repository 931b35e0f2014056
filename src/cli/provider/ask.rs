//! The running core, asked over HTTP with the operator's token. No proxy is used, whatever the environment says: the token
//! is for this host.

use std::time::Duration;

use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Failure, is_running, path_of};
use crate::{
    cli::own_address, config::Config, dispatch::command::Done, dispatch::standing::Overview,
    provider, store::Reader, voice::TokenKey,
};

/// How long the core may take: a probe waits for the carrier.
const TAKES: Duration = Duration::from_secs(30);

/// A core that runs on this host.
pub(super) struct Core {
    base: String,
    token: String,
    client: Client,
    runtime: Runtime,
}

impl Core {
    /// The core of this configuration, if it runs.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, Failure> {
        if !is_running(config)? {
            return Ok(None);
        }
        let key = Reader::open(&config.state_dir)?.snapshot()?.token_key;
        let world = |error: String| Failure::World(error);
        Ok(Some(Self {
            base: format!("http://{}", own_address(config)),
            token: TokenKey::new(&key).operator(),
            client: provider::client_without_proxy().map_err(|error| world(error.to_string()))?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| world(format!("cannot start: {error}")))?,
        }))
    }

    pub(super) fn overview(&self) -> Result<Overview, Failure> {
        self.ask(Method::GET, "/v1/providers", None)
    }

    pub(super) fn command<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        self.ask(Method::POST, &path_of(&name.into()), Some(body))
    }

    pub(super) fn weights(&self, body: &Value) -> Result<Done, Failure> {
        self.ask(Method::POST, "/v1/providers", Some(body))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .timeout(TAKES);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let reply = self.runtime.block_on(async {
            let reply = request.send().await?;
            Ok((reply.status().as_u16(), reply.bytes().await?))
        });
        let (status, body) =
            reply.map_err(|_: reqwest::Error| self.no_answer("does not answer"))?;
        if status != 200 {
            return Err(self.refused(status, &body));
        }
        serde_json::from_slice(&body).map_err(|_| self.no_answer("does not answer as a core does"))
    }

    fn refused(&self, status: u16, body: &[u8]) -> Failure {
        let error = serde_json::from_slice::<Value>(body).ok();
        let error = error.and_then(|body| body["error"].as_str().map(str::to_owned));
        match (status, error) {
            // Another core answers there, or one from before a restore of the store.
            (401, _) => self.no_answer("does not know this state directory's token"),
            (400, Some(error)) => Failure::Usage(error),
            (_, Some(error)) => Failure::World(error),
            (status, None) => self.no_answer(&format!("answers with HTTP status {status}")),
        }
    }

    fn no_answer(&self, what: &str) -> Failure {
        Failure::World(format!(
            "the core runs, but {} {what}; check that `server.listen` is what it was started with, or restart the rinban service",
            self.base
        ))
    }
}
