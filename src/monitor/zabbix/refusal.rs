//! What it means when Zabbix does not do as it is asked, and what to do about it.

use secrecy::SecretString;
use serde::Deserialize;

use crate::monitor::{MonitorError, exchange::words};

/// An error of JSON-RPC.
#[derive(Debug, Deserialize)]
pub(super) struct RpcError {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: String,
}

/// A reply that is not JSON-RPC.
pub(super) fn no_rpc(status: u16) -> MonitorError {
    match status {
        // A page of the frontend says so while its database or its PHP is in trouble.
        200..=299 => {
            MonitorError::unreachable("the reply is not JSON-RPC; url must end in /api_jsonrpc.php")
        }
        300..=399 => MonitorError::refused(format!(
            "HTTP status {status}; write the address that it leads to into url"
        )),
        401 | 403 => MonitorError::refused(format!(
            "HTTP status {status} from the web server before Zabbix; let this host use api_jsonrpc.php there"
        )),
        _ => MonitorError::refused(format!(
            "HTTP status {status}; write the address of Zabbix's api_jsonrpc.php into url"
        )),
    }
}

impl RpcError {
    fn said(&self) -> &str {
        if self.data.trim().is_empty() {
            &self.message
        } else {
            &self.data
        }
    }

    /// Whether the token, or the place where it stood, is what was refused.
    pub(super) fn is_about_token(&self) -> bool {
        let said = self.said();
        ["re-login", "Not authori", "API token", "\"auth\""]
            .iter()
            .any(|word| said.contains(word))
    }

    pub(super) fn judge(&self, token: &SecretString) -> MonitorError {
        let said = words(self.said(), token);
        let code = self.code;
        // The frontend numbers its own exceptions, such as a database that is down, from 1; JSON-RPC: -32603 is an internal
        // error, and Zabbix's -32400 a system error.
        if code >= 0 || matches!(code, -32603 | -32400) {
            return MonitorError::unreachable(format!("Zabbix's API is in trouble: {said}"));
        }
        let remedy = if self.is_about_token() {
            "make an API token of the user that rinban has in Zabbix, and put it where token_env or token_file points"
        } else if said.contains("manual closing") {
            "allow manual close in the trigger"
        } else if said.contains("No permissions to call") {
            "let the role of the token's user call the API, with event.get and event.acknowledge"
        } else if said.contains("No permissions") {
            "the event is gone, or the token's user lacks read rights on the host (read-write to close)"
        } else {
            "see what Zabbix's documentation says of it"
        };
        MonitorError::refused(format!("Zabbix refuses: {said} ({code}); {remedy}"))
    }
}
