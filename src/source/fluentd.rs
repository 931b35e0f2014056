//! fluentd's `out_http`: a record alone, an array of them (`json_array true`), or one per line (the default,
//! `application/x-ndjson`). The shape is seen from the body, whatever its content type.
//!
//! Source: fluentd documentation, Output Plugins, http. A record is whatever the logs are made of; [`Fields`] names its keys.

use serde_json::Value;

use super::{Fields, Found, SourceError, fields};

pub(super) fn read(records: &[Value], names: &Fields) -> Result<Found, SourceError> {
    let mut found = Found::default();
    for (at, record) in records.iter().enumerate() {
        fields::add(&mut found, record, names, &format!("record {}", at + 1))?;
    }
    Ok(found)
}
