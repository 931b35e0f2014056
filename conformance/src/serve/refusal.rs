//! Errors as version 2010-04-01 of the API writes them. Codes and their meaning: Twilio's error dictionary.

use serde_json::{Value, json};

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Twilio's code.
    pub code: u32,
    /// One sentence for a person.
    pub message: String,
}

impl Refusal {
    /// A request whose parameters are wrong.
    pub fn bad(code: u32, message: impl Into<String>) -> Self {
        Self::with(400, code, message)
    }

    /// With any status.
    pub fn with(status: u16, code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
        }
    }

    /// Credentials that are not the account's.
    pub fn unauthenticated() -> Self {
        Self::with(401, 20003, "Authenticate")
    }

    /// A path or a SID that is not there.
    pub fn not_found(path: &str) -> Self {
        Self::with(
            404,
            20404,
            format!("The requested resource {path} was not found"),
        )
    }

    /// Too many requests at the same time. Such a request is never carried out.
    pub fn throttled() -> Self {
        Self::with(429, 20429, "Too Many Requests")
    }

    /// Something went wrong inside.
    pub fn internal() -> Self {
        Self::with(500, 20500, "An internal server error has occurred")
    }

    /// The body of the reply.
    pub fn body(&self) -> Value {
        json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        })
    }
}
