//! Reads back what a core needs to go on where the last one stopped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::de::DeserializeOwned;

use super::write::{MARK, nanoseconds};
use crate::{
    dispatch::Kept,
    escalation::{AttemptId, EscalationId},
    store::{CallRecord, NoticeId, Snapshot},
};

/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;

/// Reads the snapshot, all of it as of one instant.
pub(super) fn snapshot(connection: &mut Connection, now: Timestamp) -> Result<Snapshot> {
    let db = connection.transaction()?;
    let since = nanoseconds(now).saturating_sub(HOUR);
    let mut rows = Rows {
        db: &db,
        unreadable: Vec::new(),
    };
    Ok(Snapshot {
        escalations: rows.bodies(
            "escalation",
            &format!(
                "SELECT id, state FROM escalations
                 WHERE is_over = 0 OR id IN (SELECT escalation FROM calls WHERE intended_at > {since}) ORDER BY id"
            ),
            |_, body| Ok(body),
        )?,
        alerts: rows.bodies(
            "alert",
            "SELECT source || '/' || dedup, alert, escalation FROM alerts ORDER BY rowid",
            |row, body| Ok((body, row.get::<_, Option<i64>>(2)?.map(escalation))),
        )?,
        inbox: rows.bodies(
            "event",
            "SELECT seq, event FROM inbox ORDER BY seq",
            |_, body| Ok(body),
        )?,
        outbox: rows.bodies(
            "notice",
            "SELECT id, notice FROM outbox ORDER BY id",
            |row, body| Ok((NoticeId(row.get(0)?), body)),
        )?,
        calls: calls(&db, now)?,
        marks: marks(&db)?,
        dispatch: dispatch(&db)?,
        next_escalation: next_escalation(&db)?,
        token_key: token_key(&db)?,
        unreadable: rows.unreadable,
    })
}

/// Reads bodies and sets aside those that cannot be read: one bad row keeps nobody else from being called.
struct Rows<'a> {
    db: &'a Connection,
    unreadable: Vec<String>,
}

impl Rows<'_> {
    /// The rows of `query`, whose first column names the row and whose second is its body.
    fn bodies<B: DeserializeOwned, T>(
        &mut self,
        what: &str,
        query: &str,
        make: impl Fn(&Row<'_>, B) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.db.prepare(query)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            match serde_json::from_str(row.get_ref(1)?.as_str()?) {
                Ok(body) => found.push(make(row, body)?),
                Err(error) => {
                    let name = match row.get_ref(0)?.as_str() {
                        Ok(name) => name.to_owned(),
                        Err(_) => row.get::<_, i64>(0)?.to_string(),
                    };
                    tracing::error!(%error, "{what} {name} in the store cannot be read");
                    self.unreadable.push(format!("{what} {name}: {error}"));
                }
            }
        }
        Ok(found)
    }
}

fn calls(db: &Connection, now: Timestamp) -> Result<Vec<CallRecord>> {
    db.prepare(
        "SELECT escalation, number, member, provider, intended_at, call FROM calls
         WHERE intended_at > ?1 OR escalation IN (SELECT id FROM escalations WHERE is_over = 0)
         ORDER BY intended_at, escalation, number",
    )?
    .query_map(params![nanoseconds(now).saturating_sub(HOUR)], |row| {
        Ok(CallRecord {
            attempt: AttemptId {
                escalation: escalation(row.get(0)?),
                number: row.get(1)?,
            },
            member: row.get_ref(2)?.as_str()?.into(),
            provider: row.get_ref(3)?.as_str()?.into(),
            intended_at: timestamp(row.get(4)?),
            call: row.get_ref(5)?.as_str_or_null()?.map(Into::into),
        })
    })?
    .collect()
}

/// A value that is no text is none of ours.
fn marks(db: &Connection) -> Result<BTreeMap<String, String>> {
    let mut statement =
        db.prepare("SELECT substr(name, 1 + length(?1)), value FROM meta WHERE substr(name, 1, length(?1)) = ?1")?;
    let marks = statement.query_map([MARK], |row| {
        let value = String::from_utf8(row.get(1)?).unwrap_or_default();
        Ok((row.get(0)?, value))
    })?;
    marks.collect()
}

/// How the providers did. What cannot be read is forgotten: it is learned again within minutes.
fn dispatch(db: &Connection) -> Result<Kept> {
    let query = "SELECT value FROM meta WHERE name = 'dispatch'";
    let kept: Option<Vec<u8>> = db.query_row(query, [], |row| row.get(0)).optional()?;
    let kept = kept.map(|kept| serde_json::from_slice(&kept));
    Ok(kept
        .transpose()
        .unwrap_or_else(|error| {
            tracing::warn!("how the providers did cannot be read from the store: {error}");
            None
        })
        .unwrap_or_default())
}

/// One more than the last: also than one of which only journal entries were written.
fn next_escalation(db: &Connection) -> Result<EscalationId> {
    db.query_row(
        "SELECT 1 + max(coalesce((SELECT max(id) FROM escalations), 0),
                        coalesce((SELECT max(escalation) FROM journal), 0))",
        [],
        |row| Ok(escalation(row.get(0)?)),
    )
}

fn token_key(db: &Connection) -> Result<[u8; 32]> {
    db.query_row(
        "SELECT value FROM meta WHERE name = 'token_key'",
        [],
        |row| row.get(0),
    )
}

/// Makes the key that attempt tokens are signed with, unless the store has one.
pub(super) fn make_token_key(db: &Connection) -> Result<()> {
    let there = db
        .query_row(
            "SELECT 1 FROM meta WHERE name = 'token_key'",
            [],
            |_| Ok(()),
        )
        .optional()?;
    if there.is_some() {
        return Ok(());
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))?;
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('token_key', ?1) ON CONFLICT DO NOTHING",
        [key],
    )
    .map(drop)
}

fn escalation(number: i64) -> EscalationId {
    EscalationId(number.cast_unsigned())
}

fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into())
        .expect("jiff's range holds every i64 of nanoseconds")
}
