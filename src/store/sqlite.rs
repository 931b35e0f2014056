//! The store in one SQLite file: `rinban.db` in the state directory.
//!
//! Bodies are JSON; what is searched for stands in columns of its own.

mod load;
mod open;
mod write;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::de::DeserializeOwned;

use super::{Backend, Batch, Committed, Snapshot, StoreError};
use crate::escalation::{Entry, Escalation, EscalationId};

/// The name of the database in the state directory.
const FILE: &str = "rinban.db";

/// A store in an SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    /// Opens the database in `dir` for writing; makes both if they are missing, and brings the schema up to date.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_patiently(dir, open::PATIENCE)
    }

    /// Opens the database in `dir` for reading beside a core that writes; [`Backend::commit`] then fails.
    pub fn read_only(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let connection = open::readable(&path, open::PATIENCE)?;
        Ok(Self { connection, path })
    }

    fn open_patiently(dir: &Path, patience: Duration) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let connection = open::writable(&path, patience)?;
        let store = Self { connection, path };
        load::make_token_key(&store.connection).map_err(|error| store.explain(&error))?;
        Ok(store)
    }

    fn explain(&self, error: &rusqlite::Error) -> StoreError {
        open::from_sqlite(&self.path, error)
    }

    fn parse<T: DeserializeOwned>(&self, json: &str) -> Result<T, StoreError> {
        serde_json::from_str(json).map_err(|error| StoreError::Damaged {
            path: self.path.clone(),
            why: format!("unreadable row: {error}"),
        })
    }
}

impl Backend for Sqlite {
    fn load(&mut self, now: Timestamp) -> Result<Snapshot, StoreError> {
        load::snapshot(&mut self.connection, now)
            .map_err(|error| open::from_sqlite(&self.path, &error))
    }

    fn commit(&mut self, batches: &[Batch], now: Timestamp) -> Result<Vec<Committed>, StoreError> {
        let path = &self.path;
        let explain = |error| open::from_sqlite(path, &error);
        // IMMEDIATE takes the write lock at once: a transaction that has to upgrade later can fail without waiting.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(explain)?;
        let mut committed = Vec::with_capacity(batches.len());
        for batch in batches {
            committed.push(write::batch(&transaction, batch, now).map_err(explain)?);
        }
        if batches.iter().any(|batch| !batch.events.is_empty()) {
            write::forget_old_events(&transaction, now).map_err(explain)?;
        }
        transaction.commit().map_err(explain)?;
        Ok(committed)
    }

    fn journal(&mut self, id: EscalationId) -> Result<Vec<Entry>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<String>> {
            self.connection
                .prepare_cached("SELECT entry FROM journal WHERE escalation = ?1 ORDER BY number")?
                .query_map([write::number(id)], |row| row.get(0))?
                .collect()
        };
        let entries = rows().map_err(|error| self.explain(&error))?;
        entries.iter().map(|entry| self.parse(entry)).collect()
    }

    fn escalation(&mut self, id: EscalationId) -> Result<Option<Escalation>, StoreError> {
        let row = || -> rusqlite::Result<Option<String>> {
            self.connection
                .prepare_cached("SELECT state FROM escalations WHERE id = ?1")?
                .query_row([write::number(id)], |row| row.get(0))
                .optional()
        };
        let state = row().map_err(|error| self.explain(&error))?;
        state.map(|state| self.parse(&state)).transpose()
    }

    fn escalations(&mut self, limit: usize) -> Result<Vec<Escalation>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = || -> rusqlite::Result<Vec<String>> {
            self.connection
                .prepare_cached("SELECT state FROM escalations ORDER BY id DESC LIMIT ?1")?
                .query_map(params![limit], |row| row.get(0))?
                .collect()
        };
        let states = rows().map_err(|error| self.explain(&error))?;
        states.iter().map(|state| self.parse(state)).collect()
    }
}

#[cfg(test)]
mod tests;
