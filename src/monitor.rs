//! The APIs of the monitors: what people did by phone is written back, and what became of an alert is read again.
//!
//! A client sends one request and says what came of it; when to try again is decided by whoever asks. Tokens are secrets and
//! stand in no message; texts of a server are cut, and shown without the token.

mod exchange;
mod line;
pub mod mackerel;
mod standing;
pub mod watch;
pub mod zabbix;

pub use exchange::MonitorError;
pub use line::Style;
pub use standing::{Open, Standing};

use crate::alert::{Headline, text_newtype};

text_newtype! {
    /// Names a configured monitor.
    MonitorName
}

/// A kind of monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonitorKind {
    /// Zabbix, by its JSON-RPC API.
    Zabbix,
    /// Mackerel, by its REST API.
    Mackerel,
}

impl MonitorKind {
    /// The name in the configuration, and the source of its events unless the configuration says otherwise.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zabbix => "zabbix",
            Self::Mackerel => "mackerel",
        }
    }

    /// The name by which the monitor itself knows an alert; none for an alert that it cannot be asked about, such as
    /// Zabbix's messages that name no event, a group of alerts of Mackerel, or what a check of an agent says.
    pub fn own_id(self, headline: &Headline) -> Option<&str> {
        let dedup = headline.alert.dedup.as_str();
        match self {
            Self::Zabbix => zabbix::is_event_id(dedup).then_some(dedup),
            Self::Mackerel => {
                let id = headline.variables.get("alert_id")?;
                mackerel::is_id(id).then_some(id)
            }
        }
    }
}
