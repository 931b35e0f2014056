//! What the handler has done with a call, told by itself: an address that answers with a few facts as JSON. It is optional; what cannot
//! be told without it is skipped.

use crate::twilio::{
    Address,
    wire::{Request, Wire},
};

/// What an observer tells of a call. It may say more, which is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Facts {
    /// How many times something was acknowledged in this call.
    pub acknowledged: Option<u64>,
    /// How the call stands, in the carrier's words: `queued`, `ringing`, `in-progress`, `completed`, ...
    pub status: Option<String>,
}

/// Asks for facts.
#[derive(Debug)]
pub struct Observer {
    address: Address,
    wire: Wire,
}

impl Observer {
    /// Asks at this address, with `CallSid` in its query. The wire has no detour: the observer is nobody's handler.
    pub fn new(address: Address, wire: Wire) -> Self {
        Self { address, wire }
    }

    /// What is told of a call.
    ///
    /// # Errors
    /// In words, if the answer is no such facts.
    pub async fn facts(&self, call_sid: &str) -> Result<Facts, String> {
        let address = super::variation::add_query(&self.address, &format!("CallSid={call_sid}"));
        let exchange = self.wire.deliver(&Request::get(address)).await;
        let reply = exchange
            .result
            .map_err(|error| format!("the observer: {error}"))?;
        if reply.status != 200 {
            return Err(format!(
                "the observer replied {}; it has to reply 200",
                reply.status
            ));
        }
        serde_json::from_slice(&reply.body).map_err(|error| {
            format!("the observer's reply is not the JSON that was agreed on: {error}")
        })
    }
}
