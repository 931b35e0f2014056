//! What triggers an event, or settles it: a command for the shell, or an address that is posted to.

use std::process::Stdio;

use tokio::process::Command;

use crate::twilio::{
    Address,
    wire::{Request, Wire},
};

/// How to make something happen in the system that is played with.
#[derive(Clone, Debug)]
pub enum Action {
    /// For `sh -c`, with `CONFORMANCE_ACTION`, `CONFORMANCE_CASE`, `CONFORMANCE_EVENT` and `CONFORMANCE_NUMBER` in its environment.
    Command(String),
    /// Gets the same as JSON.
    Post(Address),
}

impl Action {
    /// An address if it looks like one, else a command.
    ///
    /// # Errors
    /// It looks like an address and is none.
    pub fn parse(text: &str) -> Result<Self, crate::twilio::AddressError> {
        match text.starts_with("http://") || text.starts_with("https://") {
            true => Address::parse(text).map(Self::Post),
            false => Ok(Self::Command(text.to_owned())),
        }
    }

    /// Does it.
    pub(super) async fn run(
        &self,
        action: &str,
        case: &str,
        event: &str,
        number: u64,
        wire: &Wire,
    ) -> Result<(), String> {
        match self {
            Self::Command(command) => {
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", command])
                    .env("CONFORMANCE_ACTION", action)
                    .env("CONFORMANCE_CASE", case)
                    .env("CONFORMANCE_EVENT", event)
                    .env("CONFORMANCE_NUMBER", number.to_string())
                    .stdin(Stdio::null())
                    .kill_on_drop(true);
                let ran = tokio::time::timeout(wire.limits().total, shell.output()).await;
                let output = ran.map_err(|_| {
                    format!("the command does not end within {:?}", wire.limits().total)
                })?;
                let output = output.map_err(|error| format!("sh cannot be run: {error}"))?;
                match output.status.success() {
                    true => Ok(()),
                    false => {
                        let said = String::from_utf8_lossy(&output.stderr);
                        Err(format!(
                            "the command ended with {}: {}",
                            output.status,
                            said.trim()
                        ))
                    }
                }
            }
            Self::Post(address) => {
                let body = serde_json::json!({"action": action, "case": case, "event": event, "number": number});
                let request = Request {
                    method: "POST".to_owned(),
                    address: address.clone(),
                    headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                    body: body.to_string().into_bytes(),
                };
                match wire.send(&request).await.result {
                    Ok(reply) if (200..300).contains(&reply.status) => Ok(()),
                    Ok(reply) => Err(format!("{address} replied {}", reply.status)),
                    Err(error) => Err(format!("{address}: {error}")),
                }
            }
        }
    }
}
