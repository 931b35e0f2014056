//! What the API tells of an event, and of what people did with it. All numbers come as texts.

use serde::Deserialize;

use super::{OWN_MARK, action};

/// An event of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ProblemEvent {
    /// Its id.
    pub eventid: String,
    /// The event that ended it; `0` while it is open.
    #[serde(default)]
    pub r_eventid: String,
    /// `1` if it is acknowledged.
    #[serde(default)]
    pub acknowledged: String,
    /// `1` if it is suppressed, by a maintenance or by hand.
    #[serde(default)]
    pub suppressed: String,
    /// What people, and we, did with it, in the order of the server; none if the server did not understand that we ask for it.
    pub acknowledges: Option<Vec<Update>>,
}

/// What somebody did with an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Update {
    /// Its id; the newest has the highest.
    pub acknowledgeid: String,
    /// When, in seconds since the epoch.
    pub clock: String,
    /// What was written.
    pub message: String,
    /// The bits of [`action`].
    pub action: String,
    /// The name by which the user logs in; empty if we may not see it.
    pub username: String,
    /// The user's given name.
    pub name: String,
    /// The user's family name.
    pub surname: String,
}

impl ProblemEvent {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        !matches!(self.r_eventid.as_str(), "" | "0")
    }

    /// Whether it is suppressed.
    pub fn is_suppressed(&self) -> bool {
        self.suppressed == "1"
    }

    /// What people, and we, did with it.
    pub fn updates(&self) -> &[Update] {
        self.acknowledges.as_deref().unwrap_or_default()
    }

    /// The update that acknowledged it, if it stands acknowledged.
    pub fn acknowledgement(&self) -> Option<&Update> {
        let did = |update: &&Update| update.has(action::ACKNOWLEDGE);
        let newest = self.updates().iter().filter(did).max_by_key(|update| {
            // Ids grow, and have no leading zeros.
            (update.acknowledgeid.len(), &update.acknowledgeid)
        });
        newest.filter(|_| self.acknowledged == "1")
    }
}

impl Update {
    fn has(&self, bit: u32) -> bool {
        let bits: u32 = self.action.parse().unwrap_or_default();
        bits & bit != 0
    }

    /// When it was made, in seconds since the epoch by the server's clock; 0 if that is not known.
    pub fn at(&self) -> i64 {
        self.clock.parse().unwrap_or_default()
    }

    /// Whether we wrote it.
    pub fn is_own(&self) -> bool {
        self.message.starts_with(OWN_MARK)
    }

    /// Who did it, as far as we may see it.
    pub fn author(&self) -> String {
        let full = format!("{} {}", self.name.trim(), self.surname.trim());
        let full = full.trim();
        match (full, self.username.trim()) {
            ("", "") => "a Zabbix user".to_owned(),
            ("", username) => username.to_owned(),
            (full, _) => full.to_owned(),
        }
    }
}
