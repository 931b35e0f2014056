//! An event for tests, of which each changes what it is about.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Event, EventKind, Severity};

/// A critical problem of the group `primary`: nothing but what an event must have.
pub(crate) fn event() -> Event {
    Event {
        id: "zabbix:1:problem".into(),
        source: "zabbix".into(),
        dedup_key: "1".into(),
        group: "primary".into(),
        kind: EventKind::Problem,
        acknowledged_by: None,
        reason: None,
        severity: Severity::Critical,
        title: "disk full".into(),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: BTreeMap::new(),
        received_at: Timestamp::UNIX_EPOCH,
    }
}
