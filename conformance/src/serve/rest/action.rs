//! What a request asks for.

use super::Asked;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `POST Calls.json`
    CreateCall,
    /// `GET Calls.json`
    ListCalls,
    /// `GET Calls/CA....json`
    FetchCall,
    /// `POST Calls/CA....json`
    UpdateCall,
    /// `DELETE Calls/CA....json`
    DeleteCall,
    /// `POST Messages.json`
    CreateMessage,
    /// `GET Messages.json`
    ListMessages,
    /// `GET Messages/SM....json`
    FetchMessage,
    /// `POST Messages/SM....json`
    UpdateMessage,
    /// `DELETE Messages/SM....json`
    DeleteMessage,
    /// `GET` of the account itself
    FetchAccount,
    /// `GET Balance.json`
    FetchBalance,
    /// `GET IncomingPhoneNumbers.json`
    ListNumbers,
    /// `GET OutgoingCallerIds.json`
    ListCallerIds,
    /// Anything else: not found.
    Unknown,
}

const ALL: [(Action, &str); 15] = [
    (Action::CreateCall, "create-call"),
    (Action::ListCalls, "list-calls"),
    (Action::FetchCall, "fetch-call"),
    (Action::UpdateCall, "update-call"),
    (Action::DeleteCall, "delete-call"),
    (Action::CreateMessage, "create-message"),
    (Action::ListMessages, "list-messages"),
    (Action::FetchMessage, "fetch-message"),
    (Action::UpdateMessage, "update-message"),
    (Action::DeleteMessage, "delete-message"),
    (Action::FetchAccount, "fetch-account"),
    (Action::FetchBalance, "fetch-balance"),
    (Action::ListNumbers, "list-numbers"),
    (Action::ListCallerIds, "list-caller-ids"),
    (Action::Unknown, "unknown"),
];

impl Action {
    /// Its name in plans and in the journal.
    pub fn name(self) -> &'static str {
        let found = ALL.iter().find(|(action, _)| *action == self);
        found.map_or("unknown", |(_, name)| name)
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let found = ALL.iter().find(|(_, given)| *given == name);
        found.map(|(action, _)| *action)
    }

    /// All names.
    pub fn names() -> String {
        ALL.map(|(_, name)| name).join(", ")
    }

    /// What a request asks for, and of which call or message.
    pub(super) fn of<'a>(asked: &'a Asked, account_sid: &str) -> (Self, Option<&'a str>) {
        let below = asked
            .path
            .strip_prefix("/2010-04-01/Accounts/")
            .and_then(|rest| rest.strip_prefix(account_sid))
            .and_then(|rest| rest.strip_suffix(".json"));
        let Some(below) = below else {
            return (Self::Unknown, None);
        };
        let segments: Vec<&str> = below.split('/').collect();
        let action = match (asked.method.as_str(), segments.as_slice()) {
            ("GET", [""]) => Self::FetchAccount,
            ("GET", ["", "Balance"]) => Self::FetchBalance,
            ("GET", ["", "IncomingPhoneNumbers"]) => Self::ListNumbers,
            ("GET", ["", "OutgoingCallerIds"]) => Self::ListCallerIds,
            ("POST", ["", "Calls"]) => Self::CreateCall,
            ("GET", ["", "Calls"]) => Self::ListCalls,
            ("GET", ["", "Calls", _]) => Self::FetchCall,
            ("POST", ["", "Calls", _]) => Self::UpdateCall,
            ("DELETE", ["", "Calls", _]) => Self::DeleteCall,
            ("POST", ["", "Messages"]) => Self::CreateMessage,
            ("GET", ["", "Messages"]) => Self::ListMessages,
            ("GET", ["", "Messages", _]) => Self::FetchMessage,
            ("POST", ["", "Messages", _]) => Self::UpdateMessage,
            ("DELETE", ["", "Messages", _]) => Self::DeleteMessage,
            _ => Self::Unknown,
        };
        let sid = segments.get(2).filter(|_| action != Self::Unknown);
        (action, sid.copied())
    }
}
