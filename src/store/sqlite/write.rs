//! One batch as statements within the transaction of its group.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};
use serde::Serialize;

use crate::{
    alert::{Alert, AlertKey, Event, EventId},
    dispatch::Kept,
    escalation::{Entry, Escalation, EscalationId},
    notice::Notice,
    store::{Batch, CallRecord, Committed, NoticeId},
};

/// How long the id of an event is known after it arrived. Monitors retry for minutes, or for hours after an outage.
pub(super) const EVENT_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// How many ids one commit forgets at most, so that no commit is slow.
const FORGET_AT_ONCE: u32 = 256;

/// Writes a batch. Events are taken before they are handled, and alerts are closed before they are opened.
pub(super) fn batch(db: &Connection, batch: &Batch, now: Timestamp) -> Result<Committed> {
    let mut new_events = Vec::with_capacity(batch.events.len());
    for event in &batch.events {
        new_events.push(take_event(db, event, now)?);
    }
    for id in &batch.handled {
        handle_event(db, id)?;
    }
    for key in &batch.closed {
        close_alert(db, key)?;
    }
    for (alert, escalation) in &batch.alerts {
        put_alert(db, alert, *escalation)?;
    }
    for (escalation, entry) in &batch.entries {
        add_entry(db, *escalation, entry)?;
    }
    for escalation in &batch.escalations {
        put_escalation(db, escalation)?;
    }
    for call in &batch.calls {
        put_call(db, call)?;
    }
    let mut notices = Vec::with_capacity(batch.notices.len());
    for notice in &batch.notices {
        notices.push(add_notice(db, notice)?);
    }
    if let Some(dispatch) = &batch.dispatch {
        put_dispatch(db, dispatch)?;
    }
    for id in &batch.settled {
        settle_notice(db, *id)?;
    }
    for (name, value) in &batch.marks {
        put_mark(db, name, value)?;
    }
    Ok(Committed {
        new_events,
        notices,
    })
}

fn take_event(db: &Connection, event: &Event, now: Timestamp) -> Result<bool> {
    let taken = db
        .prepare_cached("INSERT INTO events (id, seen_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![event.id.as_str(), nanoseconds(now)])?;
    if taken == 1 {
        db.prepare_cached("INSERT INTO inbox (seq, event) VALUES (?1, ?2)")?
            .execute(params![db.last_insert_rowid(), json(event)?])?;
    }
    Ok(taken == 1)
}

fn handle_event(db: &Connection, id: &EventId) -> Result<usize> {
    db.prepare_cached("DELETE FROM inbox WHERE seq = (SELECT seq FROM events WHERE id = ?1)")?
        .execute([id.as_str()])
}

/// Looks at the oldest ids only, so that the work has a bound. An id that is still in the inbox stays.
pub(super) fn forget_old_events(db: &Connection, now: Timestamp) -> Result<usize> {
    db.prepare_cached(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq LIMIT ?1) AND seen_at < ?2
             AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.seq = events.seq)",
    )?
    .execute(params![
        FORGET_AT_ONCE,
        nanoseconds(now).saturating_sub(EVENT_RETENTION.as_nanos() as i64)
    ])
}

fn close_alert(db: &Connection, key: &AlertKey) -> Result<usize> {
    db.prepare_cached("DELETE FROM alerts WHERE source = ?1 AND for_group = ?2 AND dedup = ?3")?
        .execute(params![
            key.source.as_str(),
            key.group.as_str(),
            key.dedup.as_str()
        ])
}

fn put_alert(db: &Connection, alert: &Alert, escalation: Option<EscalationId>) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO alerts (source, for_group, dedup, escalation, alert)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET escalation = excluded.escalation, alert = excluded.alert",
    )?
    .execute(params![
        alert.key.source.as_str(),
        alert.key.group.as_str(),
        alert.key.dedup.as_str(),
        escalation.map(number),
        json(alert)?
    ])
}

/// An entry that exists already is an error: two histories of one escalation cannot both be true.
fn add_entry(db: &Connection, escalation: EscalationId, entry: &Entry) -> Result<usize> {
    db.prepare_cached("INSERT INTO journal (escalation, number, entry) VALUES (?1, ?2, ?3)")?
        .execute(params![number(escalation), entry.number, json(entry)?])
}

fn put_escalation(db: &Connection, escalation: &Escalation) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO escalations (id, is_over, state) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET is_over = excluded.is_over, state = excluded.state",
    )?
    .execute(params![
        number(escalation.id),
        escalation.is_over(),
        json(escalation)?
    ])
}

fn put_call(db: &Connection, call: &CallRecord) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO calls (escalation, number, member, provider, intended_at, call) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET member = excluded.member, provider = excluded.provider,
             intended_at = excluded.intended_at, call = excluded.call",
    )?
    .execute(params![
        number(call.attempt.escalation),
        call.attempt.number,
        call.member.as_str(),
        call.provider.as_str(),
        nanoseconds(call.intended_at),
        call.call.as_ref().map(|call| call.as_str())
    ])
}

fn add_notice(db: &Connection, notice: &Notice) -> Result<NoticeId> {
    db.prepare_cached("INSERT INTO outbox (notice) VALUES (?1)")?
        .execute([json(notice)?])?;
    Ok(NoticeId(db.last_insert_rowid()))
}

fn settle_notice(db: &Connection, id: NoticeId) -> Result<usize> {
    db.prepare_cached("DELETE FROM outbox WHERE id = ?1")?
        .execute([id.0])
}

/// What stands before the name of a mark in `meta`, which holds other things too.
pub(super) const MARK: &str = "mark:";

fn put_mark(db: &Connection, name: &str, value: &str) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute(params![format!("{MARK}{name}"), value.as_bytes()])
}

fn put_dispatch(db: &Connection, dispatch: &Kept) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO meta (name, value) VALUES ('dispatch', ?1)
         ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute([json(dispatch)?.as_bytes()])
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// SQLite counts to 2^63; an id beyond that wraps into the negative and back, without loss.
pub(super) fn number(id: EscalationId) -> i64 {
    id.0.cast_signed()
}

/// Nanoseconds since 1970; holds until the year 2262.
pub(super) fn nanoseconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}
